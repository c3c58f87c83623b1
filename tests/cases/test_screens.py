"""What stands on top of a first screen."""

import pytest

from casework.cases import screens

pytestmark = pytest.mark.one_engine


@pytest.mark.parametrize(("role", "names"), screens.FIRST.items())
def test_what_is_to_stand_first_does(app, role, names):
    assert [one.__name__ for one in screens.in_order(role)][: len(names)] == list(names)


def test_the_others_follow_as_features_add_them(app):
    placed = screens.in_order("INV")
    assert list(placed) == list(screens._panels["INV"])
    assert screens.in_order("PSU").keys() == screens._panels["PSU"].keys()
