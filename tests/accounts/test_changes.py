"""Two administrators: who may propose, who may approve, what it does, and what the log says of it."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from casework.accounts import changes, service
from casework.accounts.models import AccountChange, Agency, Membership, User
from casework.audit.models import AuditEntry
from casework.authz.matrix import load
from casework.authz.scope import use_matrix
from casework.db.base import now
from casework.db.ids import uuid7
from casework.settings import ROOT
from casework.workflow.engine import NotAllowed, Refused
from tests.support.people import make_agency, make_person, user_of


@pytest.fixture
def people(database):
    use_matrix(load(ROOT / "etc" / "matrix.csv"))
    with database.work() as db:
        return {"first": make_person(db, "ADM"), "second": make_person(db, "ADM"), "officer": make_person(db, "INV")}


def acting(database, person):
    return database.work(identity=person.identity)


def propose(database, people, kind: str, payload: dict, subject=None, agency_id=None, by: str = "first"):
    with acting(database, people[by]) as db:
        return changes.propose(
            db, people[by].identity, kind, payload, subject_id=subject or people["officer"].user_id, agency_id=agency_id
        ).id


def approve(database, people, change_id, by: str = "second", event: str = "approve", reason: str | None = None):
    with acting(database, people[by]) as db:
        changes.decide(db, people[by].identity, change_id, event, reason)


def entries(database, user_id) -> list[str]:
    with database.work(readonly=True) as db:
        query = select(AuditEntry.verb).where(AuditEntry.chain == user_id).order_by(AuditEntry.seq)
        return list(db.scalars(query))


def new_account(login: str = "another.officer@example.org", **more) -> dict:
    return {"login": login, "name": "Another Officer (fictional)", "role": "INV", **more}


def test_an_account_is_made_by_the_approval_and_not_before(database, people) -> None:
    subject, agency_id = uuid7(), people["officer"].agency_id
    change = propose(database, people, "create_user", new_account(), subject, agency_id)
    with database.work(readonly=True) as db:
        assert db.get(User, subject) is None
    approve(database, people, change)
    with database.work(readonly=True) as db:
        user = db.get_one(User, subject)
        assert (user.login, user.pending_link, user.password_hash) == ("another.officer@example.org", "welcome", None)
        assert [(m.role, m.agency_id) for m in user.memberships] == [("INV", agency_id)]
        decided = db.get_one(AccountChange, change)
        assert (decided.state, decided.decided_by_id) == ("approved", people["second"].user_id)
    found = entries(database, subject)
    assert found.count("propose") >= 1
    assert "approve" in found


def test_nobody_approves_their_own_proposal(database, people) -> None:
    change = propose(database, people, "reset_password", {"identity_checked": True})
    with pytest.raises(NotAllowed):
        approve(database, people, change, by="first")
    with database.work(readonly=True) as db:
        assert db.get_one(AccountChange, change).state == "proposed"
        assert user_of(db, people["officer"]).pending_link is None


def test_nobody_proposes_or_approves_a_change_of_their_own_account(database, people) -> None:
    second = people["second"]
    payload = {"membership_id": str(second.membership_id), "role": "AUD"}
    with pytest.raises(Refused):
        propose(database, people, "change_role", payload, second.user_id, by="second")
    change = propose(database, people, "change_role", payload, second.user_id)
    with pytest.raises(Refused):
        approve(database, people, change, by="second")
    with database.work(readonly=True) as db:
        assert db.get_one(Membership, second.membership_id).role == "ADM"


@pytest.mark.parametrize("role", ["HOT", "INV", "PSU", "PRO", "SWS", "OVS", "AUD"])
@pytest.mark.one_engine
def test_no_other_role_proposes_or_approves(database, people, role) -> None:
    with database.work() as db:
        people["other"] = make_person(db, role)
    with pytest.raises((NotAllowed, Refused)):
        propose(database, people, "reset_password", {}, by="other")
    change = propose(database, people, "reset_password", {})
    for event in ("approve", "refuse", "withdraw"):
        with pytest.raises(NotAllowed):
            approve(database, people, change, by="other", event=event, reason="because I want to")


def test_a_change_is_decided_once(database, people) -> None:
    change = propose(database, people, "reset_password", {})
    approve(database, people, change)
    for event in ("approve", "refuse"):
        with pytest.raises(Refused):
            approve(database, people, change, event=event, reason="because I want to")


def test_of_two_approvals_at_once_one_counts(database, people) -> None:
    with database.work() as db:
        people["third"] = make_person(db, "ADM")
        agency_id = make_agency(db, "accd").id
    change = propose(database, people, "add_role", {"role": "PSU"}, agency_id=agency_id)

    def go(by: str) -> bool:
        try:
            approve(database, people, change, by=by)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, ["second", "third"])) == [False, True]
    with database.work(readonly=True) as db:
        assert len(user_of(db, people["officer"]).memberships) == 2


def test_refusing_needs_a_reason_and_changes_nothing(database, people) -> None:
    change = propose(database, people, "reset_factor", {"identity_checked": True})
    with pytest.raises(Refused):
        approve(database, people, change, event="refuse", reason="no")
    approve(database, people, change, event="refuse", reason="identity could not be proven")
    with database.work(readonly=True) as db:
        assert db.get_one(AccountChange, change).state == "refused"
        assert user_of(db, people["officer"]).mfa_enrolled_at is not None


def test_only_the_proposer_withdraws(database, people) -> None:
    change = propose(database, people, "reset_password", {})
    with pytest.raises(Refused):
        approve(database, people, change, event="withdraw")
    approve(database, people, change, by="first", event="withdraw")
    with database.work(readonly=True) as db:
        assert changes.waiting(db) == []


def test_the_same_change_does_not_wait_twice(database, people) -> None:
    propose(database, people, "reset_password", {})
    with pytest.raises(Refused):
        propose(database, people, "reset_password", {}, by="second")
    propose(database, people, "create_user", new_account(), uuid7(), people["officer"].agency_id)
    with pytest.raises(Refused):
        propose(database, people, "create_user", new_account(), uuid7(), people["officer"].agency_id)


def test_a_taken_user_name_is_refused(database, people) -> None:
    with pytest.raises(Refused):
        propose(database, people, "create_user", new_account(people["officer"].login), uuid7(),
                people["officer"].agency_id)


def test_a_change_that_no_longer_fits_is_not_carried_out(database, people) -> None:
    change = propose(database, people, "create_user", new_account(), uuid7(), people["officer"].agency_id)
    with database.work() as db:
        service.create_user(db, login="another.officer@example.org", name="Somebody Else (fictional)")
    with pytest.raises(Refused):
        approve(database, people, change)


def test_each_kind_does_what_it_says(database, people) -> None:
    officer = people["officer"]
    with database.work() as db:
        accd = make_agency(db, "accd").id
    membership = {"membership_id": str(officer.membership_id)}
    last = dt.date(2027, 1, 31)

    def done(kind: str, payload: dict, agency_id=None, subject=None) -> None:
        approve(database, people, propose(database, people, kind, payload, subject, agency_id))

    done("change_role", {**membership, "role": "PSU", "liaison": True, "valid_until": last.isoformat()})
    done("add_role", {"role": "FOR"}, accd)
    done("change_expiry", {"expires_on": last.isoformat()})
    done("reset_password", {"identity_checked": True})
    with database.work(readonly=True) as db:
        user = user_of(db, officer)
        roles = [(m.role, m.liaison, m.valid_until) for m in user.memberships]
        assert roles == [("PSU", True, last), ("FOR", False, None)]
        assert user.expires_on == last
        assert user.pending_link == "password"
    done("reset_factor", {"identity_checked": True})
    done("end_role", {**membership, "reason": "moved to another unit"})
    done("change_agency", {"contact_point": "duty@example.org", "active": True}, accd, accd)
    with database.work(readonly=True) as db:
        user = user_of(db, officer)
        assert user.totp_secret is None
        assert user.pending_link == "factor"
        assert [m.ended_at is None for m in user.memberships] == [False, True]
        assert db.get_one(Agency, accd).contact_point == "duty@example.org"
    with database.work() as db:
        service.disable(db, user_of(db, officer), now(), "left the service")
    done("enable", {"reason": "came back"})
    with database.work(readonly=True) as db:
        assert user_of(db, officer).active


def test_an_ended_role_may_be_given_again(database, people) -> None:
    officer = people["officer"]
    payload = {"membership_id": str(officer.membership_id)}
    approve(database, people, propose(database, people, "end_role", payload))
    approve(database, people, propose(database, people, "add_role", {"role": "FOR"}, agency_id=officer.agency_id))
    with database.work(readonly=True) as db:
        assert [m.role for m in user_of(db, officer).memberships if m.ended_at is None] == ["FOR"]


def test_two_roles_at_one_agency_are_refused_by_the_database_too(database, people) -> None:
    from sqlalchemy.exc import IntegrityError

    officer = people["officer"]
    with pytest.raises(IntegrityError), database.work() as db:
        db.add(Membership(user_id=officer.user_id, agency_id=officer.agency_id, role="PSU", valid_from=now().date()))


@pytest.mark.one_engine
def test_every_change_of_a_role_or_flag_is_in_the_log(database, people) -> None:
    """Whoever changes the rows, and by whatever code: no flag moves without its entry."""
    officer = people["officer"]
    for name, value in (("role", "PSU"), ("liaison", True), ("chief", True), ("valid_until", dt.date(2027, 1, 1)),
                        ("ended_at", now())):
        before = len(entries(database, officer.user_id))
        with database.work() as db:
            setattr(db.get_one(Membership, officer.membership_id), name, value)
        assert len(entries(database, officer.user_id)) == before + 1, name
    for name, value in (("active", False), ("expires_on", dt.date(2027, 1, 1)), ("pending_link", "factor"),
                        ("password_hash", "k1:x"), ("mfa_enrolled_at", None), ("login", "x@example.org")):
        before = len(entries(database, officer.user_id))
        with database.work() as db:
            setattr(db.get_one(User, officer.user_id), name, value)
        assert len(entries(database, officer.user_id)) == before + 1, name


@pytest.mark.one_engine
def test_the_queue_of_an_administrator(database, people) -> None:
    at = now()
    propose(database, people, "reset_password", {})
    with database.work() as db:
        service.create_user(db, login="waits.for.link@example.org", name="Waits (fictional)")
        user_of(db, people["officer"]).expires_on = at.date() + dt.timedelta(days=3)
        user_of(db, people["second"]).mfa_enrolled_at = at - dt.timedelta(days=200)
    with database.work(readonly=True) as db:
        queue = changes.admin_queue(db, at)
        assert [change.kind for change in queue.changes] == ["reset_password"]
        assert [user.login for user in queue.links] == ["waits.for.link@example.org"]
        assert [user.id for user in queue.expiring] == [people["officer"].user_id]
        assert [user.id for user in queue.dormant] == [people["second"].user_id]


@pytest.mark.one_engine
def test_the_terminal_makes_two_administrators_and_no_more(database) -> None:
    made = {"agency": "moi", "password": "seven quiet rivers meet"}
    for n in (1, 2):
        with database.work() as db:
            secret = service.create_first_administrator(
                db, sign_in=f"admin{n}@example.org", name=f"Administrator {n} (fictional)", **made
            )
            assert len(secret) == 32
    with database.work() as db, pytest.raises(Refused):
        service.create_first_administrator(db, sign_in="admin3@example.org", name="Third (fictional)", **made)
    with database.work() as db, pytest.raises(Refused):
        service.create_first_administrator(
            db, sign_in="x@example.org", name="X (fictional)", agency="moi", password="casework1234"
        )
