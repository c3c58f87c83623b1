"""The eight properties of access, each by its name, over cases of which any facts may hold and any grants stand."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.authz.identity import ROLES, Identity
from casework.authz.models import Grant, Recusal
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import format_ref
from tests.authz.reader import TOKEN, Reader, Statements, face, refs
from tests.authz.rounds import kind_of
from tests.authz.ways import ways
from tests.support.settled import Settled
from tests.support.world import SITUATIONS, Placed, World, one_case

from .reach import MODELS, by_table, reach, within
from .twins import restored

FACTS = sorted(SITUATIONS["all"])
some = settings(max_examples=12, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck))
facts = st.frozensets(st.sampled_from(FACTS))
roles = st.sampled_from(ROLES)


@pytest.fixture
def ground(settled) -> Iterator[Settled]:
    """The settled world; what a test adds to it is gone afterwards."""
    with restored(settled):
        yield settled


def case_with(ground: Settled, held: frozenset[str]) -> World:
    """A new case of which these facts hold, with a record of every kind."""
    with ground.database.work() as db, unscoped(db, "the test makes the world"):
        author = next(placed for placed in ground.world.placed if placed.record_type == "case")
        creator = db.scalars(select(Case.created_by_id).where(Case.id == author.id)).one()
        return one_case(db, ground.world.agencies, ground.world.readers, creator, held)


def case_id(made: World) -> uuid.UUID:
    return next(placed.id for placed in made.placed if placed.record_type == "case")


def of(ground: Settled, role: str, made: World):
    return reach(ground.database, ground.world.readers[role], made.placed)


# ---- 1

def test_adding_a_wall_never_adds_access(ground):
    @some
    @given(facts, roles, roles)
    def holds(held, role, walled):
        made = case_with(ground, held)
        before = of(ground, role, made)
        with ground.database.work() as db:
            db.add(Recusal(user_id=ground.world.readers[walled].user_id, case_id=case_id(made)))
        after = of(ground, role, made)
        assert within(after, before)
        assert after == ({} if role == walled else before)

    holds()


# ---- 2

def test_removing_a_grant_never_adds_access(ground):
    @some
    @given(facts.map(lambda held: held | {"a"}), roles, st.randoms(use_true_random=False))
    def holds(held, role, chance):
        made = case_with(ground, held)
        before = of(ground, role, made)
        with ground.database.work() as db:
            grants = db.scalars(select(Grant).where(Grant.case_id == case_id(made))).all()
            gone = [grant for grant in grants if chance.random() < 0.5]
            for grant in gone:
                grant.ended_at = now()
                grant.end_reason = "A test of the matrix (fictional)"
        after = of(ground, role, made)
        assert within(after, before)
        if not any(grant.principal_id == ground.world.readers[role].user_id for grant in gone):
            assert after == before, "what somebody else loses changes nothing"

    holds()


# ---- 3

def some_grants(chance, readers: dict[str, Identity], other: uuid.UUID) -> list[dict]:
    """Grants of all sorts: for anybody, in the right role or another, in force or not, for chiefs only."""
    found = []
    for _number in range(chance.randint(2, 8)):
        reader = readers[chance.choice(ROLES)]
        found.append({
            "principal_id": chance.choice([reader.user_id, reader.agency_id]),
            "agency_id": chance.choice([reader.agency_id, reader.agency_id, other]),
            "role": chance.choice([reader.role, reader.role, chance.choice(ROLES)]),
            "chief_only": chance.random() < 0.2,
            "until": chance.choice([None, None, now() + dt.timedelta(hours=1), now() - dt.timedelta(hours=1)]),
            "ended_at": chance.choice([None, None, None, now()]),
        })
    return found


def test_a_decision_does_not_depend_on_the_order_of_grants(ground):
    @some
    @given(facts, st.randoms(use_true_random=False))
    def holds(held, chance):
        grants = some_grants(chance, ground.world.readers, ground.world.agencies["other"])
        orders = [grants, chance.sample(grants, len(grants))]
        found = []
        for order in orders:
            made = case_with(ground, held)
            for grant in order:
                with ground.database.work() as db:
                    db.add(Grant(subject_id=case_id(made), subject_type="case", case_id=case_id(made), **grant))
            levels = [of(ground, role, made) for role in ROLES]
            found.append([[one.get(placed.id) for placed in made.placed] for one in levels])
        assert found[0] == found[1]

    holds()


# ---- 4

def test_pages_program_and_sql_give_the_same_records(ground):
    """The list and the pages, the row scope, and (on PostgreSQL) raw SQL in the program's own role."""
    @some
    @given(facts, roles)
    def holds(held, role):
        made = case_with(ground, held)
        seen = set(of(ground, role, made))
        with ground.database.work(readonly=True, identity=ground.world.readers[role]) as db:
            for table, ids in by_table(made.placed).items():
                model = MODELS[table]
                if ground.database.backend == "postgresql":
                    raw = db.connection().exec_driver_sql(f'SELECT id FROM "{table}"').scalars()
                    assert set(raw) & set(ids) == seen & set(ids), table
                assert {one.id for one in db.scalars(select(model).where(model.id.in_(ids)))} == seen & set(ids)
        client, case = ground.client(role), next(p for p in made.placed if p.record_type == "case")
        assert (client.get(f"/go/{case.ref}", expect_errors=True).status_int == 303) == (case.id in seen)
        page = client.get("/cases", expect_errors=True)
        assert (case.ref in refs(page) if page.status_int == 200 else False) == (case.id in seen)

    holds()


# ---- 5

def test_what_a_search_finds_is_among_what_is_seen(ground):
    @some
    @given(facts, roles, st.randoms(use_true_random=False))
    def holds(held, role, chance):
        made = case_with(ground, held)
        seen = of(ground, role, made)
        by_ref = {placed.ref: placed.id for placed in made.placed if placed.ref}
        for asked in chance.sample([*made.words, *by_ref], 8):
            page = search(ground, role, asked)
            found = {by_ref[ref] for ref in refs(page) if ref in by_ref and f"/go/{ref}" in page.text}
            assert found <= set(seen)

    holds()


def search(ground: Settled, role: str, asked: str):
    """The answer to the search form."""
    if ("token", role) not in ground.kept:
        ground.kept["token", role] = TOKEN.search(ground.client(role).get("/account").text)[1]
    sent = [("csrf_token", ground.kept["token", role]), ("q", asked)]
    return ground.client(role).post("/search", sent).maybe_follow()




# ---- 6

def test_after_a_transfer_of_a_case_the_old_agency_sees_nothing_unless_granted_anew(ground):
    @some
    @given(facts.map(lambda held: (held | {"g"}) - {"a", "x"}))
    def holds(held):
        made = case_with(ground, held)
        before = of(ground, "PSU", made)
        assert (case_id(made) in before) == ("recused" not in held)
        led_by(ground, made, "other")
        assert of(ground, "PSU", made) == {}
        led_by(ground, made, "police")
        assert of(ground, "PSU", made) == before

    holds()


def led_by(ground: Settled, made: World, agency: str) -> None:
    with ground.database.work() as db, unscoped(db, "the test hands the case over"):
        db.get_one(Case, case_id(made)).lead_agency_id = ground.world.agencies[agency]


def test_after_a_transfer_of_a_person_what_was_assigned_stays_behind_unless_granted_anew(ground):
    @some
    @given(facts.map(lambda held: (held | {"a"}) - {"g", "x"}), st.sampled_from(["INV", "FOR", "SW", "PRO", "CLK"]))
    def holds(held, role):
        made, reader = case_with(ground, held), ground.world.readers[role]
        moved = dataclasses.replace(reader, agency_id=ground.world.agencies["hotline"])
        assert reach(ground.database, moved, made.placed) == {}
        with ground.database.work() as db:
            db.add(Grant(principal_id=moved.user_id, agency_id=moved.agency_id, role=role, subject_id=case_id(made),
                         subject_type="case", case_id=case_id(made)))
        assert within(reach(ground.database, moved, made.placed), of(ground, role, made))

    holds()


# ---- 7

def test_each_request_about_a_record_leaves_exactly_one_row(ground, truth):
    """Allowed or denied: one entry says that somebody opened it, or was refused (each field read is one more)."""
    found = [placed for placed in ground.world.placed if placed.ref and placed.mine is None]
    views = {table: next(way for way in all_ways if way.kind == "") for table, all_ways in ways(ground.app).items()}

    @some
    @given(st.sampled_from(found), roles)
    def holds(placed, role):
        way = views[placed.record_type]
        last = last_entry(ground)
        answer = ground.client(role).get(way.path(truth, placed), expect_errors=True)
        verbs = [(entry.verb, entry.result) for entry in entries_after(ground, last) if entry.verb != "read"]
        opened = truth.opens(placed, role) and not truth.never(placed.record_type, role)
        assert verbs == [("view", "ok") if opened else ("denied", "denied")], answer.status_int

    holds()


def last_entry(ground: Settled) -> int:
    with ground.database.superuser() as connection:
        return connection.scalar(select(AuditEntry.seq).order_by(AuditEntry.seq.desc()).limit(1))


def entries_after(ground: Settled, seq: int) -> list:
    with ground.database.superuser() as connection:
        return list(connection.execute(
            select(AuditEntry.verb, AuditEntry.result, AuditEntry.body).where(AuditEntry.seq > seq)))


# ---- 8

def test_hidden_and_absent_are_indistinguishable(ground, truth):
    """Status, headers, length, every byte, and as many statements: whatever the address and whoever asks."""
    found, statements = ways(ground.app), Statements(ground.app.registry["engine"])

    @settings(some, max_examples=60)
    @given(roles, st.randoms(use_true_random=False))
    def holds(role, chance):
        hidden = [p for p in truth.world.placed if p.ref and not truth.opens(p, role)]
        placed = chance.choice(hidden)
        way = chance.choice([way for way in found[placed.record_type] if "GET" in way.methods])
        reader = Reader(ground.client(role), role, truth, statements)
        path = way.path(truth, placed)
        nothing = path.replace(placed.ref, somewhere(placed, chance))
        faces = [face(reader.get(address), reader.took) for address in (path, nothing, path, nothing)]
        assert faces[2] == faces[3]

    holds()


def somewhere(placed: Placed, chance) -> str:
    """A reference of the same kind, of a year in which the world has nothing."""
    return format_ref(kind_of(placed.ref), 18, f"{chance.randrange(1_000_000):06d}")
