"""What is asked before a list leaves the program on paper or as a file."""

from .fields import CodeNode, Strict, TextNode
from .i18n import _


class Handout(Strict):
    """In which form, and for which purpose. Both are written on the list and into the log."""

    form = CodeNode("handout_form", title=_("Form"))
    purpose = CodeNode("handout_purpose", title=_("Purpose"))
    explanation = TextNode(
        max=300, min=10, multiline=True, title=_("What it is for"),
        description=_("For example the number of the court's request. The auditor reads it: no name of a child."),
    )
