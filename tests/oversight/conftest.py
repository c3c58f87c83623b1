"""A world with known answers: the scene with canaries in protected fields, an auditor, and things to be found."""

import datetime as dt
import json
import uuid

import pytest
from sqlalchemy import select

from casework.accounts.models import User
from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.models import AuditEntry
from casework.authz.models import BreakGlass
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people.models import Person
from tests.support import scene
from tests.support.people import quick

CANARIES = {
    "title": "CANARYTITLE", "plan": "CANARYPLAN", "given_latin": "Canarygiven", "given_km": "កាណារី",
    "wishes": "CANARYWISHES", "reason": "CANARYREASON", "narrative": scene.FACTS["narrative"],
}
FAMILY = "Canaryfamily"  # the child's family name, and by chance the investigator's
TODAY = dt.datetime.now(dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=7))).date().isoformat()


def entries(database, **wanted) -> list:
    """Entries of the log with their bodies, the oldest first."""
    with database.work(readonly=True, unscoped=1) as db:
        query = select(AuditEntry).order_by(AuditEntry.seq)
        for name, value in wanted.items():
            query = query.where(getattr(AuditEntry, name) == value)
        return [(entry, json.loads(entry.body)) for entry in db.scalars(query)]


def rows(page) -> list[list[str]]:
    """The cells of the table of a page."""
    return [[cell.get_text(" ", strip=True) for cell in tr.select("th,td")] for tr in page.html.select("tbody tr")]


def take_csv(client, path, explanation="Complaint 3/2026 (fictional)"):
    """Take a list out as CSV through its form."""
    form = client.get(path).forms["form"]
    form["form"], form["purpose"], form["explanation"] = "csv", "complaint", explanation
    return form.submit("save")


@pytest.fixture
def world(app, database):
    """What there is to find, by question:

    the investigator read the child of the case, and has her family name; a second investigator was refused, and read
    the case without assignment; the supervisor took the history out; the prosecutor opened the case in an emergency
    that nobody reviewed; the clerk never signed in; the examiner never used what was assigned; the social worker
    opened forty records at once; the administrator knocked at the auditor's desk.
    """
    quick(app)
    made = scene.build(database)
    inv, pro = made.who("inv"), made.who("pro")
    with database.work(identity=inv) as db:
        case = db.get_one(Case, made.case.id)
        case.plan, case.title = CANARIES["plan"], CANARIES["title"]
        child = Person(
            ref=new_ref(db, Person, "P", now().date()), agency_id=inv.agency_id, created_by_id=inv.user_id,
            case_id=case.id, role="victim", pseudonym="V-CA01", family_latin=FAMILY,
            given_latin=CANARIES["given_latin"], given_km=CANARIES["given_km"], wishes=CANARIES["wishes"],
        )
        db.add(child)
        made.child = child.ref
    with database.work() as db:
        db.get_one(User, inv.user_id).name = f"{FAMILY.upper()} Dara (fictional)"
        glass = BreakGlass(
            user_id=pro.user_id, role="PRO", subject_id=made.case.id, case_id=made.case.id,
            reason_code="danger_to_life", created_at=now() - dt.timedelta(days=4),
            until=now() - dt.timedelta(days=4) + dt.timedelta(hours=4),
        )
        glass.reason = CANARIES["reason"]
        db.add(glass)
        db.get_one(User, made.who("clk").user_id).created_at = now() - dt.timedelta(days=90)
    with database.work(identity=made.who("inv2")) as db:
        record_event(db, Event("view", chain=made.case.id, record_type="case", record_id=made.case.id,
                               case_id=made.case.id, details={"ref": made.case.ref}))
    with database.work(identity=made.who("sw")) as db:
        for number in range(40):
            record_event(db, Event("view", record_type="case", record_id=uuid.UUID(int=number + 1)))
    officer = made.browser(app, "inv")
    officer.get(f"/cases/{made.case.ref}/people/{made.child}")
    officer.get("/account/activity")
    made.browser(app, "inv2").get(f"/cases/{made.case.ref}", status=404)
    made.browser(app, "adm").get("/audit", status=404)
    take_csv(made.browser(app, "psu"), f"/cases/{made.case.ref}/history/file")
    made.dara = f"{FAMILY.upper()} Dara (fictional)"
    return made


@pytest.fixture
def auditor(app, world):
    """The auditor, signed in."""
    return world.browser(app, "aud")
