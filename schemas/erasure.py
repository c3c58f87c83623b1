"""What the two people who erase a subject are asked."""

from .fields import CodeNode, Strict, TextNode
from .i18n import _


class ErasureOrder(Strict):
    """Under what, and why."""

    order = TextNode(
        min=3, max=120, title=_("Order"),
        description=_("Number and date of the order or decision. It stays readable in place of what is erased: "
                      "write no names."),
    )
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"), description=_("Write no names."))


class ErasureDecision(Strict):
    """What the second person says."""

    decision = CodeNode("erasure_decision", title=_("Your decision"))
