"""Cases, notes, links and tasks (domain analysis 3.2, 3.9, 5.2.4, 5.2.23 to 5.2.25)."""

import datetime as dt

from colander import Invalid

from .dates import today
from .fields import (
    BooleanNode,
    CodeNode,
    DateNode,
    DateTimeNode,
    GazetteerNode,
    OptionNode,
    RefNode,
    Strict,
    TextNode,
    reason_from,
)
from .i18n import _
from .rules import at, district_in_province, needed_when, not_before, rules

REVIEW_WITHIN = dt.timedelta(days=90)
PAST = _("This must lie in the future.")


def in_future(node, value):
    """Validator: a day from tomorrow on."""
    if value <= today():
        raise Invalid(node, PAST)


class CaseFacts(Strict):
    """What is known of a case from its first day."""

    title = TextNode(
        max=60, min=3, title=_("Code name"),
        description=_("A neutral word. No name of a person or place, nothing about what happened."),
    )
    regime = CodeNode("regime", title=_("Regime"))
    conduct = CodeNode(
        "conduct", multiple=True, title=_("What happened"),
        description=_("What happened, whether or not an article of law fits."),
    )
    province = GazetteerNode("province", title=_("Province"))
    district = GazetteerNode("district", missing=None, title=_("District"))
    cross_border = BooleanNode(title=_("Crosses a border"))
    countries = CodeNode("countries", multiple=True, missing=None, title=_("Countries"))
    risk_to_child = CodeNode("risk_to_child", title=_("Risk to a child"))
    suspects_unknown = BooleanNode(title=_("The suspects are unknown"))
    flags = CodeNode("case_flags", multiple=True, missing=None, title=_("Flags"))
    offence_from = DateNode(past=True, missing=None, title=_("First day of the offence"))
    offence_to = DateNode(past=True, missing=None, title=_("Last day of the offence"))
    offence_precision = CodeNode("date_precision", missing=None, title=_("How exact are these days?"))

    def validator(self, node, value):
        rules(
            district_in_province,
            needed_when("countries", lambda v: v["cross_border"]),
            needed_when("offence_precision", lambda v: v.get("offence_from") or v.get("offence_to")),
            not_before("offence_from", "offence_to"),
        )(node, value)


class OpenCase(CaseFacts):
    """A new case: where it comes from and who leads it."""

    source = CodeNode("case_origin", title=_("Where it comes from"))
    lead_officer = OptionNode("users:lead_officer", title=_("Lead officer"))


class EditCase(CaseFacts):
    """The facts of a case, changed."""

    limitation_at = DateNode(
        missing=None, title=_("Limitation on"), description=_("Only if the law sets another day than the one shown.")
    )


class StartEnquiry(Strict):
    """The plan, and the lead's word on conflicts of interest."""

    plan = TextNode(max=8000, min=10, multiline=True, title=_("Plan"), rows=8)
    no_conflict = BooleanNode(
        must=_("Declare the conflict of interest first; the case then goes to somebody else."),
        title=_("I have no private tie to anybody in this case"),
    )


class Plan(Strict):
    plan = TextNode(max=8000, min=10, multiline=True, title=_("Plan"), rows=8)


class SafetyPlan(Strict):
    """The child's safety before anybody knocks at a door (3.2)."""

    support = OptionNode("support:of_case", missing=None, title=_("Support for the child"))
    no_support_reason = CodeNode("no_support_reason", missing=None, title=_("Why there is no support yet"))
    accompanied_by = TextNode(max=160, missing=None, title=_("Who accompanies the child"))
    interview_plan = TextNode(
        max=2000, min=10, multiline=True, title=_("Plan for the interview"),
        description=_("Who, where, recorded or not. A child should tell once."),
    )
    medical_offered = CodeNode("yes_no_unknown", exclude=("unknown",), title=_("Medical care offered"))
    authority_document = TextNode(max=120, title=_("Reference of the legal authority"))
    planned_at = DateTimeNode(title=_("When"))
    planned_place = TextNode(
        max=200, title=_("Where"), description=_("The social worker on duty is told the time and this place only.")
    )

    def validator(self, node, value):
        rules(
            needed_when("no_support_reason", lambda v: not v.get("support")),
            needed_when("accompanied_by", lambda v: bool(v.get("support"))),
        )(node, value)


class Explanation(Strict):
    """Why a point of the check is not green; nothing takes the explanation back."""

    why = TextNode(max=500, min=10, multiline=True, missing=None, title=_("Why it is not complete"))


class Submit(Strict):
    """To the prosecution attached to the court with jurisdiction."""

    prosecution = OptionNode("agencies:prosecution", title=_("Prosecution"))


class AskAdvice(Strict):
    """The prosecution reads the file before it is submitted."""

    prosecution = OptionNode("agencies:prosecution", title=_("Prosecution"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("What is asked"))


class ProsecutorNotified(Strict):
    """The prosecutor was told of the offence."""

    notified_at = DateTimeNode(past=True, title=_("When the prosecutor was told"))


class ReturnToAuthor(Strict):
    reason = TextNode(max=2000, min=10, multiline=True, title=_("What is missing"))


class FurtherEnquiry(Strict):
    """What the prosecutor wants done, and until when."""

    instructions = TextNode(
        max=8000, min=10, multiline=True, title=_("Instructions"), description=_("One instruction a line.")
    )
    instructions_due = DateNode(title=_("Due"))


class FinishFurtherEnquiry(Strict):
    """An answer to every instruction of the case in hand."""

    def after_bind(self, node, kw):
        case = getattr(getattr(kw.get("request"), "context", None), "own", None)
        for number, instruction in enumerate(getattr(case, "instructions", None) or (), 1):
            node.add(
                TextNode(
                    name=f"answer_{number}", max=4000, min=3, multiline=True, missing=None, title=instruction["text"]
                )
            )


class Suspend(Strict):
    """Not closed: somebody looks at it again within ninety days."""

    reason_code = CodeNode("suspended_reason", title=_("Reason code"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))
    review_at = DateNode(validator=in_future, title=_("Look at it again on"))

    def validator(self, node, value):
        if value["review_at"] > today() + REVIEW_WITHIN:
            raise at(node, "review_at", _("At most 90 days from today."))


class CloseCase(Strict):
    """The outcome, and who has been told."""

    outcome = CodeNode("case_outcome", title=_("Outcome"))
    legal_reason = CodeNode("legal_reasons", missing=None, title=_("Legal reason"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))
    feedback = CodeNode("feedback", title=_("Answer to the source of the referral"))
    support_noted = BooleanNode(title=_("The state of the support for the child is known and noted"))

    def validator(self, node, value):
        needed_when("legal_reason", lambda v: v["outcome"] == "no_processing")(node, value)


class ReopenCase(Strict):
    """Why the case is taken up again."""

    prosecutor_informed = BooleanNode(title=_("The prosecutor has been informed"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class MergeCase(Strict):
    """Into another case, which becomes the master."""

    merged_into = RefNode("C", title=_("Reference of the other case"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


VoidCase = reason_from("void_reason")


class OffenceProposal(Strict):
    """What the investigator proposes for one suspect; neither the conduct nor the charge."""

    person = OptionNode("persons:suspect", title=_("Suspect"))
    offence = OptionNode("offences", title=_("Offence"))


class Note(Strict):
    """A note; its kind decides who may read it."""

    kind = CodeNode("note_kind", exclude=("covert",), title=_("Kind"))
    text = TextNode(
        max=8000, min=1, multiline=True, title=_("Note"), rows=8,
        description=_("Facts, not guesses. Do not describe images."),
    )


class Link(Strict):
    """Between two cases; it counts when both agencies have approved it."""

    other_case = RefNode("C", title=_("Reference of the other case"))
    type = CodeNode("link_type", title=_("Kind of link"))
    basis = TextNode(max=2000, min=10, multiline=True, title=_("What it rests on"))


class Task(Strict):
    """A task somebody sets. Statutory and procedural clocks are set by rules, not here."""

    title = TextNode(
        max=80, min=3, title=_("Task"), description=_("No names: titles are shown in lists and reminders.")
    )
    assignee = OptionNode("users:assignee", title=_("Who"))
    due_at = DateTimeNode(title=_("Due"))


class FinishTask(Strict):
    result = TextNode(max=200, missing=None, title=_("Result"), description=_("No names."))


class CancelTask(Strict):
    """A supervisor must say why; who cancels an own free task may."""

    reason = TextNode(max=500, multiline=True, missing=None, title=_("Reason"))


class Reassign(Strict):
    """A task, to another person, with the load of each."""

    assignee = OptionNode("users:assignee", title=_("Who"))


class Assign(Strict):
    """A person, to a case: as lead or on the team."""

    assignee = OptionNode("users:team", title=_("Who"))
    part = CodeNode("case_part", title=_("Part"))
    reason = TextNode(max=500, multiline=True, missing=None, title=_("Remark"))


class Conflict(Strict):
    """A private tie to somebody in the case: it is shut to whoever declares one."""

    reason = TextNode(max=2000, min=10, multiline=True, title=_("Why"))


class ExtendDeadline(Strict):
    """A clock moves only by a document, and never further than its rule allows."""

    extended_by = TextNode(max=200, min=3, title=_("Reference of the document"))
    due_at = DateTimeNode(missing=None, title=_("New time limit"), description=_("Leave empty for the rule's own."))
    reason = TextNode(max=500, min=10, multiline=True, title=_("Why it is extended"))
