"""The proofs of transparency-dev/merkle (tests/data/merkle): every good one holds, every other is refused."""

import base64
import json
from pathlib import Path

import pytest

from casework.verifier.casework_verify import Failed, check_consistency, check_inclusion

FOLDER = Path(__file__).resolve().parents[1] / "data" / "merkle"
INCLUSION = sorted((FOLDER / "inclusion").rglob("*.json"))
CONSISTENCY = sorted((FOLDER / "consistency").rglob("*.json"))


def read(path: Path) -> dict[str, object]:
    vector = json.loads(path.read_text(encoding="utf-8"))
    for name in ("root", "root1", "root2", "leafHash"):
        vector[name] = base64.b64decode(vector.get(name) or "")
    vector["proof"] = [base64.b64decode(step) for step in vector["proof"] or []]
    return vector


def expect(vector: dict[str, object], check, *arguments: object) -> None:
    if not vector["wantErr"]:
        check(*arguments)
        return
    with pytest.raises(Failed):
        check(*arguments)


def test_all_vectors_are_there():
    assert (len(INCLUSION), len(CONSISTENCY)) == (98, 98)
    assert {read(path)["wantErr"] for path in (*INCLUSION, *CONSISTENCY)} == {True, False}


@pytest.mark.parametrize("path", INCLUSION, ids=lambda path: "-".join(path.parts[-2:]))
def test_inclusion(path):
    vector = read(path)
    expect(vector, check_inclusion, vector["leafIdx"], vector["treeSize"], vector["leafHash"], vector["proof"],
           vector["root"])


@pytest.mark.parametrize("path", CONSISTENCY, ids=lambda path: "-".join(path.parts[-2:]))
def test_consistency(path):
    vector = read(path)
    expect(vector, check_consistency, vector["size1"], vector["size2"], vector["root1"], vector["root2"],
           vector["proof"])
