"""Bags: everything listed is there and unchanged, nothing else is there, and no name plays a trick."""

import io
import json
import os
import tarfile
import zipfile

import pytest

from tests.verifier import made
from tests.verifier.made import Log

PAYLOAD = {"EX-0001/0001.age": b"sealed (fictional)", "EX-0001/0002.age": b"", "index.csv": b"a,b\n" * 400}
MANIFEST = "".join(f"{made.sha256(data).hex()}  data/{name}\n" for name, data in PAYLOAD.items())
BOOK = Log(20, manifest_sha256=made.sha256(MANIFEST.encode()).hex())
PROOFS = {"checkpoint": BOOK.checkpoint(), "7.entry.json": BOOK.entry_file(7),
          "case.events.jsonl": BOOK.events([0, 3, 6])}


@pytest.fixture
def bag(tmp_path):
    return made.bag(tmp_path / "bag", PAYLOAD, PROOFS)


def as_zip(folder, path, base="bag"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{base}/", b"")
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{base}/{file.relative_to(folder).as_posix()}")
    return path


def as_tar(folder, path):
    with tarfile.open(path, "w") as archive:
        archive.add(folder, "bag")
    return path


def test_a_bag_holds_as_folder_zip_and_tar(verify, tmp_path, bag):
    for path in (bag, as_zip(bag, tmp_path / "bag.zip"), as_tar(bag, tmp_path / "bag.tar")):
        report = verify("bag", path)
        assert report["exit"] == 0, report
        assert report["checked"] == {"files": 3, "bytes": 1618, "entries": 4, "sealed": 0, "chains": 1, "left_out": 0,
                                     "recorded": 4}
        assert report["log"]["size"] == 20
        assert len(report["keys"]) == 3


def test_without_keys_or_proofs_a_bag_is_not_enough(verify, tmp_path, bag):
    assert verify("bag", bag, trust=())["exit"] == 3
    report = verify("bag", made.bag(tmp_path / "plain", PAYLOAD))
    assert (report["exit"], "log" in report) == (3, False)
    assert "no proof from the log" in report["lacking"][0]


def test_proofs_of_other_acts_do_not_prove_a_bag(verify, tmp_path):
    """Somebody who has true proofs of anything could put them beside any files."""
    other = Log(5)
    report = verify("bag", made.bag(tmp_path / "bag", PAYLOAD, {
        "checkpoint": other.checkpoint(), "4.entry.json": other.entry_file(4)}))
    assert (report["exit"], report["checked"]["recorded"]) == (3, 0)
    assert "records this package" in report["lacking"][0]


def test_each_changed_cut_or_removed_file_is_found(verify, bag):
    for file in sorted(path for path in bag.rglob("*") if path.is_file()):
        good = file.read_bytes()
        for bad in ((good[:-2] + b"\0" + good[-1:]) if good else b"x", good + b"x", None):
            if bad is None:
                file.unlink()
            else:
                file.write_bytes(bad)
            report = verify("bag", bag)
            assert report["exit"] in (1, 2), file
            if file.is_relative_to(bag / "data"):
                assert report["exit"] == 1
                assert file.relative_to(bag).as_posix() in report["problem"]["what"]
            file.write_bytes(good)
    assert verify("bag", bag)["exit"] == 0


@pytest.mark.parametrize("name", ["data/more", "more.txt", "log/more", "manifest-md5.txt", "fetch.txt",
                                  "tagmanifest-md5.txt", "data/EX-0001/.hidden", "custody/more.jsonld"])
def test_a_file_that_is_not_listed_is_found(verify, bag, name):
    (bag / name).parent.mkdir(exist_ok=True)
    (bag / name).write_bytes(b"")
    assert verify("bag", bag)["exit"] in (1, 2)


@pytest.mark.parametrize("name", ["log/more.txt", "fetch.txt", "manifest-md5.txt"])
def test_a_listed_file_that_has_no_business_here_is_refused(verify, bag, name):
    (bag / name).write_bytes(b"")
    made.tags(bag)
    report = verify("bag", bag)
    assert (report["exit"], name.split("/")[-1] in report["problem"]["what"]) == (2, True)


def test_a_listed_tag_file_is_welcome(verify, bag):
    (bag / "README.txt").write_bytes(b"read me\n")
    made.tags(bag)
    assert verify("bag", bag)["exit"] == 0


def test_links_are_refused(verify, tmp_path, bag):
    (bag / "data/index.csv").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", bag / "data/index.csv")
    assert verify("bag", bag)["exit"] == 2
    assert verify("bag", as_tar(bag, tmp_path / "bag.tar"))["exit"] == 2
    (bag / "data/index.csv").unlink()
    os.symlink(tmp_path, bag / "data/more")
    assert verify("bag", bag)["exit"] == 2


def test_two_spellings_of_one_name_are_refused(verify, bag):
    (bag / "data/INDEX.CSV").write_bytes(b"")
    for kind in ("sha256", "sha512"):
        made.manifest(bag, f"manifest-{kind}.txt", [f"data/{name}" for name in (*PAYLOAD, "INDEX.CSV")])
    made.tags(bag)
    report = verify("bag", bag)
    assert (report["exit"], "case only" in report["problem"]["what"]) == (2, True)


@pytest.mark.parametrize("line", [
    "", "{0} ", "{0}  ../outside", "{0}  /etc/hostname", "{0}  data/../data/index.csv", "{0}  data//index.csv",
    "{0}  data/index.csv\r", "{0}  data/index%0A.csv", "{0}  data/index%25.csv", "{0}  data\\index.csv",
    "{0}  ./data/index.csv", "{0}  data/index.csv ", "{1}  data/index.csv", "{0} *data/index.csv",
    "{0}  data/index.csv\n{0}  data/index.csv",
])
def test_lines_that_trick_are_not_read(verify, bag, line):
    digest = made.sha256(PAYLOAD["index.csv"]).hex()
    text = (bag / "manifest-sha256.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    text[-1] = line.format(digest, digest.upper()) + "\n"
    (bag / "manifest-sha256.txt").write_bytes("".join(text).encode())
    made.tags(bag)
    assert verify("bag", bag)["exit"] == 2


def test_bag_info_is_compared(verify, bag):
    info = bag / "bag-info.txt"
    for text, code in (("Payload-Oxum: 1618.3\n", 0), ("Contact-Name: A\n  B (fictional)\n", 0),
                       ("Payload-Oxum: 1618.4\n", 1), ("no colon\n", 2), ("A: 1\na: 2\n", 2)):
        info.write_text(text, encoding="utf-8")
        made.tags(bag)
        assert verify("bag", bag)["exit"] == code
    (bag / "bagit.txt").write_text("BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n", encoding="utf-8")
    made.tags(bag)
    assert verify("bag", bag)["exit"] == 2


@pytest.mark.parametrize("name", ["bag/../x", "/bag/x", "other/x", "bag/data/EX-0001/0001.age", "bag/a\\b", "bag/C:x",
                                  "bag/a b", "bag/data/é", "bag/data", "bag", "bag/nul\0x"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_in_archives_that_trick_are_refused(verify, tmp_path, bag, name):
    path = as_zip(bag, tmp_path / "bag.zip")
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("bag/x")
        info.filename = name
        archive.writestr(info, b"x")
    assert verify("bag", path)["exit"] in (1, 2)
    path = as_tar(bag, tmp_path / "bag.tar")
    with tarfile.open(path, "a") as archive:
        info = tarfile.TarInfo(name)
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    assert verify("bag", path)["exit"] in (1, 2)


def test_damaged_archives_are_found(verify, tmp_path, bag):
    for path in (as_zip(bag, tmp_path / "bag.zip"), as_tar(bag, tmp_path / "bag.tar")):
        good = path.read_bytes()
        for at in range(0, len(good), 211):
            path.write_bytes(good[:at] + bytes([good[at] ^ 255]) + good[at + 1 :])
            report = verify("bag", path)
            # What an archive says besides names and contents, such as times, proves nothing.
            assert report["exit"] != 3
            assert report["exit"] or report["checked"]["files"] == 3
            assert "stopped" not in report.get("problem", {"what": ""})["what"]
        path.write_bytes(good[: len(good) // 2])
        assert verify("bag", path)["exit"] in (1, 2)
    path.write_bytes(b"nothing")
    assert verify("bag", path)["exit"] == 2


def test_a_changed_proof_is_named(verify, bag):
    proof = bag / "log/7.entry.json"
    value = json.loads(proof.read_text(encoding="utf-8"))
    value["body"] = value["body"].replace("ok", "no")
    proof.write_text(made.canonical(value) + "\n", encoding="utf-8")
    made.tags(bag)
    report = verify("bag", bag)
    assert (report["exit"], report["problem"]["inside"]) == (1, "log/7.entry.json")


def test_proofs_of_another_checkpoint_are_refused(verify, bag):
    (bag / "log/7.entry.json").write_text(BOOK.entry_file(7, 16), encoding="utf-8")
    made.tags(bag)
    report = verify("bag", bag)
    assert (report["exit"], report["problem"]["inside"]) == (1, "log/7.entry.json")
    (bag / "log/checkpoint").unlink()
    made.tags(bag)
    assert verify("bag", bag)["exit"] == 2


def test_the_log_can_record_the_bag(verify, tmp_path):
    folder = made.bag(tmp_path / "bag", PAYLOAD)
    digest = made.sha256((folder / "manifest-sha256.txt").read_bytes()).hex()
    for told, code in ((digest, 0), (digest[::-1], 1)):
        log = Log(5, manifest_sha256=told)
        proofs = {"checkpoint": log.checkpoint(), "4.entry.json": log.entry_file(4)}
        report = verify("bag", made.bag(tmp_path / f"bag{code}", PAYLOAD, proofs))
        assert report["exit"] == code
        assert report["checked"].get("recorded", 0) == 1 - code
