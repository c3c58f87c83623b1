"""What went wrong in programs like this one, each as a test that stands for good.

Most of them are proven where the thing itself is tested; `ELSEWHERE` says where, and a test sees that it is still
there. The others are here.
"""

import re
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, insert, select, update

from casework.accounts import service as accounts
from casework.accounts.models import Agency, Membership, User
from casework.audit import capture, outbox
from casework.audit.capture import UnauditedWrite
from casework.audit.models import Audited
from casework.authz.access import access_to_one
from casework.authz.identity import ROLES
from casework.cases.models import Note
from casework.db.base import Base, now
from casework.deconfliction.models import MatchToken, VictimToken
from casework.exchange.models import PackageJob
from casework.files.models import FileUpload
from casework.settings import ROOT
from tests.support import scene
from tests.support.searching import search

from . import access

pytestmark = pytest.mark.one_engine

ELSEWHERE = {
    "an object is looked up through its owner": "accounts/test_sessions.py::test_nobody_ends_the_session_of_another",
    "a code in another spelling is the same": "accounts/test_codes.py::test_a_code_works_once_however_it_is_written",
    "the memory of used codes outlives the window": "accounts/test_codes.py::"
                                                   "test_an_older_code_does_not_work_after_a_newer_one",
    "single use holds when many try at once": "accounts/test_codes.py::test_of_fifty_at_once_one_gets_in",
    "a recovery code burns once": "accounts/test_codes.py::test_of_many_at_once_one_burns_a_recovery_code",
    "a one-time link that lost the race does nothing": "accounts/test_enrolment.py::"
                                                      "test_a_link_that_lost_the_race_changes_nothing",
    "every change of a role or flag is logged": "accounts/test_changes.py::"
                                                "test_every_change_of_a_role_or_flag_is_in_the_log",
    "all kinds of accounts are answered alike": "accounts/test_signin.py::"
                                                "test_unknown_disabled_locked_expired_and_wrong_are_told_the_same",
    "a shut account is out in every way": "accounts/test_sessions.py::"
                                          "test_a_shut_account_is_out_at_the_next_request",
    "a lock counts for the second step too": "accounts/test_signin.py::test_five_wrong_codes_lock_the_second_step",
    "no log of the changes of accounts is skipped": "audit/test_log.py::test_no_way_around_the_log",
    "the database raises when the log is touched": "audit/test_log.py::"
                                                   "test_the_database_refuses_to_replace_or_empty_the_log",
    "a log verifies after it was written": "audit/test_tampering.py::"
                                          "test_a_deed_is_found_and_the_first_bad_entry_named",
    "nothing cascades into the log": "architecture/test_models.py::test_nothing_cascades",
    "nobody is public by mistake": "architecture/test_views.py::test_every_view_has_a_permission",
    "the tests of access test refusals": "authz/test_matrix_cells.py::test_every_cell",
}


@pytest.mark.parametrize("place", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_it_is_proven_where_it_belongs(place):
    path, _, name = place.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / "tests" / path).read_text(encoding="utf-8"), re.MULTILINE)


# ---- one view, one right

def test_only_decided_views_take_forms_under_a_readers_right(app):
    """What they do is decided by the flow or by two people, not by the right to read; each is tested for it."""
    found = set()
    for entry in app.registry.introspector.get_category("views"):
        view = entry["introspectable"]
        permissions = [r["value"] for r in entry["related"] if r.category_name == "permissions"]
        methods = set(view.get("require_methods") or ()) | set(view.get("request_methods") or ())
        if "POST" in methods and permissions and str(permissions[0]).endswith((":M", ":R")):
            assert view.get("read_by_post") or view.get("own_check"), view["route_name"]
            found.add(view["route_name"].partition(".")[2])
    assert found >= {"do", "void"}


def test_who_only_reads_a_referral_decides_nothing_by_its_triage(app, database):
    """The investigator to whom nothing was given yet, and the prosecutor, send the form of triage."""
    made = scene.build(database)
    for name in ("inv", "pro", "sws", "clk", "for"):
        client = made.browser(app, name)
        token = client.get("/account").html.find("input", {"name": "csrf_token"})["value"]
        for report in made.reports.values():
            answer = client.post(
                f"/referrals/{report.ref}/triage", {"csrf_token": token, "accept_as": "new_case", "save": "save"},
                expect_errors=True,
            )
            assert answer.status_int in (403, 404)


def test_nobody_has_no_right_at_all(app):
    """Without an identity every permission is refused; so is one that does not exist, to everybody."""
    permissions = {str(p["introspectable"]["value"]) for p in app.registry.introspector.get_category("permissions")}
    assert len(permissions) > 20
    for permission in permissions - {"__no_permission_required__"}:
        assert not access.permits(app, None, permission), permission
    for role in ROLES:
        identity = SimpleNamespace(role=role)
        assert not access.permits(app, identity, "no.such.row:R")
        assert not access.permits(app, identity, "nobody")


# ---- what was given ends with what it was given for

def test_what_was_given_at_one_agency_does_not_move_to_the_next(app, database):
    """Assigned to a case as an officer of one unit; the same person at another unit sees nothing of it."""
    made = scene.build(database)
    officer = made.who("inv")
    with database.work(identity=officer) as db:
        assert "W" in access_to_one(db, officer, made.case)
    client = made.browser(app, "inv")
    client.get(f"/cases/{made.case.ref}")
    with database.work() as db:
        elsewhere = Agency(code="other.unit", name_en="Another unit (fictional)", name_km="អង្គភាពផ្សេង", type="police")
        db.add(elsewhere)
        db.flush()
        held = db.get_one(Membership, made.people["inv"].membership_id)
        accounts.end_membership(db, held, now())
        accounts.add_membership(db, db.get_one(User, officer.user_id), elsewhere, "INV", at=now())
    again = made.browser(app, "inv", "192.0.2.9")
    assert "/cases/" + made.case.ref not in again.get("/cases")
    again.get(f"/cases/{made.case.ref}", status=404)
    search(again, made.case.ref).mustcontain(no="Lotus")


def test_a_record_under_another_owner_is_not_there(app, database):
    """A note of one case, asked for under another case that the same person may read."""
    from casework.cases import service as cases

    made = scene.build(database)
    psu, inv = made.who("psu"), made.who("inv")
    with database.work(identity=psu) as db:
        other = cases.open_case(
            db, psu, title="Reed", lead_agency_id=inv.agency_id, lead_officer_id=inv.user_id, conduct=["grooming"],
            province="12", risk_to_child="low",
        )
    client = made.browser(app, "inv")
    form = client.get(f"/cases/{made.case.ref}/notes/new").forms["form"]
    form["kind"], form["text"] = "general", "Belongs to one case only (fictional)"
    ref = form.submit("save").location.rsplit("/", 1)[-1]
    client.get(f"/cases/{made.case.ref}/notes/{ref}", status=200)
    for tail in ("", "/history", "/void"):
        client.get(f"/cases/{other.ref}/notes/{ref}{tail}", status=404)
    client.get(f"/cases/{other.ref}/evidence/{made.item.ref}", status=404)


# ---- the log

def test_every_audited_table_refuses_statements_past_the_log(database):
    models = sorted({m.class_ for m in Base.registry.mappers if issubclass(m.class_, Audited)}, key=str)
    assert len(models) > 20
    with database.work(unscoped=1) as db:
        for model in models:
            for statement in (update(model), delete(model), insert(model.__table__), update(model.__table__),
                              delete(model.__table__)):
                values = {} if statement.is_delete else {next(iter(model.__table__.c)).name: None}
                with pytest.raises(UnauditedWrite):
                    db.execute(statement.values(**values) if values else statement)


def test_when_the_log_cannot_be_written_nothing_is_changed(app, database, monkeypatch):
    made = scene.build(database)
    client = made.browser(app, "inv")
    form = client.get(f"/cases/{made.case.ref}/notes/new").forms["form"]
    form["kind"], form["text"] = "general", "Not without its entry (fictional)"

    def broken(*args):
        raise RuntimeError("no room for the log")

    monkeypatch.setattr(capture, "write", broken)
    assert form.submit("save", expect_errors=True).status_int == 500
    with database.work(readonly=True, unscoped=1) as db:
        assert db.scalars(select(Note)).all() == []


def test_when_the_reading_cannot_be_logged_the_page_is_not_served(app, database, monkeypatch):
    made = scene.build(database)
    client = made.browser(app, "hot")
    path = f"/referrals/{made.reports['received'].ref}"
    assert scene.FACTS["narrative"] in client.get(path)

    def broken(*args):
        raise RuntimeError("no room for the log")

    monkeypatch.setattr(outbox, "write", broken)
    refused = client.get(path, expect_errors=True)
    assert refused.status_int == 503
    assert scene.FACTS["narrative"] not in refused


def test_a_transition_says_by_which_rule(app, database):
    """Which right let somebody act stands with the act, not only that somebody had one."""
    from casework.workflow.models import StateChange

    scene.build(database)
    with database.work(readonly=True, unscoped=1) as db:
        changes = db.scalars(select(StateChange)).all()
    assert len(changes) > 5
    assert all(change.rule for change in changes)
    assert all(change.actor_id or change.role == "SYS" for change in changes)


# ---- a new installation

def test_a_new_installation_has_no_account(database):
    """Nobody can sign in with a name and a password that stand in a manual."""
    with database.work(readonly=True) as db:
        assert db.scalars(select(User)).all() == []
        assert db.scalars(select(Membership)).all() == []


def test_nothing_deletes_a_record():
    """The program has no way to delete an audited record: drafts, sessions and counters aside, none is asked for."""
    allowed = {
        "casework/cli/demo.py",
        # Uploads on their way, how far work is, and lines of indexes: none is a record.
        "casework/files/receiving.py", "casework/files/fixity.py", "casework/deconfliction/look.py",
        "casework/deconfliction/index.py", "casework/deconfliction/erasing.py",
        "casework/exchange/workflow.py",
    }
    assert not {FileUpload, MatchToken, PackageJob, VictimToken} & {
        mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Audited)}
    found = []
    for path in (ROOT / "casework").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"\b(?:db|session)\.delete\(", text):
            found.append(f"{path.relative_to(ROOT)}: {match[0]}")
    assert [line for line in found if line.partition(":")[0] not in allowed] == []
