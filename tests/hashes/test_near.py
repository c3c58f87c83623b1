"""Perceptual hashes: the nearest value is found, in short lists and long ones, and said as similar."""

import base64
import random

import pytest
from sqlalchemy import select

from casework.evidence import known, service
from casework.evidence.models import EvidenceItem
from casework.hashes import lists, near
from casework.hashes.index import NotAnIndex
from casework.hashes.lists import About
from casework.hashes.models import HashHit
from schemas.hashes import canonical_hash
from schemas.problems import BadIdentifier
from tests.evidence.world import SHA, build, digital_data

known.register()
BITS = range(256)


def flipped(value: int, count: int, chance: random.Random) -> int:
    return value ^ sum(1 << bit for bit in chance.sample(BITS, count))


@pytest.mark.parametrize("count", [0, 1, 500])
@pytest.mark.parametrize("scanned", [0, 10_000])  # with pieces in order, and without
def test_the_nearest_is_found_as_by_comparing_all(tmp_path, monkeypatch, count, scanned):
    monkeypatch.setattr(near, "SCANNED", scanned)
    chance = random.Random(7)
    values = [chance.getrandbits(256) for _number in range(count)]
    near.build(tmp_path / "pdq", ((value.to_bytes(32), row) for row, value in enumerate(values)))
    found = near.Near(tmp_path / "pdq")
    asked = [flipped(value, bits, chance) for value in values[:40] for bits in (0, 1, 16, 30, 31, 32, 60)]
    for value in [*asked, 0, 2**256 - 1]:
        best = min((((one ^ value).bit_count(), row) for row, one in enumerate(values)), default=(256, 0))
        wanted = (best[1], best[0]) if best[0] <= near.NEAR else None
        assert found.find(value.to_bytes(32)) == wanted
    found.close()


def test_half_a_file_is_no_list(tmp_path):
    path = tmp_path / "pdq"
    near.build(path, [(bytes(32), 1)])
    whole = path.read_bytes()
    for part in (whole[:-1], whole[:5], b"x" + whole[1:]):
        path.write_bytes(part)
        with pytest.raises(NotAnIndex):
            near.Near(path)


@pytest.mark.parametrize(("algorithm", "text", "form"), [
    ("pdq", f" {'AB' * 32} ", "ab" * 32),
    ("photodna", "00" * 144, base64.b64encode(bytes(144)).decode()),
    ("photodna", base64.b64encode(b"z" * 144).decode(), base64.b64encode(b"z" * 144).decode()),
    ("sha256", SHA.upper(), SHA),
])
def test_a_value_has_one_form(algorithm, text, form):
    assert canonical_hash(algorithm, text) == form
    assert canonical_hash(algorithm, form) == form
    with pytest.raises(BadIdentifier):
        canonical_hash(algorithm, text[:-4])
    with pytest.raises(BadIdentifier):
        canonical_hash(algorithm, text + "!")


def test_similar_ones_are_said_both_ways(database, tmp_path):
    """An exhibit that comes after the list, and a list that comes after the exhibit."""
    folder, photo = tmp_path / "hashes", base64.b64encode(b"p" * 144).decode()
    with database.work() as db:
        world = build(db)
    inv = world.who["inv"]
    path = tmp_path / "list.csv"

    def receive(version: str, label: str, value: int) -> None:
        path.write_text(f"PDQ,PhotoDNA,Category\n{value:064x},{b'p'.hex() * 144},{label}\n")
        with database.work() as db:
            lists.receive(db, folder, path, About("Similar", version, "Hotline (fictional)"))

    def record(number: int, **hashes: str):
        with database.work(identity=inv, hash_lists=lists.Lists(folder)) as db:
            data = {**digital_data(), "hashes": [{"algorithm": name, "value": value, "tool": "Tool 1"}
                                                 for name, value in {"sha256": SHA, **hashes}.items()]}
            return service.record_item(db, inv, world.case(db), data).id

    receive("1", "A1", 2**31 - 1)
    near_it, far, same = record(1, pdq=f"{0:064x}"), record(2, pdq=f"{2**32 - 1 << 64:064x}"), record(3, photodna=photo)
    receive("2", "A2", 2**40 - 1 << 64)
    with database.work(unscoped=1) as db:
        for item in db.scalars(select(EvidenceItem)).all():
            lists.match(db, lists.Lists(folder), item)
    with database.work(readonly=True, unscoped=1) as db:
        found = {(hit.item_id, hit.algorithm, hit.label, hit.distance) for hit in db.scalars(select(HashHit))}
    assert found == {(near_it, "pdq", "A1", 31), (far, "pdq", "A2", 8), (same, "photodna", "A1", None),
                     (same, "photodna", "A2", None)}
