"""Hash values of exhibits in one form per algorithm: digests of bytes, and perceptual hashes.

A perceptual hash says what a picture looks like. It is an opaque string here: made by the tools of an examiner, kept,
compared, never computed.
"""

import base64
import binascii
import re

from .identifiers import HASH_LENGTHS, canonical
from .problems import BadIdentifier

PERCEPTUAL = ("photodna", "pdq")
ALGORITHMS = (*HASH_LENGTHS, *PERCEPTUAL)
PDQ_BITS, PHOTODNA_BYTES = 256, 144


def canonical_hash(algorithm: str, text: str) -> str:
    """The one form of a value: lower-case hexadecimal; of PhotoDNA, base64 of its 144 bytes, which may come as either.

    Raises BadIdentifier, whose code is the algorithm.
    """
    if algorithm in HASH_LENGTHS:
        return canonical(algorithm, text)
    value = re.sub(r"\s+", "", text)
    if algorithm == "pdq":
        if re.fullmatch(rf"[0-9a-fA-F]{{{PDQ_BITS // 4}}}", value):
            return value.lower()
    elif algorithm == "photodna":
        try:
            found = bytes.fromhex(value) if len(value) == 2 * PHOTODNA_BYTES else base64.b64decode(value, validate=True)
        except (ValueError, binascii.Error):
            found = b""
        if len(found) == PHOTODNA_BYTES:
            return base64.b64encode(found).decode()
    raise BadIdentifier(algorithm)
