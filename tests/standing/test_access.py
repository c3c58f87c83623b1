"""The table of who may come where is as it was reviewed; and the real pages do as it says."""

import re

import pytest
from webtest import TestApp

from casework.authz.identity import ROLES
from casework.db.refs import format_ref
from tests.support.people import make_person, sign_in

from . import access

pytestmark = pytest.mark.one_engine


def test_the_table_is_as_it_was_reviewed(app):
    now, reviewed = access.lines(app), access.FILE.read_text().splitlines()
    added, gone = sorted(set(now) - set(reviewed)), sorted(set(reviewed) - set(now))
    assert now == reviewed, "\n".join([
        "look at each line, then: python -m tests.standing.access",
        *(f"- {line}" for line in gone), *(f"+ {line}" for line in added),
    ])


def test_a_view_for_another_role_shows(app):
    """The table would show a permission that somebody widens."""
    before = access.lines(app)
    policy = app.registry.getUtility(access.ISecurityPolicy)
    cell = policy.matrix.rows["audit.log"].cells
    cell["PRV"] = cell["AUD"]
    widened = [line for line in access.lines(app) if line not in before]
    assert widened
    assert all(line.endswith("audit.log:R") for line in widened)


@pytest.mark.parametrize("role", ["PRV", "CLK", "OVS"])
def test_the_pages_do_as_the_table_says(app, database, role):
    """By address: refused to a role that has `no`, not there where a record decides, and there otherwise."""
    with database.work() as db:
        person = make_person(db, role)
    client = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
    sign_in(client, person)
    compared = 0
    for line in access.lines(app)[1:]:
        *cells, methods, address, _permission = line.split()
        said = cells[ROLES.index(role)]
        if "GET" not in methods or "*" in address or said == "all" or "{id}" in address:
            continue
        path = re.sub(r"\{\w+\}", format_ref("C", 26, "482913"), address)
        status = client.get(path, expect_errors=True).status_int
        if said == "no":
            # An address whose parts must look otherwise than this one is no address at all.
            assert status in (403, 404), f"{address}: {status}"
            compared += status == 403
        elif said == "rec":
            assert status == 404, f"{address}: {status}"
        else:
            assert status in (200, 303, 403), f"{address}: {status}"
    assert compared > 20
