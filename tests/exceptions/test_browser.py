"""The pages of exceptions in a real browser: nothing for axe to find, no sideways scrolling on a telephone."""

import datetime as dt

import pytest

from casework.authz.models import BreakGlass
from casework.cases.models import Case
from casework.db.base import now
from casework.exceptions import delegation, glass
from casework.web.i18n import local_time
from tests.support.browser import check, enter

from .conftest import assign

WHY = "The child is missing since this morning"


@pytest.fixture
def opened(app, database, world, support) -> BreakGlass:
    """Emergency access of the lead officer, access for a time, a leave to decide."""
    inv, today = world.who("inv"), local_time(now()).date()
    assign(database, world, "far", part="access", until=now() + dt.timedelta(days=2), reason="Translates the chats")
    with database.work(unscoped=1) as db:
        db.get_one(Case, world.case.id).referral_agency_id = world.who("hot").agency_id
    with database.work(identity=inv) as db:
        delegation.propose(db, inv, to_id=world.who("inv2").user_id, first=today, last=today + dt.timedelta(days=9),
                           reason="Parental leave")
        return glass.open_glass(db, inv, world.child.ref, "child_missing", WHY, hours=4,
                                types=app.registry["record_types"])


@pytest.mark.parametrize(("locale", "width"), [("en", 1280), ("km", 360)])
def test_pages_are_accessible_and_fit(page, server, app, database, world, opened, support, locale, width):
    case, child = f"/cases/{world.case.ref}", f"/support/{support.ref}"
    page.set_viewport_size({"width": width, "height": 800})
    for name, paths in {
        "inv": ("/", f"/emergency/{opened.ref}", "/emergency", "/emergency/ask", "/conflict", "/delegations",
                "/delegations/new", f"{case}/people/{world.child.ref}"),
        "psu": ("/", f"/emergency/{opened.ref}/review", "/emergency/told", f"{case}/grants", f"{case}/grants/new",
                f"{case}/conflicts", f"{case}/conflicts/new", f"{case}/team", "/delegations"),
        "sw": (child, f"{child}/therapy", f"{child}/therapy/new", f"{child}/disclosures", f"{child}/disclosures/new"),
        "hot": (f"/purpose/{world.case.ref}",), "far": (f"{case}/evidence/E26-000001-X",),
    }.items():
        page.context.clear_cookies()
        enter(page, server, app, world.people[name])
        page.context.add_cookies([{"name": "cw_lang", "value": locale, "url": server}])
        for path in paths:
            page.goto(server + path)
            check(page, f"{name} {path}")
