"""What is asked before a child is given the list of who opened its file."""

from .fields import BooleanNode, CodeNode, Strict, TextNode
from .i18n import _


class RightToKnow(Strict):
    """For which purpose the paper is made, and whether its bearer is safe with it."""

    purpose = CodeNode("handout_purpose", title=_("Purpose"))
    explanation = TextNode(
        max=300, min=10, multiline=True, title=_("What it is for"),
        description=_("For example: the child asked at the visit of this week. The auditor reads it: no name of a "
                      "child."),
    )
    safe = BooleanNode(
        must=_("Think first about who else may read this paper."),
        title=_("The child is safe with this paper: I know who else may read it, and where it will be kept"),
    )
