"""Every word on the screen exists in Khmer."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from tests.architecture.files import ROOT

METHODS = {".py": "python", ".jinja2": "jinja2.ext.babel_extract"}
CATALOGUE = Path("locale/km/LC_MESSAGES/casework.po")
PACKAGES = [ROOT / "schemas", *sorted(path.parent for path in ROOT.glob("casework/*/__init__.py"))]
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def words(path: Path) -> set[str]:
    """The msgids marked by `_` in one file."""
    found = extract_from_file(METHODS[path.suffix], path, keywords={"_": None}, options={"silent": "false"})
    return {message for _line, message, _comments, _context in found}


def translated(package: Path) -> dict[str, str]:
    """msgid to Khmer, of one package's catalogue."""
    path = package / CATALOGUE
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {message.id: message.string for message in read_po(file) if message.id and message.string}


@cache
def shell() -> dict[str, str]:
    """The Khmer of the shell, which every package may use."""
    return translated(ROOT / "casework" / "web")


def missing(package: Path) -> dict[str, str]:
    """msgid to the file that says it, for each word of the package without Khmer."""
    known = shell() | translated(package)
    files = [path for path in sorted(package.rglob("*")) if path.suffix in METHODS]
    return {word: path.name for path in files for word in words(path) if word not in known}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_word_is_translated(package):
    assert missing(package) == {}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_translations_fill_in_the_same_names(package):
    differ = {
        msgid: khmer for msgid, khmer in translated(package).items()
        if set(PLACEHOLDER.findall(msgid)) != set(PLACEHOLDER.findall(khmer))
    }
    assert differ == {}


def test_a_word_without_khmer_is_found(tmp_path):
    (tmp_path / "page.jinja2").write_text('{{ _("Save") }} {{ _("Never said ${when}", when=x) }}', encoding="utf-8")
    (tmp_path / "view.py").write_text('x = _("Nor this, which "\n "goes on")', encoding="utf-8")
    assert missing(tmp_path) == {"Never said ${when}": "page.jinja2", "Nor this, which goes on": "view.py"}
