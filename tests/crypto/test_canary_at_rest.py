"""Names, numbers and words of the two highest classes, typed into the real pages, are nowhere at rest: not in the
database's files, its journal, a backup, the logs, or the folder for temporary files, in any encoding of text."""

import datetime as dt
import logging
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url
from webtest import TestApp

from casework.people import service
from casework.referrals import tickets
from casework.web.logs import JsonFormatter
from tests.people.conftest import form_of, unit  # noqa: F401  a case, a child, a suspect, and people of each role
from tests.support import postgres, run
from tests.support.searching import search

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
KHMER = [chr(letter) for letter in range(0x1780, 0x17A2)]


class Canaries:
    """Texts that occur nowhere else, by what they stand for."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(5)
        self.planted: list[str] = []

    def word(self, name: str) -> str:
        """A word in Roman letters."""
        self.planted.append(f"zq{name}{self.mark}")
        return self.planted[-1].capitalize()

    def khmer(self) -> str:
        """A word in Khmer letters."""
        self.planted.append("".join(secrets.choice(KHMER) for _n in range(12)))
        return self.planted[-1]

    def number(self) -> str:
        """A number of a paper."""
        self.planted.append("".join(secrets.choice("123456789") for _n in range(14)))
        return self.planted[-1]


def seen(data: bytes, words: list[str]) -> set[str]:
    """Which words are in some bytes, in any of the encodings, whatever their case."""
    lower = data.lower()
    return {word for word in words for encoding in ENCODINGS if word.encode(encoding) in lower}


def in_files(folder: Path, words: list[str]) -> dict[str, set[str]]:
    """File -> words, of every file below a folder that holds one. Databases of other tests come and go meanwhile."""
    found = {}
    for path in (Path(inside) / name for inside, _folders, names in os.walk(folder) for name in names):
        if path.is_file() and not path.is_symlink():
            try:
                words_here = seen(path.read_bytes(), words)
            except OSError:
                continue  # a socket, or a file that was just removed
            if words_here:
                found[str(path.relative_to(folder))] = words_here
    return found


@pytest.fixture
def logged(tmp_path) -> Iterator[Path]:
    """The log of everything that any library says, written as the server writes it."""
    path, root = tmp_path / "server.log", logging.getLogger()
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(JsonFormatter())
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield path
    root.removeHandler(handler)
    root.setLevel(before)
    handler.close()


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """The folder for temporary files, of this test alone."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setenv("TMPDIR", str(path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return path


def plant(app, unit, canaries: Canaries) -> str:  # noqa: F811
    """Type canaries into forms that are saved, refused, kept as drafts, searched for and handed out. Gives a word that
    stands in a column of a lower class, and so must be found."""
    home, inv = f"/cases/{unit.case.ref}", unit.browser(app, "inv")
    family, khmer = canaries.word("family"), canaries.khmer()

    form = form_of(inv.get(f"{home}/people/new/victim"))
    form["identification_status"], form["caregiver_is_suspect"], form["sex"] = "probable", "unknown", "male"
    form["family_latin"], form["given_latin"], form["family_km"] = family, canaries.word("given"), khmer
    form["wishes"], form["icse_ref"] = f"The child said {canaries.word('wish')}", canaries.word("icse")
    child = form.submit("save").follow()
    child.mustcontain(family, khmer)
    path = child.request.path

    for words in (family, khmer, canaries.word("nobody")):
        search(inv, words)
    inv.get("/search", {"q": canaries.word("address")}, status="*")

    form = form_of(inv.get(f"{home}/people/{unit.suspect.ref}/addresses/new"))
    form["kind"], form["place"] = "home", canaries.word("place")
    form.submit("save").follow()
    for kind, value in (("email", f"{canaries.word('mail')}@example.org"), ("document", canaries.number()),
                        ("url", f"https://{canaries.word('host')}.example.org/{canaries.word('path')}")):
        form = form_of(inv.get(f"{home}/identifiers/new"))
        form["type"], form["value"], form["side"], form["reliability"] = kind, value, "suspect", "B"
        form.submit("save").follow()

    # Refused, too old, and saved by itself as a draft.
    form = form_of(inv.get(f"{home}/people/new/suspect"))
    form["family_latin"] = canaries.word("refused")
    form.submit("save", status=422)
    form = form_of(inv.get(f"{path}/edit"))
    form["wishes"], form["csrf_token"] = canaries.word("stale"), "old"
    form.submit("save", status=400)
    token = form_of(inv.get(f"{path}/edit"))["csrf_token"].value
    inv.post("/draft", {"csrf_token": token, "form_path": f"{home}/people/new/witness",
                        "family_latin": canaries.word("draft")})
    inv.get(f"{home}/people/new/witness").mustcontain(canaries.planted[-1].capitalize())
    inv.post(f"{path}/edit", {"csrf_token": token, "nonsense": canaries.word("nonsense")}, status="*")

    for form_of_file in ("csv", "pdf"):
        form = unit.browser(app, "psu").get(f"{path}/history/file").forms["form"]
        form["form"], form["purpose"], form["explanation"] = form_of_file, "court", "Request 12 (fictional)"
        form.submit("save", status="*")

    with unit.database.work() as db:
        service.add_address(db, None, db.merge(unit.child, load=False), {
            "kind": "staying", "province": "12", "place": canaries.word("shelter"), "carer": canaries.word("carer")})
    return _report(app, canaries)


def _report(app, canaries: Canaries) -> str:
    """The public form: the story is of a lower class, who told it is not."""
    public = TestApp(app, extra_environ={"REMOTE_ADDR": "192.0.2.9"})
    page = public.get("/report")
    page.forms["form"]["immediate_danger"] = "no"
    form = page.forms["form"].submit().follow().forms["form"]
    story = f"zqstory{canaries.mark}"
    form["narrative"] = f"Somebody writes to children in a game, {story}"
    form["safe_contact"] = canaries.word("contact")
    form.submit(name="send", value="send").mustcontain("Thank you")
    return story


def test_nothing_that_was_typed_is_found_at_rest(app, unit, logged, temporary, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(tickets, "SHORTEST", dt.timedelta(0))  # of the public form, which waits for slow typing
    canaries = Canaries()
    story = plant(app, unit, canaries)
    words = [word.lower() for word in canaries.planted]
    assert len(words) >= 18
    folder, backup = _at_rest(unit.database, tmp_path)
    assert in_files(folder, words) == {}
    assert in_files(temporary, words) == {}
    assert seen(logged.read_bytes(), words) == set()
    assert not re.search("|".join(words[:4]), logged.read_text(encoding="utf-8"))
    # What is of a lower class is found, so that nothing found means something.
    assert in_files(folder, [story])
    assert seen(backup.read_bytes(), [story]) == {story}
    assert seen(backup.read_bytes(), words) == set()


def _at_rest(database, tmp_path: Path) -> tuple[Path, Path]:
    """The folder of the database's files, with everything written to it, and a backup as etc/deploy/backup.sh makes
    it."""
    backup = tmp_path / "backup"
    if database.backend == "sqlite":
        assert (tmp_path / "casework.sqlite-wal").stat().st_size > 0
        connection = sqlite3.connect(database.engine.url.database)
        connection.execute(f"VACUUM INTO '{backup}'")
        connection.close()
        return tmp_path, backup
    url = make_url(database.url).set(drivername="postgresql", username="postgres")
    with database.superuser() as connection:
        connection.exec_driver_sql("CHECKPOINT")
    subprocess.run(
        [shutil.which("pg_dump") or postgres.programs() / "pg_dump", "--format=plain", f"--file={backup}", "--no-owner",
         url.render_as_string(hide_password=False)], check=True, capture_output=True)
    return run.cluster().folder, backup


@pytest.mark.one_engine
def test_a_word_that_was_left_in_plain_would_be_found(tmp_path):
    for number, encoding in enumerate(ENCODINGS):
        (tmp_path / str(number)).write_bytes(b"\x00\x01" + "ZqPlanted ចាន់".encode(encoding) + b"\xff")
    assert in_files(tmp_path, ["zqplanted"]) == {str(number): {"zqplanted"} for number in range(3)}
    assert in_files(tmp_path, ["zqabsent"]) == {}
