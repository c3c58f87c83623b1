"""What is asked of a file besides its bytes (domain analysis 5.2.7)."""

from .fields import BooleanNode, CodeNode, OptionNode, Strict, TextNode
from .i18n import _


class FileWords(Strict):
    """Title, kind, language, and whether it goes into the ordinary file: what may be put right afterwards too."""

    title = TextNode(max=120, min=3, title=_("Title"), description=_("What the document is. No names of children."))
    category = CodeNode("file_category", title=_("Kind of document"))
    language = CodeNode("languages", missing=None, title=_("Language"))
    sealed_annex = BooleanNode(title=_("Sealed annex"), description=_(
        "For what may not stand in the ordinary file: who the child is, or a protected witness. It is left out of "
        "every disclosure package."))
    redacted_of = OptionNode(
        "files:originals", missing=None, compact=True, title=_("Redacted version of"),
        description=_("The document of which this is a version without what others may not read. A disclosure package "
                      "takes this one in its place."))


class FileFacts(FileWords):
    """The same with the declaration without which no file is taken."""

    declaration = BooleanNode(
        title=_("I have looked at the document: it holds no depiction of a child and no material of abuse."),
        must=_("Without this declaration no file is taken."),
    )
