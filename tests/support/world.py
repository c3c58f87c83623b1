"""A small world for tests of access: agencies, one reader per role, cases in known situations, a record of every kind.

What each record's facts are is written down here by construction, so that a test can work out from the matrix file
alone what each reader must and must not see. In its fields stand words found nowhere else (`World.words`), so that
a page that holds one can be held against the reader.
"""

import datetime as dt
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from casework.accounts.models import Agency, User
from casework.accounts.service import create_user
from casework.authz.identity import Identity
from casework.authz.models import BreakGlass, Grant, Recusal
from casework.cases.models import Case, CaseLink, FileVersion, Note, OffenceProposal, Task
from casework.db.base import now
from casework.db.refs import new_ref
from casework.deconfliction.models import MatchHit, MatchQuestion, MatchSetting, SupportQuestion
from casework.evidence.models import CustodyEvent, EvidenceItem
from casework.people.models import Address, Identifier, Person
from casework.prosecution.models import Charge, Decision, Hearing, Prosecution
from casework.referrals.models import Referral
from casework.support.models import Assessment, Consent, FollowUp, Service, SupportReferral, SupportSending
from casework.therapy.models import DisclosureOrder, TherapeuticNote
from casework.welfare.models import ExposureLog, WelfareCheck
from casework.workflow.guard import engine_at_work

from . import world_files

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
    "assigned, not accepted yet": frozenset({"a", "c"}),
    "assigned, consent withdrawn": frozenset({"a", "accepted"}),
    "all": frozenset({"a", "g", "own", "s1", "s2", "x", "c", "accepted"}),
    "all, recused": frozenset({"a", "g", "own", "s1", "s2", "x", "c", "accepted", "recused"}),
    "lapsed": frozenset(),
}
# Everything a reader once had and has no more: it counts for nothing, and each record is a state of its own.
LAPSED = "lapsed"


PERSON_ROWS = {role: f"{role}.identity" for role in ("victim", "suspect", "reporter", "witness")}
# The kinds of word: of fields that level M shows, of those that take R, and of those with a row of their own.
META, READ, PLAN, HASH, ENDING, VAULT, MESSAGE = "mrphevs"
ROW_OF_KIND = {
    PLAN: "investigation.notes", HASH: "hash.value", ENDING: "hash.value", VAULT: "restricted.material",
    MESSAGE: "reporter.identity",
}
WORD = re.compile("q[a-z][0-9]{5}q")


@dataclass(frozen=True)
class Placed:
    """One record and the facts that hold for every reader (`mine`: for which reader it is their own entry; `limits`:
    facts that hold for some roles only; `about`: the reference of another record that it names; `lapsed`: what readers
    once had to it has ended)."""

    row: str
    record_type: str
    id: uuid.UUID
    ref: str | None
    facts: frozenset[str]
    mine: str | None = None
    case: uuid.UUID | None = None
    agency: str | None = None
    limits: tuple[tuple[str, tuple[str, ...]], ...] = ()
    about: str | None = None
    lapsed: bool = False


@dataclass(frozen=True)
class Word:
    """A word in a field of one record, and of which kind the field is."""

    record: uuid.UUID
    kind: str


@dataclass
class World:
    """Everything made, by name."""

    agencies: dict[str, uuid.UUID] = field(default_factory=dict)
    readers: dict[str, Identity] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    words: dict[str, Word] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    lapsing: bool = False

    def word(self, kind: str) -> str:
        """A new word, for a field of the record that is placed next."""
        made = f"q{kind}{len(self.words) + len(self.fresh):05}q"
        self.fresh.append(made)
        return made

    def place(self, row: str, record: Any, facts: frozenset[str], **more: Any) -> Placed:
        """Note a record that was written, and which words are its."""
        made = Placed(row, record.__tablename__, record.id, getattr(record, "ref", None), facts, lapsed=self.lapsing,
                      **more)
        self.placed.append(made)
        self.words.update({word: Word(record.id, word[1]) for word in self.fresh})
        self.fresh.clear()
        return made


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
            user = create_user(db, login=f"{role.lower()}@example.org", name=f"Reader {role} (fictional)")
            world.readers[role] = Identity(user.id, user.name, role, world.agencies[kind])
    db.flush()
    for situation, facts in SITUATIONS.items():
        world.lapsing = situation == LAPSED
        _case(db, world, situation, facts, stranger.id)
    world.lapsing = False
    for one in [p for p in world.placed if p.record_type in ("case", "support_referral", "support_sending")]:
        if one.mine is None and ("recused" in one.facts or not one.facts):
            _tasks(db, world, one, stranger.id)
    _referrals(db, world, stranger.id)
    _exposure(db, world)
    world_files.stocktakes(db, world, stranger.id)
    return world


def one_case(
    db: Session, agencies: dict[str, uuid.UUID], readers: dict[str, Identity], author: uuid.UUID,
    facts: frozenset[str] = SITUATIONS["all"] - {"x"},
) -> World:
    """A case of which `facts` hold (without them: one that concerns everybody), with a record of every kind, for people
    who are there already. `agencies` are by kind, as in AGENCIES."""
    world = World(agencies=agencies, readers=readers)
    _case(db, world, "everybody's", facts, author)
    return world


def kind_of(role: str) -> str:
    """The agency of a role's reader."""
    return next(kind for kind, roles in AGENCIES.items() if role in roles)


def grant(db: Session, reader: Identity, subject_id: uuid.UUID, subject_type: str, case_id=None) -> None:
    """Assign a reader to something, in the role and at the agency of the reader."""
    db.add(Grant(principal_id=reader.user_id, agency_id=reader.agency_id, role=reader.role, subject_id=subject_id,
                 subject_type=subject_type, case_id=case_id))


def lapse(db: Session, world: World, reader: Identity, subject_id: uuid.UUID, subject_type: str, case_id) -> None:
    """What somebody once had: assigned until yesterday, taken off, at an office of before, in another role."""
    base = {"principal_id": reader.user_id, "agency_id": reader.agency_id, "role": reader.role, "case_id": case_id,
            "subject_id": subject_id, "subject_type": subject_type}
    past = now() - dt.timedelta(minutes=1)
    for change in ({"until": past}, {"ended_at": past}, {"agency_id": world.agencies["other"]},
                   {"role": "INV" if reader.role != "INV" else "FOR"},
                   {"principal_id": reader.agency_id, "chief_only": True}):
        db.add(Grant(**{**base, **change}))


def _glass(db: Session, reader: Identity, subject_id: uuid.UUID, case_id: uuid.UUID, **changes: Any) -> BreakGlass:
    """Glass that a reader broke a moment ago."""
    return BreakGlass(**{
        "ref": _ref(db, BreakGlass, "BG"), "user_id": reader.user_id, "agency_id": reader.agency_id,
        "role": reader.role, "subject_id": subject_id, "case_id": case_id, "reason_code": "danger",
        "reason": "A test of the matrix",
        "until": now() + dt.timedelta(hours=4), **changes})


def _assign(db: Session, world: World, role: str, subject: Any, facts: frozenset[str]) -> None:
    """A reader has, or once had, part in what hangs under a case."""
    reader = world.readers[role]
    if "a" in facts:
        grant(db, reader, subject.id, subject.__tablename__, subject.case_id)
    if world.lapsing:
        lapse(db, world, reader, subject.id, subject.__tablename__, subject.case_id)


def _ref(db: Session, model: type, kind: str) -> str:
    return new_ref(db, model, kind, dt.date(2026, 1, 1))


def _case(db: Session, world: World, situation: str, facts: frozenset[str], author: uuid.UUID) -> None:
    other = world.agencies["other"]
    ours = "g" in facts
    agencies = {column: world.agencies[kind] if ours else (other if column == "lead_agency_id" else None)
                for kind, column in CASE_COLUMNS.items()}
    with engine_at_work():
        case = Case(ref=_ref(db, Case, "C"), agency_id=other, title=f"{situation} {world.word(META)}",
                    state="opened", province="12", plan=world.word(PLAN), created_by_id=author,
                    instructions=[{"text": world.word(READ), "answer": None}],
                    submitted_at=now() if "s1" in facts else None,
                    introductory_at=now() if "s2" in facts else None, **agencies)
    db.add(case)
    db.flush()
    for reader in world.readers.values():
        if "a" in facts:
            grant(db, reader, case.id, "case", case.id)
        if "x" in facts:
            db.add(_glass(db, reader, case.id, case.id))
        if world.lapsing:
            lapse(db, world, reader, case.id, "case", case.id)
            db.add(_glass(db, reader, case.id, case.id, until=now() - dt.timedelta(minutes=1)))
            db.add(_glass(db, reader, case.id, case.id, ended_at=now() - dt.timedelta(minutes=1)))
        if "recused" in facts:
            db.add(Recusal(user_id=reader.user_id, case_id=case.id))
    world.place("case.core", case, facts, case=case.id)
    authors: list[tuple[str | None, uuid.UUID]] = [(None, author)]
    if situation in ("nothing", "assigned", "all, recused"):
        authors += [(role, reader.user_id) for role, reader in world.readers.items()]
    for mine, user_id in authors:
        _records(db, world, case, facts, mine, user_id)


def _records(db: Session, world: World, case: Case, facts: frozenset[str], mine: str | None, author) -> None:
    other = world.agencies["other"]
    base = {"agency_id": other, "created_by_id": author, "case_id": case.id}
    provider = world.agencies["social_ngo"] if facts & {"c", "accepted"} else other
    # Of the court's dates a provider knows once it supports the child: with consent, and accepted.
    supports = () if "accepted" in facts else ("c",)

    def add(row: str, record: Any, without: tuple[str, ...] = (), limits=()) -> Any:
        db.add(record)
        db.flush()
        world.place(row, record, (facts | {"u"} if mine else facts) - set(without), mine=mine, case=case.id,
                    limits=limits)
        return record

    word = world.word

    people = {}
    for role, row in PERSON_ROWS.items():
        people[role] = add(row, Person(ref=_ref(db, Person, "P"), role=role, pseudonym=word(META),
                                       family_latin=word(READ), **base))
    child = people["victim"]
    # A social worker or provider is assigned to the child, not only to the case.
    for role in ("SW", "PRV"):
        _assign(db, world, role, child, facts)
    for role, row in PERSON_ROWS.items():
        add(row.replace("victim.identity", "victim.place"), Address(
            ref=_ref(db, Address, "A"), person_id=people[role].id, person_role=role, kind="staying", place=word(READ),
            **base))
    add("identifier", Identifier(ref=_ref(db, Identifier, "I"), subject_id=case.id, type="email",
                                 value=f"{word(READ)}@example.org", canonical="a@example.org",
                                 token=uuid.uuid4().bytes * 2, mask=f"{word(READ)}…", source_type="case", **base))
    for kind, row in (("general", "note"), ("investigation", "investigation.notes"),
                      ("strategy", "prosecution.strategy"), ("covert", "compartment")):
        sealed = kind in ("strategy", "covert")
        add(row, Note(ref=_ref(db, Note, "N"), subject_type="case", subject_id=case.id, kind=kind,
                      **{"sealed_text" if sealed else "text": word(READ)}, **base))
    add("case.core", OffenceProposal(ref=_ref(db, OffenceProposal, "O"), person_id=people["suspect"].id,
                                     offence_code=word(READ), offence_class="felony", **base), without=("u",))
    with engine_at_work():
        item = add("evidence.item", EvidenceItem(
            ref=_ref(db, EvidenceItem, "E"), number=_next(), state="recorded", kind="physical",
            description=word(READ), seized_at=now(), authority_type="warrant", vault_ref=word(VAULT),
            hashes=[{"alg": "SHA-256", "value": word(HASH) + "0" * 48 + word(ENDING), "tool": "none"}], **base))
        support = add("support.referral", SupportReferral(
            ref=_ref(db, SupportReferral, "S"), state="draft", child_id=child.id, urgency="high",
            requested_by_id=other, provider_agency_id=provider,
            accepted_at=now() if "accepted" in facts else None, consent_provider="c" in facts,
            reason=word(READ), **base))
        lead = {**base, "agency_id": case.lead_agency_id}
        add("case.link", CaseLink(ref=_ref(db, CaseLink, "L"), other_case_id=case.id,
                                  other_ref=case.ref, other_agency_id=case.lead_agency_id, type="related",
                                  basis=word(READ), state="proposed", **lead))
        add("match.hit", MatchHit(ref=_ref(db, MatchHit, "MH"), type="phone", strength="strong", state="found",
                                  other_ref=word(META), **base))
        version = FileVersion(case_id=case.id, number=_next(), manifest=[], sha256="0" * 64, created_by_id=author)
        db.add(version)
        db.flush()
        world.place("case.core", version, facts - {"u"}, case=case.id)
        matter = add("charge", Prosecution(
            ref=_ref(db, Prosecution, "X"), state="received", file_version_id=version.id, register_number=word(META),
            social_report=word(READ), **base))
    add("custody.event", CustodyEvent(ref=_ref(db, CustodyEvent, "K"), item_id=item.id, seq=1, type="seized",
                                      at=now(), prev_hash="0" * 64, hash="1" * 64, remark=word(READ),
                                      hash_before=word(HASH) + "0" * 8, **base))
    add("charge", Charge(ref=_ref(db, Charge, "G"), prosecution_id=matter.id, person_id=people["suspect"].id,
                         offence_code="x", offence_class="felony", offence_from=dt.date(2026, 1, 1),
                         offence_to=dt.date(2026, 1, 1), facts=word(READ), **base))
    add("hearing", Hearing(ref=_ref(db, Hearing, "H"), prosecution_id=matter.id, court_id=other, type="trial",
                           at=now(), chamber=word(READ), **base), without=supports)
    add("decision", Decision(ref=_ref(db, Decision, "D"), prosecution_id=matter.id, body_id=other, type="judgment",
                             decided_on=dt.date(2026, 1, 1), document=word(READ), **base), without=supports)
    for role in ("SW", "PRV"):
        _assign(db, world, role, support, facts)
    add("consent", Consent(ref=_ref(db, Consent, "B"), support_id=support.id, child_id=child.id, kind="assent",
                           purposes=["support"], form="written", given_at=now(), given_by=word(READ), **base))
    add("support.assessment", Assessment(
        ref=_ref(db, Assessment, "Q"), support_id=support.id, child_id=child.id, assessed_on=dt.date(2026, 1, 1),
        worker_id=author, proposed_level="high", level_of_risk="high", rule_shown="serious", safety_plan=word(READ),
        **base), without=("accepted",))
    add("service", Service(ref=_ref(db, Service, "V"), support_id=support.id, child_id=child.id,
                           provider_agency_id=provider, type="counselling", subtype="counselling_trauma",
                           planned_from=dt.date(2026, 1, 1), status="implemented", outcome=word(READ), **base))
    add("service", FollowUp(ref=_ref(db, FollowUp, "F"), support_id=support.id, child_id=child.id, kind="call",
                            done_at=now(), safe="yes", text=word(READ), **base))
    _therapy(db, world, support, facts, base, add)
    world_files.documents(db, word, add, base, (case, item, matter, support))
    world_files.viewing(db, word, add, base, item)
    world_files.package(db, word, add, base)
    world_files.hits(db, word, add, base, item)
    add("match.hit", MatchQuestion(ref=_ref(db, MatchQuestion, "MQ"), purpose="file_check", reason=word(META), lines=[],
                                   size=0, **base))
    if mine is None:
        setting = MatchSetting(case_id=case.id, mode="normal", reason=word(META), changed_by_id=author)
        db.add(setting)
        db.flush()
        world.place("match.hit", setting, facts - {"u"}, case=case.id)
    social = {**base, "agency_id": world.agencies["social_gov" if "g" in facts else "other"]}
    add("support.referral", SupportQuestion(ref=_ref(db, SupportQuestion, "SQ"), support_id=support.id,
                                            reason=word(READ), lines=[], size=0, **social),
        without=("u",), limits=(("a", ("SW",)), ("g", ("SWS",))))
    _sending(db, world, support, facts, mine)


def _therapy(db: Session, world: World, support: SupportReferral, facts: frozenset[str], base: dict, add) -> None:
    """A therapeutic note and a court's order. An emergency opens the note by the support, never by the case."""
    if "x" in facts:
        db.add_all(_glass(db, reader, support.id, support.case_id) for reader in world.readers.values())
    child = {"support_id": support.id, "child_id": support.child_id}
    add("therapeutic.note", TherapeuticNote(
        ref=_ref(db, TherapeuticNote, "TN"), held_on=dt.date(2026, 1, 1), child_agrees="c" in facts,
        text=world.word(READ), **child, **base))
    with engine_at_work():
        add("service", DisclosureOrder(
            ref=_ref(db, DisclosureOrder, "Y"), state="asked", court="A court (fictional)", document=world.word(READ),
            document_on=dt.date(2026, 1, 1), until=dt.date(2099, 1, 1), **child, **base))


def _sending(db: Session, world: World, support: SupportReferral, facts: frozenset[str], mine: str | None) -> None:
    """What a provider was sent. It belongs to who supports the child: nobody of the case has a part in it."""
    with engine_at_work():
        sent = SupportSending(
            ref=_ref(db, SupportSending, "M"), state="sent", support_id=support.id, case_id=support.case_id,
            child_id=support.child_id, provider_agency_id=world.agencies["other"], urgency="high",
            created_by_id=support.created_by_id, worker_id=None, reject_reason=None,
            agency_id=world.agencies["social_gov" if "g" in facts else "other"])
    db.add(sent)
    db.flush()
    _assign(db, world, "PRV", sent, facts)
    world.place("support.referral", sent, facts - {"u"}, mine=mine, case=support.case_id,
                limits=(("a", ("SW", "PRV")), ("g", ("SWS",))))


# To whom a task that ran over is raised, and whose it was.
RAISED = {"PSU": "police", "SWS": "social_gov", "AUD": "other"}
# Who gets tasks of reports and of support: these keep a log apart from the case's, and their tasks do not name it.
WITH_APART = ("HOT", "PSU", "SW", "SWS", "PRV")


def _tasks(db: Session, world: World, about: Placed, author: uuid.UUID) -> None:
    """For each reader a task that is theirs, and one that waits in the queue of their role; alarms to supervisors.
    `about` is a case, or what keeps a log apart from its case's."""
    other, of_case = world.agencies["other"], about.record_type == "case"

    def add(facts: set[str], limits: tuple, **holder: Any) -> None:
        with engine_at_work():
            task = Task(ref=_ref(db, Task, "T"), agency_id=other, created_by_id=author,
                        case_id=about.case if of_case else None, record_type=about.record_type, record_id=about.id,
                        record_ref=about.ref, kind="free", state="open", title="Look", detail=world.word(READ),
                        **holder)
        db.add(task)
        db.flush()
        world.place("task", task, (about.facts & {"recused"}) | facts, case=about.case, limits=limits, about=about.ref)

    for role, reader in world.readers.items():
        if of_case or role in WITH_APART:
            mine = ("a", (role,)), ("u", (role,)), ("g", AGENCIES[kind_of(role)])
            add({"a", "u"}, mine, assignee_id=reader.user_id, queue_agency_id=other, queue_role="INV")
            add({"a", "g"}, mine, queue_agency_id=reader.agency_id, queue_role=role)
    for role, kind in RAISED.items():
        if of_case or role in WITH_APART:
            add({"a", "u", "g"}, (("a", (role,)), ("u", (role,)), ("g", (role, *AGENCIES[kind]))), assignee_id=author,
                queue_agency_id=world.agencies[kind], escalated_at=now(), escalated_to=f" {role} ")


_numbers = iter(range(1, 10_000_000))


def _next() -> int:
    return next(_numbers)


def _referrals(db: Session, world: World, author: uuid.UUID) -> None:
    for kind in AGENCIES:
        for facts in (frozenset({"g"}), frozenset({"a", "g"})) if kind != "other" else (frozenset(), frozenset({"a"})):
            with engine_at_work():
                referral = Referral(ref=_ref(db, Referral, "R"), agency_id=world.agencies[kind], created_by_id=author,
                                    source="family", channel="phone", immediate_danger="no", state="received",
                                    narrative=world.word(READ), external_ref=world.word(READ),
                                    messages=[{"at": now().isoformat(), "who": "hotline",
                                               "text": world.word(MESSAGE)}])
            db.add(referral)
            db.flush()
            if "a" in facts:
                for reader in world.readers.values():
                    grant(db, reader, referral.id, "referral")
            world.place("referral.facts", referral, facts, agency=kind)


def _exposure(db: Session, world: World) -> None:
    """For each reader an entry of their own, and a check: supervisors have part in those of their own staff."""
    supervisors = {"police": ("PSU",), "social_gov": ("SWS",)}
    for role, reader in world.readers.items():
        base = {"agency_id": reader.agency_id, "created_by_id": reader.user_id}
        entry = ExposureLog(ref=_ref(db, ExposureLog, "U"), day=dt.date(2026, 1, 5), minutes=5, activity="label",
                            band="few", case_ref=world.word(READ), **base)
        db.add(entry)
        db.flush()
        world.place("exposure.log", entry, frozenset({"u"}), mine=role)
        with engine_at_work():
            check = WelfareCheck(ref=_ref(db, WelfareCheck, "W"), person_id=reader.user_id, state="open",
                                 week=dt.date(2026, 1, 5), threshold="day_stop", supervised=True, **base)
        db.add(check)
        db.flush()
        seen = (role, *supervisors.get(kind_of(role), ()))
        world.place("exposure.log", check, frozenset({"u"}), limits=(("u", seen),))


def facts_for(placed: Placed, role: str) -> frozenset[str]:
    """The facts of a record as they are for one reader."""
    held = set(placed.facts) | {"30d"}
    if placed.limits:
        return frozenset(held - {fact for fact, roles in placed.limits if role not in roles})
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
