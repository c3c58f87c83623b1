"""A report of a tool as a table: what is read, guessed, left out, and what is wrong with which line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.hashes import reports
from casework.hashes.formats import Row, Wrong
from casework.hashes.reports import NotAReport, entries, guess, read_table

DATA = Path(__file__).parents[1] / "data" / "hashes"
MD5, SHA1, SHA256 = "0" * 31 + "a", "0" * 39 + "b", "0" * 63 + "c"
PDQ = "d" * 64


def found(text: str | bytes) -> list[Row | Wrong]:
    table = read_table(text.encode() if isinstance(text, str) else text)
    return list(entries(table, guess(table)))


def test_columns_are_told_by_name_or_by_what_they_hold_and_names_of_files_stay_behind():
    text = (f"File Name,Fingerprint,PDQ Hash,Logical Size,Category,Where,Remark\n"
            f"words of a name.jpg,{SHA256},{PDQ},\"1,024\",1,\\\\store\\x,as is\n")
    table = read_table(text.encode("utf-16"))
    assert table.left_out == ["File Name", "Where"]
    assert "words" not in str(table.as_json())
    assert guess(table) == {"sha256": 0, "pdq": 1, "size": 2, "label": 3}
    (row,) = found(text)
    assert (row.line, row.digests, row.perceptual, row.size, row.label, row.name) == (
        2, {"sha256": SHA256}, {"pdq": PDQ}, 1024, "1", None)


@pytest.mark.parametrize(("name", "kind", "label"), [
    ("icse.csv", "icse", {"baseline", "other"}), ("vics13_media.json", "vics", {"vics1.3:1"}),
    ("vics20_media.json", "vics", {f"Default:{number}" for number in range(6)}),
])
def test_lists_of_others_are_reports_too(name, kind, label):
    table = read_table((DATA / name).read_bytes())
    rows = list(entries(table, guess(table)))
    assert table.kind == kind
    assert all(isinstance(row, Row) and {"md5", "sha1"} <= set(row.digests) and row.name is None for row in rows)
    assert {row.label for row in rows} <= label


def test_hashdeep():
    head = "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## x\n"
    wrong, row = found(f"{head}12,{MD5},{SHA256},/a, b.bin\nbroken\n")
    assert (row.size, row.digests, wrong.problem) == (12, {"md5": MD5, "sha256": SHA256}, "bad_row")


def test_what_is_wrong_is_told_by_its_line():
    text = (f"sha256;sha1;size\n{SHA256};;1\n{SHA256};;1\nxyz;;1\n;{SHA1};many\n;;\n\n{MD5}\n")
    assert [(one.line, getattr(one, "problem", None), getattr(one, "value", "")) for one in found(text)] == [
        (8, "bad_row", ""), (2, None, ""), (3, "twice", "2"), (4, "bad_digest", "xyz"), (5, "bad_number", "many")]


@pytest.mark.parametrize(("data", "code"), [
    (b"\xff\xd8\xff\xe0 camera", "not_text"), (b"a,b\n\x00", "not_text"), (b"no table", "unknown"), (b"", "unknown"),
    (b"sha256,size\n", "empty"), (b"sha256,size\n" + b"0,1\n" * 2001, "too_long"),
    (b" " * (16 << 20) + b"x", "too_large"),
    (b"SQLite format 3\0" * 9, "not_text"), (b"a" + b"," * 70, "unknown"),
    (b"a," + b"b" * 200_000 + b"\n1,2\n", "unknown"),
])
def test_what_is_no_report_is_refused(data, code):
    with pytest.raises(NotAReport) as refused:
        read_table(data)
    assert refused.value.code == code


@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode), st.lists(
    st.lists(st.sampled_from([MD5, SHA1, SHA256, PDQ, "", "x", '"', "1", "a.jpg"]), max_size=4), max_size=6,
).map(lambda rows: "\n".join(",".join(row) for row in [["sha256", "n", "size"], *rows]).encode())))
@settings(max_examples=100)
def test_no_file_makes_the_reader_fail(data):
    try:
        table = read_table(data)
    except NotAReport:
        return
    assert reports.Table(**table.as_json()).rows == table.rows
    for one in entries(table, guess(table)):
        assert isinstance(one, (Row, Wrong))
