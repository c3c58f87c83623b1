"""Pages of tasks: my queue, the team's, the tasks of a case, a new one, one task."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from sqlalchemy import or_, select

from casework.authz.access import access_to_one, shown
from casework.db.base import now
from casework.records.filters import Filter, narrowed
from casework.records.forms import run_form
from casework.records.paging import PAGE
from casework.records.registry import Context, RecordType
from casework.records.show import summary
from casework.web.i18n import _
from casework.web.render import translate
from casework.workflow.engine import Refused, possible
from schemas import case as asks

from . import queue, recusal, task_flow, tasks
from .guards import as_uuid
from .models import Task
from .options import load_of, people_at
from .task_flow import is_supervisor
from .titles import title_of


def task_page(request, task: Task) -> dict:
    """The rule behind a clock, and its times."""
    rt = request.registry["record_types"]["task"]
    identity = request.identity
    by_hand = task.kind != "statutory" and not task_flow.stops_by_itself(task)
    useless = set() if by_hand else {"finish"}
    if task.kind == "statutory" or (task.kind == "procedural" and not is_supervisor(identity)):
        useless.add("cancel")
    if task.assignee_id is not None:
        useless.add("take")
    if not is_supervisor(identity):
        useless.add("assign")
    if task_flow.extension_problem(task, identity, now()) is not None:
        useless.add("extend")
    return {
        "transitions": [t for t in possible(request.db, identity, task) if t.event not in useless],
        "title": title_of(request, task.rule, task.title),
        "rule": request.registry["deadline_rules"].get(task.rule or ""),
        "summary": [row for row in summary(request, rt, shown(request.db, request.identity, task)) if row["value"]],
        "overdue": tasks.is_overdue(task, now()),
    }


TASK = RecordType(
    name="task", model=Task, path="tasks", prefix="T", row="task", title=_("Task"), plural=_("Tasks"),
    list_view=False, template="casework:cases/templates/task.jinja2", extra=task_page, voidable=False,
    fields=("kind", "risk", "detail", "assignee_id", "queue_role", "queue_agency_id", "started_at", "first_due_at",
            "paused_until", "extended_by", "escalated_at", "done_at", "result", "created_by_id"),
    labels={
        "started_at": _("Runs since"), "first_due_at": _("First due"), "warn_at": _("Next alarm"),
        "alarms": _("Alarms"), "paused_until": _("Paused until"), "paused_at": _("Paused"),
        "extended_by": _("Document that changed it"), "queue_agency_id": _("Agency"), "queue_role": _("Role"),
        "detail": _("Place"), "rule": _("Rule"), "risk": _("Risk"), "record_ref": _("Record"),
        "done_at": _("Ended"), "escalated_at": _("Raised"), "escalated_to": _("Raised to"),
        "record_type": _("Kind of record"), "extensions": _("Extensions"), "pauses": _("Pauses"),
        "created_by_id": _("Set by"), "title": _("Task"),
    },
    codes={"kind": "task_kind", "queue_role": "roles", "risk": "risk_level"},
    hidden=("record_id", "record_type"),
)

WHICH = Filter(
    "which", _("Which"),
    lambda request: [
        ("mine", translate(request, _("Mine"))), ("queue", translate(request, _("Nobody's yet"))),
        *([("team", translate(request, _("The whole team's")))] if is_supervisor(request.identity) else []),
        ("done", translate(request, _("Ended"))),
    ],
    lambda request, values: or_(*(_which(request.identity, value) for value in values)),
)


def _which(identity: Any, value: str):
    here = Task.queue_agency_id == identity.agency_id
    return {
        "mine": (Task.assignee_id == identity.user_id) & Task.state.in_(tasks.OPEN),
        "queue": here & (Task.queue_role == identity.role) & Task.assignee_id.is_(None) & Task.state.in_(tasks.OPEN),
        "team": here & Task.state.in_(tasks.OPEN),
        "done": (Task.assignee_id == identity.user_id) & Task.state.not_in(tasks.OPEN),
    }[value]


def listing(request) -> dict:
    """My tasks and those of my queue, what breaks first on top; filtered by the address."""
    identity = request.identity
    query = select(Task)
    if not request.GET.getall("which"):
        query = query.where(or_(_which(identity, "mine"), _which(identity, "queue")))
    query, fields, tags = narrowed(request, [WHICH], query)
    offset = _offset(request)
    found = list(request.db.scalars(query.order_by(Task.due_at.is_(None), Task.due_at, Task.id)
                                    .offset(offset).limit(PAGE + 1)))
    pages = queue.pages(request, offset, len(found) > PAGE)
    return {
        "filter_fields": fields, "filter_tags": tags, "page": pages,
        "tasks": queue.rows(request, found[:PAGE], holder=True), "loads": _loads(request),
    }


def _offset(request) -> int:
    text = request.GET.get("from", "0")
    return min(int(text), 10_000) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _loads(request) -> list[dict] | None:
    """For a supervisor: who carries how much."""
    identity = request.identity
    if not is_supervisor(identity) or request.GET.get("which") != "team":
        return None
    role = {"PSU": "INV", "SWS": "SW"}.get(identity.role, identity.role)
    people = people_at(request, identity.agency_id, (role,))
    loads = load_of(request, [member for member, _user in people], now())
    return [
        {"name": user.display_name(request.locale_name), "open": loads.get(member.id, (0, 0))[0],
         "overdue": loads.get(member.id, (0, 0))[1]}
        for member, user in people
    ]


def of_case(context: Context, request) -> dict:
    """The tasks of a case that this person sees: the open ones by what breaks first, then what ended last."""
    case = context.own
    mine = select(Task).where(Task.case_id == case.id)
    still = list(request.db.scalars(
        mine.where(Task.state.in_(tasks.OPEN)).order_by(Task.due_at.is_(None), Task.due_at, Task.id).limit(100)))
    ended = list(request.db.scalars(
        mine.where(Task.state.not_in(tasks.OPEN)).order_by(Task.id.desc()).limit(PAGE)))
    return {
        "case": case, "tasks": queue.rows(request, still, holder=True),
        "ended": queue.rows(request, ended, holder=True), "may_add": _may_add(request, case),
    }


def _may_add(request, case: Any) -> bool:
    return "W" in access_to_one(request.db, request.identity, case, "task")


def new(context: Context, request):
    """A free task in a case."""
    case = context.own
    if not _may_add(request, case):
        raise HTTPForbidden("may not add a task")
    identity = request.identity

    def save(data: dict) -> str:
        role = "INV" if identity.role == "PSU" else identity.role
        assignee = as_uuid(data["assignee"])
        if shut := recusal.problem(request.db, assignee, case, "assignee"):
            raise Refused(shut)
        tasks.add_free(request.db, identity, case, data["title"], data["due_at"], assignee,
                       queue=(identity.agency_id, role))
        return f"/cases/{case.ref}/tasks"

    return run_form(
        request, asks.Task(), title=_("New task"), save=save, back=f"/cases/{case.ref}/tasks",
        values={"assignee": str(identity.user_id)},
    )
