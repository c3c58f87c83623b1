"""Captures every change of every audited model, and refuses the ways around.

Changes are gathered at each flush and merged: one entry per record and transaction, written just before the commit,
so that the lock on a chain is held for the shortest time.
"""

import base64
import datetime as dt
import uuid
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from sqlalchemy import Delete, Engine, Insert, Update, event, inspect
from sqlalchemy.orm import Session

import casework.crypto.sealed  # noqa: F401  its flush hook must run before ours, so that we see ciphertext
from casework.crypto.tokens import is_rekeying
from casework.db.base import Base

from .chain import Actor, Event, write
from .models import Audited

_flushing: ContextVar[bool] = ContextVar("flushing", default=False)
# They say of themselves when and by whom, or follow from the rest.
NOT_LOGGED = frozenset({"id", "version", "created_at", "created_by_id"})


class UnauditedWrite(RuntimeError):
    """A statement would change an audited table behind the log's back."""


def actor_of(session: Session) -> Actor:
    """Who acts in this session, from its identity; the system when there is none."""
    identity = session.info.get("identity")
    request_id, matrix = session.info.get("request_id"), session.info.get("matrix")
    if identity is None:
        return Actor(request_id=request_id, matrix=matrix)
    return Actor(
        identity.user_id, identity.role, identity.agency_id, identity.session_id, request_id,
        session.info.get("address"), matrix, session.info.get("rule"),
    )


def describe(session: Session, record: Any, *, verb: str, **details: Any) -> None:
    """Give the entry of `record` in this transaction a better verb than create or update, and details
    (the reason, the rule that allowed it)."""
    notes = session.info.setdefault("audit.notes", {})
    notes[record] = (verb, details)


def record_event(session: Session, happened: Event) -> None:
    """Add an entry that no change of a record stands for (an export, a submission)."""
    session.connection()  # a session that executed nothing would have no commit to write it at
    session.info.setdefault("audit.events", []).append(happened)


def json_value(value: Any, encrypted: bool = False) -> Any:
    """A column's value as the log keeps it. Ciphertext stays ciphertext: it opens while its data key lives."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (uuid.UUID, dt.date, dt.datetime)):
        return str(value) if isinstance(value, uuid.UUID) else value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (list, tuple)):
        return [json_value(v) for v in value]
    if isinstance(value, dict):
        return {str(k): json_value(v) for k, v in value.items()}
    return str(value)


def unsaid(column: Any) -> bool:
    """Whether the log keeps no value of a column: it follows from another one, under a key that can change."""
    return bool(column.info.get("hashed") or column.info.get("token"))


def _changes(record: Any) -> dict[str, list[Any]]:
    state, found = inspect(record), {}
    for attribute in state.mapper.column_attrs:
        if attribute.key in NOT_LOGGED:
            continue
        history = state.attrs[attribute.key].history
        if not history.has_changes():
            continue
        old = history.deleted[0] if history.deleted else None
        new = history.added[0] if history.added else None
        if old is None and new is None:
            continue
        if unsaid(attribute.columns[0]):
            # What a password's hash or a token is of can be guessed at: the log says that it changed, not to what.
            old, new = old and "hash", new and "hash"
        found[attribute.key] = [json_value(old), json_value(new)]
    return found


def _given_by_flush(record: Any) -> dict[str, list[Any]]:
    """What a new record has only since it was written: the ids of who it belongs to, moments. Constants that a
    column is given by default are left out: they are in the code."""
    found = {}
    for attribute in inspect(record).mapper.column_attrs:
        column, value = attribute.columns[0], record.__dict__.get(attribute.key)
        constant = column.default is not None and column.default.is_scalar
        if attribute.key not in NOT_LOGGED and value is not None and not constant and not unsaid(column):
            found[attribute.key] = [None, json_value(value)]
    return found


@event.listens_for(Session, "before_flush")
def _gather(session: Session, context, instances) -> None:
    _flushing.set(True)
    pending = session.info.setdefault("audit.pending", {})
    for verb, records in (("create", session.new), ("update", session.dirty), ("delete", session.deleted)):
        for record in records:
            if not isinstance(record, Audited):
                continue
            fields = _changes(record) if verb != "delete" else {}
            if verb == "update" and not fields:
                continue
            if record in pending:
                for name, (old, new) in fields.items():
                    first = pending[record][1].get(name)
                    pending[record][1][name] = [first[0] if first else old, new]
            else:
                pending[record] = (verb, fields)


@event.listens_for(Session, "after_flush_postexec")
def _flushed(session: Session, context) -> None:
    _flushing.set(False)


@event.listens_for(Session, "after_soft_rollback")
def _rolled_back(session: Session, previous) -> None:
    _flushing.set(False)
    for name in ("audit.pending", "audit.notes", "audit.events"):
        session.info.pop(name, None)


@event.listens_for(Session, "after_begin")
def _no_savepoints(session: Session, transaction, connection) -> None:
    # What is gathered cannot be given back piecemeal, so a part of a transaction cannot be rolled back.
    if transaction.nested:
        raise RuntimeError("no nested transactions: they would part a change from its audit entry")


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    session.flush()
    pending = session.info.pop("audit.pending", {})
    notes = session.info.pop("audit.notes", {})
    events = []
    for record, (verb, fields) in pending.items():
        if verb == "create":
            fields = _given_by_flush(record) | fields
        described, details = notes.pop(record, (verb, {}))
        # A better verb may stand for "create" or "delete": who compares records with the log must know it.
        change = {} if verb == "update" else {"change": verb}
        events.append(event_for(record, described, {"fields": fields, **change, **details}))
    events += session.info.pop("audit.events", [])
    if events:
        write(session, events, actor_of(session))


def event_for(record: Any, verb: str, details: dict[str, Any]) -> Event:
    """An event about a record, in the chain the record belongs to."""
    case_id = record.id if record.__tablename__ == "case" else getattr(record, "case_id", None)
    if getattr(record, "ref", None):
        details = {"ref": record.ref, **details}
    return Event(
        verb=verb, chain=record.audit_chain(), record_type=record.__tablename__, record_id=record.id,
        case_id=case_id, details=details,
    )


@event.listens_for(Session, "do_orm_execute")
def _no_bulk(state) -> None:
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    mapper = state.bind_mapper
    if mapper is not None and issubclass(mapper.class_, Audited):
        raise UnauditedWrite(f"bulk statement on audited {mapper.class_.__name__}")


@lru_cache(maxsize=1)
def _audited_tables() -> frozenset:
    return frozenset(m.local_table for m in Base.registry.mappers if issubclass(m.class_, Audited))


@event.listens_for(Engine, "before_execute")
def _no_core_writes(connection, clause, multiparams, params, options) -> None:
    if isinstance(clause, (Insert, Update, Delete)) and not _flushing.get():
        if clause.table in _audited_tables() and not (is_rekeying() and _keyed_only(clause)):
            raise UnauditedWrite(f"write to audited table {clause.table.name} outside a flush")


def _keyed_only(clause: Any) -> bool:
    """Whether a statement sets columns alone of which the log keeps no value."""
    return isinstance(clause, Update) and bool(clause._values) and all(unsaid(column) for column in clause._values)
