"""One timeline of a case: transitions, tasks, notes and what features add, as one person may see them.

Items are ordered by the id of what they show: ids are made in the order of time, so that pages need no counting.
"""

import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, Uuid, and_, bindparam, null, or_, select
from sqlalchemy import case as either

from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import kept, readable, scoped_by_hand
from casework.records.registry import may_see_any
from casework.web.i18n import _
from casework.web.render import code_label, translate
from casework.workflow.models import StateChange

from .models import Case, Note, Task
from .titles import title_of

PAGE = 25
KINDS = {"moves": _("Steps"), "tasks": _("Tasks"), "notes": _("Notes"), "custody": _("Custody"), "other": _("Other")}

Provider = Callable[[Any, Any], list[dict]]
_providers: list[Provider] = []


def provide(function: Provider) -> None:
    """Let `function(request, case)` add items. Registering twice is once.

    An item is a dict: id (the record's: ids are ordered by time), when (aware datetime), title, kind (a key of
    `KINDS`) and, where there is one, by_id, text, href. Only what `request.identity` may see. `window(request)`
    says which ids are wanted, so that old ones need not be fetched.
    """
    if function not in _providers:
        _providers.append(function)


def window(request) -> tuple[uuid.UUID | None, int]:
    """Items are wanted with an id below the first, newest first, at most as many as the second."""
    try:
        before = uuid.UUID(request.GET.get("before", ""))
    except ValueError:
        before = None
    return before, PAGE + 1


def items_of(request, case: Case, kind: str | None = None, limit: int = PAGE) -> tuple[list[dict], uuid.UUID | None]:
    """The newest items below `window`, and the id to go on from, or None at the end."""
    found: list[dict] = []
    if kind in (None, "moves", "tasks"):
        found += _moves(request, case, kind)
    if kind in (None, "notes"):
        found += _notes(request, case)
    before = window(request)[0]
    for function in _providers:
        found += [
            item for item in function(request, case)
            if (before is None or item["id"] < before) and kind in (None, item.get("kind", "other"))
        ]
    found.sort(key=lambda item: item["id"], reverse=True)
    shown = found[:limit]
    names = request.names
    names.want("user_account", (item.get("by_id") for item in shown))
    for item in shown:
        item["by"] = names.of("user_account", item.get("by_id"))
    return shown, shown[-1]["id"] if len(found) > limit else None


def _moves(request, case: Case, kind: str | None) -> list[dict]:
    types = tuple(
        (rt.name, rt.model) for rt in request.registry["record_types"].values()
        if rt.flow is not None and hasattr(rt.model, "case_id") and may_see_any(request, rt)
        and (kind is None or (kind == "tasks") == (rt.model is Task))
    )
    before, limit = window(request)
    query = _changes(types, request.identity, kind != "tasks", before is not None)
    reads = "R" in access_to_one(request.db, request.identity, case)
    values = {"case": case.id, "before": before, "many": limit}
    with scoped_by_hand(request.db, "each part of the query says itself who reads it"):
        rows = request.db.execute(query, values).all()
    return [_move(request, change, ref, reads, rule, title) for change, ref, rule, title in rows]


@lru_cache(maxsize=1024)
def _changes(types: tuple[tuple[str, type], ...], identity: Identity, of_case: bool, paged: bool) -> Select:
    """The changes of a case and of what hangs under it, as one person reads them; made once for whoever asks again.
    Its parameters are `case`, `before` and `many`."""
    case = bindparam("case", type_=Uuid())
    wanted, refs = [], []
    for name, model in types:
        mine = select(model.id).where(model.case_id == case, readable(model, identity))
        wanted.append(and_(StateChange.record_type == name, StateChange.record_id.in_(mine)))
        refs.append((StateChange.record_type == name, _of(model, model.ref)))
    if of_case:
        wanted.append(and_(StateChange.record_type == "case", StateChange.record_id == case))
    ref = either(*refs) if refs else null()
    query = select(StateChange, ref, _of(Task, Task.rule), _of(Task, Task.title)).where(
        StateChange.case_id == case, or_(*wanted)
    )
    if paged:
        query = query.where(StateChange.id < bindparam("before", type_=Uuid()))
    return query.order_by(StateChange.id.desc()).limit(bindparam("many", type_=Integer()))


def _of(model: Any, column: Any) -> Any:
    """A column of the record that a change is about."""
    return select(column).where(model.id == StateChange.record_id).scalar_subquery()


def _move(request, change: StateChange, ref: str | None, reads: bool, rule: str | None, task: str | None) -> dict:
    rt = request.registry["record_types"][change.record_type]
    of_case = change.record_type == "case"
    event = code_label(request, "events", change.event)
    state = code_label(request, f"{rt.model.__flow__}_state", change.to_state)
    if rt.model is Task:
        title, text = f"{translate(request, rt.title)}: {title_of(request, rule, task)}", event
    else:
        title = event if of_case else f"{translate(request, rt.title)} {ref}: {event}"
        moved = f"→ {state}" if change.from_state != change.to_state else ""
        text = " · ".join(filter(None, (moved, change.reason if of_case and reads else "")))
    return {
        "id": change.id, "when": change.at, "title": title, "kind": "tasks" if rt.model is Task else "moves",
        "by_id": change.actor_id, "href": None if of_case or ref is None else f"/go/{ref}", "text": text,
    }


def _notes(request, case: Case) -> list[dict]:
    before, limit = window(request)
    if before is None:
        found = _newest_notes(request.db, case=case.id, many=limit)
    else:
        found = _older_notes(request.db, case=case.id, many=limit, before=before)
    return [
        {
            "id": note.id, "when": note.created_at, "kind": "notes", "by_id": note.created_by_id, "text": note.text,
            "title": f"{translate(request, _('Note'))}: {code_label(request, 'note_kind', note.kind)}",
            "href": f"/cases/{case.ref}/notes/{note.ref}",
        }
        for note in found.scalars()
    ]


def _readable_notes(identity: Identity) -> Select:
    query = select(Note).where(Note.case_id == bindparam("case"), Note.voided_at.is_(None), readable(Note, identity))
    return query.order_by(Note.id.desc()).limit(bindparam("many", type_=Integer()))


@kept
def _newest_notes(identity: Identity) -> Select:
    return _readable_notes(identity)


@kept
def _older_notes(identity: Identity) -> Select:
    return _readable_notes(identity).where(Note.id < bindparam("before"))
