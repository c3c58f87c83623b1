"""What the two people who void a wrong record are asked."""

from .fields import CodeNode, Strict, TextNode
from .i18n import _


class VoidReason(Strict):
    """Why the record is wrong."""

    reason_code = CodeNode("void_reason", title=_("Why it is wrong"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class VoidDecision(Strict):
    """What the second person says."""

    decision = CodeNode("void_decision", title=_("Your decision"))
