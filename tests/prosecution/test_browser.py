"""The prosecution in a real browser: nothing for axe to find on its pages, in both languages, on a telephone too."""

import pytest
from sqlalchemy import select

from casework.people.models import Person
from casework.prosecution import records
from casework.prosecution.models import Prosecution
from casework.workflow import engine
from tests.prosecution.world import FELONY, OFFENCES, TODAY
from tests.support.browser import check, enter


@pytest.fixture
def charged(database, people, base) -> str:
    """The matter is under review by `pro`, with one charge; its path."""
    chief, pro = people["chief"].identity, people["pro"].identity
    steps = ((chief, "register", {"register_number": "R-1/2026", "registered_on": TODAY}),
             (chief, "assign", {"prosecutor": str(pro.user_id)}), (pro, "take_over", {"no_conflict": True}))
    for identity, event, data in steps:
        with database.work(identity=identity) as db:
            engine.apply(db, identity, db.scalars(select(Prosecution)).one(), event, data)
    with database.work(identity=pro) as db:
        matter, suspect = db.scalars(select(Prosecution)).one(), db.scalars(select(Person)).one()
        records.enter_charge(db, pro, matter, {
            "person": str(suspect.id), "offence": FELONY, "facts": "Facts in words (fictional)",
            "offence_from": suspect_day(), "offence_to": suspect_day(), "mode": "principal"}, OFFENCES)
    return base


def suspect_day():
    """A day of the offence."""
    return TODAY.replace(year=2025, month=5, day=1)


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (320, "km")])
def test_pages_are_in_order(page, server, app, people, charged, width, language):
    page.set_viewport_size({"width": width, "height": 900})
    enter(page, server, app, people["pro"])
    page.context.add_cookies([{"name": "cw_lang", "value": language, "url": server}])
    for path in ("/", charged, f"{charged}/charge?q=41", f"{charged}/hearing", f"{charged}/do/return_file",
                 f"{charged}/do/submit_to_judge"):
        page.goto(server + path)
        check(page, path)
