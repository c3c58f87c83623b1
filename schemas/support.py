"""Support of one child: request, consent, assessment, provider, plan, follow-up, closure (3.5, 5.2.14 ff.)."""

import colander

from .case import in_future
from .fields import (
    BooleanNode,
    CodeNode,
    DateNode,
    DateTimeNode,
    IntegerNode,
    Items,
    OptionNode,
    Strict,
    TextNode,
)
from .i18n import _
from .rules import at, needed_when, not_before, rules

DOMAINS = (
    ("safety", _("Safety")), ("health", _("Health")), ("sexual_health", _("Sexual health")),
    ("mental_health", _("Mental health")), ("family_care", _("Family and care")), ("housing", _("Housing")),
    ("education", _("Education")), ("legal", _("Legal")), ("economic", _("Economic")),
    ("online_circulation", _("Online circulation")), ("stigma", _("Stigma")),
)  # fmt: skip
SAFETY_HINT = _("Safe time, safe channel, and who else reads this telephone.")


class Request(Strict):
    """A request for support: from police, a hotline or a social worker."""

    child = OptionNode("persons:victim", title=_("Child"))
    urgency = CodeNode("urgency", title=_("Urgency"))
    reason_code = CodeNode("support_request_reason", title=_("Reason code"))
    reason = TextNode(
        max=2000, min=10, multiline=True, title=_("What the child needs"),
        description=_("What the child needs, not what happened."),
    )
    safe_contact = TextNode(max=500, min=3, multiline=True, title=_("Safe contact"), description=SAFETY_HINT)


class RequestFromCase(Request):
    """The same, with the agency that is asked."""

    agency_id = OptionNode("agencies:social", title=_("Social services"))


class AssignWorker(Strict):
    """Who has the child from now."""

    worker = OptionNode("users:support_worker", title=_("Social worker"))


class FirstContact(Strict):
    """The first contact with the child, and whether it is safe."""

    first_contact_at = DateTimeNode(past=True, title=_("When"))
    kind = CodeNode("followup_kind", title=_("How"))
    safe = CodeNode("yes_no_unknown", title=_("Is the child safe?"))
    note = TextNode(max=2000, multiline=True, missing=None, title=_("Note"))

    def validator(self, node, value):
        needed_when("note", lambda v: v["safe"] != "yes", _("Say what is done for the child's safety."))(node, value)


class Explain(Strict):
    """The child has been told, in its language, what is offered and who will see what."""

    informed_how = TextNode(max=500, min=10, multiline=True, title=_("How the child was told"))
    language = CodeNode("languages", title=_("Language"))


class Consent(Strict):
    """Consent or assent, purpose by purpose. A suspect can never give it."""

    kind = CodeNode("consent_kind", exclude=("override",), title=_("Kind"))
    purposes = CodeNode("consent_purpose", multiple=True, title=_("What it is for"))
    informed_how = TextNode(max=500, min=10, multiline=True, title=_("How the child was told"))
    language = CodeNode("languages", title=_("Language"))
    form = CodeNode("consent_form", title=_("Form"))
    given_by = TextNode(max=160, title=_("Given by"))
    given_by_person = OptionNode("persons:caregiver", missing=None, title=_("Who this is in the file"))
    relation = CodeNode("relations", missing=None, title=_("Relation to the child"))
    given_at = DateTimeNode(past=True, title=_("When"))
    valid_to = DateNode(missing=None, title=_("Valid until"))
    withheld = TextNode(max=1000, multiline=True, missing=None, title=_("What must not be passed on"))
    withheld_from = TextNode(max=160, missing=None, title=_("From whom it is kept"))
    withheld_reason = CodeNode("withheld_reason", missing=None, title=_("Why it is kept back"))

    def validator(self, node, value):
        rules(
            needed_when("relation", lambda v: v["kind"] == "caregiver_consent"),
            needed_when("withheld_reason", lambda v: bool(v.get("withheld"))),
            needed_when("withheld_from", lambda v: bool(v.get("withheld"))),
            _valid_after_given,
        )(node, value)


def _valid_after_given(node, value):
    if value.get("valid_to") and value["valid_to"] < value["given_at"].date():
        raise at(node, "valid_to", _("This lies before the start."))


class Withdraw(Strict):
    """The child may take it back at any time; it works at once."""

    withdrawn_scope = CodeNode("consent_purpose", multiple=True, title=_("What is withdrawn"))


class Override(Strict):
    """Without consent, for the child's life or safety; the supervisor decides."""

    override_reason = CodeNode("override_reason", title=_("Reason code"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Who is at risk, and how"))


class Decline(Strict):
    """The child says no, and the door stays open."""

    declined_what = TextNode(max=500, min=3, multiline=True, title=_("What was declined"))
    door_open_until = DateNode(validator=in_future, title=_("Door left open until"))
    safety_information = BooleanNode(
        must=_("Give the child the safety information first."), title=_("Safety information was given")
    )


class DomainNeed(Strict):
    level = CodeNode("assessment_level", title=_("Level"))
    text = TextNode(max=2000, multiline=True, missing=None, title=_("In words"))

    def validator(self, node, value):
        needed_when("text", lambda v: v["level"] in ("2", "3"), _("Say more for level 2 and 3."))(node, value)


class Assessment(Strict):
    """Needs and risk over eleven domains. A rule proposes the level; a person sets it."""

    assessed_on = DateNode(past=True, title=_("Date"))
    level_of_risk = CodeNode("risk_level", title=_("Level of risk"))
    level_reason = TextNode(
        max=500, multiline=True, missing=None, title=_("Why another level than the rule proposes")
    )
    safety_plan = TextNode(max=4000, multiline=True, missing=None, title=_("Safety plan"))
    protective_factors = TextNode(max=2000, multiline=True, missing=None, title=_("What protects the child"))
    child_view = TextNode(
        max=2000, min=3, multiline=True, title=_("The child's view"), description=_("In the child's own words.")
    )
    may_be_interviewed = CodeNode("may_be_interviewed", title=_("May the child be interviewed?"))
    next_on = DateNode(title=_("Next assessment"))

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        domains = Strict(name="domains", title=_("Needs"))
        for name, title in DOMAINS:
            domains.add(DomainNeed(name=name, title=title))
        self.add_before("level_of_risk", domains)

    def validator(self, node, value):
        rules(
            needed_when("safety_plan", lambda v: v["level_of_risk"] == "high"),
            not_before("assessed_on", "next_on"),
            _level_explained,
        )(node, value)


def proposed_level(domains: dict[str, dict]) -> tuple[str, str]:
    """The level a rule proposes for eleven domains, and the rule's name (a key of `PROPOSAL_RULES`)."""
    levels = {name: int(need["level"]) for name, need in domains.items()}
    serious = [name for name, level in levels.items() if level >= 2]
    if levels.get("safety") == 3 or levels.get("mental_health") == 3:
        return "high", "urgent_safety"
    if 3 in levels.values() or len(serious) >= 3:
        return "high", "urgent_or_many"
    if serious:
        return "medium", "serious"
    return ("low", "small") if any(levels.values()) else ("no_action", "none")


PROPOSAL_RULES = {
    "urgent_safety": _("High: safety or mental health is urgent."),
    "urgent_or_many": _("High: a need is urgent, or three or more are serious."),
    "serious": _("Medium: one or two needs are serious."),
    "small": _("Low: needs are small."),
    "none": _("No action: no need was found."),
}


def _level_explained(node, value):
    proposed, _rule = proposed_level(value["domains"])
    if value["level_of_risk"] != proposed and not value.get("level_reason"):
        raise at(node, "level_reason", _("The rule proposes another level. Say why you set this one."))


class ServiceAsked(Strict):
    type = CodeNode("services", title=_("Service"))
    subtype = CodeNode("service_subtypes", title=_("Kind of service"))

    validator = colander.deferred(lambda node, kw: subtype_of_its_service(kw["codes"]))


def subtype_of_its_service(codes):
    """Rule: the subtype belongs to the service."""

    def check(node, value):
        if codes.get("service_subtypes", value["subtype"]).parent != value["type"]:
            raise at(node, "subtype", _("This kind belongs to another service."))

    return check


class ServicesAsked(Items):
    min_len, max_len = 1, 20
    item = ServiceAsked(title=_("Service"))


class Send(Strict):
    """To a provider, who sees no name before accepting."""

    services = ServicesAsked(title=_("Services"))
    provider_agency = OptionNode("agencies:support_provider", title=_("Provider"))
    seen = BooleanNode(
        must=_("Look at what will be sent before you send it."), title=_("I have seen what will be sent")
    )


class AcceptByProvider(Strict):
    provider_worker = OptionNode("users:provider_worker", title=_("Worker"))


class RejectByProvider(Strict):
    reject_reason = CodeNode("provider_reject_reason", title=_("Reason code"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class Goal(Strict):
    goal = TextNode(max=500, min=3, multiline=True, title=_("Goal"))
    service = CodeNode("service_subtypes", missing=None, title=_("Service"))
    responsible = TextNode(max=160, title=_("Responsible"))
    due_on = DateNode(title=_("By"))


class Goals(Items):
    min_len, max_len = 1, 20
    item = Goal(title=_("Goal"))


class ServicePlan(Strict):
    """Goals, who does what by when, and what the child thinks of it."""

    plan_goals = Goals(title=_("Goals"))
    child_view = TextNode(
        max=2000, min=3, multiline=True, title=_("The child's view"), description=_("In the child's own words.")
    )


class Service(Strict):
    """A service planned or given."""

    type = CodeNode("services", title=_("Service"))
    subtype = CodeNode("service_subtypes", title=_("Kind of service"))
    planned_from = DateNode(title=_("Planned from"))
    planned_to = DateNode(missing=None, title=_("Planned until"))
    delivered_from = DateNode(past=True, missing=None, title=_("Given from"))
    delivered_to = DateNode(past=True, missing=None, title=_("Given until"))
    sessions = IntegerNode(max=999, missing=None, title=_("Sessions"))
    status = CodeNode("service_status", title=_("Status"))
    outcome = TextNode(max=1000, multiline=True, missing=None, title=_("Outcome"))

    validator = colander.deferred(
        lambda node, kw: rules(
            subtype_of_its_service(kw["codes"]),
            not_before("planned_from", "planned_to"),
            not_before("delivered_from", "delivered_to"),
        )
    )


class FollowUp(Strict):
    """A look at how the child is."""

    kind = CodeNode("followup_kind", title=_("How"))
    done_at = DateTimeNode(past=True, title=_("When"))
    safe = CodeNode("yes_no_unknown", title=_("Is the child safe?"))
    wellbeing = IntegerNode(
        min=1, max=5, missing=None, title=_("How the child feels, 1 to 5"), description=_("As the child says.")
    )
    needs_changed = BooleanNode(title=_("Needs have changed"))
    text = TextNode(max=4000, multiline=True, missing=None, title=_("Note"))
    next_at = DateNode(validator=in_future, missing=None, title=_("Next contact"))


class Suspend(Strict):
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))
    review_at = DateNode(validator=in_future, title=_("Look at it again on"))


class FollowUpDates(Items):
    min_len, max_len = 1, 10
    item = DateNode(validator=in_future, title=_("Date"))


class RequestClosure(Strict):
    """Closing is asked for by one person and approved by another."""

    closure_reason = CodeNode("support_closure", title=_("Reason code"))
    closure_safety = CodeNode("yes_no_unknown", title=_("Is the child safe?"))
    child_asked = BooleanNode(must=_("Ask the child first."), title=_("The child was asked"))
    court_steps = TextNode(
        max=500, min=3, multiline=True, title=_("Steps in court"), description=_("Done, or who takes them over.")
    )
    follow_up_dates = FollowUpDates(title=_("Follow-up dates"))

    def validator(self, node, value):
        dates = value["follow_up_dates"]
        if len(set(dates)) < len(dates):
            raise at(node, "follow_up_dates", _("Give each day once."))


class Transfer(Strict):
    to_agency = OptionNode("agencies:social", title=_("To"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))
