"""The flow of a task: free ones end by their assignee, procedural ones by a supervisor, statutory ones by the law."""

import datetime as dt

from sqlalchemy import select

from casework.accounts.models import Membership
from casework.authz.identity import ROLES, Identity
from casework.reference.deadlines import extended
from casework.web.i18n import _, format_datetime
from casework.workflow.engine import Flow, Move, Problem, Transition, add_flow, flows
from schemas.case import CancelTask, ExtendDeadline, FinishTask, Reassign

from . import clocks, recusal
from .guards import as_uuid
from .models import Task

SYS = "SYS"
WORKERS = tuple(role for role in ROLES if role not in ("CLK", "OVS", "AUD", "ADM"))
SUPERVISORS = ("PSU", "SWS", "HOT", "CUS", "PRO")


def _same(move: Move) -> str:
    return move.from_state


def is_supervisor(identity) -> bool:
    """Who may reassign and cancel: supervisors, the head of a prosecution office, hotlines and stores among equals."""
    return identity.role in SUPERVISORS and (identity.role != "PRO" or identity.chief)


def mine_to_take(move: Move) -> Problem | None:
    """Nobody takes a task out of somebody's hands; a supervisor reassigns it."""
    holder = move.record.assignee_id
    if holder is not None and holder != move.identity.user_id:
        return Problem(_("Somebody has this task already. Ask a supervisor to reassign it."))
    return None


def stops_by_itself(task: Task) -> bool:
    """Whether the program records what a clock waits for."""
    rule = clocks.rules().get(task.rule or "")
    if rule is None:
        return False
    names = {stop.partition(":")[0] for stop in rule.stop}
    return any(name in flows() or clocks.recorded(name) for name in names)


def stopped_by_hand(move: Move) -> Problem | None:
    """A clock ends when what it waits for is recorded, not by a click."""
    if move.identity is not None and (move.record.kind == "statutory" or stops_by_itself(move.record)):
        return Problem(_("This clock stops by itself when what it waits for is recorded."))
    return None


def may_cancel(move: Move) -> Problem | None:
    """Statutory never; procedural by a supervisor with a reason; free by who has it, made it or supervises."""
    task, identity = move.record, move.identity
    if task.kind == "statutory":
        return Problem(_("A statutory clock cannot be cancelled. Only a document replaces it."))
    if task.kind == "procedural":
        if not is_supervisor(identity):
            return Problem(_("Only a supervisor may cancel this."))
        if len((move.data.get("reason") or "").strip()) < 10:
            return Problem(_("Give a reason of at least 10 characters."), "reason")
    elif identity.user_id not in (task.assignee_id, task.created_by_id) and not is_supervisor(identity):
        return Problem(_("Only who has the task may cancel it."))
    return None


def may_assign(move: Move) -> Problem | None:
    """Supervisors, and whoever the task belongs to at the same agency: the new one must work there in its role,
    without a conflict of interest."""
    if not is_supervisor(move.identity):
        return Problem(_("Only a supervisor may reassign this."))
    task = move.record
    query = select(Membership.id).where(
        Membership.user_id == as_uuid(move.data.get("assignee")), Membership.agency_id == task.queue_agency_id,
        Membership.role == task.queue_role, Membership.ended_at.is_(None),
    )
    if move.session.execute(query).first() is None:
        return Problem(_("This person does not work there in that role."), "assignee")
    return recusal.problem(move.session, as_uuid(move.data["assignee"]), task, "assignee")


# ---- extension

def extension_problem(task: Task, identity: Identity | None, at: dt.datetime) -> Problem | None:
    """Why a person (None: the system) cannot extend a clock at a moment, whatever the document says; None where one
    can: its rule allows it (once more), it has not run out, and the person has it or supervises."""
    rule = clocks.rules().get(task.rule or "")
    if rule is None or rule.extendable == "none":
        return Problem(_("This clock cannot be extended."))
    if rule.most_extensions is not None and task.extensions >= rule.most_extensions:
        return Problem(_("This clock was extended as often as its rule allows."))
    if task.due_at < at:
        return Problem(_("This clock has run out. It cannot be extended any more."))
    if identity is not None and identity.user_id != task.assignee_id and not is_supervisor(identity):
        return Problem(_("Only who has the task, or a supervisor, may extend it."))
    return None


def may_extend(move: Move) -> Problem | None:
    return extension_problem(move.record, move.identity, move.at)


def has_document(move: Move) -> Problem | None:
    if not (move.data.get("extended_by") or "").strip():
        return Problem(_("Give the reference of the document that extends the clock."), "extended_by")
    return None


def within_its_rule(move: Move) -> Problem | None:
    """The new end lies after the present one and not beyond what the rule allows; where it names none, the document
    says how far."""
    task, rule = move.record, clocks.rules().get(move.record.rule or "")
    if rule is None or rule.extendable == "none":
        return None
    furthest, moved = _ends(move)
    if moved is None:
        return Problem(_("Give the new time limit that the document sets."), "due_at")
    if moved <= task.due_at:
        return Problem(_("The new end must be later than the present one."), "due_at")
    if furthest is not None and moved > furthest:
        last = format_datetime(furthest)
        return Problem(_("The rule allows no later end than ${last}.", mapping={"last": last}), "due_at")
    return None


def _ends(move: Move) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The furthest end that the rule allows (None: as the document says), and the new one."""
    furthest = extended(clocks.rule_of(move.record.rule), move.record.due_at, clocks.holidays())
    return furthest, move.data.get("due_at") or furthest


def _extend(move: Move) -> None:
    """The alarms of the time that is over have sounded; those of the new one sound anew."""
    task, (_furthest, moved) = move.record, _ends(move)
    rule = clocks.rule_of(task.rule)
    task.due_at, task.extensions, task.extended_by = moved, task.extensions + 1, move.data["extended_by"].strip()[:200]
    sounding = clocks.moments(rule, task.started_at, moved)
    task.alarms = sum(moment <= move.at for moment in sounding)
    task.warn_at = sounding[task.alarms] if task.alarms < len(sounding) else None
    task.escalated_at = task.escalated_to = None


def _take(move: Move) -> None:
    move.record.assignee_id = move.identity.user_id


def _finish(move: Move) -> None:
    move.record.done_at = move.at
    move.record.result = move.data.get("result")
    move.record.warn_at = None


def _supersede(move: Move) -> None:
    move.record.extended_by = (move.data.get("document") or "")[:200]
    _finish(move)


def _assign(move: Move) -> None:
    move.record.assignee_id = as_uuid(move.data["assignee"])


FLOW = add_flow(Flow(
    "task",
    states=("open", "in_progress", "done", "cancelled", "superseded"),
    final=("done", "cancelled", "superseded"),
    transitions=(
        Transition("start", (), "open", (*WORKERS, SYS)),
        Transition("take", ("open",), "in_progress", WORKERS, guards=(mine_to_take,), effects=(_take,)),
        Transition("finish", ("open", "in_progress"), "done", (*WORKERS, SYS), guards=(stopped_by_hand,),
                   effects=(_finish,), schema=FinishTask),
        Transition("cancel", ("open", "in_progress"), "cancelled", WORKERS, guards=(may_cancel,), effects=(_finish,),
                   schema=CancelTask),
        Transition("assign", ("open", "in_progress"), _same, SUPERVISORS, guards=(may_assign,), effects=(_assign,),
                   schema=Reassign),
        Transition("extend", ("open", "in_progress"), _same, (*WORKERS, SYS),
                   guards=(may_extend, has_document, within_its_rule), effects=(_extend,), reason="why it is extended",
                   schema=ExtendDeadline),
        Transition("supersede", ("open", "in_progress"), "superseded", (SYS,), effects=(_supersede,)),
    ),
))
