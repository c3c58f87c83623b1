"""Rules that hold for all code of the program: one place makes sessions, one compares passwords, one reads codes."""

import ast
from pathlib import Path

import pytest

import casework
from casework import accounts

ROOT = Path(casework.__file__).parent


def calls(name: str) -> set[str]:
    """Files in which something of this name is called."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                if name == (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)):
                    found.add(path.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize(("name", "places"), [
    ("UserSession", {"accounts/sessions.py"}),
    ("Invitation", {"accounts/service.py"}),
    ("matching_step", {"accounts/totp.py", "accounts/service.py"}),
    ("PasswordHasher", {"accounts/passwords.py"}),
    ("finish_sign_in", {"accounts/views/signin.py", "accounts/views/enrol.py"}),
])
def test_only_here(name, places) -> None:
    assert calls(name) == places


def test_no_code_is_compared_but_by_the_one_normaliser() -> None:
    assert "accounts/totp.py" in calls("normal_code")
    # Elsewhere something else is verified: signatures, time stamps, the log, files.
    others = {"cli/audit.py", "cli/evidence.py", "audit/timestamp.py", "files/fixity.py", "verifier/casework_verify.py"}
    assert calls("verify") - {"accounts/signin.py", "accounts/passwords.py"} <= others


def test_the_way_in_is_short() -> None:
    assert set(accounts.PUBLIC) == {
        "sign_in", "sign_in.code", "sign_in.recovery", "sign_out", "choose_role", "invitation", "enrol", "enrol.qr",
    }
