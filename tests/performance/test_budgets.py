"""Statements of the pages that matter keep to their budgets, with few records and with three times as many."""

import pytest

from casework.audit.verify import verify
from casework.cli import bench_people
from casework.cli.bench_count import Count, InProcess
from casework.cli.bench_pages import pages
from casework.cli.bench_seed import seed

pytestmark = pytest.mark.one_engine

FEW, MANY = 300, 900
# Statements without those of the log, at or below the targets of `casework bench pages`. None may grow.
REACHED = {
    "first screen": 10, "case list": 5, "case page": 10, "timeline": 7, "evidence list": 6, "custody chain": 6,
    "history": 5, "search": 5, "add evidence": 15, "case from referral": 25,
}


@pytest.fixture
def counted(app, database):
    """(page, role, what) -> Count, on `cases` invented cases."""

    def count(cases: int) -> dict[tuple[str, str, str], Count]:
        engine = app.registry["engine"]
        staff, people = bench_people.hire(engine, database.keyring)
        seed(engine, database.keyring, staff, cases, lambda done: None)
        assert verify(engine, records=False).ok  # invented records are not written down field by field
        tokens = bench_people.sign_in(engine, database.keyring, people)
        visitors = {role: InProcess(app, "http://localhost", {"cw": token}) for role, token in tokens.items()}
        with engine.connect() as connection:
            found = pages(connection, visitors)
        for page in found:
            assert page.act(visitors[page.role]).status == page.wanted, page
        return {(page.name, page.role, page.what): visitors[page.role].count(page.act) for page in found}

    return count


@pytest.mark.parametrize("cases", [FEW, MANY])
def test_every_page_keeps_to_its_budget(counted, cases):
    over = {
        key: count.page for key, count in counted(cases).items()
        if count.page > REACHED[key[0]]
    }
    assert over == {}
