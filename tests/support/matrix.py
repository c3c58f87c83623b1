"""The deployment's matrix for tests that run without the whole application."""

from pathlib import Path

from casework.authz.matrix import load
from casework.authz.scope import use_matrix

FILE = Path(__file__).parents[2] / "etc" / "matrix.csv"


def use_file() -> None:
    """Put `etc/matrix.csv` in force."""
    use_matrix(load(FILE))
