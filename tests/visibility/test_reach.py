"""Who can see a record is the inverse of what each person may see: the same people, the same terms."""

import datetime as dt
import random
from collections import defaultdict

import pytest
from sqlalchemy import select

import casework.models  # noqa: F401
from casework.accounts import service
from casework.accounts.models import Agency, Membership, User
from casework.authz.access import access_to
from casework.authz.identity import Identity
from casework.authz.models import BreakGlass, Grant, Recusal
from casework.authz.scope import current_matrix, unscoped
from casework.cases.models import Case
from casework.db.base import Base, now
from casework.visibility import reach
from casework.visibility.past import ABOUT, STAFF, tables_in, who_could
from tests.support.matrix import use_file
from tests.support.world import build

use_file()
EVERYBODY = 10_000


def models() -> dict[str, type]:
    return {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}


def members(db) -> list[Identity]:
    """Everybody whose role counts today, as identities: what `casework.accounts.sessions` would let in."""
    found = []
    for one in db.scalars(select(Membership)):
        user, agency, day = db.get(User, one.user_id), db.get(Agency, one.agency_id), reach.today()
        if one.in_force(day) and user.active and agency.active and not (user.expires_on and user.expires_on < day):
            found.append(Identity(one.user_id, "", one.role, one.agency_id, flags=one.flags))
    return found


def disagreements(db, ids: dict[type, list]) -> list[str]:
    """Where the list of a record is not exactly who has at least M, by exactly those terms."""
    wrong, matrix = [], current_matrix()
    expected = defaultdict(dict)
    for identity in members(db):
        for model, some in ids.items():
            for record_id, access in access_to(db, identity, model, some).items():
                if "M" in access:
                    expected[record_id][identity.user_id, identity.agency_id, identity.role] = set(access.rules)
    for model, some in ids.items():
        with unscoped(db, "the records of the test"):
            records = list(db.scalars(select(model).where(model.id.in_(some))))
        for record in records:
            found = reach.who_can(db, matrix, record, limit=EVERYBODY)
            got = {(one.user_id, one.agency_id, one.role): set(one.levels) for one in found.people}
            assert found.total == len(found.people) == len(got)
            if got != expected[record.id]:
                wrong.append(f"{model.__name__} {record.id}: {got} instead of {expected[record.id]}")
    return wrong


@pytest.fixture
def world(database):
    """The world of the matrix's tests, its readers with the memberships of their roles."""
    with database.work() as db:
        made = build(db)
        for identity in made.readers.values():
            service.add_membership(db, db.get_one(User, identity.user_id), db.get_one(Agency, identity.agency_id),
                                   identity.role, at=now() - dt.timedelta(days=1))
    return made


def placed_by_model(world) -> dict[type, list]:
    found, tables = defaultdict(list), models()
    for placed in world.placed:
        found[tables[placed.record_type]].append(placed.id)
    return found


def test_the_list_of_every_record_is_who_may_see_it(database, world):
    """Every record on the one engine, a few of each kind on the other, where each question takes longer."""
    ids = placed_by_model(world)
    if database.backend == "postgresql":
        ids = {model: random.Random(0).sample(some, min(len(some), 4)) for model, some in ids.items()}
    with database.work(readonly=True, identity=world.readers["AUD"]) as db:
        assert disagreements(db, ids) == []


def test_a_condition_that_forgets_something_is_found(database, world, monkeypatch):
    """The comparison has teeth: without recusals the list is longer than it may be."""
    monkeypatch.setattr(reach, "recused", lambda model, identity: model.id.is_(None))
    reach._question.cache_clear()
    try:
        with database.work(readonly=True, identity=world.readers["AUD"]) as db:
            assert disagreements(db, {Case: placed_by_model(world)[Case]})
    finally:
        reach._question.cache_clear()


def shaken(db, world, dice: random.Random) -> None:
    """Assignments, emergency accesses, recusals, roles, accounts and offices, changed at random."""
    cases = [placed.id for placed in world.placed if placed.record_type == "case"]
    subjects = [placed.id for placed in world.placed]
    offices, agencies = list(db.scalars(select(Agency))), list(world.agencies.values())
    users = list(db.scalars(select(User)))
    soon, before = now() + dt.timedelta(hours=1), now() - dt.timedelta(minutes=1)

    def moment():
        return dice.choice((None, None, soon, before))

    for user in dice.sample(users, 6):
        agency, role = db.get_one(Agency, dice.choice(agencies)), dice.choice(list(world.readers))
        known = db.scalars(select(Membership).where(
            Membership.user_id == user.id, Membership.agency_id == agency.id, Membership.ended_at.is_(None))).first()
        if known is None:
            service.add_membership(db, user, agency, role, at=before - dt.timedelta(days=1), chief=dice.random() < .5)
        else:
            known.chief, known.role, known.ended_at = dice.random() < .5, role, dice.choice((None, None, before))
        db.flush()
    for one in list(db.scalars(select(Membership))):
        one.chief = dice.random() < .3
        one.valid_until = dice.choice((None, None, None, reach.today() - dt.timedelta(days=1), reach.today()))
    for one in dice.sample(users, 2):
        one.active = False
    for one in dice.sample(users, 2):
        one.expires_on = reach.today() - dt.timedelta(days=dice.choice((0, 1)))
    dice.choice(offices).active = dice.random() < .5
    for _n in range(60):
        person = db.scalars(select(Membership).where(Membership.user_id == dice.choice(users).id)).first()
        if person is None:
            continue
        whole = dice.random() < .3
        db.add(Grant(
            principal_id=person.agency_id if whole else person.user_id,
            agency_id=dice.choice((person.agency_id, agencies[0])),
            role=dice.choice((person.role, person.role, "INV")), chief_only=whole and dice.random() < .5,
            subject_id=dice.choice(subjects), subject_type="case", until=moment(),
            ended_at=dice.choice((None, None, before)),
        ))
        if dice.random() < .4:
            subject = dice.choice(subjects)
            db.add(BreakGlass(user_id=person.user_id, role=dice.choice((person.role, "PRO")), subject_id=subject,
                              reason_code="danger", reason="A test of the list", until=dice.choice((soon, before)),
                              ended_at=dice.choice((None, before))))
    shut = {(one.user_id, one.case_id) for one in db.scalars(select(Recusal))}
    for pair in {(dice.choice(users).id, dice.choice(cases)) for _n in range(15)} - shut:
        db.add(Recusal(user_id=pair[0], case_id=pair[1]))
    with unscoped(db, "the stages of the test"):
        for one in db.scalars(select(Case)):
            one.submitted_at, one.introductory_at = dice.choice((None, before)), dice.choice((None, before))
            one.lead_agency_id = dice.choice(agencies)
            one.support_agency_id, one.prosecution_agency_id = dice.choice((None, *agencies)), dice.choice(agencies)
    db.flush()


def test_the_list_is_who_may_see_in_random_worlds(database, world):
    """Different people hold different roles, some moved, some barred; flags, ends and stages at random."""
    dice, ids = random.Random(1), placed_by_model(world)
    for _round in range(3):
        with database.work() as db:
            shaken(db, world, dice)
        with database.work(readonly=True, identity=world.readers["AUD"]) as db:
            some = {model: dice.sample(ids[model], min(len(ids[model]), 4)) for model in ids}
            assert sum(len(members) for members in some.values()) > 70
            assert disagreements(db, some) == []


def test_this_moment_as_if_it_were_past(database, world):
    """Asked of the rows laid out anew, the conditions give the same people as asked of the database itself."""
    dice, wrong, matrix = random.Random(3), [], current_matrix()
    with database.work() as db:
        shaken(db, world, dice)
    with database.work(readonly=True, identity=world.readers["AUD"]) as db:
        for model, ids in placed_by_model(world).items():
            if not hasattr(model, "created_at"):
                continue
            for record_id in dice.sample(ids, min(len(ids), 2)):
                with unscoped(db, "the records of the test"):
                    record = db.get_one(model, record_id)
                expected = {(one.membership_id, one.terms) for one in reach.who_can(
                    db, matrix, record, limit=EVERYBODY).people}
                found = who_could(db, matrix, model, record_id, now())
                got = {(one.membership_id, one.terms) for one in found.people}
                if got != expected:
                    wrong.append(f"{model.__name__} {record_id}: {got - expected} too many, {expected - got} missing")
    assert wrong == []


def test_the_conditions_look_into_known_tables_only(app):
    """What a condition newly looks into must be found from the record, or the past would leave it out."""
    named = set()
    for rt in app.registry["record_types"].values():
        asked = reach.question(rt.model, current_matrix())
        if asked is not None:
            named |= set(tables_in(select(asked.reached))) - {rt.name}
    assert named <= set(STAFF) | set(ABOUT) | {"support_referral"}  # found by any key
    assert named >= {"case", "access_grant", "recusal", "break_glass", "support_referral", "evidence_item"}
