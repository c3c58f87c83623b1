"""The scene of `tests.support.scene`, and beside its case one that has gone all the way: a record of every kind, in the
states in which most can be done with it. So a crawl comes to every page."""

import datetime as dt

from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.refs import new_ref
from casework.prosecution.models import Prosecution
from casework.support.models import SupportReferral
from casework.workflow.guard import engine_at_work
from tests.support import scene, world
from tests.support.databases import Database
from tests.support.people import make_agency
from tests.support.scene import Scene

SUPPORT = ("consent_pending", "assessed", "rejected", "in_service")


def build(database: Database) -> Scene:
    """Fill an empty database. The application must be there before."""
    made = scene.build(database)
    readers = {person.role: person.identity for name, person in made.people.items() if not name.endswith("2")}
    with database.work() as db, unscoped(db, "the test makes what takes months otherwise"):
        agencies = {kind: readers[roles[0]].agency_id for kind, roles in world.AGENCIES.items() if roles}
        agencies["other"] = make_agency(db, "elsewhere").id
        placed = world.one_case(db, agencies, readers, made.people["inv2"].user_id)
        _prosecuted(db, made)
        _supported(db, placed, readers)
    return made


def _prosecuted(db, made: Scene) -> None:
    """The prosecutor has taken the matter, and has no conflict of interest."""
    matter = db.scalars(select(Prosecution)).one()
    with engine_at_work():
        matter.state = "under_review"
    matter.prosecutor_id, matter.conflict_answered_at = made.people["pro"].user_id, now()


def _supported(db, placed: world.World, readers: dict) -> None:
    """More of the same child's support, each further on."""
    first = db.scalars(select(SupportReferral)).one()
    first.agency_id = readers["SW"].agency_id
    for state in SUPPORT:
        with engine_at_work():
            support = SupportReferral(
                ref=new_ref(db, SupportReferral, "S", dt.date(2026, 1, 1)), state=state, case_id=first.case_id,
                child_id=first.child_id, urgency="high", requested_by_id=first.requested_by_id,
                agency_id=readers["SW"].agency_id, created_by_id=first.created_by_id, worker_id=readers["SW"].user_id,
                first_contact_at=now(), services=[{"type": "counselling", "subtype": "counselling_trauma"}],
                provider_agency_id=readers["PRV"].agency_id, consent_provider=True, plan_approved_at=now())
        db.add(support)
        db.flush()
        for role in ("SW", "PRV"):
            world.grant(db, readers[role], support.id, "support_referral", support.case_id)
