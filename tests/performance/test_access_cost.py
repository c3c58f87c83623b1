"""What `casework bench access` measures against: a page without row scope, levels and decryption, for that one page."""

import re

import pytest

from casework.cli import bench_people
from casework.cli.bench_access import _without
from casework.cli.bench_count import InProcess
from casework.cli.bench_seed import seed

pytestmark = pytest.mark.one_engine("sqlite", "postgresql")


@pytest.fixture
def visitors(app, database):
    engine = app.registry["engine"]
    staff, people = bench_people.hire(engine, database.keyring)
    seed(engine, database.keyring, staff, 40, lambda done: None)
    tokens = bench_people.sign_in(engine, database.keyring, people)
    found = {role: InProcess(app, "http://localhost", {"cw": tokens[role]}) for role in ("PSU", "INV")}
    yield found
    for visitor in found.values():
        visitor.close()


def test_the_switch_opens_one_page_and_no_more(visitors):
    listed = set(re.findall(r"/cases/C\d\d-\d{6}-\w", visitors["PSU"].get("/cases?state=").text))
    officer = visitors["INV"]
    shut = next(path for path in sorted(listed) if officer.get(path).status == 404)
    with _without({}):
        assert officer.get(shut).status == 200
    assert officer.get(shut).status == 404


def test_it_saves_the_queries_for_keys(visitors):
    supervisor = visitors["PSU"]
    case = re.search(r"/cases/C\d\d-\d{6}-\w", supervisor.get("/cases").text)[0]
    path = re.search(r"/cases/[^/]+/people/P\d\d-\d{6}-\w", supervisor.get(f"{case}/people").text)[0]
    known = {}
    with _without(known):
        supervisor.get(path)
        assert known
        supervisor.get(path)
        assert not [one for one in supervisor.statements if "FROM data_key" in one]
    supervisor.get(path)
    assert [one for one in supervisor.statements if "FROM data_key" in one]
