"""What is asked before a paper for the court is made."""

from .fields import CodeNode, Strict, TextNode
from .i18n import _


class CourtPaper(Strict):
    """For which purpose. It is written on the paper and into the log."""

    purpose = CodeNode("handout_purpose", title=_("Purpose"))
    explanation = TextNode(
        max=300, min=10, multiline=True, title=_("What it is for"),
        description=_("For example the number of the court's request. The auditor reads it: no name of a child."),
    )
