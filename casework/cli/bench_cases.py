"""Invented cases as rows of tables: each with its people, exhibits, notes, tasks, matters and log."""

import datetime as dt
import itertools
import json
import random
import secrets
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from casework.crypto.keyring import KeyRing
from casework.crypto.seal import seal
from casework.crypto.tokens import token
from casework.db.base import now
from casework.db.refs import format_ref
from casework.evidence import chain as custody
from casework.evidence.models import START, CustodyEvent
from schemas.text import fold

from .bench_log import Log

Rows = dict[str, list[dict[str, Any]]]
LETTERS = {
    "case": "C", "referral": "R", "person": "P", "identifier": "I", "evidence_item": "E", "custody_event": "K",
    "note": "N", "task": "T", "prosecution": "X", "hearing": "H", "support_referral": "S",
}
HALVES = (
    ("river", "market", "bridge", "school", "garden", "harbour", "temple", "letter", "telephone", "account", "message",
     "frame", "corridor"),
    ("ទីផ្សារ", "ស្ពាន", "សាលារៀន", "សួនច្បារ", "ទូរស័ព្ទ", "គណនី", "សារ", "ខេត្ត", "ភូមិ", "ឃុំ", "ស្រុក", "ផ្ទះ", "ផ្លូវ"),
)
# Words of two halves, few of them common and most rare, as in a language: the n-th is used as often as 1/n says.
WORDS = [first + second for halves in HALVES for first, second in itertools.product(halves, repeat=2)]
random.Random(1).shuffle(WORDS)
WEIGHTS = list(itertools.accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))
FOLDED = {word: fold(word) for word in WORDS}
STATES = ("opened", "enquiry", "enquiry", "enquiry", "file_preparation", "submitted", "with_court", "closed")
DAYS = 200  # over which the cases were opened
WAITING = 600  # reports in triage, whatever the number of cases
EXHIBITS, FAR = 5, 4_000_000
NAMES = [f"Fictional{number}" for number in range(500)]
_LINK = dict.fromkeys(CustodyEvent.__table__.columns.keys())


@dataclass(frozen=True)
class Staff:
    """Who works on the invented cases: agencies by type, users by role and agency."""

    agencies: dict[str, list[uuid.UUID]]
    users: dict[tuple[str, uuid.UUID], list[uuid.UUID]]

    def one(self, chance: random.Random, role: str, agency: uuid.UUID) -> uuid.UUID:
        return chance.choice(self.users[role, agency])


@dataclass
class Made:
    """One case while its rows are made."""

    id: uuid.UUID
    at: dt.datetime
    state: str
    police: uuid.UUID
    officer: uuid.UUID
    key: bytes
    log: Log
    common: dict[str, Any]
    office: uuid.UUID | None = None
    court: uuid.UUID | None = None
    people: list[uuid.UUID] = field(default_factory=list)


class Cases:
    """Makes batches of cases. The same number gives the same case, whichever process makes it.

    `crowded`: how many exhibits the first cases have; these are the first police agency's. All others have five.
    """

    def __init__(self, ring: KeyRing, staff: Staff, total: int, crowded: tuple[int, ...] = ()):
        self.ring, self.staff, self.total, self.crowded = ring, staff, total, crowded
        self.wrapping = ring.key(ring.current, "wrap")
        self.first_day = now().replace(microsecond=0) - dt.timedelta(days=DAYS)
        self.rows: Rows = {}
        self.chance = random.Random()

    def batch(self, numbers: range) -> Rows:
        """The rows of these cases by table; with the first, the reports that wait."""
        self.rows = defaultdict(list)
        self.chance = random.Random(numbers.start)
        if numbers.start == 0:
            for number in range(WAITING):
                self.waiting(number)
        for number in numbers:
            self.case(number)
        return dict(self.rows)

    # ---- pieces

    def add(self, table: str, **values: Any) -> None:
        self.rows[table].append(values)

    def id(self, at: dt.datetime) -> uuid.UUID:
        """A version 7 key of that moment."""
        value = int(at.timestamp() * 1000) << 80 | 0x7 << 76 | self.chance.getrandbits(12) << 64
        return uuid.UUID(int=value | 0b10 << 62 | self.chance.getrandbits(62))

    def ref(self, table: str, number: int) -> str:
        """References in a row, so that no two are alike: a year holds a million."""
        return format_ref(LETTERS[table], 30 + number // 1_000_000, f"{number % 1_000_000:06d}")

    def text(self, words: int) -> str:
        return " ".join(self.chance.choices(WORDS, cum_weights=WEIGHTS, k=words))

    def key(self, subject: uuid.UUID, at: dt.datetime) -> bytes:
        """A new data key of a subject, kept wrapped."""
        key = secrets.token_bytes(32)
        self.add("data_key", subject_id=subject, ring_key=self.ring.current, created_at=at, destroyed_at=None,
                 wrapped=seal(self.wrapping, key, f"data_key.{subject}"))
        return key

    def sealed(self, key: bytes, table: str, name: str, row: uuid.UUID, value: Any) -> bytes:
        return seal(key, json.dumps(value, ensure_ascii=False).encode(), f"{table}.{name}.{row}")

    def found_by(self, table: str, row: uuid.UUID, words: str) -> None:
        folded = " ".join(FOLDED.get(word) or fold(word) for word in words.split())
        self.add("search_text", record_id=row, record_type=table, folded=folded)

    def grant(self, made: Made, user: uuid.UUID, role: str, agency: uuid.UUID, subject: uuid.UUID | None = None,
              kind: str = "case") -> None:
        self.add("access_grant", id=self.id(made.at), principal_id=user, agency_id=agency, role=role,
                 chief_only=False, subject_id=subject or made.id, subject_type=kind, case_id=made.id, part="member",
                 created_at=made.at)

    def moved(self, made: Made, table: str, row: uuid.UUID, ref: str, event: str, old: str | None, new: str) -> None:
        """A transition, in the history and in the log."""
        self.add("state_change", id=self.id(made.at), record_type=table, record_id=row, case_id=made.id,
                 chain_id=made.id, event=event, from_state=old, to_state=new, actor_id=made.officer, role="INV",
                 agency_id=made.police, at=made.at)
        made.log.entry(event, table, row, ref, {"state": [old, new]})

    def common(self, agency: uuid.UUID, by: uuid.UUID, at: dt.datetime) -> dict[str, Any]:
        return {"agency_id": agency, "created_at": at, "created_by_id": by, "version": 1, "voided_at": None}

    # ---- one case

    def case(self, number: int) -> None:
        """One case and everything in it, in the order in which it happened."""
        chance, agencies, one = self.chance, self.staff.agencies, self.staff.one
        at = self.first_day + dt.timedelta(days=DAYS * 0.95 * number / max(self.total, 1))
        police = agencies["police"][0] if number < len(self.crowded) else chance.choice(agencies["police"])
        officer, examiner = one(chance, "INV", police), one(chance, "FOR", police)
        state, row = chance.choice(STATES), self.id(at)
        submitted, seised = state in ("submitted", "with_court", "closed"), state in ("with_court", "closed")
        made = Made(row, at, state, police, officer, self.key(row, at),
                    Log(self.add, row, row, officer, police, at, chance), self.common(police, officer, at),
                    chance.choice(agencies["prosecution"]) if submitted else None,
                    agencies["court"][0] if seised else None)
        ref, title, plan = self.ref("case", number), f"{self.text(2)} {number}"[:60], self.text(20)
        self.add(
            "case", id=row, ref=ref, title=title, state=state, lead_agency_id=police, lead_officer_id=officer,
            referral_agency_id=agencies["hotline"][0], prosecution_agency_id=made.office,
            court_agency_id=made.court, support_agency_id=chance.choice(agencies["social_gov"]),
            province=f"{chance.randint(1, 25):02d}", plan=plan, risk_to_child=chance.choice(("high", "medium", "low")),
            conduct=["grooming"], opened_at=at, submitted_at=at if submitted else None,
            introductory_at=at if seised else None, **made.common,
        )
        self.found_by("case", row, title)
        self.moved(made, "case", row, ref, "open", None, "opened")
        for event, to in (("start", "enquiry"), ("prepare_file", "file_preparation"), ("submit", "submitted")):
            self.moved(made, "case", row, ref, event, "opened", to)
        self.grant(made, officer, "INV", police)
        if number % 10 == 0:
            self.grant(made, examiner, "FOR", police)
        self.referral(made, number)
        for n, role in enumerate(("victim", "suspect", "witness")):
            self.person(made, number * 3 + n, role)
        for n in range(3):
            self.identifier(made, number * 3 + n)
        for n in range(self.crowded[number] if number < len(self.crowded) else EXHIBITS):
            # Those beyond the usual number have references far from all others.
            self.exhibit(made, number * EXHIBITS + n if n < EXHIBITS else FAR * (number + 1) + n, n + 1, examiner)
        for n in range(3):
            self.note(made, number * 3 + n)
        for n in range(2):
            self.task(made, number * 2 + n, self.ref("case", number))
        if made.office is not None:
            self.matter(made, number)
        if number % 4 == 0:
            self.support(made, number)
        made.log.close()

    def referral(self, made: Made, number: int) -> None:
        """The report that the case came from. It keeps a chain of its own."""
        hotline, row, narrative = self.staff.agencies["hotline"][0], self.id(made.at), self.text(30)
        by = self.staff.one(self.chance, "HOT", hotline)
        ref = self.ref("referral", number + WAITING)
        self._report(row, ref, "closed", made.at, narrative, hotline, by, case=made.id)

    def waiting(self, number: int) -> None:
        """A report in triage, of today."""
        hotline = self.staff.agencies["hotline"][0]
        row, at = self.id(now()), now() - dt.timedelta(minutes=number)
        by = self.staff.one(self.chance, "HOT", hotline)
        self._report(row, self.ref("referral", number), "triage", at, self.text(30), hotline, by)

    def _report(self, row, ref, state, at, narrative, hotline, by, case=None) -> None:
        self.key(row, at)
        self.add("referral", id=row, ref=ref, source="family", channel="phone", received_at=at, state=state,
                 immediate_danger="no", narrative=narrative, case_id=case, risk_level="medium", conduct=["grooming"],
                 jurisdiction=["child"], child_known="no", **self.common(hotline, by, at))
        self.found_by("referral", row, narrative)
        log = Log(self.add, row, case, by, hotline, at, self.chance)
        log.entry("receive", "referral", row, ref, {"source": [None, "family"]})
        log.close()

    def person(self, made: Made, number: int, role: str) -> None:
        row, ref = self.id(made.at), self.ref("person", number)
        key = self.key(row, made.at)
        names = {
            f"{name}_sealed": self.sealed(key, "person", name, row, self.chance.choice(NAMES))
            for name in ("family_latin", "given_latin")
        }
        self.add("person", id=row, ref=ref, case_id=made.id, role=role, sex="unknown",
                 pseudonym=f"{role[0].upper()}-{number % 10_000:04d}", **names, **made.common)
        made.people.append(row)
        made.log.entry("create", "person", row, ref, {"role": [None, role]})

    def identifier(self, made: Made, number: int) -> None:
        row, ref, value = self.id(made.at), self.ref("identifier", number), f"person{number}@mail{number % 50}.example"
        self.add(
            "identifier", id=row, ref=ref, case_id=made.id, subject_id=made.id, type="email",
            value_sealed=self.sealed(made.key, "identifier", "value", row, value),
            canonical_sealed=self.sealed(made.key, "identifier", "canonical", row, value),
            token=token(self.ring, "identifier/email", value), mask=f"p…@mail{number % 50}.example", side="suspect",
            source_type="case", source_id=made.id, **made.common,
        )
        made.log.entry("create", "identifier", row, ref, {"type": [None, "email"]})

    def exhibit(self, made: Made, number: int, place: int, examiner: uuid.UUID) -> None:
        """An object in the store of the agency; one in a hundred is with an examiner, one on its way there."""
        state = {0: "in_examination", 1: "in_transit"}.get(number % 100, "in_storage")
        keeper = self.staff.one(self.chance, "CUS", made.police)
        row, ref, description = self.id(made.at), self.ref("evidence_item", number), f"Telephone, {self.text(4)}"
        seal_number = f"SEAL-{number}"
        steps = [("seized", made.officer, None), ("sealed", None, None), ("received", keeper, made.officer)]
        if state == "in_examination":
            steps.append(("received", examiner, keeper))
        last, events = START, []
        for seq, (kind, to, by) in enumerate(steps, 1):
            event = {
                "id": self.id(made.at), "ref": self.ref("custody_event", number * 4 + seq - 1), "case_id": made.id,
                "item_id": row, "seq": seq, "type": kind, "at": made.at, "recorded_at": made.at, "received_by_id": to,
                "released_by_id": by, "seal_before": seal_number if kind == "received" else None,
                "seal_after": seal_number if kind == "sealed" else None, "prev_hash": last, **made.common,
            }
            event["hash"] = last = custody.link_hash(SimpleNamespace(**{**_LINK, **event}))
            events.append(event)
        transit = state == "in_transit"
        self.add(
            "evidence_item", id=row, ref=ref, case_id=made.id, number=place, state=state, kind="physical",
            description=description, seized_at=made.at, authority_type="warrant", restricted_material="no",
            seal=seal_number, holder_id=examiner if state == "in_examination" else keeper, store_agency_id=made.police,
            location=None if state == "in_examination" else "Shelf", receiver_id=examiner if transit else None,
            receiver_agency_id=made.police if transit else None, released_at=made.at if transit else None,
            purpose="examination" if transit else None, resume_state="in_storage" if transit else None,
            chain_seq=len(events), chain_hash=last, **made.common,
        )
        self.found_by("evidence_item", row, description)
        made.log.entry("record", "evidence_item", row, ref, {"kind": [None, "physical"]})
        for event in events:
            self.add("custody_event", **event)
            made.log.entry("create", "custody_event", event["id"], event["ref"], {"type": [None, event["type"]]})

    def note(self, made: Made, number: int) -> None:
        row, ref, words = self.id(made.at), self.ref("note", number), self.text(25)
        self.add("note", id=row, ref=ref, case_id=made.id, subject_type="case", subject_id=made.id,
                 kind="investigation", text=words, **made.common)
        self.found_by("note", row, words)
        made.log.entry("create", "note", row, ref, {"kind": [None, "investigation"]})

    def task(self, made: Made, number: int, case_ref: str) -> None:
        row, ref = self.id(made.at), self.ref("task", number)
        state = "open" if made.state not in ("closed", "with_court") and number % 4 == 0 else "done"
        due = made.at + dt.timedelta(days=self.chance.randint(1, 2 * DAYS))
        self.add(
            "task", id=row, ref=ref, case_id=made.id, record_type="case", record_id=made.id, record_ref=case_ref,
            kind="free", title="Next step", state=state, assignee_id=made.officer, queue_agency_id=made.police,
            queue_role="INV", started_at=made.at, due_at=due, first_due_at=due, risk="medium", **made.common,
        )
        self.moved(made, "task", row, ref, "start", None, "open")

    def matter(self, made: Made, number: int) -> None:
        """The file at the prosecution, and a hearing to come where the court has it."""
        version, row, ref = self.id(made.at), self.id(made.at), self.ref("prosecution", number)
        prosecutor = self.staff.one(self.chance, "PRO", made.office)
        office = self.common(made.office, prosecutor, made.at)
        self.add("file_version", id=version, case_id=made.id, number=1, manifest=[], sha256="0" * 64,
                 created_at=made.at, created_by_id=made.officer)
        self.add("prosecution", id=row, ref=ref, case_id=made.id, file_version_id=version, received_at=made.at,
                 state="with_judge" if made.court else "under_review", prosecutor_id=prosecutor,
                 register_number=str(number), **office)
        self.grant(made, prosecutor, "PRO", made.office)
        self.moved(made, "prosecution", row, ref, "receive", None, "received")
        if made.court is not None:
            clerk = self.staff.one(self.chance, "CLK", made.court)
            self.grant(made, clerk, "CLK", made.court)
            self.add("hearing", id=self.id(made.at), ref=self.ref("hearing", number), case_id=made.id,
                     prosecution_id=row, court_id=made.court, type="trial",
                     at=now() + dt.timedelta(days=self.chance.randint(-DAYS, 60)),
                     result="held" if number % 8 else None, **office)

    def support(self, made: Made, number: int) -> None:
        """A request for support of the child, with its worker and, for half of them, a provider."""
        agencies, one = self.staff.agencies, self.staff.one
        social, row, ref = self.chance.choice(agencies["social_gov"]), self.id(made.at), self.ref("support_referral",
                                                                                                   number)
        worker = one(self.chance, "SW", social)
        provider = agencies["social_ngo"][0] if number % 8 == 0 else None
        carer = one(self.chance, "PRV", provider) if provider else None
        child = made.people[0]
        self.add("support_referral", id=row, ref=ref, case_id=made.id, child_id=child, state="in_service",
                 status="in_service", urgency="high", requested_by_id=made.police, worker_id=worker,
                 provider_agency_id=provider, provider_worker_id=carer, accepted_at=made.at if provider else None,
                 consent_provider=provider is not None, **self.common(social, worker, made.at))
        for user, role, agency in ((worker, "SW", social), (carer, "PRV", provider)):
            if user is not None:
                self.grant(made, user, role, agency)
                self.grant(made, user, role, agency, row, "support_referral")
                self.grant(made, user, role, agency, child, "person")
        log = Log(self.add, row, None, worker, social, made.at, self.chance)
        log.entry("accept", "support_referral", row, ref, {"urgency": [None, "high"]})
        log.close()
