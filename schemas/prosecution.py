"""The matter at the prosecution and in court (domain analysis 3.4, 5.2.9, 5.2.11, 5.2.13)."""

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

COMPLETENESS_POINTS = 14
LARGEST_SUM = 999_999_999_999


class Register(Strict):
    register_number = TextNode(max=60, title=_("Register number"), width=20)
    registered_on = DateNode(past=True, title=_("Registered on"))


class Assign(Strict):
    """The chief of the office gives the matter to a prosecutor."""

    prosecutor = OptionNode("users:prosecutor", title=_("Prosecutor"))


class TakeOver(Strict):
    """The prosecutor's word on conflicts of interest."""

    no_conflict = BooleanNode(
        must=_("Declare the conflict of interest first; the matter then goes to somebody else."),
        title=_("I have no private tie to anybody in this matter"),
    )


class Points(Items):
    max_len = COMPLETENESS_POINTS
    item = IntegerNode(min=1, max=COMPLETENESS_POINTS, title=_("Point"))


class ReturnFile(Strict):
    """Back to the police, with written instructions and a day."""

    instructions = TextNode(max=8000, min=10, multiline=True, title=_("Instructions"), rows=8)
    instructions_points = Points(missing=None, title=_("Points of the check that are missing"))
    instructions_due = DateNode(validator=in_future, title=_("Due"))


class NoProcessing(Strict):
    """The file is kept without processing; the victim is told."""

    legal_reason = CodeNode("legal_reasons", title=_("Legal reason"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))
    victim_informed_on = DateNode(past=True, missing=None, title=_("Victim informed on"))


class Diversion(Strict):
    """For minors only."""

    conditions_met = BooleanNode(
        must=_("All conditions of the Juvenile Justice Law must be met."),
        title=_("The conditions of the Juvenile Justice Law are met"),
    )
    social_report = TextNode(max=120, min=3, title=_("Reference of the social agent's report"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class IntroductorySubmission(Strict):
    """The matter goes to the investigating judge."""

    named = BooleanNode(title=_("Against named persons"))
    measures = CodeNode("special_measures", multiple=True, missing=None, title=_("Measures asked for the child"))
    document = TextNode(max=120, min=3, title=_("Reference of the document"))


class JudgeSeised(Strict):
    judge = TextNode(max=160, title=_("Investigating judge"))
    judge_number = TextNode(max=60, title=_("Number of the matter"), width=20)
    seised_on = DateNode(past=True, title=_("Date"))


class RogatoryCommission(Strict):
    document = TextNode(max=120, min=3, title=_("Reference of the document"))
    instructions = TextNode(max=8000, min=10, multiline=True, title=_("Instructions"), rows=8)
    instructions_due = DateNode(validator=in_future, missing=None, title=_("Due"))


class EndOfInvestigation(Strict):
    announced_on = DateNode(past=True, title=_("Date"))
    detained = BooleanNode(title=_("An accused is detained"))


class FinalSubmission(Strict):
    made_on = DateNode(past=True, title=_("Date"))
    document = TextNode(max=120, min=3, title=_("Reference of the document"))


class DirectCitation(Strict):
    """To trial at once, for misdemeanours only."""

    summons_on = DateNode(validator=in_future, title=_("Day of the summons"))


class ImmediateAppearance(Strict):
    conditions_met = BooleanNode(
        must=_("All conditions of articles 47 and 48 must be met."),
        title=_("The conditions of articles 47 and 48 are met"),
    )
    first_appearance_at = DateTimeNode(past=True, title=_("First appearance"))


class ClosingOrder(Strict):
    """The judge's order: indictment or non-suit."""

    order_number = TextNode(max=60, title=_("Number of the order"), width=20)
    decided_on = DateNode(past=True, title=_("Date"))
    detained = BooleanNode(title=_("An accused is detained"))


class Charge(Strict):
    """An offence charged against one person; it must have been in force on the day of the offence."""

    person = OptionNode("persons:suspect", title=_("Person"))
    offence = OptionNode("offences", title=_("Offence"))
    facts = TextNode(
        max=8000, min=10, multiline=True, title=_("Facts"), rows=8, description=_("Do not describe images.")
    )
    offence_from = DateNode(past=True, title=_("First day of the offence"))
    offence_to = DateNode(past=True, title=_("Last day of the offence"))
    mode = CodeNode("charge_mode", title=_("Mode"))

    def validator(self, node, value):
        not_before("offence_from", "offence_to")(node, value)


class Reclassify(Strict):
    offence = OptionNode("offences", title=_("New offence"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class WithdrawCharge(Strict):
    status = CodeNode("charge_status", exclude=("proposed", "charged", "reclassified", "convicted", "acquitted"),
                      title=_("Status"))
    reason = TextNode(max=2000, min=10, multiline=True, title=_("Reason"))


class Hearing(Strict):
    """A hearing, and what protects a child in it."""

    court = OptionNode("agencies:court", title=_("Court"))
    chamber = TextNode(max=60, missing=None, title=_("Chamber"))
    type = CodeNode("hearing_type", title=_("Kind"))
    at = DateTimeNode(title=_("When"))
    duration = IntegerNode(min=1, max=1440, missing=None, title=_("Minutes"))
    child_presence = CodeNode("child_presence", title=_("How the child takes part"))
    measures = CodeNode("special_measures", multiple=True, missing=None, title=_("Measures"))
    support_person = TextNode(max=160, missing=None, title=_("Support person"))
    closed_session = BooleanNode(title=_("Closed session"))

    def validator(self, node, value):
        needed_when(
            "support_person", lambda v: v["child_presence"] != "none", _("A child needs a support person.")
        )(node, value)


class HearingResult(Strict):
    """What came of a hearing. The support worker is told of the next one."""

    result = CodeNode("hearing_result", title=_("Result"))
    adjourned_reason = CodeNode("adjourned_reason", missing=None, title=_("Why adjourned"))
    next_at = DateTimeNode(missing=None, title=_("Next hearing"))
    victim_informed_at = DateTimeNode(past=True, missing=None, title=_("Victim informed"))

    def validator(self, node, value):
        needed_when("adjourned_reason", lambda v: v["result"] == "adjourned")(node, value)


class ChargeResult(Strict):
    charge = OptionNode("charges", title=_("Charge"))
    verdict = CodeNode("verdict", title=_("Verdict"))
    months = IntegerNode(max=1200, missing=None, title=_("Months of prison"))
    suspended_months = IntegerNode(max=1200, missing=None, title=_("Months of these suspended"))
    fine = IntegerNode(max=LARGEST_SUM, missing=None, title=_("Fine in riel"))

    def validator(self, node, value):
        convicted = value["verdict"] == "convicted"
        for field in ("months", "suspended_months", "fine"):
            if not convicted and value.get(field):
                raise at(node, field, _("Only a conviction has a sentence."))
        if (value.get("suspended_months") or 0) > (value.get("months") or 0):
            raise at(node, "suspended_months", _("This is more than the sentence."))


class ChargeResults(Items):
    min_len = 1
    item = ChargeResult(title=_("Result of a charge"))


class Judgment(Strict):
    """The decision of a court, charge by charge."""

    body = OptionNode("agencies:court", title=_("Court"))
    type = CodeNode("decision_types", title=_("Kind of decision"))
    decided_on = DateNode(past=True, title=_("Date"))
    results = ChargeResults(title=_("Results"))
    compensation_awarded = IntegerNode(max=LARGEST_SUM, missing=None, title=_("Compensation awarded"))
    compensation_paid = IntegerNode(max=LARGEST_SUM, missing=None, title=_("Compensation paid"))
    currency = CodeNode("currency", missing=None, title=_("Currency"))
    confiscation = TextNode(max=500, multiline=True, missing=None, title=_("Confiscation"))
    by_default = BooleanNode(title=_("By default"))
    notified_at = DateTimeNode(past=True, missing=None, title=_("Notified"))
    victim_informed_at = DateTimeNode(past=True, missing=None, title=_("Victim informed"))
    release_on = DateNode(missing=None, title=_("Day of release"))

    def validator(self, node, value):
        rules(
            needed_when("currency", lambda v: v.get("compensation_awarded") or v.get("compensation_paid")),
            _each_charge_once,
        )(node, value)


def _each_charge_once(node, value):
    charges = [item["charge"] for item in value["results"]]
    if len(set(charges)) < len(charges):
        raise at(node, "results", _("Give each charge once."))


class Decision(Strict):
    """Any other decision: detention, supervision, compensation, disclosure, release."""

    body = OptionNode("agencies:court", title=_("Who decided"))
    type = CodeNode("decision_types", title=_("Kind of decision"))
    decided_on = DateNode(past=True, title=_("Date"))
    document = TextNode(max=120, missing=None, title=_("Reference of the document"))
    notified_at = DateTimeNode(past=True, missing=None, title=_("Notified"))
    release_on = DateNode(missing=None, title=_("Day of release"))


class Remedy(Strict):
    """A remedy: who filed it and when."""

    party = CodeNode("party", title=_("Who filed it"))
    filed_on = DateNode(past=True, title=_("Date"))


class Enforce(Strict):
    """The sentence is executed; the prison says when it ends."""

    prison_informed_on = DateNode(past=True, title=_("Prison informed on"))
    release_on = DateNode(missing=None, title=_("Day of release"))


class ComplainantInformed(Strict):
    informed_on = DateNode(past=True, title=_("Date"))
    how = TextNode(
        max=500, multiline=True, missing=None, title=_("How"), description=_("No names of children.")
    )
