"""The console script, in an empty folder: what it makes, what it says, and with which exit code."""

import io
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from dataclasses import dataclass

import pytest

from casework.authz import matrix
from casework.cli import COMMANDS, main
from casework.verifier.casework_verify import key_from, note_from
from tests.architecture.files import ROOT

SCRIPT = "import sys; from casework.cli import main; sys.exit(main())"


@dataclass
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def casework(monkeypatch, capsys):
    """Run a command in a folder, with just these settings in the environment."""
    mask = os.umask(0o022)

    def run(folder, *arguments, typed="", **environ) -> Done:
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("CASEWORK_")]:
                patch.delenv(name)
            for name, value in environ.items():
                patch.setenv(name, value)
            # Set and taken back, so that what the command sets in it is taken back too.
            patch.setenv("CASEWORK_INI", "")
            patch.delenv("CASEWORK_INI")
            patch.chdir(folder)
            patch.setattr("sys.stdin", io.StringIO(typed))
            capsys.readouterr()
            code = main(arguments)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    yield run
    os.umask(mask)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder in which `casework init` has run, as people run it: twice at once."""
    folder = tmp_path_factory.mktemp("made")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CASEWORK_")}
    environ |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", SCRIPT, "init", "--json"]
    starts = [
        subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [start.communicate(timeout=60) for start in starts]
    assert [start.returncode for start in starts] == [0, 0], said
    assert sum(json.loads(out)["made_keys"] for out, _ in said) == 1
    return folder


@pytest.fixture
def made(template, tmp_path):
    """A copy of it; everything an installation has lies in its folder."""
    shutil.copytree(template / "instance", tmp_path / "instance")
    return tmp_path


def test_init_makes_everything_privately(made):
    instance = made / "instance"
    assert mode(instance) == 0o700
    assert {path.name: mode(path) for path in instance.iterdir()} == {
        "casework.sqlite": 0o600, "casework.sqlite.migrating": 0o600, "init.lock": 0o600, "keys.json": 0o600,
        "log.key": 0o600,
    }


def test_init_again_keeps_keys_and_records(casework, made):
    before = (made / "instance" / "keys.json").read_bytes()
    done = casework(made, "init", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["made_keys"] is False
    assert (made / "instance" / "keys.json").read_bytes() == before


def test_init_makes_no_new_keys_for_old_records(casework, made):
    (made / "instance" / "keys.json").unlink()
    done = casework(made, "init")
    assert done.returncode == 1
    assert "restore the file" in done.stderr
    assert not (made / "instance" / "keys.json").exists()


def test_audit_verify_tells_a_whole_log_from_a_broken_one(casework, made):
    whole = casework(made, "audit", "verify", "--json")
    assert whole.returncode == 0
    assert json.loads(whole.stdout)["ok"] is True
    with sqlite3.connect(made / "instance" / "casework.sqlite") as connection:
        connection.execute("INSERT INTO audit_head (chain, number, hash) VALUES (?, 3, ?)", ("f" * 32, b"x"))
    connection.close()
    broken = casework(made, "audit", "verify")
    assert broken.returncode == 1
    assert "NOT whole" in broken.stdout


def test_the_log_is_kept_and_proved_at_the_terminal(casework, made):
    assert casework(made, "audit", "checkpoint").returncode == 1, "nothing was signed yet"
    assert casework(made, "audit", "verify").returncode == 0
    assert casework(made, "audit", "sequence", "--once").returncode == 0
    key, fingerprint = casework(made, "audit", "key").stdout.splitlines()
    assert key_from(key).fingerprint == fingerprint
    note = note_from(casework(made, "audit", "checkpoint").stdout)
    assert note.signed_by(key_from(key)) == 0
    assert (made / "instance" / "log" / "checkpoint").read_text() == casework(made, "audit", "checkpoint").stdout
    proof = json.loads(casework(made, "audit", "proof", "1").stdout)
    assert proof["format"] == "casework-entry/1"
    assert casework(made, "audit", "proof", "99999").returncode == 1
    report = json.loads(casework(made, "audit", "verify", "--since-last", "--json").stdout)
    assert report["ok"] is True
    assert report["signatures"] is True


def test_a_restored_database_goes_on_under_a_new_name_only(casework, made):
    instance = made / "instance"
    casework(made, "audit", "verify")
    casework(made, "audit", "sequence", "--once")
    shutil.copyfile(instance / "casework.sqlite", made / "yesterday")
    casework(made, "audit", "verify")
    casework(made, "audit", "sequence", "--once")
    shutil.copyfile(made / "yesterday", instance / "casework.sqlite")
    for leftover in ("-wal", "-shm"):
        (instance / f"casework.sqlite{leftover}").unlink(missing_ok=True)
    found = casework(made, "audit", "verify")
    assert found.returncode == 1
    assert "put back" in found.stdout
    assert casework(made, "audit", "sequence", "--once").returncode == 1
    assert casework(made, "init", "--new-log").returncode == 0
    assert casework(made, "audit", "sequence", "--once").returncode == 0
    assert casework(made, "audit", "verify").returncode == 0
    assert len(list(instance.glob("log.key.before-*"))) == 1


def test_a_lost_log_key_is_not_replaced_without_a_word(casework, made):
    casework(made, "audit", "verify")
    casework(made, "audit", "sequence", "--once")
    (made / "instance" / "log.key").unlink()
    done = casework(made, "init")
    assert done.returncode == 1
    assert "restore" in done.stderr


def test_settings_that_are_wrong_exit_with_two_and_one_line(casework, tmp_path):
    done = casework(tmp_path, "init", CASEWORK_DATA=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("casework: ")
    assert done.stderr.count("\n") == 1


def test_a_command_before_init_says_so(casework, tmp_path):
    done = casework(tmp_path, "audit", "verify")
    assert done.returncode == 1
    assert "run casework init" in done.stderr


def test_an_ini_that_is_not_there(casework, tmp_path):
    done = casework(tmp_path, "--ini", "no.ini", "init")
    assert (done.returncode, done.stderr) == (2, "casework: the settings file no.ini is missing\n")


def test_matrix_show_is_what_the_program_reads(casework, tmp_path):
    shown = json.loads(casework(tmp_path, "matrix", "show", "--json", "--role", "aud").stdout)
    loaded = matrix.load(ROOT / "etc" / "matrix.csv")
    assert shown["sha256"] == loaded.sha256
    assert shown["rows"] == {key: {"AUD": row.cells["AUD"].text} for key, row in loaded.rows.items()}
    assert casework(tmp_path, "matrix", "show", "--role", "xyz").returncode == 1


def create_admin(casework, folder, name, *, agency="moi", password="mango leaf paper boat"):
    arguments = ("--sign-in", name, "--name", f"{name} (fictional)", "--agency", agency, "--password-stdin", "--json")
    return casework(folder, "user", "create-admin", *arguments, typed=f"{password}\n")


def test_the_terminal_makes_two_administrators_and_no_third(casework, made):
    for name in ("sok", "dara"):
        done = create_admin(casework, made, name)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["sign_in"] == name
    done = create_admin(casework, made, "third")
    assert done.returncode == 1
    assert "two administrators" in done.stderr
    assert json.loads(casework(made, "audit", "verify", "--json").stdout)["ok"] is True


@pytest.mark.parametrize(
    ("value", "complaint"),
    [({"password": "short"}, "at least"), ({"agency": "nowhere"}, "no agency"), ({"name": "x"}, "3 to 120")],
)
def test_an_administrator_is_refused_with_one_line(casework, made, value, complaint):
    done = create_admin(casework, made, **{"name": "sok", **value})
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "${" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_demo_data_is_for_development_only(casework, made):
    outside = {
        "CASEWORK_BASE_URL": "https://casework.example", "CASEWORK_DATA": str(made / "instance"),
        "CASEWORK_KEYS": str(made / "keys.json"),
        "CASEWORK_DATABASE_URL": f"sqlite:///{made}/instance/casework.sqlite",
    }
    (made / "instance" / "keys.json").rename(made / "keys.json")
    for arguments in (("demo",), ("serve", "--demo")):
        done = casework(made, *arguments, **outside)
        assert done.returncode == 1
        assert "only in development" in done.stderr


def test_a_mistake_in_the_matrix_is_one_line(casework, tmp_path):
    text = (ROOT / "etc" / "matrix.csv").read_text(encoding="utf-8")
    (tmp_path / "matrix.csv").write_text(text.replace("HOT", "HOTT", 1), encoding="utf-8")
    done = casework(tmp_path, "serve", CASEWORK_DEVELOPMENT="true", CASEWORK_ETC=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("casework: matrix.csv: ")


def test_development_listens_on_this_machine_only(casework, tmp_path):
    done = casework(tmp_path, "serve", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "this machine only" in done.stderr


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([command, "--help"])
    assert done.value.code == 0
    assert COMMANDS[command].HELP.split()[0] in capsys.readouterr().out
