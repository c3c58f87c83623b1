"""The flow of a matter at a prosecution office (DOMAIN 3.4). Its guards and effects are in the modules beside."""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import object_session

from casework.accounts import leaving
from casework.accounts.models import Membership
from casework.authz.scope import unscoped
from casework.cases import handover, tasks
from casework.cases import service as cases
from casework.cases.completeness import TITLES
from casework.cases.models import Task
from casework.web.i18n import ZONE, _
from casework.workflow.engine import SYS, Flow, Transition, add_flow
from schemas import prosecution as forms
from schemas.case import Conflict
from schemas.fields import CodeSet, Node

from . import corrections
from . import effects as do
from . import guards as must
from .models import Prosecution

STATES = (
    "received", "registered", "under_review", "returned", "no_processing", "diversion", "introductory_submission",
    "direct_citation", "immediate_appearance", "judicial_investigation", "final_submission_due",
    "closing_order_indictment", "closing_order_nonsuit", "trial_scheduled", "trial", "deliberation", "judged",
    "opposition", "appeal", "cassation", "final", "enforcement", "closed",
)
OPEN = STATES[:-1]


class ReturnFile(forms.ReturnFile):
    """The same, with the points of the check to tick by their titles."""

    instructions_points = Node(
        CodeSet(), missing=None, title=_("Points of the check that are missing"),
        choices=[(str(number), title) for number, title in TITLES.items()],
    )


PRO = ("PRO",)
MINE = (must.is_assignee,)

FLOW = add_flow(Flow("prosecution", STATES, final=("closed",), transitions=(
    Transition("receive", (), "received", (SYS,), guards=(must.manifest_holds,), effects=(do.was_received,)),
    Transition("register", ("received",), "registered", PRO, effects=(do.was_registered,), schema=forms.Register),
    Transition("assign", tuple(s for s in OPEN if s != "received"), do.after_assignment, PRO, flag="chief",
               guards=(must.works_in_office,), effects=(do.was_assigned,), schema=forms.Assign),
    Transition("take_over", ("registered",), "under_review", PRO, guards=(must.is_asked,),
               effects=(do.was_taken_over,), schema=forms.TakeOver),
    Transition("confirm_no_conflict", OPEN[3:], do.stays, PRO, guards=(must.is_asked,), effects=(do.was_taken_over,),
               schema=forms.TakeOver),
    Transition("declare_conflict", OPEN[1:], do.after_assignment, PRO, guards=(must.is_asked,),
               effects=(do.had_conflict,), reason="what ties the prosecutor to the matter", schema=Conflict),
    Transition("return_file", ("under_review",), "returned", PRO, guards=MINE, effects=(do.was_returned,),
               schema=ReturnFile),
    Transition("resubmit", ("returned",), "under_review", (SYS,), effects=(do.was_sent_again,)),
    # More may be asked for from the case itself, before the matter is registered or after the judge has it.
    Transition("resubmit", (*OPEN[:3], *OPEN[6:]), do.stays, (SYS,), effects=(do.was_sent_again,)),
    # Also a file that was sent back and from which nothing more is to be expected.
    Transition("keep_without_processing", ("under_review", "returned"), "no_processing", PRO, guards=MINE,
               effects=(do.was_kept,), reason="why the file is kept", reason_codes="legal_reasons",
               schema=forms.NoProcessing),
    Transition("inform_complainant", ("no_processing",), do.stays, PRO, guards=MINE, effects=(do.told_complainant,),
               schema=forms.ComplainantInformed),
    Transition("divert", ("under_review",), "diversion", PRO, guards=(*MINE, must.has_charges, must.all_minors),
               effects=(do.was_diverted,), reason="why diversion", schema=forms.Diversion),
    Transition("submit_to_judge", ("under_review",), "introductory_submission", PRO,
               guards=(*MINE, must.has_charges, must.court_is_known), effects=(do.went_to_judge,),
               schema=forms.IntroductorySubmission),
    Transition("cite_directly", ("under_review",), "direct_citation", PRO,
               guards=(*MINE, must.has_charges, must.no_felony), effects=(do.was_cited,),
               schema=forms.DirectCitation),
    Transition("appear_immediately", ("under_review",), "immediate_appearance", PRO,
               guards=(*MINE, must.has_charges, must.no_felony, must.all_adults, must.is_flagrant),
               effects=(do.appeared,), schema=forms.ImmediateAppearance),
    Transition("judge_seised", ("introductory_submission",), "judicial_investigation", PRO, guards=MINE,
               effects=(do.judge_was_seised,), schema=forms.JudgeSeised),
    Transition("rogatory_commission", ("judicial_investigation",), do.stays, PRO, guards=MINE,
               effects=(do.commission_came,), schema=forms.RogatoryCommission),
    Transition("end_investigation", ("judicial_investigation",), "final_submission_due", PRO, guards=MINE,
               effects=(do.end_was_announced,), schema=forms.EndOfInvestigation),
    Transition("make_final_submission", ("final_submission_due",), do.stays, PRO, guards=MINE,
               effects=(do.submission_was_made,), schema=forms.FinalSubmission),
    Transition("indict", ("final_submission_due",), "closing_order_indictment", PRO, guards=(*MINE, must.has_charges),
               effects=(do.was_indicted,), schema=forms.ClosingOrder),
    Transition("nonsuit", ("final_submission_due",), "closing_order_nonsuit", PRO, guards=MINE,
               effects=(do.had_nonsuit,), schema=forms.ClosingOrder),
    Transition("schedule_trial", ("closing_order_indictment", "direct_citation", "immediate_appearance", "opposition"),
               "trial_scheduled", PRO, guards=(*MINE, must.trial_fits), effects=(do.trial_was_fixed,),
               schema=forms.Hearing),
    Transition("start_trial", ("trial_scheduled",), "trial", PRO, guards=MINE),
    Transition("start_deliberation", ("trial",), "deliberation", PRO, guards=MINE),
    Transition("judge", ("deliberation", "appeal", "cassation"), "judged", PRO,
               guards=(*MINE, must.decided_in_order, must.every_charge_decided), effects=(do.was_judged,),
               schema=forms.Judgment),
    # The decision was voided by two people; the right one is entered next.
    Transition("judgment_voided", ("judged",), corrections.before_judgment, (SYS,),
               effects=(corrections.judgment_undone,)),
    Transition("file_opposition", ("judged",), "opposition", PRO, guards=(*MINE, must.remedy_exists),
               effects=(do.remedy_came,), schema=forms.Remedy),
    Transition("file_appeal", ("judged", "closing_order_nonsuit"), "appeal", PRO, guards=(*MINE, must.remedy_exists),
               effects=(do.remedy_came,), schema=forms.Remedy),
    Transition("file_cassation", ("judged",), "cassation", PRO, guards=(*MINE, must.remedy_exists),
               effects=(do.remedy_came,), schema=forms.Remedy),
    Transition("make_final", ("judged", "closing_order_nonsuit"), "final", PRO, guards=(*MINE, must.remedies_over),
               effects=(do.became_final,), confirm=_("You confirm that no remedy was filed in time.")),
    Transition("enforce", ("final",), "enforcement", PRO, guards=(*MINE, must.has_conviction),
               effects=(do.was_enforced,), schema=forms.Enforce),
    Transition("close", ("enforcement", "final", "no_processing", "diversion"), "closed", PRO,
               guards=(*MINE, must.nothing_to_enforce)),
)))


def facts(matter) -> dict:
    """What the clocks ask of a matter. A judgment of first instance is contested by its parties; their period is
    one rule, that of the general prosecutor is started beside it."""
    return {"detained": matter.detained, "party": "accused" if matter.instance == "first" else "none"}


def owner(matter, rule) -> tuple:
    """Who gets the clocks of a matter: the prosecutor who has it, before that the head of the office.

    No queue of the office: its other prosecutors are not to learn that the matter exists.
    """
    return None, "PRO", matter.prosecutor_id or head_of(matter)


def head_of(matter):
    """The user who heads the office of a matter today; None where the office has none."""
    heads = object_session(matter).scalars(select(Membership).where(
        Membership.agency_id == matter.agency_id, Membership.role == "PRO", Membership.chief.is_(True)
    ).order_by(Membership.id))
    today = dt.datetime.now(ZONE).date()
    return next((m.user_id for m in heads if m.in_force(today)), None)


tasks.facts_for("prosecution", facts)
tasks.queue_for("prosecution", owner)


def register_held() -> None:
    """Say which matters somebody who leaves has. The head of the office assigns them anew."""
    leaving.provide(leaving.Held(
        "matters", _("Matters"), Prosecution,
        lambda user_id: (Prosecution.prosecutor_id == user_id) & Prosecution.state.in_(OPEN), tell=_ask_head,
    ))


def _ask_head(db, matter: Prosecution) -> None:
    head = head_of(matter)
    # Without a head the task would show the matter to every prosecutor of the office.
    if head is not None and head != matter.prosecutor_id:
        handover.hand_over(db, matter, (None, "PRO"), head)


def take_back(db, identity, user_id, case) -> None:
    """A prosecutor who was shut out of a case has its matter no more: the head of the office, who gets its clocks,
    gives it to somebody else."""
    with unscoped(db, "the person could not see them any more"):
        mine = db.scalars(select(Prosecution).where(
            Prosecution.case_id == case.id, Prosecution.prosecutor_id == user_id, Prosecution.state.in_(OPEN))).all()
        for matter in mine:
            matter.prosecutor_id = matter.conflict_answered_at = None
            head = head_of(matter)
            if head is None or head == user_id:
                continue
            for task in db.scalars(select(Task).where(
                    Task.record_id == matter.id, Task.state.in_(tasks.OPEN), Task.assignee_id.is_(None))):
                task.assignee_id = head
            # What is new in the office stands on its head's first screen already.
            if matter.state not in ("received", "registered"):
                _ask_head(db, matter)


cases.when_recused(take_back)
