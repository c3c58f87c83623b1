"""Three digests in one reading, and manifests that go on where they broke off."""

import hashlib
import io
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.cli import main
from casework.hashes import digests
from casework.hashes.digests import BLOCK, Changed, digests_of, digests_of_file, read_manifest


@given(st.binary(max_size=5000))
def test_the_three_are_what_hashlib_says(data):
    found = digests_of(io.BytesIO(data))
    assert (found.md5, found.sha1, found.sha256, found.size) == (
        hashlib.md5(data).hexdigest(), hashlib.sha1(data).hexdigest(), hashlib.sha256(data).hexdigest(), len(data))


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_blocks_are_not_mixed_up(size):
    data, seen = os.urandom(size), []
    assert digests_of(io.BytesIO(data), seen.append).sha256 == hashlib.sha256(data).hexdigest()
    assert seen == sorted(seen)
    assert seen[-1] == size


def test_a_file_that_changes_meanwhile_is_refused(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(os.urandom(BLOCK + 1))

    def meddle(done: int) -> None:
        if path.stat().st_size == BLOCK + 1:
            with path.open("ab") as file:
                file.write(b"more")

    with pytest.raises(Changed):
        digests_of_file(path, meddle)
    digests_of_file(path)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "files"
    for name in ("a.bin", "b, with comma.bin", "ខ្មែរ/c.bin"):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(1000))
    (made / "link").symlink_to(made / "a.bin")
    return made


def test_a_manifest_of_a_folder(folder, tmp_path, capsys):
    manifest = tmp_path / "manifest.csv"
    assert main(["hash", str(folder), "--manifest", str(manifest)]) == 0
    lines = read_manifest(manifest)
    assert set(lines) == {"a.bin", "b, with comma.bin", "ខ្មែរ/c.bin"}
    for name, line in lines.items():
        assert line.digests.sha256 == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    capsys.readouterr()
    assert main(["hash", str(folder), "--manifest", str(manifest)]) == 1
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize("cut", range(1, 400, 37))
def test_a_manifest_that_was_cut_off_anywhere_is_gone_on_with(folder, tmp_path, cut, capsys, monkeypatch):
    manifest = tmp_path / "manifest.csv"
    assert main(["hash", str(folder), "--manifest", str(manifest)]) == 0
    whole = read_manifest(manifest)
    text = manifest.read_bytes()
    header = text.index(b"\n") + 1
    manifest.write_bytes(text[: max(header, len(text) - cut)])
    kept, read = read_manifest(manifest), []
    monkeypatch.setattr("casework.cli.hash.digests_of_file",
                        lambda path, progress: (read.append(path.name), digests.digests_of_file(path))[1])
    assert main(["hash", str(folder), "--manifest", str(manifest), "--resume"]) == 0
    assert read_manifest(manifest) == whole
    assert len(read) == len(whole) - len(kept)
    assert re.search(rf"{len(kept)} known from before", capsys.readouterr().out)


def test_a_changed_file_is_hashed_again(folder, tmp_path):
    manifest = tmp_path / "manifest.csv"
    main(["hash", str(folder), "--manifest", str(manifest)])
    (folder / "a.bin").write_bytes(b"other")
    assert main(["hash", str(folder), "--manifest", str(manifest), "--resume"]) == 0
    assert read_manifest(manifest)["a.bin"].digests.sha256 == hashlib.sha256(b"other").hexdigest()


def test_what_is_no_manifest_is_left_alone(folder, tmp_path, capsys):
    other = tmp_path / "letter.txt"
    other.write_text("Dear Sir\n")
    assert main(["hash", str(folder), "--manifest", str(other), "--resume"]) == 1
    assert "not a manifest" in capsys.readouterr().err
    assert other.read_text() == "Dear Sir\n"


def test_files_alone_and_what_cannot_be_read(folder, capsys):
    assert main(["hash", str(folder / "a.bin")]) == 0
    assert f"= {hashlib.sha256((folder / 'a.bin').read_bytes()).hexdigest()}" in capsys.readouterr().out
    assert main(["hash", str(folder)]) == 1
    assert main(["hash", str(folder / "missing")]) == 1
    assert "missing" in capsys.readouterr().err
