"""The world that these tests look at, and what is true of it."""

from tests.authz.conftest import truth
from tests.support.settled import settled, settlements

__all__ = ["settled", "settlements", "truth"]
