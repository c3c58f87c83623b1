"""A word in every protected field: what each column may hold is filled with one found nowhere else.

The fields are taken from the models themselves, so a new column is covered when it is declared.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, String, Text, inspect, select

from casework.authz.access import _columns
from casework.authz.scope import unscoped
from casework.crypto.sealed import sealed_fields
from casework.db.base import now
from casework.workflow.guard import engine_at_work
from tests.authz.truth import Truth
from tests.support.databases import Database

from .reach import MODELS

# Columns that hold a code or a name of a thing of the program, by their length; a text for people is longer.
SHORTEST = 41
# Values that other parts of the program read: a word there would be a fault of the test.
NOT_FILLED = frozenset({
    "ref", "asked_ref", "other_ref", "record_ref", "record_type", "sha256", "address", "dob", "domains",
})
# Fields that hold more than a text, as the program writes them.
SHAPES: dict[tuple[str, str], Callable[[str], Any]] = {
    ("case", "safety_plan"): lambda word: {"danger": word, "steps": word, "who": word},
    ("person", "aliases"): lambda word: [word],
    ("person", "id_documents"): lambda word: [{"type": "passport", "number": word}],
    ("referral", "urls"): lambda word: [word],
    ("referral", "messages"): lambda word: [{"at": now().isoformat(), "who": "hotline", "text": word}],
    ("referral", "minimal_view"): lambda word: {"narrative": word},
    ("support_sending", "minimal_view"): lambda word: {
        "pseudonym": word, "age_band": None, "sex": "female", "district": None, "needs": [], "urgency": "high"},
    ("support_referral", "plan_goals"): lambda word: [
        {"goal": word, "service": "counselling", "responsible": word, "due_on": "2026-01-05"}],
    ("support_referral", "first_contact_result"): lambda word: {"kind": "visit", "safe": "yes", "note": word},
    ("support_referral", "explained"): lambda word: {"informed_how": word, "language": "km"},
    ("consent", "withheld"): lambda word: {"withheld": word, "withheld_from": word, "withheld_reason": word},
}
FIRST = 50_000  # the words of the world have lower numbers


@dataclass(frozen=True)
class Canary:
    """Where a word was put: which field of which record, and what it takes to see it."""

    record: uuid.UUID
    field: str
    level: str
    row: str | None

    def seen_by(self, truth: Truth, role: str) -> bool:
        placed = truth.by_id[self.record]
        if self.row is not None:
            return "R" in truth.levels(placed, role, self.row)
        return self.level in truth.levels(placed, role)


def fill(database: Database, truth: Truth) -> dict[str, Canary]:
    """Put a word into every empty text of every record; word -> where it is."""
    made: dict[str, Canary] = {}
    with database.work() as db, unscoped(db, "the test fills every field"), engine_at_work():
        for placed in truth.world.placed:
            model = MODELS[placed.record_type]
            if not placed.ref or "state_change" in placed.record_type or placed.record_type == "custody_event":
                continue
            record = db.scalars(select(model).where(model.id == placed.id)).one()
            for name, level, row in fields(model):
                if getattr(record, name) in (None, "", []):
                    word = f"qz{FIRST + len(made):05}q"
                    setattr(record, name, _value(model, name, word))
                    made[word] = Canary(placed.id, name, level, row)
    return made


def fields(model: type) -> Iterator[tuple[str, str, str | None]]:
    """The texts of a model: name, the level that shows it, and the row of its own if it has one."""
    rows, (_plain, meta) = getattr(model, "__field_rows__", {}), _columns(model)
    for name, sealed in sealed_fields(model).items():
        yield name, "M" if sealed.meta else "R", rows.get(name)
    for attribute in inspect(model).column_attrs:
        name, column = attribute.key, attribute.columns[0]
        text = isinstance(column.type, Text) or isinstance(column.type, String) and (
            column.type.length is None or column.type.length >= SHORTEST)
        if text and not name.endswith("_sealed") and name not in NOT_FILLED and not column.info.get("token"):
            yield name, "M" if name in meta else "R", rows.get(name)


def _value(model: type, name: str, word: str) -> Any:
    if (shape := SHAPES.get((model.__tablename__, name))) is not None:
        return shape(word)
    column = model.__mapper__.columns.get(name)
    return [word] if column is not None and isinstance(column.type, JSON) else word
