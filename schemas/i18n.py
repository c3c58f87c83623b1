"""`_` marks a message of the domain "casework"; its Khmer is in `schemas/locale`."""

from translationstring import TranslationStringFactory

_ = TranslationStringFactory("casework")
