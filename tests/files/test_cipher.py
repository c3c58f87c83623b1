"""The format at rest: what Tink wrote, we read; what we write is what Tink would have; nothing damaged opens."""

import hashlib
import json
from pathlib import Path

import pytest

from casework.files import cipher
from casework.files.cipher import Cipher, Damaged
from casework.files.reader import Reader

VECTORS = json.loads((Path(__file__).parents[1] / "data/files/tink_streaming.json").read_text(encoding="ascii"))
PATTERN = bytes((i * 7 + i // 251) % 256 for i in range(256))


def plain_of(size: int) -> bytes:
    return (PATTERN * (size // 256 + 1))[:size]


def encrypt(plain: bytes, key: bytes, header: bytes, bound: bytes) -> bytes:
    made, number, whole = Cipher(key, header, bound), 0, [header]
    while True:
        piece, plain = plain[: cipher.room(number)], plain[cipher.room(number) :]
        whole.append(made.seal(number, piece, last=not plain))
        number += 1
        if not plain:
            return b"".join(whole)


def reader(stored: bytes, key: bytes, bound: bytes = b"x") -> Reader:
    return Reader(lambda start, length: stored[start : start + length], len(stored), key, bound)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['size']}")
def test_it_is_tinks_format(vector):
    """Byte for byte, for lengths on each side of where segments end."""
    key, bound = bytes.fromhex(vector["key"]), vector["bound"].encode()
    stored = encrypt(plain_of(vector["size"]), key, bytes.fromhex(vector["header"]), bound)
    assert len(stored) == vector["stored"] == cipher.stored_size(vector["size"])
    assert hashlib.sha256(stored).hexdigest() == vector["sha256"]
    assert stored.hex() == vector.get("ciphertext", stored.hex())
    opened = reader(stored, key, bound)
    assert opened.size == vector["size"] == cipher.plain_size(len(stored))
    assert b"".join(opened.whole()) == plain_of(vector["size"])


@pytest.fixture(scope="module")
def sample():
    plain = plain_of(cipher.FIRST_PLAIN + 2 * cipher.PLAIN + 77)
    key = cipher.new_key()
    return plain, key, encrypt(plain, key, cipher.new_header(), b"x")


def test_a_part_is_read_from_its_segments_alone(sample):
    plain, key, stored = sample
    asked = []

    def fetch(start, length):
        asked.append(start)
        return stored[start : start + length]

    opened = Reader(fetch, len(stored), key, b"x")
    begins = cipher.starts(2) - 10
    assert b"".join(opened.part(begins, begins + 30)) == plain[begins : begins + 30]
    assert asked == [0, cipher.place(1), cipher.place(2)]
    opened.seek(-5, 2)
    assert opened.read() == plain[-5:]


def damaged(stored: bytes):
    """Ciphertexts that are not what was written, by name."""
    mib = cipher.SEGMENT
    yield "a byte short", stored[:-1]
    yield "a segment short", stored[: 3 * mib]
    yield "two segments short", stored[: 2 * mib]
    yield "longer", stored + b"\0"
    yield "swapped", stored[:mib] + stored[2 * mib : 3 * mib] + stored[mib : 2 * mib] + stored[3 * mib :]
    yield "repeated", stored[:mib] + stored[mib : 2 * mib] * 2 + stored[3 * mib :]
    for place in (0, 1, 35, 50, mib + 5, 3 * mib + 3, len(stored) - 1):
        yield f"flipped at {place}", stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]


def test_nothing_damaged_opens(sample):
    _plain, key, stored = sample
    passed = []
    for name, changed in damaged(stored):
        try:
            b"".join(reader(changed, key).whole())
            passed.append(name)
        except Damaged:
            continue
    assert passed == []


def test_another_key_or_another_file_does_not_open(sample):
    _plain, key, stored = sample
    for wrong_key, bound in ((cipher.new_key(), b"x"), (key, b"y")):
        with pytest.raises(Damaged):
            next(reader(stored, wrong_key, bound).whole())


@pytest.mark.parametrize("length", [0, 10, 55, cipher.SEGMENT, cipher.SEGMENT + 15])
def test_lengths_that_no_file_has_are_refused(length):
    """At and just after a segment's end there is no room for the next one's tag."""
    if length == cipher.SEGMENT:
        assert cipher.plain_size(length) == cipher.FIRST_PLAIN
        return
    with pytest.raises(Damaged):
        cipher.plain_size(length)
