"""The pages in a browser: wide and narrow, in both languages."""

import pytest

from casework.db.base import now
from casework.welfare import service
from casework.welfare.counting import day_of
from tests.support.browser import check, enter

PAGES = {"exam": ("", "/start", "/add", "/choices"), "psu": ("/staff",)}


@pytest.mark.parametrize("locale", ["en", "km"])
@pytest.mark.parametrize("name", list(PAGES))
def test_no_barrier_and_nothing_to_scroll_sideways(page, server, database, people, app, name, locale):
    exam = people["exam"].identity
    for minutes in (45, 90):
        with database.work(identity=exam) as db:
            service.add(db, exam, activity="label", band="tens", day=day_of(now()), minutes=minutes)
    enter(page, server, app, people[name])
    page.context.add_cookies([{"name": "cw_lang", "value": locale, "url": server}])
    for path in PAGES[name]:
        page.goto(f"{server}/exposure{path}")
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            check(page, f"/exposure{path} {locale} {width}")
