"""The flow of a task: free ones end by their assignee, procedural ones by a supervisor, statutory ones by the law."""

from sqlalchemy import select

from casework.accounts.models import Membership
from casework.authz.identity import ROLES
from casework.web.i18n import _
from casework.workflow.engine import Flow, Move, Problem, Transition, add_flow, flows
from schemas.case import CancelTask, FinishTask, Reassign

from . import clocks
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
    return rule is not None and any(stop.partition(":")[0] in flows() for stop in rule.stop)


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
    """Supervisors, and whoever the task belongs to at the same agency: the new one must work there in its role."""
    if not is_supervisor(move.identity):
        return Problem(_("Only a supervisor may reassign this."))
    task = move.record
    query = select(Membership.id).where(
        Membership.user_id == as_uuid(move.data.get("assignee")), Membership.agency_id == task.queue_agency_id,
        Membership.role == task.queue_role, Membership.ended_at.is_(None),
    )
    if move.session.execute(query).first() is None:
        return Problem(_("This person does not work there in that role."), "assignee")
    return None


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
        Transition("supersede", ("open", "in_progress"), "superseded", (SYS,), effects=(_supersede,)),
    ),
))
