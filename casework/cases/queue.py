"""The one queue of a first screen: tasks and clocks, what breaks first on top (DOMAIN 6)."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Integer, Row, SelectBase, and_, bindparam, or_, select, true, union_all

from casework.authz.identity import Identity
from casework.authz.scope import kept, visible
from casework.db.base import now
from casework.records.filters import PAGING, without_all
from casework.records.paging import PAGE
from casework.web.render import code_label

from . import clocks, tasks
from .models import Task, of_own_case
from .titles import title_of

RISK_ORDER = {"immediate": 0, "high": 1, "medium": 2, "low": 3}
# What a row of a queue is made of.
COLUMNS = (
    Task.id, Task.ref, Task.rule, Task.title, Task.due_at, Task.record_ref, Task.risk, Task.kind, Task.state,
    Task.paused_at, Task.escalated_at, Task.assignee_id, Task.alarms, Task.warn_at, Task.version,
)
FAR = dt.datetime.max.replace(tzinfo=dt.UTC)


def urgency(task: Task | Row, at: dt.datetime) -> tuple:
    """The order of a queue: overdue, then by due time, then by risk."""
    return (
        not tasks.is_overdue(task, at), task.due_at or FAR, RISK_ORDER.get(task.risk or "", 9), task.id,
    )


def of_person(request, limit: int = PAGE) -> list[Row]:
    """What is a person's to do: assigned, waiting in the queue of the role, or raised to it. One query."""
    at = now()
    found = {task.id: task for task in _of_person(request.db, most=limit)}
    return sorted(found.values(), key=lambda task: urgency(task, at))[:limit]


@kept
def _of_person(identity: Identity) -> SelectBase:
    """Each part is cut by itself, and each state in it, so that each walks its own index in the order of time however
    many tasks there are. A task may be in several."""
    here, is_open = Task.queue_agency_id == identity.agency_id, Task.state.in_(tasks.OPEN)
    mine = Task.assignee_id == identity.user_id
    waiting = and_(here, Task.queue_role == identity.role, Task.assignee_id.is_(None))
    dated = [and_(Task.state == state, Task.due_at.is_not(None)) for state in tasks.OPEN]
    parts = [and_(one, when) for one in (mine, waiting) for when in dated]
    parts.append(and_(or_(mine, waiting), is_open, Task.due_at.is_(None)))
    raised = raised_to(identity.role)
    if raised:
        where = {"AUD": true(), "PRO": or_(here, of_own_case(Task, identity))}.get(identity.role, here)
        parts.append(and_(is_open, Task.escalated_to.in_(raised), where))
    most = bindparam("most", type_=Integer())
    cut = select(*COLUMNS).where(visible(Task, identity)).order_by(Task.due_at, Task.id).limit(most)
    return union_all(*(select(cut.where(part).subquery()) for part in parts))


def raised_to(role: str) -> list[str]:
    """What `escalated_to` holds when a task was raised to a role."""
    found = {f" {' '.join(rule.escalate_to)} " for rule in clocks.rules()}
    return sorted(text for text in found if f" {role} " in text)


def rows(request, found: Sequence[Task | Row], *, holder: bool = False) -> list[dict]:
    """Tasks for a page. `holder` adds who has each."""
    at = now()
    if holder:
        request.names.want("user_account", (task.assignee_id for task in found))
    return [
        {
            "ref": task.ref, "href": f"/tasks/{task.ref}", "title": title_of(request, task.rule, task.title),
            "due": task.due_at,
            "record": task.record_ref, "record_href": f"/go/{task.record_ref}", "risk": task.risk,
            "risk_label": code_label(request, "risk_level", task.risk), "kind": task.kind, "state": task.state,
            "overdue": tasks.is_overdue(task, at), "soon": tasks.is_due_soon(task, at),
            "paused": task.paused_at is not None, "escalated": task.escalated_at is not None,
            "mine": task.assignee_id == request.identity.user_id, "free": task.assignee_id is None,
            "holder": request.names.of("user_account", task.assignee_id) if holder else None,
            "version": task.version,
        }
        for task in found
    ]


def pages(request, offset: int, more: bool) -> dict:
    """Addresses of the page before and after, by number of rows: a queue is short and ordered by time."""
    def at(number: int) -> str:
        return without_all(request, (*PAGING, "from"), {"from": str(number)} if number else {})

    return {
        "prev": at(max(offset - PAGE, 0)) if offset else None, "next": at(offset + PAGE) if more else None,
    }
