"""Lists and reports as others write them. Samples are made by hand of random values."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casework.hashes.formats import FORMATS, Row, Wrong, read, recognise
from casework.hashes.formats.lines import mapping, read_csv

DATA = Path(__file__).parents[1] / "data" / "hashes"
MD5, SHA1, SHA256 = "0" * 31 + "a", "0" * 39 + "b", "0" * 63 + "c"
HASHSHARING = """<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>
<image><member id="1"/><id>7</id><classification>A1</classification><fingerprints><md5>{}</md5><pdq>{}</pdq>
</fingerprints></image><deletedImage><id>8</id><fingerprints><sha1>{}</sha1></fingerprints></deletedImage>
</images></queryResult>"""


@pytest.mark.parametrize(("name", "kind"), [
    ("icse.csv", "icse"), ("vics13_media.json", "vics"), ("vics20_media.json", "vics"), ("vics20_cases.json", "vics"),
    ("nsrl_rdsv3_minimal.db", "nsrl"),
])
def test_a_sample_is_recognised_and_read(name, kind):
    assert recognise(DATA / name) == kind
    found = list(read(DATA / name, kind))
    assert found
    assert all(isinstance(one, Row) and one.digests for one in found)


def test_what_vics_says_depends_on_the_country():
    assert {row.label for row in read(DATA / "vics20_media.json", "vics")} >= {"Default:0"}
    assert {row.label for row in read(DATA / "vics13_media.json", "vics")} >= {"vics1.3:1"}
    first = next(read(DATA / "vics20_media.json", "vics"))
    assert first.size == 1000
    assert len(first.perceptual["photodna"]) == 192


def test_hash_sharing_with_its_tombstones(tmp_path):
    path = tmp_path / "list.xml"
    path.write_text(HASHSHARING.format(MD5, "f" * 64, SHA1))
    assert recognise(path) == "hashsharing"
    kept, gone = read(path, "hashsharing")
    assert (kept.digests, kept.label, kept.perceptual) == ({"md5": MD5}, "A1", {"pdq": "f" * 64})
    assert gone.gone
    assert gone.digests == {"sha1": SHA1}
    path.write_text('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + path.read_text())
    assert list(read(path, "hashsharing")) == [Wrong(1, "bad_file")]


@pytest.mark.parametrize("text", [
    f"File Name,MD5 Hash,SHA-256\nx.bin,{MD5.upper()},{SHA256}\n",
    f"path;md5;sha256\nx.bin;{MD5};{SHA256}\n",
    f"\ufeffName\tMD5\tSHA256\nx.bin\t{MD5}\t{SHA256}\n",
])
def test_reports_of_tools(tmp_path, text):
    path = tmp_path / "report.csv"
    path.write_text(text)
    assert [(row.line, row.digests, row.name) for row in read(path, "csv")] == [
        (2, {"md5": MD5, "sha256": SHA256}, "x.bin")]


def test_columns_may_be_chosen(tmp_path):
    path = tmp_path / "report.csv"
    path.write_text(f"Fingerprint,What\n{SHA256},blue\n")
    assert list(read_csv(path)) == [Wrong(1, "bad_file")]
    found = list(read_csv(path, {"sha256": "Fingerprint", "label": "What"}))
    assert [(row.digests, row.label) for row in found] == [({"sha256": SHA256}, "blue")]
    assert mapping(["a", "MD5"]) == {"md5": 1}


def test_hashdeep_with_commas_in_names(tmp_path):
    path = tmp_path / "deep.txt"
    path.write_text(f"%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## x\n#\n12,{MD5},{SHA256},/a, b.bin\nbroken\n")
    assert recognise(path) == "hashdeep"
    row, wrong = read(path, "hashdeep")
    assert (row.line, row.size, row.name) == (5, 12, "/a, b.bin")
    assert wrong == Wrong(6, "bad_row")


def test_a_plain_column_names_what_is_wrong_with_its_line(tmp_path):
    path = tmp_path / "plain.txt"
    path.write_text(f"# a list\n{MD5}\n{SHA256}  *x.bin\nnonsense\n{'g' * 32}\n")
    assert recognise(path) == "plain"
    assert [(one.line, getattr(one, "problem", None)) for one in read(path, "plain")] == [
        (2, None), (3, None), (4, "bad_digest"), (5, "bad_digest")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("any") / "file"


@given(kind=st.sampled_from(sorted(FORMATS)), data=st.binary(max_size=400))
@settings(max_examples=60)
def test_no_file_makes_a_reader_fail(place, kind, data):
    """Whatever the bytes, a reader gives rows and wrongs."""
    place.write_bytes(data)
    recognise(place)
    assert all(isinstance(one, (Row, Wrong)) for one in read(place, kind))


@given(name=st.sampled_from(sorted(p.name for p in DATA.iterdir())), at=st.integers(0, 4000),
       byte=st.integers(0, 255))
@example(name="nsrl_rdsv3_minimal.db", at=3987, byte=128)
@settings(max_examples=60)
def test_no_harmed_sample_makes_a_reader_fail(place, name, at, byte):
    data = bytearray((DATA / name).read_bytes())
    data[at % len(data)] = byte
    place.write_bytes(data)
    assert all(isinstance(one, (Row, Wrong)) for kind in FORMATS for one in read(place, kind))
