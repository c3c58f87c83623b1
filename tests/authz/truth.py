"""What each reader must get of the world, by the text of the matrix and nothing of the program."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from sqlalchemy import select

from casework.authz.models import BreakGlass
from casework.authz.scope import unscoped
from casework.db.base import now
from tests.support.databases import Database
from tests.support.world import ENDING, META, ROW_OF_KIND, Placed, Word, World, facts_for

from .matrix_text import Cells, cells, expected, terms
from .test_matrix_cells import models_by_table

# Table -> the table it hangs under, the column that says which, and its part of the address.
PLACES: dict[str, tuple[str | None, str, str]] = {
    "case": (None, "", "/cases"), "referral": (None, "", "/referrals"), "support_referral": (None, "", "/support"),
    "support_sending": (None, "", "/asked"), "case_link": (None, "", "/links"), "exposure_log": (None, "", "/exposure"),
    "welfare_check": (None, "", "/welfare"), "task": (None, "", "/tasks"),
    "match_hit": (None, "", "/matches"), "match_question": (None, "", "/match-questions"),
    "support_question": (None, "", "/supported-already"),
    "offence_proposal": ("case", "case_id", "/offences"), "person": ("case", "case_id", "/people"),
    "identifier": ("case", "case_id", "/identifiers"), "note": ("case", "case_id", "/notes"),
    "evidence_item": ("case", "case_id", "/evidence"), "prosecution": ("case", "case_id", "/prosecution"),
    "charge": ("case", "case_id", "/charges"), "hearing": ("case", "case_id", "/hearings"),
    "decision": ("case", "case_id", "/decisions"), "address": ("person", "person_id", "/addresses"),
    "custody_event": ("evidence_item", "item_id", "/custody"),
    "consent": ("support_referral", "support_id", "/consents"),
    "assessment": ("support_referral", "support_id", "/assessments"),
    "service": ("support_referral", "support_id", "/services"),
    "stored_file": (None, "", "/files"), "stocktake": (None, "", "/stocktakes"),
    "viewing_request": ("evidence_item", "item_id", "/viewing"),
    "therapeutic_note": ("support_referral", "support_id", "/therapy"),
    "disclosure_order": ("support_referral", "support_id", "/disclosures"),
    "disclosure_package": ("case", "case_id", "/packages"),
    "follow_up": ("support_referral", "support_id", "/follow-ups"),
}


@dataclass(frozen=True)
class Glass:
    """An emergency access of the world: who holds it, and to which case."""

    ref: str
    role: str
    case: Placed
    open: bool


@dataclass(eq=False)
class Truth:
    """The world, the text of the matrix, which record hangs under which, and the emergency accesses."""

    world: World
    texts: Cells
    owners: dict[uuid.UUID, uuid.UUID]
    glasses: list[Glass]

    @cached_property
    def by_id(self) -> dict[uuid.UUID, Placed]:
        return {placed.id: placed for placed in self.world.placed}

    @cached_property
    def by_ref(self) -> dict[str, Placed]:
        return {placed.ref: placed for placed in self.world.placed if placed.ref}

    @cached_property
    def under(self) -> dict[tuple[uuid.UUID, str], list[Placed]]:
        """The records of a table that hang under one record."""
        found = defaultdict(list)
        for placed in self.world.placed:
            if placed.id in self.owners:
                found[self.owners[placed.id], placed.record_type].append(placed)
        return found

    @cached_property
    def tasks(self) -> list[Placed]:
        return [placed for placed in self.world.placed if placed.about]

    @cached_property
    def rows(self) -> dict[str, set[str]]:
        """Table -> the rows that its records fall under."""
        found = defaultdict(set)
        for placed in self.world.placed:
            found[placed.record_type].add(placed.row)
        return found

    @cached_property
    def _words(self) -> dict[uuid.UUID, dict[str, Word]]:
        found: dict[uuid.UUID, dict[str, Word]] = defaultdict(dict)
        for text, word in self.world.words.items():
            found[word.record][text] = word
        return found

    def words_of(self, placed: Placed) -> dict[str, Word]:
        return self._words[placed.id]

    def telling(self, role: str) -> Iterator[Placed]:
        """One record of each kind that differs for this role: in its row, in the facts that the cells on the way to it
        name, in whether what it hangs under is there, or in what it is about. Entries of other readers are nothing
        to this one."""
        known = set()
        for placed in self.world.placed:
            if placed.ref is None or placed.mine not in (None, role):
                continue
            facts = facts_for(placed, role) & self.named_in(placed.record_type, role)
            seen = tuple(self.sees(one, role) for one in self.chain(placed))
            about = placed.about and self.by_ref[placed.about].record_type
            key = placed.record_type, placed.row, facts, seen, placed.lapsed, about
            if key not in known:
                known.add(key)
                yield placed

    @cache  # noqa: B019  one truth a test
    def named_in(self, table: str, role: str) -> frozenset[str]:
        """The facts that decide what a role sees of a table: its rows, those of its fields and of its owners."""
        tables, rows = [table], set(ROW_OF_KIND.values()) if table in ("case", "evidence_item", "referral") else set()
        while (owner := PLACES[tables[-1]][0]) is not None:
            tables.append(owner)
        rows.update(*(self.rows[one] for one in tables))
        return frozenset({"recused"}).union(*(
            conditions for row in rows for _levels, conditions in terms(self.texts[row, role])))

    @cache  # noqa: B019
    def levels(self, placed: Placed, role: str, row: str | None = None) -> frozenset[str]:
        facts = facts_for(placed, role)
        return frozenset() if "recused" in facts else frozenset(expected(self.texts[row or placed.row, role], facts))

    def sees(self, placed: Placed, role: str) -> bool:
        return "M" in self.levels(placed, role)

    def addressed(self, task: Placed, role: str) -> bool:
        """Whether a task is the reader's own to do: given to them, or waiting in the queue of their role."""
        return "a" in facts_for(task, role) and self.sees(task, role)

    @staticmethod
    def raised(task: Placed) -> bool:
        """Whether a task ran over and is somebody's for that reason alone: it is the only kind with both facts."""
        return {"u", "g"} <= task.facts

    @cache  # noqa: B019
    def named(self, ref: str, role: str) -> bool:
        """Whether a reader may come across a reference: of a record that is seen, that a task of theirs is about, or in
        the log, which has no content for who reads it."""
        if self.sees(self.by_ref[ref], role) or "R" in expected(self.texts["audit.log", role], frozenset()):
            return True
        return any(task.about == ref and self.sees(task, role) for task in self.tasks)

    @cache  # noqa: B019
    def opens(self, placed: Placed, role: str) -> bool:
        """Whether its page is there: it and all that it hangs under are seen."""
        return all(self.sees(one, role) for one in self.chain(placed))

    def chain(self, placed: Placed) -> list[Placed]:
        """The record and its owners, outermost first."""
        found = [placed]
        while found[0].id in self.owners:
            found.insert(0, self.by_id[self.owners[found[0].id]])
        return found

    def never(self, table: str, role: str) -> bool:
        """Whether no part of any cell lets this role see a record of the table."""
        return not any(terms(self.texts[row, role]) for row in self.rows[table])

    @cache  # noqa: B019
    def shows(self, word: str, role: str) -> bool:
        """Whether a reader may come across a word of the world."""
        found = self.world.words[word]
        placed, row = self.by_id[found.record], ROW_OF_KIND.get(found.kind)
        if found.kind == META:
            return self.sees(placed, role)
        if "R" in self.levels(placed, role, row):
            return True
        ending = found.kind == ENDING and "last8" in self.texts[row, role]
        return ending and "R" in self.levels(placed, role)

    def path(self, placed: Placed) -> str:
        return "".join(f"{PLACES[one.record_type][2]}/{one.ref}" for one in self.chain(placed))


def truth_of(database: Database, world: World) -> Truth:
    """What is true of a world that stands in a database."""
    models, owners = models_by_table(), {}
    cases = {placed.id: placed for placed in world.placed if placed.record_type == "case"}
    with database.work() as db, unscoped(db, "the test knows everything"):
        glasses = [Glass(one.ref, one.role, cases[one.case_id], one.ended_at is None and one.until > now())
                   for one in db.scalars(select(BreakGlass))]
        for table, (_owner, column, _segment) in PLACES.items():
            if column:
                model = models[table]
                rows = db.execute(select(model.id, getattr(model, column)))
                owners.update(dict(tuple(row) for row in rows))
    return Truth(world, cells(), owners, glasses)
