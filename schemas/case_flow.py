"""What the transitions of a case ask (DOMAIN 3.2)."""

import datetime as dt

from colander import Invalid

from .dates import today
from .fields import BooleanNode, CodeNode, DateNode, DateTimeNode, OptionNode, RefNode, Strict, TextNode
from .i18n import _
from .rules import needed_when, rules

REVIEW_DAYS = 90


def _within_review(node, value: dt.date) -> None:
    if not today() < value <= today() + dt.timedelta(days=REVIEW_DAYS):
        raise Invalid(node, _("Choose a day within the next ${days} days.", mapping={"days": REVIEW_DAYS}))


class Reason(Strict):
    """The reason in words."""

    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class ProsecutorNotified(Strict):
    """When the prosecutor was told of the offence."""

    notified_at = DateTimeNode(past=True, title=_("When the prosecutor was told"))


class SafetyPlan(Strict):
    """Who keeps the child safe while police act. Without it no intervention."""

    validator = rules(
        needed_when("no_child_reason", lambda v: v.get("support") == "no_child"),
    )

    support = CodeNode("safety_support", title=_("Support for the child"))
    no_child_reason = TextNode(max=500, multiline=True, title=_("Why no child is identified"), missing=None)
    accompanied_by = TextNode(max=200, title=_("Who accompanies the child"))
    interview_plan = TextNode(
        max=2000, multiline=True, title=_("Interview plan"),
        description=_("Who, where, when; how repeated interviews are avoided."),
    )
    medical_care = CodeNode("yes_no_unknown", title=_("Medical care is offered"))
    legal_authority = TextNode(max=200, title=_("Legal authority: reference of the document"))
    planned_at = DateTimeNode(title=_("Planned for"))
    place = TextNode(
        max=120, title=_("Meeting place"),
        description=_("The social worker on duty is told the time and this place, nothing else. No names."),
    )


class SubmitFile(Strict):
    """To which prosecution the file goes."""

    prosecution_agency_id = OptionNode("prosecutions_of_case", title=_("Prosecution"))


class FurtherEnquiry(Strict):
    """What the prosecutor wants done, and until when."""

    instructions = TextNode(
        max=8000, min=10, multiline=True, title=_("Instructions"), description=_("One instruction a line."),
    )
    instructions_due = DateNode(title=_("Due"))


class Answers(Strict):
    """An answer to every instruction of the record in hand."""

    def after_bind(self, node, kw) -> None:
        request = kw.get("request")
        case = getattr(getattr(request, "context", None), "own", None)
        for number, instruction in enumerate(getattr(case, "instructions", None) or (), 1):
            node.add(TextNode(
                name=f"answer_{number}", max=4000, min=3, multiline=True, title=instruction["text"],
                missing=None, default=instruction.get("answer") or "",
            ))


class Suspend(Strict):
    """Why the case rests, and when it is looked at again."""

    suspended_reason = CodeNode("suspended_reason", title=_("Why"))
    review_at = DateNode(title=_("Look at it again on"), validator=_within_review)
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class Merge(Strict):
    """Into which case."""

    master = RefNode("C", title=_("Reference of the case that goes on"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class Close(Strict):
    """How it ended, and what was seen to."""

    outcome = CodeNode("case_outcome", title=_("Outcome"))
    support_noted = BooleanNode(title=_("The state of the support for the child is known and noted"))
    feedback_sent = BooleanNode(title=_("The source of the referral has had an answer, or there is none to give"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class Reopen(Strict):
    """Why the case is taken up again."""

    prosecutor_informed = BooleanNode(title=_("The prosecutor has been informed"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class AskAdvice(Strict):
    """The prosecution reads the file before it is submitted."""

    prosecution_agency_id = OptionNode("prosecutions_of_case", title=_("Prosecution"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("What is asked"))
