"""What a child is given and how it fares: services and follow-ups, written down by who works with the child."""

from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.cases import tasks
from casework.cases.models import Task
from casework.db.refs import new_ref
from casework.web.i18n import ZONE
from casework.workflow import engine
from casework.workflow.engine import Move

from .models import FollowUp, Service, SupportReferral

FOLLOW_UP_TASK = "support_follow_up"
SERVICE_FIELDS = ("type", "subtype", "planned_from", "planned_to", "delivered_from", "delivered_to", "sessions",
                  "status", "outcome")
FOLLOW_UP_FIELDS = ("kind", "done_at", "safe", "wellbeing", "needs_changed", "text")


def _below(move: Move) -> dict:
    """What ties a record to the support it hangs under."""
    support = move.record
    return {"agency_id": support.agency_id, "created_by_id": move.identity.user_id, "support_id": support.id,
            "case_id": support.case_id, "child_id": support.child_id}


def service_logged(move: Move) -> None:
    """A service, given by the agency of who writes it down."""
    move.session.add(Service(
        ref=new_ref(move.session, Service, "V", move.at.date()), provider_agency_id=move.identity.agency_id,
        **_below(move), **{name: move.data.get(name) for name in SERVICE_FIELDS},
    ))


def followed_up(move: Move) -> None:
    """A follow-up, for the day that was agreed; the next contact is the one agreed now."""
    support, data = move.record, move.data
    asked = _finish_task(move)
    due = asked.due_at.astimezone(ZONE).date() if asked is not None else support.next_contact_on
    move.session.add(FollowUp(
        ref=new_ref(move.session, FollowUp, "F", move.at.date()), due_on=due, next_on=data.get("next_at"),
        **_below(move), **{name: data.get(name) for name in FOLLOW_UP_FIELDS},
    ))
    support.next_contact_on = data.get("next_at")


def _finish_task(move: Move) -> Task | None:
    """After the end of support, the first follow-up that was set for later is done with this one."""
    support: SupportReferral = move.record
    if support.closed_at is None:
        return None
    with unscoped(move.session, "a follow-up is done by whoever follows up"):
        query = select(Task).where(
            Task.record_id == support.id, Task.title == FOLLOW_UP_TASK, Task.state.in_(tasks.OPEN)
        )
        task = move.session.scalars(query.order_by(Task.due_at, Task.id).limit(1)).first()
    if task is not None:
        engine.apply(move.session, None, task, "finish", {"result": "record_follow_up"})
    return task
