"""Every word of the schemas has its Khmer, with the same placeholders."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import schemas

FOLDER = Path(schemas.__file__).parent
PLACEHOLDER = re.compile(r"\$\{\w+\}")


def khmer():
    with (FOLDER / "locale" / "km" / "LC_MESSAGES" / "casework.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale="km") if message.id}


def msgids():
    found = extract_from_dir(str(FOLDER), [("**.py", "python")], keywords={"_": None})
    return {message for _file, _line, message, _comments, _context in found}


def test_every_word_has_its_khmer():
    known = khmer()
    assert {msgid for msgid in msgids() if not re.search("[\u1780-\u17ff]", known.get(msgid, ""))} == set()


def test_no_khmer_is_left_over():
    assert set(khmer()) - msgids() == set()


def test_placeholders_are_the_same():
    for msgid, msgstr in khmer().items():
        assert sorted(PLACEHOLDER.findall(msgid)) == sorted(PLACEHOLDER.findall(msgstr)), msgid
