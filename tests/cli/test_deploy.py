"""What is given to whoever installs casework: examples that the program itself would accept."""

import subprocess

import pytest
from pyramid.paster import get_appsettings

from casework.crypto.keyring import KeyRing
from casework.settings import Settings
from tests.architecture.files import ROOT

DEPLOY = ROOT / "etc" / "deploy"


def example() -> dict[str, str]:
    """The lines of env.example."""
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture
def keys(tmp_path):
    KeyRing.create(tmp_path / "keys.json")
    return str(tmp_path / "keys.json")


def test_the_example_environment_is_accepted(keys, tmp_path):
    settings = Settings.from_ini({}, {**example(), "CASEWORK_KEYS": keys, "CASEWORK_DATA": str(tmp_path / "data")})
    assert settings.secure
    assert settings.trusted_proxy == "127.0.0.1"


def test_the_example_ini_is_accepted_and_says_the_same(keys, tmp_path):
    ini = get_appsettings(str(ROOT / "production.ini"))
    places = {"CASEWORK_KEYS": keys, "CASEWORK_DATA": str(tmp_path / "data")}
    assert Settings.from_ini(ini, places) == Settings.from_ini({}, {**example(), **places})


def test_the_manual_explains_every_setting():
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in Settings.__dataclass_fields__:
        assert f"casework.{name}" in manual


def test_the_backup_script_is_a_shell_script():
    subprocess.run(["sh", "-n", DEPLOY / "backup.sh"], check=True)
    assert (DEPLOY / "backup.sh").stat().st_mode & 0o111


@pytest.mark.parametrize("unset", ["CASEWORK_DATABASE_URL", "CASEWORK_DATA"])
def test_a_backup_of_nothing_is_refused(tmp_path, unset):
    environ = {"PATH": "/usr/bin:/bin", "CASEWORK_DATABASE_URL": "sqlite:///x", "CASEWORK_DATA": str(tmp_path)}
    del environ[unset]
    command = [DEPLOY / "backup.sh", tmp_path, "age1recipient"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode != 0
    assert unset in done.stderr
    assert list(tmp_path.iterdir()) == []
