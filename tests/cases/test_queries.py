"""A page makes a fixed number of queries, whatever there is to show (PERFORMANCE.md)."""

import datetime as dt
from functools import partial

import pytest

from casework.cases import service, tasks
from casework.cases.models import Note
from casework.db.base import now
from casework.db.refs import new_ref
from tests.cases.counting import statements
from tests.support.people import sign_in

pytestmark = pytest.mark.one_engine

LIMITS = {"/": 10, "/tasks": 6, "/cases": 6, "/cases?overdue=yes&state=opened": 6, "CASE": 12, "CASE/timeline": 10,
          "CASE/tasks": 10, "CASE/notes": 9, "CASE/history": 8, "search lotus": 6}


def fill(database, people, case, count):
    inv, psu = people["inv"].identity, people["psu"].identity
    with database.work(identity=psu) as db:
        for number in range(count):
            service.open_case(db, psu, title=f"Lotus {number}", lead_agency_id=inv.agency_id,
                              lead_officer_id=inv.user_id, conduct=["grooming"], province="12")
            tasks.add_free(db, inv, case, f"Call number {number}", now() + dt.timedelta(hours=number), inv.user_id)
            db.add(Note(ref=new_ref(db, Note, "N", now().date()), agency_id=inv.agency_id, kind="general",
                        created_by_id=inv.user_id, case_id=case.id, subject_type="case", subject_id=case.id,
                        text="Word"))


@pytest.mark.parametrize("role", ["inv", "psu"])
def test_queries_stay_the_same_when_records_grow(app, client, database, people, case, role):
    sign_in(client, people[role])
    fill(database, people, case, 2)
    counted = {}
    for step in ("few", "many"):
        for page in LIMITS:
            path = page.replace("CASE", f"/cases/{case.ref}")
            ask = partial(client.get, path)
            if page.startswith("search "):
                form = next(form for form in client.get("/search").forms.values() if form.action == "/search")
                form["q"], ask = page.removeprefix("search "), form.submit
            ask()
            with statements(app.registry["engine"]) as seen:
                assert ask().status_int == 200
            counted[page, step] = len(seen)
            if len(seen) > LIMITS[page]:
                print(page, step, len(seen), *(" ".join(line.split())[:110] for line in seen), sep="\n    ")
        fill(database, people, case, 30 if step == "few" else 0)
    assert {p: counted[p, "many"] for p in LIMITS if counted[p, "many"] > LIMITS[p]} == {}
    assert {p: counted[p, "few"] for p in LIMITS} == {p: counted[p, "many"] for p in LIMITS}
