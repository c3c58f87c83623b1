"""Every route, for every role, with a record in every state: what the program decides is what the matrix says."""

import pytest

from casework.authz.identity import ROLES
from tests.authz.ways import PLACEHOLDER, lines, ways

from . import numbers
from .decisions import Decider, asking, expected, routes_of


@pytest.mark.parametrize("role", ROLES)
def test_every_route_decides_as_the_matrix_says(settled, truth, role):
    found, routes, wrong, asked = ways(settled.app), routes_of(settled.app), [], 0
    with asking(settled, role) as request:
        decider = Decider(request, truth, routes)
        for placed in truth.telling(role):
            for way in found[placed.record_type]:
                want, got = expected(way, truth, placed, role), decider.decides(way, placed)
                asked += 1
                if got != want:
                    wrong.append(f"{way.address} {way.rows}:{way.level} {got}, not {want} ({placed.row}, "
                                 f"{sorted(placed.facts)})")
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:30])


@pytest.mark.one_engine
def test_every_route_with_a_record_is_asked_about(app):
    """Who adds a route finds it here: under a record in `ways`, or without one among the reader's own pages."""
    asked = {way.address for found in ways(app).values() for way in found}
    types = set(app.registry["record_types"])
    named = {address for address, _methods, _permission in lines(app) if types & set(PLACEHOLDER.findall(address))}
    assert sorted(named - asked) == []


@pytest.mark.one_engine
def test_the_page_says_how_many_combinations_there_are(settled, truth):
    written = numbers.TABLE.search(numbers.PAGE.read_text(encoding="utf-8"))[0]
    assert written == numbers.table(numbers.count(settled.app, truth)), "python -m tests.need_to_know.numbers"
