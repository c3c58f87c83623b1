"""A case with a child whose place of stay is known to social services, and people of every role around it."""

import re
from dataclasses import dataclass

import pytest

from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people.models import Address, Person
from casework.support.models import SupportReferral
from casework.workflow.guard import engine_at_work
from tests.support import scene
from tests.support.people import make_person
from tests.support.scene import Scene
from tests.support.world import grant

PLACE = "House of the aunt, lane 4 (fictional)"


@dataclass
class World(Scene):
    """The scene, with a child, its place, and a stranger of another police office."""

    child: Person | None = None
    place: Address | None = None


@pytest.fixture
def world(app, database) -> World:
    made = scene.build(database)
    world = World(**vars(made))
    with database.work() as db:
        world.people["far"] = make_person(db, "INV", "cnp.other", login="far@example.org")
        world.people["farsup"] = make_person(db, "PSU", "cnp.other", login="farsup@example.org")
        world.people["sws2"] = make_person(db, "SWS", "dosvy.12", login="sws2@example.org")
    sw = world.who("sw")
    with database.work(unscoped=1) as db:
        case = db.get_one(Case, made.case.id)
        case.support_agency_id = sw.agency_id
        today = now().date()
        world.child = Person(ref=new_ref(db, Person, "P", today), agency_id=sw.agency_id, case_id=case.id,
                             role="victim", pseudonym="V-1", family_latin="Sokha (fictional)")
        db.add(world.child)
        db.flush()
        world.place = Address(
            ref=new_ref(db, Address, "A", today), agency_id=sw.agency_id, case_id=case.id, person_id=world.child.id,
            person_role="victim", kind="staying", place=PLACE, created_by_id=sw.user_id)
        db.add(world.place)
    return world


def ask(client, ref: str, reason: str = "The child is missing since this morning"):
    """Send the form of emergency access."""
    form = client.get("/emergency/ask").forms["form"]
    form["ref"], form["reason_code"], form["reason"] = ref, "child_missing", reason
    return form.submit("save", expect_errors=True)


def plain(html: str, *names: str) -> str:
    """A page without what differs between any two: tokens, numbers of requests, its own references."""
    for name in names:
        html = html.replace(name, "REF")
    html = re.sub(r'name="(csrf_token|draft)" value="[^"]*"', "", html)
    return re.sub(r"BG\d\d-\d{6}-[A-Z]|\d\d:\d\d", "", html)


def assign(database, world, name: str, **more):
    """Put somebody on the case."""
    psu, person = world.who("psu"), world.who(name)
    with database.work(identity=psu) as db:
        return cases.assign(db, psu, db.get_one(Case, world.case.id), role=person.role, agency_id=person.agency_id,
                            user_id=person.user_id, **more)


def set_day(form, number: int, day) -> None:
    """Fill in one of the dates of a form; `number` says which, from 0."""
    for name in ("day", "month", "year"):
        form.set(name, str(getattr(day, name)), index=number)


@pytest.fixture
def support(database, world) -> SupportReferral:
    """The support of the child: a social worker and a provider work with it, with consent."""
    sw, prv = world.who("sw"), world.who("prv")
    with database.work(unscoped=1) as db, engine_at_work():
        made = SupportReferral(
            ref=new_ref(db, SupportReferral, "S", now().date()), agency_id=sw.agency_id, case_id=world.case.id,
            child_id=world.child.id, state="in_service", urgency="high", requested_by_id=sw.agency_id,
            worker_id=sw.user_id, provider_agency_id=prv.agency_id, provider_worker_id=prv.user_id,
            accepted_at=now(), consent_provider=True, consent_support=True)
        db.add(made)
        db.flush()
        for person in (sw, prv):
            for subject, kind in ((made.id, "support_referral"), (world.child.id, "person")):
                grant(db, person, subject, kind)
    return made
