"""Fills an empty database with invented cases for measuring: rows as the program would write them, log included.

Written in bulk, past the unit of work; that is allowed here only, on a database that holds no real record.
"""

import datetime as dt
import hashlib
import json
import random
import secrets
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine

from casework.audit.capture import bulk_load
from casework.audit.chain import START, canonical, entry_hash
from casework.crypto.keyring import KeyRing
from casework.crypto.seal import seal
from casework.crypto.tokens import token
from casework.db.base import Base
from casework.db.refs import format_ref
from casework.records import search
from schemas.text import fold

BATCH = 500  # cases written at once
LETTERS = {
    "case": "C", "referral": "R", "person": "P", "identifier": "I", "evidence_item": "E", "custody_event": "K",
    "note": "N", "task": "T",
}
# Parents before children.
ORDER = (
    "data_key", "case", "referral", "person", "identifier", "evidence_item", "custody_event", "note", "task",
    "access_grant", "state_change", "search_text", "audit_head", "audit_entry",
)
WORDS = (
    "river market bridge school garden harbour temple letter telephone account message picture-frame corridor "
    "ទីផ្សារ ស្ពាន សាលារៀន សួនច្បារ ទូរស័ព្ទ គណនី សារ ខេត្ត ភូមិ ឃុំ ស្រុក ផ្ទះ ផ្លូវ"
).split()
STATES = ("opened", "enquiry", "enquiry", "enquiry", "file_preparation", "submitted", "with_court", "closed")
FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Staff:
    """Who works on the invented cases: agencies by type, users by role and agency."""

    police: list[uuid.UUID]
    prosecution: list[uuid.UUID]
    social: list[uuid.UUID]
    hotline: uuid.UUID
    users: dict[tuple[str, uuid.UUID], list[uuid.UUID]]

    def one(self, chance: random.Random, role: str, agency: uuid.UUID) -> uuid.UUID | None:
        users = self.users.get((role, agency))
        return chance.choice(users) if users else None


@dataclass
class Batch:
    """Rows by table, not yet written."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, **values: Any) -> dict[str, Any]:
        self.rows[table].append(values)
        return values


def seed(engine: Engine, ring: KeyRing, staff: Staff, cases: int, progress=lambda done: None) -> None:
    """Write `cases` cases with their people, identifiers, exhibits, notes, tasks and log."""
    chance = random.Random(20260101)
    maker = _Maker(ring, staff, chance)
    with bulk_load():
        for start in range(0, cases, BATCH):
            batch = Batch()
            for number in range(start, min(start + BATCH, cases)):
                maker.case(batch, number, cases)
            with engine.begin() as connection:
                _write(connection, batch)
            progress(min(start + BATCH, cases))
    with engine.begin() as connection:
        search.rebuild(connection)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def _write(connection: Connection, batch: Batch) -> None:
    for name in ORDER:
        if batch.rows[name]:
            connection.execute(Base.metadata.tables[name].insert(), batch.rows[name])


class _Maker:
    """Makes the rows of one case at a time; keeps what is costly to make anew."""

    def __init__(self, ring: KeyRing, staff: Staff, chance: random.Random):
        self.ring, self.staff, self.chance = ring, staff, chance
        self.wrapping = ring.key(ring.current, "wrap")
        self.names = [f"Fictional{n}" for n in range(500)]

    def ref(self, table: str, number: int) -> str:
        """References without chance, so that no two are alike: a year holds a million."""
        return format_ref(LETTERS[table], 30 + number // 1_000_000, f"{number * 7919 % 1_000_000:06d}")

    def id(self, at: dt.datetime) -> uuid.UUID:
        """A version 7 key of that moment."""
        value = int(at.timestamp() * 1000) << 80 | 0x7 << 76 | self.chance.getrandbits(12) << 64
        return uuid.UUID(int=value | 0b10 << 62 | self.chance.getrandbits(62))

    def text(self, words: int) -> str:
        return " ".join(self.chance.choices(WORDS, k=words))

    def key(self, batch: Batch, subject: uuid.UUID, at: dt.datetime) -> bytes:
        key = secrets.token_bytes(32)
        batch.add("data_key", subject_id=subject, ring_key=self.ring.current, created_at=at, destroyed_at=None,
                  wrapped=seal(self.wrapping, key, f"data_key.{subject}"))
        return key

    def sealed(self, key: bytes, table: str, name: str, row: uuid.UUID, value: Any) -> bytes:
        return seal(key, json.dumps(value, ensure_ascii=False).encode(), f"{table}.{name}.{row}")

    def case(self, batch: Batch, number: int, cases: int) -> None:
        """One case and everything in it, in the order in which it happened."""
        chance, staff = self.chance, self.staff
        at = FIRST_DAY + dt.timedelta(minutes=number * 300_000 / max(cases, 1))
        police = chance.choice(staff.police)
        officer, chief = staff.one(chance, "INV", police), staff.one(chance, "PSU", police)
        state = chance.choice(STATES)
        submitted = state in ("submitted", "with_court", "closed")
        office = chance.choice(staff.prosecution) if submitted else None
        log = _Log(batch, self.id(at), officer, police, at, chance)
        case_key = self.key(batch, log.case, at)
        common = {
            "agency_id": police, "created_at": at, "created_by_id": officer, "version": 1, "legal_hold": False,
            "retention_class": "standard", "voided_at": None,
        }
        title, plan = f"{self.text(2)} {number}"[:60], self.text(20)
        batch.add(
            "case", id=log.case, ref=self.ref("case", number), title=title, state=state, lead_agency_id=police,
            lead_officer_id=officer, referral_agency_id=staff.hotline, prosecution_agency_id=office,
            support_agency_id=chance.choice(staff.social), province=f"{chance.randint(1, 25):02d}", plan=plan,
            risk_to_child=chance.choice(("high", "medium", "low", "unknown")), conduct=["grooming"], opened_at=at,
            submitted_at=at if submitted else None, **common,
        )
        self.search(batch, "case", log.case, f"{title} {plan}")
        log.entry("open", "case", log.case, {"title": [None, title], "state": [None, state]})
        for who, role, agency in ((officer, "INV", police), (staff.one(chance, "PRO", office) if office else None,
                                                             "PRO", office)):
            if who is not None:
                batch.add("access_grant", id=self.id(at), principal_id=who, agency_id=agency, role=role,
                          chief_only=False, subject_id=log.case, subject_type="case", case_id=log.case,
                          part="member", created_at=at)
        for event, to in (("start", "enquiry"), ("prepare_file", "file_preparation"), ("submit", "submitted")):
            batch.add("state_change", id=self.id(at), record_type="case", record_id=log.case, case_id=log.case,
                      chain_id=log.case, event=event, from_state="opened", to_state=to, actor_id=chief, role="PSU",
                      agency_id=police, at=at)
            log.entry(event, "case", log.case, {"state": ["opened", to]})
        self.referral(batch, log, number, at, common)
        for n in range(3):
            self.person(batch, log, number * 3 + n, ("victim", "suspect", "witness")[n], at, common)
        for n in range(3):
            self.identifier(batch, log, number * 3 + n, case_key, at, common)
        for n in range(5):
            self.exhibit(batch, log, number * 5 + n, n + 1, officer, at, common)
        for n in range(3):
            self.note(batch, log, number * 3 + n, at, common)
        for n in range(2):
            self.task(batch, log, number * 2 + n, officer, police, state, at, common)
        log.close()

    def referral(self, batch: Batch, log: "_Log", number: int, at, common) -> None:
        row, narrative = self.id(at), self.text(30)
        self.key(batch, row, at)
        values = {**common, "agency_id": self.staff.hotline}
        batch.add("referral", id=row, ref=self.ref("referral", number), source="family", channel="phone",
                  received_at=at, state="closed", immediate_danger="no", narrative=narrative, case_id=log.case,
                  risk_level="medium", **values)
        self.search(batch, "referral", row, narrative)
        log.entry("receive", "referral", row, {"source": [None, "family"]})

    def person(self, batch: Batch, log: "_Log", number: int, role: str, at, common) -> None:
        row = self.id(at)
        key = self.key(batch, row, at)
        names = {
            f"{name}_sealed": self.sealed(key, "person", name, row, self.chance.choice(self.names))
            for name in ("family_latin", "given_latin")
        }
        batch.add("person", id=row, ref=self.ref("person", number), case_id=log.case, role=role,
                  pseudonym=f"{role[0].upper()}-{number % 10_000:04d}", sex="unknown", **names, **common)
        log.entry("create", "person", row, {"role": [None, role]})

    def identifier(self, batch: Batch, log: "_Log", number: int, key: bytes, at, common) -> None:
        row, value = self.id(at), f"person{number}@mail{number % 50}.example"
        batch.add(
            "identifier", id=row, ref=self.ref("identifier", number), case_id=log.case, subject_id=log.case,
            type="email", value_sealed=self.sealed(key, "identifier", "value", row, value),
            canonical_sealed=self.sealed(key, "identifier", "canonical", row, value),
            token=token(self.ring, "identifier/email", value), mask=f"p…@mail{number % 50}.example", side="suspect",
            source_type="case", source_id=log.case, **common,
        )
        log.entry("create", "identifier", row, {"type": [None, "email"]})

    def exhibit(self, batch: Batch, log: "_Log", number: int, place: int, officer, at, common) -> None:
        row, description = self.id(at), f"Telephone, {self.text(4)}"
        batch.add(
            "evidence_item", id=row, ref=self.ref("evidence_item", number), case_id=log.case, number=place,
            state="sealed", kind="physical", description=description, seized_at=at, authority_type="warrant",
            restricted_material="no", seal=f"SEAL-{number}", holder_id=officer, **common,
        )
        self.search(batch, "evidence_item", row, description)
        log.entry("record", "evidence_item", row, {"kind": [None, "physical"]})
        previous = "0" * 64
        for seq, kind in enumerate(("seized", "sealed"), 1):
            this = hashlib.sha256(f"{previous}{row}{seq}".encode()).hexdigest()
            event = self.id(at)
            batch.add(
                "custody_event", id=event, ref=self.ref("custody_event", number * 2 + seq - 1), case_id=log.case,
                item_id=row, seq=seq, type=kind, at=at, recorded_at=at, received_by_id=officer, prev_hash=previous,
                hash=this, **common,
            )
            log.entry("create", "custody_event", event, {"type": [None, kind]})
            previous = this

    def note(self, batch: Batch, log: "_Log", number: int, at, common) -> None:
        row, words = self.id(at), self.text(25)
        batch.add("note", id=row, ref=self.ref("note", number), case_id=log.case, subject_type="case",
                  subject_id=log.case, kind="investigation", text=words, **common)
        self.search(batch, "note", row, words)
        log.entry("create", "note", row, {"kind": [None, "investigation"]})

    def task(self, batch: Batch, log: "_Log", number: int, officer, police, state: str, at, common) -> None:
        row = self.id(at)
        open_now = state not in ("closed", "with_court") and number % 4 == 0
        batch.add(
            "task", id=row, ref=self.ref("task", number), case_id=log.case, record_type="case", record_id=log.case,
            record_ref=self.ref("case", number // 2), kind="free", title="Next step", state="open" if open_now else
            "done", assignee_id=officer, queue_agency_id=police, queue_role="INV", started_at=at,
            due_at=at + dt.timedelta(days=self.chance.randint(1, 400)), risk="medium", **common,
        )
        log.entry("create", "task", row, {"kind": [None, "free"]})

    def search(self, batch: Batch, table: str, row: uuid.UUID, words: str) -> None:
        batch.add("search_text", record_id=row, record_type=table, folded=fold(words))


class _Log:
    """The chain of one case as it grows."""

    def __init__(self, batch: Batch, case: uuid.UUID, actor, agency, at: dt.datetime, chance: random.Random):
        self.batch, self.case, self.actor, self.agency, self.at, self.chance = batch, case, actor, agency, at, chance
        self.number, self.last = 0, START

    def entry(self, verb: str, table: str, row: uuid.UUID, fields: dict[str, list]) -> None:
        body = canonical({
            "verb": verb, "result": "ok", "record_type": table, "record_id": str(row), "case_id": str(self.case),
            "actor_id": str(self.actor), "role": "INV", "agency_id": str(self.agency), "fields": fields,
        })
        salt = self.chance.randbytes(16)
        values = {
            "chain": self.case, "number": self.number + 1, "at": self.at, "verb": verb, "result": "ok",
            "actor_id": self.actor, "agency_id": self.agency, "record_type": table, "record_id": row,
            "case_id": self.case, "body": body, "salt": salt,
            "commitment": hashlib.sha256(salt + body.encode()).digest(), "previous": self.last,
        }
        values["hash"] = entry_hash(values)
        self.number, self.last = values["number"], values["hash"]
        self.batch.add("audit_entry", **values)

    def close(self) -> None:
        self.batch.add("audit_head", chain=self.case, number=self.number, hash=self.last)
