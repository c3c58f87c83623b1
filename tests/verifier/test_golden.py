"""What Go's transparency log library accepted (tests/data/go) is what is made here, byte by byte, and is proved."""

import hashlib
from pathlib import Path

import pytest

from tests.verifier import golden
from tests.verifier.golden import SIZES
from tests.verifier.made import LOG

ACCEPTED = Path(__file__).resolve().parents[1] / "data" / "go" / "accepted.txt"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("golden")
    golden.write(path)
    return path


def test_they_are_the_files_that_go_accepted(folder):
    names = sorted(f"./{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in names]
    assert lines == ACCEPTED.read_text(encoding="utf-8").splitlines()


def test_every_one_is_proved(folder, verify):
    trust = ("--key", LOG.vkey)
    for path in sorted(folder.glob("proof-*")):
        leaf = folder / f"leaf-{path.name.split('-')[2]}"
        assert verify("proof", path, "--leaf", leaf, trust=trust)["exit"] == 0
    for path in sorted(folder.glob("growth-*")):
        old = folder / f"checkpoint-{path.name.split('-')[1]}"
        assert verify("consistency", old, path, trust=trust)["exit"] == 0
    kept = [argument for size in SIZES for argument in ("--checkpoint", folder / f"checkpoint-{size}")]
    assert verify("log", folder / "log", *kept, trust=trust)["exit"] == 0
