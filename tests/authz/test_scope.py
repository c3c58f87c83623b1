"""Row scope holds whatever way a select is written, and a session without identity gets nothing."""

import datetime as dt

import pytest
from sqlalchemy import exists, func, select, union
from sqlalchemy.orm import aliased

import casework.models  # noqa: F401
from casework.accounts.models import Agency, User
from casework.authz.access import Shown, Wanted, access_to_one, fetch
from casework.authz.identity import Identity
from casework.authz.scope import ScopeMissing, kept, narrowed, unscoped
from casework.cases.models import Case
from casework.db.refs import new_ref
from casework.people.models import Person
from casework.workflow.guard import engine_at_work
from tests.support.matrix import use_file

use_file()


@pytest.fixture
def two(database):
    """One case of ours with a victim, one of another agency; the supervisor of ours."""
    with database.work() as db:
        agencies = [Agency(code=c, name_en="Test (fictional)", name_km="សាក", type="police", active=True) for c in "ab"]
        user = User(login="a@example.org", name="A (fictional)")
        db.add_all([*agencies, user])
        db.flush()
        cases = []
        for agency in agencies:
            with engine_at_work():
                case = Case(ref=new_ref(db, Case, "C", dt.date(2026, 1, 1)), agency_id=agency.id, title="River",
                            lead_agency_id=agency.id, province="12", state="opened")
            db.add(case)
            db.flush()
            db.add(Person(ref=new_ref(db, Person, "P", dt.date(2026, 1, 1)), agency_id=agency.id, case_id=case.id,
                          role="victim", pseudonym="V-TEST", family_latin="Fictional"))
            cases.append(case)
    return database, Identity(user.id, "A", "PSU", agencies[0].id), cases


alias = aliased(Case)
WAYS = {
    "entity": lambda: select(Case.id),
    "columns": lambda: select(Case.title),
    "alias": lambda: select(alias.id),
    "count": lambda: select(func.count()).select_from(Case).having(func.count() > 0),
    "join": lambda: select(Person.id).join(Case, Case.id == Person.case_id),
    "exists": lambda: select(Person.id).where(exists().where(Case.id == Person.case_id)),
    "in a subquery": lambda: select(Person.id).where(Person.case_id.in_(select(Case.id))),
    "scalar subquery": lambda: select(select(func.count()).select_from(Case).scalar_subquery()).select_from(Person),
}


@pytest.mark.parametrize("way", WAYS)
def test_only_own_rows(two, way):
    database, identity, _cases = two
    with database.work(readonly=True, identity=identity) as db:
        rows = db.execute(WAYS[way]()).all()
        assert len(rows) == 1
        if way in ("count", "scalar subquery"):
            assert rows[0][0] == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_kept_query_is_narrowed_anew_for_each_who_asks(two, way):
    database, identity, (_ours, theirs) = two
    query = kept(lambda who: narrowed(WAYS[way](), who))
    elsewhere = Identity(identity.user_id, "A", "PSU", theirs.agency_id)
    seen = []
    for who in (identity, elsewhere, identity):
        with database.work(readonly=True, identity=who) as db:
            seen.append(query(db).all())
    assert [len(rows) for rows in seen] == [1, 1, 1]
    assert seen[0] == seen[2]
    if way in ("entity", "alias", "join", "exists", "in a subquery"):
        assert seen[0] != seen[1]
    with database.work(readonly=True) as db, pytest.raises(ScopeMissing):
        query(db)


def test_records_under_others_are_fetched_for_who_sees_both(two):
    database, identity, (ours, theirs) = two
    wanted = (Wanted(Case), Wanted(Person, "case_id"))
    with database.work(readonly=True) as db, unscoped(db, "test"):
        refs = {case.id: (case.ref, db.scalar(select(Person.ref).where(Person.case_id == case.id)))
                for case in (ours, theirs)}
    with database.work(readonly=True, identity=identity) as db:
        case, person = fetch(db, identity, dict(zip(wanted, refs[ours.id], strict=True)))
        assert (case.id, person.case_id) == (ours.id, ours.id)
        assert "R" in access_to_one(db, identity, case)
        assert fetch(db, identity, dict(zip(wanted, refs[theirs.id], strict=True))) is None
        crossed = (refs[ours.id][0], refs[theirs.id][1])
        assert fetch(db, identity, dict(zip(wanted, crossed, strict=True))) is None


def test_get_and_union(two):
    database, identity, (ours, theirs) = two
    with database.work(readonly=True, identity=identity) as db:
        assert db.get(Case, ours.id) is not None
        assert db.get(Case, theirs.id) is None
        assert len(db.execute(union(select(Case.id), select(Case.id))).all()) == 1


@pytest.mark.parametrize("way", WAYS)
def test_nobody_sees_nothing(two, way):
    database, _, _ = two
    with database.work(readonly=True) as db, pytest.raises(ScopeMissing):
        db.execute(WAYS[way]())


def test_unscoped_says_why_and_ends(two):
    database, identity, _ = two
    with database.work(readonly=True, identity=identity) as db:
        with unscoped(db, "test"):
            assert len(db.execute(select(Case.id)).all()) == 2
        assert len(db.execute(select(Case.id)).all()) == 1
        with pytest.raises(ValueError, match="say why"), unscoped(db, ""):
            pass


def test_shown_hides_what_a_level_does_not_give(two):
    database, identity, (ours, _) = two
    custodian = Identity(identity.user_id, "A", "CUS", identity.agency_id)
    with database.work(readonly=True, identity=identity) as db:
        case = db.get(Case, ours.id)
        assert Shown(case, access_to_one(db, identity, case)).conduct == []
        hidden = Shown(case, access_to_one(db, custodian, case))
        assert hidden.conduct is None
        assert hidden.title is None
