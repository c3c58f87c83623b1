"""Triage to its end: what the referral is, and what becomes of it (domain analysis 3.1)."""

from .fields import BooleanNode, CodeNode, GazetteerNode, IntegerNode, OptionNode, Strict, TextNode
from .i18n import _
from .referral import Accept
from .rules import needed_when, rules


class Findings(Strict):
    """What triage has found so far; nothing is needed yet."""

    conduct = CodeNode("conduct", multiple=True, missing=None, title=_("What happened"))
    risk_level = CodeNode("risk_level", missing=None, title=_("Risk"))
    jurisdiction = CodeNode("jurisdiction", multiple=True, missing=None, title=_("Link to Cambodia"))
    label = CodeNode(
        "labels", missing=None, title=_("Label of the material"), description=_("A label only, never a description.")
    )
    child_known = CodeNode("yes_no_unknown", missing=None, title=_("Is the child known?"))
    child_count = IntegerNode(min=0, max=999, missing=None, title=_("How many children"))
    facts_added = TextNode(
        max=4000, multiline=True, missing=None, title=_("What else is known"),
        description=_("Without the reporter: whoever works on the facts reads this. Do not describe images."),
    )


class Triage(Accept):
    """The findings, and what becomes of the referral: a case, a request for support, both or neither."""

    title = TextNode(
        max=60, missing=None, title=_("New case: code name"),
        description=_("A neutral word, such as a river or a tree. Never the name of a person."),
    )
    lead_agency_id = OptionNode("agencies:police", missing=None, title=_("New case: leading police agency"))
    lead_officer_id = OptionNode(
        "users:lead_officer", missing=None, title=_("New case: lead officer"),
        description=_("Leave empty when the agency assigns the officer itself."),
    )
    province = GazetteerNode("province", missing=None, title=_("New case: province"))
    support_wanted = BooleanNode(title=_("Ask social services to support the child"))
    support_agency_id = OptionNode("agencies:social", missing=None, title=_("Support: agency"))
    support_urgency = CodeNode("urgency", missing=None, title=_("Support: how urgent"))
    support_reason_code = CodeNode("support_request_reason", missing=None, title=_("Support: why"))
    support_reason = TextNode(
        max=2000, multiline=True, missing=None, title=_("Support: in your words"),
        description=_("What the child needs now. Do not describe what happened in detail."),
    )
    support_safe_contact = TextNode(
        max=500, multiline=True, missing=None, title=_("Support: safe way to reach the child"),
        description=_("A safe time and a safe channel, and who else reads this telephone."),
    )

    def validator(self, node, value):
        opens = _becomes("new_case")
        wanted = _wants_support
        rules(
            super().validator,
            needed_when("title", opens), needed_when("lead_agency_id", opens), needed_when("province", opens),
            needed_when("support_agency_id", wanted), needed_when("support_urgency", wanted),
            needed_when("support_reason_code", wanted), needed_when("support_safe_contact", wanted),
        )(node, value)


def _becomes(outcome: str):
    return lambda value: value["accept_as"] == outcome


def _wants_support(value: dict) -> bool:
    return value["support_wanted"] or value["accept_as"] == "support_only"
