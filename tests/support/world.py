"""A small world for tests of access: agencies, one reader per role, cases in known situations, a record of every kind.

What each record's facts are is written down here by construction, so that a test can work out from the matrix file
alone what each reader must and must not see.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from casework.accounts.models import Agency, User
from casework.authz.identity import Identity
from casework.authz.models import BreakGlass, Grant, Recusal
from casework.cases.models import Case, CaseLink, FileVersion, Note, OffenceProposal
from casework.db.base import now
from casework.db.refs import new_ref
from casework.evidence.models import CustodyEvent, EvidenceItem
from casework.people.models import Address, Identifier, Person
from casework.prosecution.models import Charge, Decision, Hearing, Prosecution
from casework.referrals.models import Referral
from casework.support.models import Assessment, Consent, SupportReferral
from casework.workflow.guard import engine_at_work

# Agency type of each role, and the case column that puts that agency on a case.
AGENCIES = {
    "hotline": ("HOT",), "police": ("INV", "PSU", "FOR", "CUS"), "prosecution": ("PRO",), "court": ("CLK",),
    "social_gov": ("SW", "SWS"), "social_ngo": ("PRV",), "coordination": ("OVS", "AUD", "ADM"), "other": (),
}
CASE_COLUMNS = {
    "police": "lead_agency_id", "hotline": "referral_agency_id", "prosecution": "prosecution_agency_id",
    "court": "court_agency_id", "social_gov": "support_agency_id",
}
# Facts that can be true of a case for every reader at once.
SITUATIONS: dict[str, frozenset[str]] = {
    "nothing": frozenset(),
    "assigned": frozenset({"a"}),
    "own agency": frozenset({"g", "own"}),
    "submitted": frozenset({"s1"}),
    "seised": frozenset({"s1", "s2"}),
    "assigned, submitted": frozenset({"a", "s1"}),
    "assigned, seised": frozenset({"a", "s1", "s2"}),
    "own agency, seised": frozenset({"g", "own", "s1", "s2"}),
    "broken glass": frozenset({"x"}),
    "own agency, broken glass": frozenset({"g", "own", "x"}),
    "consent": frozenset({"c", "accepted"}),
    "assigned, consent": frozenset({"a", "c", "accepted"}),
    "all": frozenset({"a", "g", "own", "s1", "s2", "x", "c", "accepted"}),
    "all, recused": frozenset({"a", "g", "own", "s1", "s2", "x", "c", "accepted", "recused"}),
}


@dataclass(frozen=True)
class Placed:
    """One record and the facts that hold for every reader (`mine`: for which reader it is their own entry)."""

    row: str
    record_type: str
    id: uuid.UUID
    ref: str | None
    facts: frozenset[str]
    mine: str | None = None
    case: uuid.UUID | None = None
    agency: str | None = None


@dataclass
class World:
    """Everything made, by name."""

    agencies: dict[str, uuid.UUID] = field(default_factory=dict)
    readers: dict[str, Identity] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)


def build(db: Session) -> World:
    """Fill an empty database. The session needs a key ring and no identity."""
    world = World()
    for name in AGENCIES:
        agency = Agency(code=f"test.{name}", name_en=f"Test {name} (fictional)", name_km="សាកល្បង", type=name,
                        active=True)
        db.add(agency)
        world.agencies[name] = agency.id
    db.flush()
    stranger = User(login="stranger@example.org", name="Stranger (fictional)")
    db.add(stranger)
    for kind, roles in AGENCIES.items():
        for role in roles:
            user = User(login=f"{role.lower()}@example.org", name=f"Reader {role} (fictional)")
            db.add(user)
            world.readers[role] = Identity(user.id, user.name, role, world.agencies[kind])
    db.flush()
    for situation, facts in SITUATIONS.items():
        _case(db, world, situation, facts, stranger.id)
    _referrals(db, world, stranger.id)
    return world


def kind_of(role: str) -> str:
    """The agency of a role's reader."""
    return next(kind for kind, roles in AGENCIES.items() if role in roles)


def _grant(db: Session, reader: Identity, subject_id: uuid.UUID, subject_type: str, case_id=None) -> None:
    db.add(Grant(principal_id=reader.user_id, agency_id=reader.agency_id, role=reader.role, subject_id=subject_id,
                 subject_type=subject_type, case_id=case_id))


def _ref(db: Session, model: type, kind: str) -> str:
    return new_ref(db, model, kind, dt.date(2026, 1, 1))


def _case(db: Session, world: World, situation: str, facts: frozenset[str], author: uuid.UUID) -> None:
    other = world.agencies["other"]
    ours = "g" in facts
    agencies = {column: world.agencies[kind] if ours else (other if column == "lead_agency_id" else None)
                for kind, column in CASE_COLUMNS.items()}
    with engine_at_work():
        case = Case(ref=_ref(db, Case, "C"), agency_id=other, title=situation, state="opened", province="12",
                    created_by_id=author, submitted_at=now() if "s1" in facts else None,
                    introductory_at=now() if "s2" in facts else None, **agencies)
    db.add(case)
    db.flush()
    for reader in world.readers.values():
        if "a" in facts:
            _grant(db, reader, case.id, "case", case.id)
        if "x" in facts:
            db.add(BreakGlass(user_id=reader.user_id, role=reader.role, subject_id=case.id, case_id=case.id,
                              reason_code="danger", reason="A test of the matrix", until=now() + dt.timedelta(hours=4)))
        if "recused" in facts:
            db.add(Recusal(user_id=reader.user_id, case_id=case.id))
    _place(world, "case.core", case, facts, case.id)
    authors: list[tuple[str | None, uuid.UUID]] = [(None, author)]
    if situation in ("nothing", "assigned", "all, recused"):
        authors += [(role, reader.user_id) for role, reader in world.readers.items()]
    for mine, user_id in authors:
        _records(db, world, case, facts, mine, user_id)


def _place(world: World, row: str, record: Any, facts: frozenset[str], case_id, mine=None, without=()) -> None:
    held = set(facts) - set(without)
    if mine:
        held.add("u")
    world.placed.append(Placed(row, record.__tablename__, record.id, getattr(record, "ref", None),
                               frozenset(held), mine, case_id))


def _records(db: Session, world: World, case: Case, facts: frozenset[str], mine: str | None, author) -> None:
    other = world.agencies["other"]
    base = {"agency_id": other, "created_by_id": author, "case_id": case.id}
    provider = world.agencies["social_ngo"] if "c" in facts else other

    def add(row: str, record: Any, without: tuple[str, ...] = ()) -> Any:
        db.add(record)
        db.flush()
        _place(world, row, record, facts, case.id, mine, without)
        return record

    people = {}
    for role, row in (("victim", "victim.identity"), ("suspect", "suspect.identity"),
                      ("reporter", "reporter.identity"), ("witness", "witness.identity")):
        people[role] = add(row, Person(ref=_ref(db, Person, "P"), role=role, pseudonym="V-TEST",
                                       family_latin="Fictional", **base))
    child = people["victim"]
    # A social worker or provider is assigned to the child, not only to the case.
    for role in ("SW", "PRV"):
        if "a" in facts:
            _grant(db, world.readers[role], child.id, "person", case.id)
    add("victim.place", Address(ref=_ref(db, Address, "A"), person_id=child.id, person_role="victim", kind="staying",
                                place="Fictional place", **base))
    add("identifier", Identifier(ref=_ref(db, Identifier, "I"), subject_id=case.id, type="email",
                                 value="a@example.org", canonical="a@example.org", token=uuid.uuid4().bytes * 2,
                                 mask="a…", source_type="case", **base))
    for kind, row in (("general", "note"), ("investigation", "investigation.notes"),
                      ("strategy", "prosecution.strategy"), ("covert", "compartment")):
        add(row, Note(ref=_ref(db, Note, "N"), subject_type="case", subject_id=case.id, kind=kind, text="Words",
                      **base))
    add("case.core", OffenceProposal(ref=_ref(db, OffenceProposal, "O"), person_id=people["suspect"].id,
                                     offence_code="x", offence_class="felony", **base), without=("u",))
    with engine_at_work():
        item = add("evidence.item", EvidenceItem(
            ref=_ref(db, EvidenceItem, "E"), number=_next(), state="recorded", kind="physical",
            description="A telephone", seized_at=now(), authority_type="warrant", **base))
        support = add("support.referral", SupportReferral(
            ref=_ref(db, SupportReferral, "S"), state="draft", child_id=child.id, urgency="high",
            requested_by_id=other, provider_agency_id=provider,
            accepted_at=now() if "accepted" in facts else None, consent_provider="c" in facts, **base))
        lead = {**base, "agency_id": case.lead_agency_id}
        add("case.link", CaseLink(ref=_ref(db, CaseLink, "L"), other_case_id=case.id,
                                  other_ref=case.ref, other_agency_id=case.lead_agency_id, type="related",
                                  basis="A test", state="proposed", **lead))
        version = FileVersion(case_id=case.id, number=_next(), manifest=[], sha256="0" * 64, created_by_id=author)
        db.add(version)
        db.flush()
        matter = add("charge", Prosecution(ref=_ref(db, Prosecution, "X"), state="received",
                                           file_version_id=version.id, **base))
    add("custody.event", CustodyEvent(ref=_ref(db, CustodyEvent, "K"), item_id=item.id, seq=1, type="seized",
                                      at=now(), prev_hash="0" * 64, hash="1" * 64, **base))
    add("charge", Charge(ref=_ref(db, Charge, "G"), prosecution_id=matter.id, person_id=people["suspect"].id,
                         offence_code="x", offence_class="felony", offence_from=dt.date(2026, 1, 1),
                         offence_to=dt.date(2026, 1, 1), **base))
    add("hearing", Hearing(ref=_ref(db, Hearing, "H"), prosecution_id=matter.id, court_id=other, type="trial",
                           at=now(), **base))
    add("decision", Decision(ref=_ref(db, Decision, "D"), prosecution_id=matter.id, body_id=other, type="judgment",
                             decided_on=dt.date(2026, 1, 1), **base))
    for role in ("SW", "PRV"):
        if "a" in facts:
            _grant(db, world.readers[role], support.id, "support_referral", case.id)
    add("consent", Consent(ref=_ref(db, Consent, "B"), support_id=support.id, child_id=child.id, kind="assent",
                           purposes=["support"], form="written", given_at=now(), **base))
    add("support.assessment", Assessment(
        ref=_ref(db, Assessment, "Q"), support_id=support.id, child_id=child.id, assessed_on=dt.date(2026, 1, 1),
        worker_id=author, proposed_level="high", level_of_risk="high", rule_shown="A rule", **base),
        without=("accepted",))


_numbers = iter(range(1, 10_000_000))


def _next() -> int:
    return next(_numbers)


def _referrals(db: Session, world: World, author: uuid.UUID) -> None:
    for kind in AGENCIES:
        for facts in (frozenset({"g"}), frozenset({"a", "g"})) if kind != "other" else (frozenset(), frozenset({"a"})):
            with engine_at_work():
                referral = Referral(ref=_ref(db, Referral, "R"), agency_id=world.agencies[kind], created_by_id=author,
                                    source="family", channel="phone", immediate_danger="no", state="received",
                                    narrative="Words of a test")
            db.add(referral)
            db.flush()
            if "a" in facts:
                for reader in world.readers.values():
                    _grant(db, reader, referral.id, "referral")
            world.placed.append(Placed("referral.facts", "referral", referral.id, referral.ref, facts, agency=kind))


def facts_for(placed: Placed, role: str) -> frozenset[str]:
    """The facts of a record as they are for one reader."""
    held = set(placed.facts) | {"30d"}
    if placed.mine is not None and placed.mine != role:
        held.discard("u")
    if placed.agency is not None:
        if role not in AGENCIES[placed.agency]:
            held.discard("g")
    elif kind_of(role) not in CASE_COLUMNS:
        held.discard("g")  # providers and overseers have no place on a case
    if role != "HOT":
        held.discard("own")
    if role != "PRV":
        held -= {"c", "accepted"}
    return frozenset(held)
