"""What the auditor is asked when drawing and signing a sample."""

from .fields import CodeNode, IntegerNode, Strict, TextNode
from .i18n import _


class DrawSample(Strict):
    """How many entries of which kind."""

    kind = CodeNode("sample_kind", title=_("What to look at"))
    wanted = IntegerNode(min=1, max=100, title=_("How many entries"))


class SignSample(Strict):
    """What was found. Nothing of the sample changes afterwards."""

    finding = TextNode(
        max=2000, min=10, multiline=True, title=_("What you found"),
        description=_("No name of a child and nothing of what a record says."),
    )
