"""Referrals: the public form, the telephone form, and what triage asks (domain analysis 3.1, 5.2.1)."""

from colander import Invalid

from .fields import (
    BooleanNode,
    CodeNode,
    DateNode,
    DateTimeNode,
    GazetteerNode,
    IntegerNode,
    LinesNode,
    OptionNode,
    RefNode,
    Strict,
    TextNode,
    in_khmer,
    in_latin,
    reason_from,
)
from .i18n import _
from .problems import BadIdentifier
from .rules import at, district_in_province, needed_when, not_before, one_of_needed, rules
from .urls import canonical_url

MATERIAL = frozenset({
    "csam_distribution", "csam_possession", "csam_access", "csam_production", "csam_advertising",
    "coerced_self_generated", "self_generated_shared", "live_streaming", "generated_imagery",
})  # fmt: skip

NARRATIVE_HINT = _(
    "Say who, where and when. Do not describe images or videos, and do not send any: an address is enough."
)


def web_addresses(node, values):
    """Validator: each line is an address that could be a web page."""
    for number, text in enumerate(values, 1):
        try:
            canonical_url(text)
        except BadIdentifier:
            message = _("Line ${line} is no web address, such as https://example.org/page.", mapping={"line": number})
            raise Invalid(node, message) from None


class Report(Strict):
    """What every report may say. A file is never taken, on any way in."""

    immediate_danger = CodeNode(
        "yes_no_unknown", title=_("Is a child in danger right now?"),
        description=_("If yes, call the police hotline 1288 at once. This form does not replace the call."),
    )
    conduct = CodeNode("conduct", multiple=True, missing=None, title=_("What happened"))
    narrative = TextNode(
        max=8000, min=10, multiline=True, missing=None, title=_("In your words"), description=NARRATIVE_HINT, rows=8
    )
    urls = LinesNode(
        max=2000, max_lines=50, missing=None, validator=web_addresses, title=_("Web addresses"),
        description=_("One address a line. Copy it; do not open it again."),
    )
    platform = CodeNode("platforms", missing=None, title=_("Where online"))
    occurred_from = DateNode(past=True, missing=None, title=_("When did it begin"))
    occurred_to = DateNode(past=True, missing=None, title=_("When did it end"))
    province = GazetteerNode("province", missing=None, title=_("Province"))
    district = GazetteerNode(
        "district", missing=None, title=_("District"),
        description=_("Why we ask: to find the office that can help. Nothing smaller is asked here."),
    )
    child_known = CodeNode("yes_no_unknown", missing=None, title=_("Do you know the child?"))
    feedback_wanted = BooleanNode(title=_("I want to hear what came of it"))
    safe_contact = TextNode(
        max=500, multiline=True, missing=None, title=_("How to reach you safely"),
        description=_(
            "Why we ask: only to answer you. A safe time and a safe way, and who else reads this telephone. "
            "You may leave it empty."
        ),
    )

    def validator(self, node, value):
        rules(
            one_of_needed(("narrative", "conduct"), _("Say what happened, or choose it from the list.")),
            not_before("occurred_from", "occurred_to"),
            district_in_province,
        )(node, value)


class PublicReport(Report):
    """The public web form: anonymous, no account, no file."""


class OperatorReport(Report):
    """A report taken by an operator: by telephone, in person or on paper."""

    source = CodeNode("sources", title=_("Who reports"))
    channel = CodeNode("channels", exclude=("web", "email_import", "api_import"), title=_("How it came"))
    received_at = DateTimeNode(past=True, title=_("Received"))
    external_ref = TextNode(max=80, missing=None, title=_("Reference of the sender"), width=20)
    external_kind = CodeNode("external_kind", missing=None, title=_("Kind of the sender's report"))
    child_count = IntegerNode(min=0, max=999, missing=None, title=_("How many children"))
    reporter_anonymous = BooleanNode(title=_("Wants to stay anonymous"))
    family_km = TextNode(max=80, missing=None, validator=in_khmer, title=_("Reporter: family name in Khmer"))
    given_km = TextNode(max=80, missing=None, validator=in_khmer, title=_("Reporter: given name in Khmer"))
    family_latin = TextNode(
        max=80, missing=None, validator=in_latin, title=_("Reporter: family name in Latin letters")
    )
    given_latin = TextNode(max=80, missing=None, validator=in_latin, title=_("Reporter: given name in Latin letters"))
    protection_needed = BooleanNode(missing=True, title=_("The reporter needs protection"))
    may_be_named = BooleanNode(title=_("The reporter may be named to others"))

    def validator(self, node, value):
        rules(super().validator, _anonymous_has_no_name)(node, value)


NAME_FIELDS = ("family_km", "given_km", "family_latin", "given_latin")


def _anonymous_has_no_name(node, value):
    named = [field for field in NAME_FIELDS if value.get(field)]
    if value.get("reporter_anonymous") and named:
        raise at(node, named[0], _("An anonymous reporter has no name here."))


class Accept(Strict):
    """Triage is done: what it is, how urgent, whose, and what becomes of it."""

    conduct = CodeNode("conduct", multiple=True, title=_("What happened"))
    risk_level = CodeNode("risk_level", title=_("Risk"))
    jurisdiction = CodeNode("jurisdiction", multiple=True, title=_("Link to Cambodia"))
    label = CodeNode(
        "labels", missing=None, title=_("Label of the material"), description=_("A label only, never a description.")
    )
    child_known = CodeNode("yes_no_unknown", title=_("Is the child known?"))
    child_count = IntegerNode(min=0, max=999, missing=None, title=_("How many children"))
    accept_as = CodeNode("referral_accept_as", title=_("What becomes of it"))
    case = RefNode("C", missing=None, title=_("Reference of the case"))

    def validator(self, node, value):
        rules(
            needed_when("label", lambda v: not MATERIAL.isdisjoint(v["conduct"]), _("Material needs a label.")),
            needed_when("case", lambda v: v["accept_as"] == "existing_case"),
            _no_link_stands_alone,
        )(node, value)


def _no_link_stands_alone(node, value):
    chosen = value["jurisdiction"]
    if "none" in chosen and len(chosen) > 1:
        raise at(node, "jurisdiction", _("“No link” cannot be chosen together with a link."))


class Ask(Strict):
    """A question to the reporter or partner."""

    question = TextNode(max=2000, min=10, multiline=True, title=_("Question"))
    channel_safe = BooleanNode(
        must=_("Ask only on a channel that is safe for the reporter."),
        title=_("The channel is safe for the reporter"),
    )


class Answered(Strict):
    """What the reporter or partner answered."""

    answer = TextNode(max=8000, min=1, multiline=True, title=_("Answer"), description=NARRATIVE_HINT)


class Forward(Strict):
    """To another agency: on what ground, and what the sender has seen of what goes out."""

    forwarded_to = OptionNode("agencies:forward", title=_("Agency"))
    forward_basis = CodeNode("forward_basis", title=_("Legal ground"))
    share_reporter = BooleanNode(
        title=_("Send the reporter's identity too"), description=_("Only if the reporter has agreed.")
    )
    seen = BooleanNode(
        must=_("Look at what will be sent before you send it."), title=_("I have seen what will be sent")
    )


Reject = reason_from("referral_rejection_reasons")
Void = reason_from("void_reason")


class Merge(Strict):
    """Into another referral, which stays the one that counts."""

    merged_into = RefNode("R", title=_("Reference of the other referral"))
    reason_code = CodeNode("merge_basis", title=_("What is the same"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class Close(Strict):
    """The end of a referral: whether the reporter heard of it."""

    feedback = CodeNode("feedback", title=_("Answer to the reporter"))
    answer = TextNode(
        max=2000, multiline=True, missing=None, title=_("What the reporter is told"),
        description=_("No names and no details of the case."),
    )

    def validator(self, node, value):
        needed_when("answer", lambda v: v["feedback"] == "given")(node, value)
