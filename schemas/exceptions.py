"""What is asked when somebody goes outside the rule: always why, and mostly until when."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from .dates import today
from .fields import BooleanNode, CodeNode, DateNode, OptionNode, RefNode, Strict, TextNode
from .i18n import _
from .rules import Rule, at, rules

LONGEST = 60  # days of a delegation for a leave, and of access to one record
LATE = _("This must be after the first day and at most 60 days after it.")
PAST = _("This must not lie in the past.")


class Emergency(Strict):
    """Emergency access to one record."""

    ref = RefNode(title=_("Reference number"), description=_("Of a case, a report, a person or a support referral."))
    reason_code = CodeNode("break_glass_reason", title=_("Reason code"))
    reason = TextNode(
        max=2000, min=10, multiline=True, title=_("Why it cannot wait"),
        description=_("Who reviews it reads this. No name of a child."),
    )


class EmergencyReview(Strict):
    """Whether an emergency access was justified."""

    outcome = CodeNode("break_glass_review", title=_("Outcome"))
    review = TextNode(max=2000, min=10, multiline=True, title=_("In words"))


class DeclareConflict(Strict):
    """A conflict of interest in a case that one need not see."""

    ref = RefNode("C", title=_("Reference of the case"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("What ties you to it"))


class SetConflict(Strict):
    """A conflict of interest of somebody else, set by the supervisor."""

    person = OptionNode("users:office", title=_("Who"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


def _must(field: str, holds: Callable[[dict], bool], message: Any) -> Rule:
    """A rule over the whole form whose message stands at one field."""

    def check(node, value):
        if not holds(value):
            raise at(node, field, message)

    return check


def _within(first: dt.date, last: dt.date) -> bool:
    return first <= last <= first + dt.timedelta(days=LONGEST)


class Delegate(Strict):
    """Assignments handed to a colleague for a leave."""

    to = OptionNode("users:same_work", title=_("To whom"))
    first = DateNode(title=_("First day"))
    last = DateNode(title=_("Last day"), description=_("At most 60 days after the first."))
    reason = TextNode(max=500, min=10, multiline=True, title=_("Reason"))

    def validator(self, node, value):
        rules(
            _must("first", lambda v: v["first"] >= today(), PAST),
            _must("last", lambda v: _within(v["first"], v["last"]), LATE),
        )(node, value)


class GiveAccess(Strict):
    """Access to one record for somebody, for a time."""

    person = OptionNode("users:for_record", title=_("Who"))
    last = DateNode(title=_("Last day"), description=_("At most 60 days from today."))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))

    def validator(self, node, value):
        rules(_must("last", lambda v: _within(today(), v["last"]), LATE))(node, value)


class Purpose(Strict):
    """What a record of another office is opened for."""

    purpose = CodeNode("access_purpose", title=_("Purpose"))
    explanation = TextNode(
        max=300, min=10, multiline=True, title=_("What it is for"),
        description=_("It stands in the log beside everything you open there. No name of a child."),
    )


class TherapeuticNote(Strict):
    """What was said in confidence."""

    held_on = DateNode(past=True, title=_("Day of the session"))
    text = TextNode(max=20000, min=10, multiline=True, rows=12, title=_("Note"),
                    description=_("It stays with you. How the child is and what helps, not what was done to it."))
    child_agrees = BooleanNode(title=_("The child agrees that the supervisor may read this note"))


class AskDisclosure(Strict):
    """The order of a court to disclose therapeutic notes."""

    court = TextNode(max=160, min=3, title=_("Court"))
    document = TextNode(max=120, min=3, title=_("Number of the court's document"))
    document_on = DateNode(past=True, title=_("Date of the document"))
    until = DateNode(title=_("The order counts until"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("What the court asks for, and why"))

    def validator(self, node, value):
        rules(_must("until", lambda v: today() <= v["until"], PAST))(node, value)


class ApproveDisclosure(Strict):
    """The supervisor's word, once the child was told."""

    informed_on = DateNode(past=True, title=_("Day on which the child was told"))
    informed_how = TextNode(max=1000, min=10, multiline=True, title=_("How the child was told, and what it said"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Why it is approved"))
