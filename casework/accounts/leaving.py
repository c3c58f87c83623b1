"""What is still open in the name of somebody who leaves. Features say what they have, and tell who hands it over."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped

SHOWN = 50


@dataclass(frozen=True)
class Held:
    """One kind of thing that is in a person's name.

    by     (user id) -> SQL: which of `model` are, and still open.
    tell   (session, record) sets the task for who supervises; None where the supervisor finds it anyway.
    each   whether one task is set for each record, or one for all of them.
    """

    name: str
    title: Any
    model: type
    by: Callable[[uuid.UUID], ColumnElement[bool]]
    tell: Callable[[Session, Any], None] | None = None
    each: bool = True


_kinds: dict[str, Held] = {}


def provide(held: Held) -> None:
    """Let a feature say what it has."""
    _kinds[held.name] = held


def counts(db: Session, user_id: uuid.UUID) -> list[tuple[Any, int]]:
    """(title, how many) of everything open in a person's name, for administrators, who learn no more than numbers."""
    with unscoped(db, "numbers only, for who shuts the account"):
        found = [
            (held.title, db.scalar(select(func.count()).select_from(held.model).where(held.by(user_id))))
            for held in _kinds.values()
        ]
    return [(title, number) for title, number in found if number]


def seen(db: Session, user_id: uuid.UUID) -> list[tuple[Any, list[str]]]:
    """(title, references) of what is open in a person's name and this session's person sees, the newest first."""
    found = []
    for held in _kinds.values():
        query = select(held.model.ref).where(held.by(user_id)).order_by(held.model.id.desc())
        found.append((held.title, list(db.scalars(query.limit(SHOWN)))))
    return [(title, refs) for title, refs in found if refs]


def leaves(db: Session, user_id: uuid.UUID) -> None:
    """Somebody leaves: who supervises gets tasks to hand over what is open in that name."""
    for held in _kinds.values():
        if held.tell is None:
            continue
        query = select(held.model).where(held.by(user_id)).order_by(held.model.id)
        with unscoped(db, "what is open is handed over, whoever shuts the account"):
            found = db.scalars(query if held.each else query.limit(1)).all()
        for record in found:
            held.tell(db, record)
