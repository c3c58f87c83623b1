"""The people and the case of the tests of cases."""

from tests.cases.conftest import case, people  # noqa: F401
