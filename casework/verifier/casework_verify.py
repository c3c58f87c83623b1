"""casework-verify: proves that nothing in a casework log was changed, removed, inserted late or forked.

One file for whoever does not trust us: Python 3.11, no database, no network. The `cryptography` package checks
signatures where it is installed; without it this file does so by itself, more slowly.
The formats are public: RFC 6962 (tree), C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof,
tlog-policy, RFC 8493 (BagIt), RFC 8785 (JSON); docs/verify.md says what is proved, and what is not.
The program itself imports what stands here, so that it cannot agree with itself only.

    python casework_verify.py proof FILE --policy POLICY        exit 0 proved, 1 false, 2 not readable, 3 not enough
"""

import argparse
import base64
import binascii
import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import stat
import sys
import tarfile
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # a machine that has Python and nothing else
    Ed25519PublicKey = None


class Failed(Exception):
    """What was presented is well formed and not true: a hash, a signature or a place in the tree is wrong.

    `what` is a sentence, in which `words` fill the {names}; `expected` and `found` what was compared, `index` the
    first bad place in the log.
    """

    def __init__(self, what: str, *, expected: object = None, found: object = None, index: int | None = None,
                 **words: object):
        self.sentence = Sentence(what, words)
        self.what, self.expected, self.found, self.index = str(self.sentence), expected, found, index
        super().__init__(self.what)


class Malformed(Exception):
    """What was presented cannot be read as what it says it is. `words` fill the {names} of the sentence `what`."""

    def __init__(self, what: str, **words: object):
        self.sentence = Sentence(what, words)
        super().__init__(str(self.sentence))


@dataclass(frozen=True)
class Sentence:
    """A sentence in both languages: KHMER has the Khmer of `template`."""

    template: str
    words: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.read("en")

    def read(self, language: str) -> str:
        """In English ("en") or Khmer ("km"), safe to print."""
        template = KHMER.get(self.template, self.template) if language == "km" else self.template
        return template.format(**{name: printable(value) for name, value in self.words.items()}) if self.words \
            else template


def printable(value: object) -> str:
    """Text of a stranger's file as it may stand on a terminal: no control, no turned direction, at most 300 signs."""
    text = str(value)
    text = text if len(text) <= 300 else text[:299] + "…"
    return "".join(c if c.isprintable() or c in "\u200b\u200c\u200d" else f"\\u{ord(c):04x}" for c in text)


# --- bytes and numbers, in one form only ----------------------------------------------------------------------------

HASH_SIZE = 32
LARGEST_FILE = 1 << 26  # of what is read in one piece: proofs, checkpoints, policies, lines
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
LARGEST = 2**63 - 1


def number(text: str) -> int:
    """A whole number as logs write it: no sign, no leading zero, at most 2**63 - 1. Raises Malformed."""
    if not _NUMBER.fullmatch(text) or int(text) > LARGEST:
        raise Malformed("not a number in its one form: {text}", text=text[:40])
    return int(text)


def unbase64(text: str) -> bytes:
    """Bytes of standard base64 in its one form: padded, and no stray bits at the end. Raises Malformed."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("not base64: {text}", text=text[:60]) from None
    if base64.b64encode(data).decode() != text:
        raise Malformed("base64 that is not in its one form: {text}", text=text[:60])
    return data


def hash_from(text: str) -> bytes:
    """A hash in base64. Raises Malformed unless it has 32 bytes."""
    data = unbase64(text)
    if len(data) != HASH_SIZE:
        raise Malformed("a hash has 32 bytes, this one {count}", count=len(data))
    return data


def limited(stream: BinaryIO) -> bytes:
    """What a file holds that is read in one piece. Raises Malformed when it is too large for that."""
    data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise Malformed("the file is larger than such a file can be")
    return data


def text_from(data: bytes) -> str:
    """The text of a file. Raises Malformed when it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("the text is not UTF-8") from None


def canonical(value: Any) -> str:
    """JSON in one form (RFC 8785 for what logs use: no fractions, ASCII names)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_from(text: str) -> Any:
    """The value of JSON in its one form: no member twice, no spaces, members in order. Raises Malformed."""
    try:
        value = json.loads(text, object_pairs_hook=_members)
        same = canonical(value) == text
    except (ValueError, RecursionError):
        raise Malformed("not JSON: {text}", text=text[:60]) from None
    if not same:
        raise Malformed("JSON that is not in its one form: {text}", text=text[:60])
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a JSON object has a member twice")
    return members


def object_from(text: str, members: frozenset[str]) -> dict[str, Any]:
    """The JSON object in `text`, which has exactly these members. Raises Malformed."""
    value = json_from(text)
    if not isinstance(value, dict) or value.keys() != members:
        raise Malformed("an object with other members than {members}", members=", ".join(sorted(members)))
    return value


# --- the tree of RFC 6962 -------------------------------------------------------------------------------------------

EMPTY_ROOT = hashlib.sha256(b"").digest()
_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry of the tree."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only grows: its size, and the roots of its complete parts from the largest to the smallest.

    That is all it takes to append and to tell the root: memory grows with the number of digits of the size only.
    """

    def __init__(self, size: int = 0, parts: Iterable[bytes] = ()):
        self.size, self.parts = size, list(parts)
        if len(self.parts) != size.bit_count():
            raise Malformed("these parts are not those of a tree of that size")

    def append(self, hashed: bytes) -> None:
        """Add one entry by its leaf hash."""
        size, parts = self.size, self.parts
        while size & 1:
            hashed = _sha256(b"\x01" + parts.pop() + hashed).digest()
            size >>= 1
        parts.append(hashed)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        if not self.parts:
            return EMPTY_ROOT
        root = self.parts[-1]
        for part in reversed(self.parts[:-1]):
            root = node_hash(part, root)
        return root


def check_inclusion(index: int, size: int, hashed: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """That the entry with leaf hash `hashed` stands at `index` in the tree of `size` and `root`. Raises Failed."""
    if not 0 <= index < size:
        raise Failed("the entry's place is outside the tree", expected=f"below {size}", found=index, index=index)
    found = _root_from_inclusion(index, size, hashed, proof)
    if found != root:
        raise Failed("the entry is not in the tree that was signed", expected=root.hex(), found=found.hex(),
                     index=index)


def _root_from_inclusion(index: int, size: int, hashed: bytes, proof: Sequence[bytes]) -> bytes:
    _check_lengths((*proof, hashed))
    # Steps that may have a neighbour on either side, then those along the right border, which have one on the left.
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise Failed("the proof has a wrong number of hashes", expected=inner + border, found=len(proof), index=index)
    for level, other in enumerate(proof[:inner]):
        hashed = node_hash(other, hashed) if index >> level & 1 else node_hash(hashed, other)
    for other in proof[inner:]:
        hashed = node_hash(other, hashed)
    return hashed


def check_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """That the tree of `size2` and `root2` begins with the whole tree of `size1` and `root1`. Raises Failed."""
    _check_lengths(proof)
    if size1 > size2 or size1 < 0:
        raise Failed("the later tree is the smaller one", expected=f"at least {size1}", found=size2, index=size2)
    if size1 in (0, size2) and proof:
        raise Failed("a proof where none is needed", expected=0, found=len(proof))
    if size1 == 0 and root1 != EMPTY_ROOT:
        raise Failed("an empty tree has another root", expected=EMPTY_ROOT.hex(), found=root1.hex())
    if size1 == size2:
        if root1 != root2:
            raise Failed("two trees of one size differ: the log was forked", expected=root1.hex(), found=root2.hex())
        return
    _check_lengths((root1, root2))
    if size1 == 0:
        return
    first, second = _roots_from_consistency(size1, size2, root1, proof)
    if first != root1:
        raise Failed("the later tree does not begin with the earlier one", expected=root1.hex(), found=first.hex())
    if second != root2:
        raise Failed("the proof leads to another tree", expected=root2.hex(), found=second.hex())


def _roots_from_consistency(size1: int, size2: int, root1: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    shift = (size1 & -size1).bit_length() - 1
    inner = ((size1 - 1) ^ (size2 - 1)).bit_length() - shift
    border = ((size1 - 1) >> (inner + shift)).bit_count()
    # A tree whose size is a power of two is itself the part that the walk begins with.
    whole = size1 == 1 << shift
    wanted = inner + border + (0 if whole else 1)
    if len(proof) != wanted:
        raise Failed("the proof has a wrong number of hashes", expected=wanted, found=len(proof))
    first = second = root1 if whole else proof[0]
    steps = proof if whole else proof[1:]
    place = (size1 - 1) >> shift
    for level, other in enumerate(steps[:inner]):
        if place >> level & 1:
            first, second = node_hash(other, first), node_hash(other, second)
        else:
            second = node_hash(second, other)
    for other in steps[inner:]:
        first, second = node_hash(other, first), node_hash(other, second)
    return first, second


def _check_lengths(hashes: Sequence[bytes]) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise Failed("a hash does not have 32 bytes")


# --- Ed25519 (RFC 8032): by the library, or by ourselves on a machine that has Python and nothing else --------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_I = pow(2, (_P - 1) // 4, _P)
Point = tuple[int, int, int, int]  # extended coordinates: x/z, y/z, and x*y/z


def _add_points(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c, d = 2 * one[3] * other[3] * _D % _P, 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _add_points(result, point)
        point, factor = _add_points(point, point), factor >> 1
    return result


def _point(data: bytes) -> Point | None:
    """The point that 32 bytes write, None when they write none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _I % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _written(point: Point) -> bytes:
    x, y = (part * pow(point[2], -1, _P) % _P for part in point[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def ed25519_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` on `message` is that of the owner of `public`."""
    if Ed25519PublicKey is None:
        return ed25519_signed_by_hand(public, signature, message)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def ed25519_signed_by_hand(public: bytes, signature: bytes, message: bytes) -> bool:
    """The same without a library: 15 ms instead of 0.1, and nothing in it is secret."""
    key, s = _point(public), int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or s >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    factor = int.from_bytes(digest, "little") % _L
    x, y, z, t = _times(factor, key)
    return _written(_add_points(_times(s, _BASE), (-x % _P, y, z, -t % _P))) == signature[:32]


# --- keys, signed notes, checkpoints --------------------------------------------------------------------------------

ED25519, COSIGNATURE = 1, 4
_SIGNATURE_SIZE = {ED25519: 64, COSIGNATURE: 72}
_NAME = re.compile(r"[^\s+\x00-\x20\x7f]+")
_SIGNATURE_LINE = re.compile(r"— ([^ ]+) ([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True)
class Key:
    """A public key by the name of who signs with it. `type`: 1 signs notes, 4 is a witness's cosignature."""

    name: str
    type: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that name the key in a signature line."""
        return _sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as people exchange it (a "vkey")."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.type]) + self.public).decode()}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, for reading aloud over a telephone."""
        digits = _sha256(self.public).hexdigest()[:32]
        return " ".join(digits[start : start + 4] for start in range(0, 32, 4))

    def check(self, signature: bytes, message: bytes) -> None:
        """Raises Failed when `signature` (without the key's id) is not this key's on `message`."""
        if not ed25519_signed(self.public, signature, message):
            raise Failed("the signature of {name} is wrong", name=self.name)


def key_from(text: str) -> Key:
    """The key that a "vkey" writes. Raises Malformed."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]) or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
        raise Malformed("not a key: {text}", text=text[:80])
    data = unbase64(parts[2])
    if not data or data[0] not in _SIGNATURE_SIZE or len(data) != 33:
        raise Malformed("a key of a kind that this verifier does not know: {text}", text=text[:80])
    key = Key(parts[0], data[0], data[1:])
    if key.id.hex() != parts[1]:
        raise Malformed("a key whose id does not fit: {text}", text=text[:80])
    return key


@dataclass(frozen=True)
class Signature:
    """One signature line of a note: who, which key, and the bytes after the key's id."""

    name: str
    key_id: bytes
    data: bytes


@dataclass(frozen=True)
class Note:
    """A signed note: the text that was signed (with its last newline), and its signature lines."""

    text: str
    signatures: tuple[Signature, ...]

    def signed_by(self, key: Key) -> int | None:
        """The moment of `key`'s cosignature in seconds since 1970, 0 for a signature without one, None when `key` did
        not sign. Raises Failed when a signature that names `key` is wrong: no line of a known key may be false."""
        found = None
        for signature in self.signatures:
            if (signature.name, signature.key_id) != (key.name, key.id):
                continue
            if len(signature.data) != _SIGNATURE_SIZE[key.type]:
                raise Failed("the signature of {name} is wrong", name=key.name)
            if key.type == COSIGNATURE:
                moment = int.from_bytes(signature.data[:8], "big")
                if moment > LARGEST:
                    raise Failed("the signature of {name} is wrong", name=key.name)
                key.check(signature.data[8:], cosigned(self.text, moment))
            else:
                moment = 0
                key.check(signature.data, self.text.encode())
            found = moment if found is None else max(found, moment)
        return found


def cosigned(text: str, moment: int) -> bytes:
    """What a witness signs: the note's text, and the moment at which it saw it."""
    return f"cosignature/v1\ntime {moment}\n{text}".encode()


def note_from(text: str) -> Note:
    """The note that `text` writes, its signatures not yet checked. Raises Malformed."""
    if len(text) > 1_000_000 or any((c < " " and c != "\n") or c == "\x7f" for c in text):
        raise Malformed("a note holds printable text only")
    body, gap, lines = text.rpartition("\n\n")
    if not gap or not body or not lines.endswith("\n"):
        raise Malformed("a note is text, an empty line, and lines of signatures")
    signatures = []
    for line in lines[:-1].split("\n"):
        match = _SIGNATURE_LINE.fullmatch(line)
        if not match or not _NAME.fullmatch(match[1]):
            raise Malformed("not a line of a signature: {text}", text=line[:80])
        data = unbase64(match[2])
        if len(data) < 5:
            raise Malformed("a signature is too short")
        signatures.append(Signature(match[1], data[:4], data[4:]))
    if len(signatures) > 100:
        raise Malformed("a note with more than 100 signatures")
    return Note(body + "\n", tuple(signatures))


def signature_line(key: Key, signature: bytes) -> str:
    """The line that adds `signature` of `key` to a note."""
    return f"— {key.name} {base64.b64encode(key.id + signature).decode()}\n"


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself at a moment: its name, how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """As it is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def checkpoint_from(text: str) -> Checkpoint:
    """The checkpoint in the text of a note. Lines after the third are refused: ours have none. Raises Malformed."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise Malformed("a checkpoint has three lines: origin, size, root")
    return Checkpoint(lines[0], number(lines[1]), hash_from(lines[2]))


# --- whom to trust: keys given one by one, or a policy (C2SP tlog-policy) --------------------------------------------


@dataclass
class Trust:
    """Whose signatures count. `quorum` names the witness or group that must have cosigned, None for nobody; the
    witnesses in `required` must have cosigned besides."""

    logs: list[Key] = field(default_factory=list)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str | None = None
    required: list[str] = field(default_factory=list)

    def add_key(self, key: Key) -> None:
        """Trust a key that was given by itself: a log's signs, a witness's must have cosigned."""
        if key.type == ED25519:
            self.logs.append(key)
        else:
            self.witnesses[key.text] = key
            self.required.append(key.text)

    def met(self, name: str, seen: set[str]) -> bool:
        """Whether the witness or group `name` stands behind a checkpoint that the witnesses `seen` cosigned."""
        if name in self.witnesses:
            return name in seen
        least, members = self.groups[name]
        return sum(self.met(member, seen) for member in members) >= least

    def check(self, text: str, report: "Report", *, newest: bool = True) -> Checkpoint:
        """The checkpoint in the signed note `text`, its signatures checked; what the policy lacks is noted in
        `report`. Of an older checkpoint (`newest` false) only the signatures that it has are checked.

        Raises Malformed, and Failed for a false signature or a checkpoint that the log did not sign.
        """
        note = note_from(text)
        checkpoint = checkpoint_from(note.text)
        signed = [(key, key.name == checkpoint.origin and note.signed_by(key) is not None) for key in self.logs]
        if self.logs and not any(true for _key, true in signed):
            raise Failed("the checkpoint is not signed by the log whose key was given",
                         expected=", ".join(f"{key.name} {key.id.hex()}" for key in self.logs),
                         found=", ".join(f"{line.name} {line.key_id.hex()}" for line in note.signatures))
        moments = {name: note.signed_by(key) for name, key in self.witnesses.items()}
        seen = {name for name, moment in moments.items() if moment is not None}
        if not newest:
            return checkpoint
        facts = [_key_facts("log", key, None) for key, true in signed if true]
        facts += [_key_facts("witness", key, moments[name]) for name, key in self.witnesses.items() if name in seen]
        report.keys += [fact for fact in facts if fact not in report.keys]
        if not self.logs and not self.witnesses:
            report.lack("no key or policy was given: only the inner agreement of the files was checked")
        elif not self.logs:
            report.lack("no key of the log was given: its own signature was not checked")
        missing = [name for name in self.required if name not in seen]
        for name in missing:
            report.lack("the witness {name} has not cosigned", name=self.witnesses[name].name)
        if self.quorum and not self.met(self.quorum, seen):
            absent = [key.name for name, key in self.witnesses.items() if name not in seen]
            report.lack("too few witnesses have cosigned; missing: {names}", names=", ".join(absent))
        return checkpoint


def _key_facts(role: str, key: Key, moment: int | None) -> dict[str, str]:
    facts = {"role": role, "name": key.name, "id": key.id.hex(), "fingerprint": key.fingerprint}
    return facts if moment is None else {**facts, "at": moment_text(moment)}


def moment_text(seconds: int) -> str:
    """A moment of a cosignature as text in UTC, or the bare seconds when no calendar reaches so far."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def trust_from(text: str) -> Trust:
    """What a policy file says. Raises Malformed."""
    trust, quorums = Trust(), []
    if any((c < " " and c not in "\t\n") or c == "\x7f" for c in text):
        raise Malformed("a policy holds printable text only")
    free: set[str] = set()  # defined, and not yet a member of a group
    for line in text.split("\n"):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if not words or words[0].startswith("#"):
            continue
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                _add(trust.logs, _policy_key(vkey, ED25519))
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                key = _policy_key(vkey, COSIGNATURE)
                _define(trust, free, name)
                if any(key.public == other.public for other in trust.witnesses.values()):
                    raise Malformed("the policy has a key twice: {text}", text=vkey)
                trust.witnesses[name] = key
            case ["group", name, least, *members] if members:
                if len(set(members)) != len(members) or not free.issuperset(members):
                    raise Malformed("a group's members are defined before it, and stand in one group: {text}",
                                    text=line)
                count = {"any": 1, "all": len(members)}.get(least) or number(least)
                if not 1 <= count <= len(members) or len(trust.groups) == 100:
                    raise Malformed("not a line of a policy: {text}", text=line)
                free.difference_update(members)
                _define(trust, free, name)
                trust.groups[name] = (count, members)
            case ["quorum", name] if name == "none" or name in trust.witnesses or name in trust.groups:
                quorums.append(name)
            case _:
                raise Malformed("not a line of a policy: {text}", text=line)
    if len(quorums) != 1:
        raise Malformed("a policy has exactly one quorum line")
    trust.quorum = None if quorums[0] == "none" else quorums[0]
    return trust


def _policy_key(vkey: str, kind: int) -> Key:
    key = key_from(vkey)
    if key.type != kind:
        raise Malformed("a key of the wrong kind for its line: {text}", text=vkey)
    return key


def _add(logs: list[Key], key: Key) -> None:
    if any(key.public == other.public for other in logs):
        raise Malformed("the policy has a key twice: {text}", text=key.text)
    logs.append(key)


def _define(trust: Trust, free: set[str], name: str) -> None:
    if name == "none" or name in trust.witnesses or name in trust.groups:
        raise Malformed("the policy defines a name twice: {text}", text=name)
    free.add(name)


# --- proofs of one entry (C2SP tlog-proof) and of growth (the body of tlog-witness's add-checkpoint) ------------------

PROOF_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Proof:
    """Where an entry stands, its way to the root, and the signed note that has the root."""

    index: int
    path: tuple[bytes, ...]
    note: str


def proof_from(text: str) -> Proof:
    """The tlog-proof in `text`. Extra data, which nobody signs, is read over. Raises Malformed."""
    head, _gap, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if lines and lines[0].startswith("extra "):
        unbase64(lines.pop(0)[6:])
    if first != PROOF_HEADER or not lines or not lines[0].startswith("index "):
        raise Malformed("not a proof of the form {form}", form=PROOF_HEADER)
    return Proof(number(lines[0][6:]), _path(lines[1:]), note)


def growth_from(text: str) -> tuple[int, tuple[bytes, ...], str]:
    """The older size, the consistency proof and the newer signed note, as witnesses are sent them. Raises Malformed."""
    head, _gap, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if not first.startswith("old "):
        raise Malformed("not a proof of the form {form}", form="tlog-witness add-checkpoint")
    return number(first[4:]), _path(lines), note


def _path(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > 63:
        raise Malformed("a proof with more than 63 hashes")
    return tuple(hash_from(line) for line in lines)


# --- entries and their leaves ---------------------------------------------------------------------------------------

ENTRY_FORMAT, EVENTS_FORMAT = "casework-entry/1", "casework-events/1"
_ENTRY_FILE = frozenset({"format", "entry", "salt", "body", "leaf", "proof"})
_ENTRY_LINE = frozenset({"format", "entry", "salt", "body", "leaf", "index", "path"})
_ENTRY = frozenset({"chain", "number", "at", "verb", "commitment", "previous", "hash"})
_FORMS = {
    "chain": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", re.ASCII),
    "verb": re.compile(r"[a-z][a-z0-9_.:-]{0,59}"),
    "commitment": re.compile(r"[0-9a-f]{64}"),
    "previous": re.compile(r"[0-9a-f]{64}"),
    "hash": re.compile(r"[0-9a-f]{64}"),
}
_SALT = re.compile(r"[0-9a-f]{32}")
# A leaf in its one form: whatever fits this is canonical JSON already, which is quicker to see than to parse.
_LEAF = re.compile(
    rb'\{"at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00","chain":"([0-9a-f]{32})","commitment":"[0-9a-f]{64}",'
    rb'"hash":"[0-9a-f]{64}","number":([1-9][0-9]{0,15}),"v":1,"verb":"[a-z][a-z0-9_.:-]{0,59}"\}'
)
_AT = slice(7, 39)
NO_ENTRY = bytes(HASH_SIZE).hex()


@dataclass(frozen=True)
class Entry:
    """One entry whose parts agree with one another. `body` is None when it is sealed or was erased."""

    chain: str
    number: int
    at: str
    verb: str
    previous: str
    hash: str
    body: str | None
    leaf: bytes


def chain_tag(chain: str) -> str:
    """What a leaf calls the chain with this UUID: which entries belong together, and not to whom."""
    return _sha256(b"casework/chain/v1" + uuid.UUID(chain).bytes).hexdigest()[:32]


def entry_from(value: dict[str, Any]) -> Entry:
    """The entry of an entry file's object. Raises Malformed; Failed when its parts contradict one another."""
    entry, salt, body = value["entry"], value["salt"], value["body"]
    if value["format"] != ENTRY_FORMAT:
        raise Malformed("not of the format {form}", form=ENTRY_FORMAT)
    if not isinstance(entry, dict) or entry.keys() != _ENTRY:
        raise Malformed("an object with other members than {members}", members=", ".join(sorted(_ENTRY)))
    for name, form in _FORMS.items():
        if not isinstance(entry[name], str) or not form.fullmatch(entry[name]):
            raise Malformed("the entry's member {name} has a wrong form", name=name)
    place = entry["number"]
    if type(place) is not int or not 1 <= place < 10**16 or not isinstance(value["leaf"], str):
        raise Malformed("the entry's member {name} has a wrong form", name="number")
    if (place == 1) != (entry["previous"] == NO_ENTRY):
        raise Failed("the first entry of a chain, and it alone, has none before it", found=entry["previous"])
    _compare("hash", entry["hash"], _entry_hash(entry))
    _compare("leaf", value["leaf"], _leaf(entry))
    if (salt is None) != (body is None):
        raise Malformed("the entry's member {name} has a wrong form", name="salt")
    if body is not None:
        if not isinstance(salt, str) or not _SALT.fullmatch(salt) or not isinstance(body, str):
            raise Malformed("the entry's member {name} has a wrong form", name="salt")
        _compare("commitment", entry["commitment"], _sha256(bytes.fromhex(salt) + body.encode()).hexdigest())
        told = json_from(body)
        _compare("verb", entry["verb"], told.get("verb") if isinstance(told, dict) else None)
    return Entry(*(entry[name] for name in ("chain", "number", "at", "verb", "previous", "hash")), body,
                 value["leaf"].encode())


def _entry_hash(entry: dict[str, Any]) -> str:
    covered = {name: entry[name] for name in ("chain", "number", "at", "commitment", "previous")}
    return _sha256(canonical({"v": 1, **covered}).encode()).hexdigest()


def _leaf(entry: dict[str, Any]) -> str:
    told = {name: entry[name] for name in ("at", "verb", "number", "commitment", "hash")}
    return canonical({"v": 1, "chain": chain_tag(entry["chain"]), **told})


def _compare(part: str, stands: object, follows: object) -> None:
    if stands != follows:
        raise Failed("the entry's {part} does not fit its other parts", expected=follows, found=stands, part=part)


def check_entry(text: str, trust: Trust, report: "Report") -> tuple[Entry, Checkpoint | None]:
    """Check an entry file: its parts, and its place in the signed tree. No checkpoint when it has no place yet.
    Raises Malformed and Failed."""
    if not text.endswith("\n"):
        raise Malformed("a line without an end")
    value = object_from(text[:-1], _ENTRY_FILE)
    entry, proved = entry_from(value), value["proof"]
    report.count(entries=1, sealed=entry.body is None)
    report.times(entry.at, entry.at)
    if proved is None:
        report.lack("the entry has no place in the signed tree yet")
        return entry, None
    if not isinstance(proved, str):
        raise Malformed("the entry's member {name} has a wrong form", name="proof")
    return entry, check_proof(proof_from(proved), entry.leaf, trust, report)


def check_proof(proof: Proof, leaf: bytes, trust: Trust, report: "Report") -> Checkpoint:
    """That `leaf` stands in the signed tree where `proof` says. Raises Malformed and Failed."""
    checkpoint = trust.check(proof.note, report)
    check_inclusion(proof.index, checkpoint.size, leaf_hash(leaf), proof.path, checkpoint.root)
    report.indexes.append(proof.index)
    return checkpoint


# --- a log's directory (C2SP tlog-tiles) ----------------------------------------------------------------------------

WIDTH, BITS = 256, 8
LARGEST_BUNDLE = WIDTH * (2 + 0xFFFF)


def tile_path(kind: int | str, place: int) -> str:
    """Where tile number `place` of a level (or of "entries") stands: digits in threes, all but the last after an x."""
    digits = [f"{place % 1000:03d}"]
    while place >= 1000:
        place //= 1000
        digits.insert(0, f"x{place % 1000:03d}")
    return f"tile/{kind}/{'/'.join(digits)}"


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over hashes whose number is a power of two."""
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def complete_parts(hashes: Sequence[bytes]) -> Iterator[bytes]:
    """The roots of the complete parts of some hashes, from the largest to the smallest."""
    start = 0
    for bit in reversed(range(len(hashes).bit_length())):
        if len(hashes) >> bit & 1:
            yield complete_root(hashes[start : start + (1 << bit)])
            start += 1 << bit


class Tiles:
    """The files of a log for its tree of `size`. Nothing that they say is believed before it leads to a known root."""

    def __init__(self, folder: Path, size: int):
        self.folder, self.size = folder, size

    def width(self, level: int, place: int) -> int:
        """How many hashes tile `place` of `level` has in this tree (0: there is no such tile)."""
        return max(0, min(WIDTH, (self.size >> BITS * level) - place * WIDTH))

    def hashes(self, level: int, place: int) -> list[bytes]:
        """The hashes of one tile. Raises Failed when the file is missing or has a wrong length."""
        data, width, wanted = self._read(level, place, level, WIDTH * HASH_SIZE)
        if len(data) != width * HASH_SIZE:
            raise Failed("{path} has a wrong length", path=tile_path(level, place), expected=width * HASH_SIZE,
                         found=len(data), index=place << BITS * (level + 1))
        return [data[at : at + HASH_SIZE] for at in range(0, wanted * HASH_SIZE, HASH_SIZE)]

    def entries(self, place: int) -> tuple[list[bytes], bool]:
        """The leaves of one bundle as far as they can be read, and whether the bundle ends where it should."""
        data, width, wanted = self._read("entries", place, 0, LARGEST_BUNDLE)
        found, at = [], 0
        while len(found) < width and at + 2 <= len(data):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            if end > len(data):
                break
            found.append(data[at + 2 : end])
            at = end
        return found[:wanted], len(found) == width and at == len(data)

    def _read(self, kind: int | str, place: int, level: int, largest: int) -> tuple[bytes, int, int]:
        # A log may drop a partial tile once a wider one stands: the narrowest that reaches far enough is read.
        wanted = self.width(level, place)
        path = self.folder / tile_path(kind, place)
        for width in range(wanted, WIDTH + 1):
            file = path if width == WIDTH else path.with_name(f"{path.name}.p") / str(width)
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), open(file, "rb") as stream:
                return stream.read(largest + 1), width, wanted
        raise Failed("{path} is missing", path=tile_path(kind, place), index=place << BITS * (level + 1))

    def root(self, start: int, end: int) -> bytes:
        """The root over the entries from `start` to before `end`: a part of the tree as RFC 6962 splits it."""
        level = (end - start).bit_length() - 1
        if end - start == 1 << level:
            tile, within = divmod(level, BITS)
            first = start >> level << within
            return complete_root(self.hashes(tile, first // WIDTH)[first % WIDTH :][: 1 << within])
        middle = start + _split(end - start)
        return node_hash(self.root(start, middle), self.root(middle, end))

    def consistency(self, old: int) -> list[bytes]:
        """The proof that this tree begins with the tree of size `old` (RFC 6962 2.1.2), as far as the files tell."""
        return self._growth(0, self.size, old, True) if 0 < old < self.size else []

    def _growth(self, start: int, end: int, old: int, known: bool) -> list[bytes]:
        if old == end:
            return [] if known else [self.root(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            return [*self._growth(start, middle, old, known), self.root(middle, end)]
        return [*self._growth(middle, end, old, False), self.root(start, middle)]


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


class LogWalk:
    """Reads a log from one end to the other, with at most 256 hashes of each level in memory.

    `marks` are the trees that the log must go through: the root by the size. `start`: a size below which a checkpoint
    among the marks, all of which lie above it, vouches for the tiles. `tags` follows the numbers of chains.
    """

    def __init__(self, tiles: Tiles, marks: dict[int, bytes], start: int = 0, tags: "ChainCount | None" = None):
        self.tiles, self.marks, self.tags = tiles, dict(marks), tags
        self.start = start - start % WIDTH
        self.entries = self.files = 0
        self.first_at = self.last_at = ""
        self.sound = 0  # the largest mark that held
        self.strange: int | None = None  # the first entry of another form
        self.levels: list[list[bytes]] = [[]]
        while self.start >> BITS * len(self.levels):
            level = len(self.levels)
            count = self.start >> BITS * level
            self.levels.append(tiles.hashes(level, count // WIDTH)[: count % WIDTH] if count % WIDTH else [])

    def run(self) -> None:
        """Check everything. Raises Failed with the first bad index, Malformed for a leaf of another form."""
        roots, hashes = {}, []
        for place in range(self.start // WIDTH, -(-self.tiles.size // WIDTH)):
            hashes = self._bundle(place)
            for size in self.marks:
                if size // WIDTH == place:
                    roots[size] = self._root(size, hashes[: size % WIDTH])
            if len(hashes) == WIDTH:
                self._climb(place, complete_root(hashes))
                hashes = []
        roots[self.tiles.size] = self._root(self.tiles.size, hashes)
        for level, above in enumerate(self.levels[1:], start=1):
            if above:
                self._same_tile(level, (self.tiles.size >> BITS * level) // WIDTH, above)
        # Only now, because a tile that does not fit names the bad place better than a root does.
        for size in sorted(self.marks):
            self._mark(size, roots[size])
        # Whether the log holds comes first: whoever changed it could otherwise have it called unreadable only.
        if self.strange is not None:
            raise Malformed("entry {index} of the log has another form than casework's", index=self.strange)

    def _bundle(self, place: int) -> list[bytes]:
        entries, whole = self.tiles.entries(place)
        hashes = [_sha256(b"\x00" + entry).digest() for entry in entries]
        self._same_tile(0, place, hashes)
        if not whole:
            raise Failed("{path} has a wrong length", path=tile_path("entries", place),
                         index=place * WIDTH + len(hashes) - 1)
        for index, entry in enumerate(entries, start=place * WIDTH):
            match = _LEAF.fullmatch(entry)
            if not match:
                self.strange = index if self.strange is None else self.strange
            elif self.tags:
                self.tags.add(match, index)
        if self.strange is None:
            times = [entry[_AT] for entry in entries]
            first, last = min(times).decode(), max(times).decode()
            self.first_at, self.last_at = min(self.first_at or first, first), max(self.last_at, last)
        self.entries += len(entries)
        self.files += 1
        return hashes

    def _same_tile(self, level: int, place: int, hashes: list[bytes]) -> None:
        told = self.tiles.hashes(level, place)
        self.files += 1
        if told != hashes:
            bad = next((at for at, pair in enumerate(zip(told, hashes, strict=False)) if pair[0] != pair[1]),
                       min(len(told), len(hashes)))
            raise Failed("{path} does not fit what lies below it", path=tile_path(level, place),
                         expected=told[bad].hex() if bad < len(told) else None,
                         found=hashes[bad].hex() if bad < len(hashes) else None,
                         index=(place * WIDTH + bad) << BITS * level)

    def _climb(self, place: int, root: bytes) -> None:
        for level in range(1, 64 // BITS + 1):
            if level == len(self.levels):
                self.levels.append([])
            self.levels[level].append(root)
            if len(self.levels[level]) < WIDTH:
                return
            self._same_tile(level, place >> BITS * level, self.levels[level])
            root, self.levels[level] = complete_root(self.levels[level]), []

    def _root(self, size: int, last: list[bytes]) -> bytes:
        parts = [part for hashes in (*reversed(self.levels[1:]), last) for part in complete_parts(hashes)]
        return Frontier(size, parts).root()

    def _mark(self, size: int, root: bytes) -> None:
        if root != self.marks[size]:
            raise Failed("the log is not the one of the checkpoint of {size} entries: something between entry {first} "
                         "and entry {last} was changed, or the tree above them", size=size, first=self.sound,
                         last=max(size - 1, 0), expected=self.marks[size].hex(), found=root.hex(), index=self.sound)
        self.sound = size


class ChainCount:
    """Follows the numbers of chains through a log: each begins with 1 and leaves none out. `only` some chains by
    their tags, or all when None: memory then grows with the number of chains."""

    def __init__(self, only: Iterable[str] | None = None):
        self.last: dict[bytes, int] = {}
        self.only = None if only is None else {bytes.fromhex(tag) for tag in only}

    def add(self, leaf: re.Match[bytes], index: int) -> None:
        """Take note of a leaf. Raises Failed when its number is not the next of its chain."""
        tag = bytes.fromhex(leaf[1].decode())
        if self.only is not None and tag not in self.only:
            return
        expected, found = self.last.get(tag, 0) + 1, int(leaf[2])
        if found != expected:
            raise Failed("an entry of the chain {chain} is missing or stands twice", chain=tag.hex(), expected=expected,
                         found=found, index=index)
        self.last[tag] = found


# --- many entries in one file ---------------------------------------------------------------------------------------


class EventCheck:
    """Checks the lines of an event list one by one: each entry is in the tree, in the tree's order, and continues
    the entry before of its chain when that one is listed too."""

    def __init__(self, checkpoint: Checkpoint):
        self.checkpoint = checkpoint
        self.index = -1
        self.entries = self.sealed = self.left_out = 0
        self.first_at = self.last_at = ""
        self.ends: dict[str, tuple[int, str]] = {}

    def line(self, text: str) -> Entry:
        """The entry of one line. Raises Malformed and Failed."""
        value = object_from(text, _ENTRY_LINE)
        entry, index, path = entry_from(value), value["index"], value["path"]
        if type(index) is not int or not isinstance(path, list) or not all(isinstance(step, str) for step in path):
            raise Malformed("the entry's member {name} has a wrong form", name="path")
        check_inclusion(index, self.checkpoint.size, leaf_hash(entry.leaf), _path(path), self.checkpoint.root)
        if index <= self.index:
            raise Failed("the entries are not in the order of the log, or one stands twice",
                         expected=f"above {self.index}", found=index, index=index)
        self.index = index
        number_before, hash_before = self.ends.get(entry.chain, (0, NO_ENTRY))
        if entry.number <= number_before:
            raise Failed("a chain of entries runs backwards", expected=number_before + 1, found=entry.number,
                         index=index)
        if entry.number == number_before + 1 and entry.previous != hash_before:
            raise Failed("an entry does not continue the one before it in its chain", expected=hash_before,
                         found=entry.previous, index=index)
        self.left_out += entry.number - number_before - 1
        self.ends[entry.chain] = (entry.number, entry.hash)
        self.entries += 1
        self.sealed += entry.body is None
        self.first_at, self.last_at = min(self.first_at or entry.at, entry.at), max(self.last_at, entry.at)
        return entry


def check_events(stream: BinaryIO, trust: Trust, report: "Report", show: Callable[[Entry], None]) -> Checkpoint:
    """Check an event list: a line with the checkpoint and the number of entries, then a line for each entry. `show` is
    called with each entry that holds. Returns the checkpoint. Raises Malformed and Failed."""
    lines = _lines(stream)
    head = object_from(next(lines, ""), frozenset({"format", "count", "checkpoint"}))
    if head["format"] != EVENTS_FORMAT or type(head["count"]) is not int or not isinstance(head["checkpoint"], str):
        raise Malformed("not of the format {form}", form=EVENTS_FORMAT)
    checkpoint = trust.check(head["checkpoint"], report)
    check = EventCheck(checkpoint)
    for text in lines:
        show(check.line(text))
    if check.entries != head["count"]:
        raise Failed("the list has another number of entries than it says", expected=head["count"], found=check.entries)
    report.count(entries=check.entries, sealed=check.sealed, chains=len(check.ends), left_out=check.left_out)
    report.times(check.first_at, check.last_at)
    report.chains = {chain_tag(chain): end for chain, (end, _hash) in check.ends.items()}
    return checkpoint


def _lines(stream: BinaryIO) -> Iterator[str]:
    while line := stream.readline(LARGEST_FILE):
        if not line.endswith(b"\n"):
            raise Malformed("a line without an end")
        yield text_from(line[:-1])


# --- bags (RFC 8493, with casework's narrower rules) ------------------------------------------------------------------

# One spelling on every system: no dots in front, no spaces, no percent signs, no separators but the slash.
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}){0,15}")
_MANIFEST = re.compile(r"(tag)?manifest-(sha256|sha512)\.txt")
_MANIFEST_LINE = re.compile(r"([0-9a-f]+)[ \t]+(\S+)")
_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_NEEDED = ("bagit.txt", "bag-info.txt",
           *(f"{tag}manifest-{kind}.txt" for tag in ("", "tag") for kind in ("sha256", "sha512")))

# The profile of casework's disclosure packages: what such a bag must say of itself, and bring.
PROFILE = "https://casework.example/bagit/disclosure-1.json"
PROFILE_LABELS = (
    "Source-Organization", "Contact-Name", "External-Identifier", "Internal-Sender-Identifier", "Bagging-Date",
    "Payload-Oxum", "Casework-Recipient", "Casework-Purpose", "Casework-Legal-Basis", "Casework-Classification",
    "Casework-Log-Origin", "Casework-Log-Size",
)
PROFILE_CLASSES = ("confidential", "restricted", "sealed")
PROFILE_FILES = (
    "README.txt", "bagit-profile.json", "casework_verify.py", "custody/case.jsonld", "custody/index.csv",
    "log/checkpoint", "log/package.entry.json",
)


class Bag:
    """The files of a bag in a folder, a .zip or a .tar, by their names; `stack` closes the archive in the end.
    `stream` is the .zip itself, where it does not lie at `path`. Raises Malformed for names that could trick."""

    def __init__(self, path: Path, stack: contextlib.ExitStack, stream: BinaryIO | None = None):
        self.sizes: dict[str, int] = {}
        self._archive: zipfile.ZipFile | tarfile.TarFile | None = None
        self._path, self._base = path, ""
        try:
            if stream is None and path.is_dir():
                self._walk(path, "")
            elif stream is not None or path.suffix == ".zip":
                self._archive = stack.enter_context(zipfile.ZipFile(stream or path))
                self._unpack((info.filename, info.file_size, info.is_dir(), _plain_in_zip(info))
                             for info in self._archive.infolist())
            elif path.suffix == ".tar":
                self._archive = stack.enter_context(tarfile.open(path, mode="r:"))  # noqa: SIM115 closed by stack
                self._unpack((info.name, info.size, info.isdir(), info.isreg() and not info.issparse())
                             for info in self._archive.getmembers())
            else:
                raise Malformed("not a folder, nor a .zip or .tar archive that can be read")
        except (zipfile.BadZipFile, tarfile.TarError, NotImplementedError):
            raise Malformed("not a folder, nor a .zip or .tar archive that can be read") from None
        self._check_clashes()

    def _walk(self, folder: Path, above: str) -> None:
        for item in sorted(os.scandir(folder), key=lambda item: item.name):
            name = above + item.name
            if item.is_dir(follow_symlinks=False):
                self._walk(Path(item.path), f"{name}/")
            else:
                self._add(name, item.stat(follow_symlinks=False).st_size, item.is_file(follow_symlinks=False))

    def _unpack(self, members: Iterable[tuple[str, int, bool, bool]]) -> None:
        for name, size, folder, plain in members:
            base, _slash, rest = name.rstrip("/" if folder else "").partition("/")
            self._base = self._base or base
            if base != self._base or not _SAFE.fullmatch(base) or (folder and rest and not _SAFE.fullmatch(rest)):
                raise Malformed("a name in the bag that may not be: {name}", name=name)
            if not folder:
                self._add(rest, size, plain)

    def _add(self, name: str, size: int, plain: bool) -> None:
        if not _SAFE.fullmatch(name) or not plain or name in self.sizes:
            raise Malformed("a name in the bag that may not be: {name}", name=name)
        self.sizes[name] = size

    def _check_clashes(self) -> None:
        known: dict[str, str] = {}
        for name in self.sizes:
            steps = name.split("/")
            for count in range(1, len(steps) + 1):
                # A folder is kept with its slash, so that it cannot share its name with a file either.
                part = "/".join(steps[:count]) + ("/" if count < len(steps) else "")
                if known.setdefault(part.rstrip("/").casefold(), part) != part:
                    raise Malformed("two names in the bag differ in case only: {name}", name=name)

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """The file as a stream. Raises Failed when the archive is damaged there."""
        try:
            if self._archive is None:
                stream: Any = open(self._path / name, "rb")  # noqa: SIM115 closed below
            elif isinstance(self._archive, zipfile.ZipFile):
                stream = self._archive.open(f"{self._base}/{name}")
            else:
                stream = self._archive.extractfile(f"{self._base}/{name}")
            with stream:
                yield stream
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError):
            raise Failed("the archive is damaged at {name}", name=name) from None

    def text(self, name: str) -> str:
        """The text of a file."""
        with self.open(name) as stream:
            return text_from(limited(stream))

    def digests(self, name: str) -> dict[str, str]:
        """SHA-256 and SHA-512 of a file, in one reading."""
        sums = {kind: hashlib.new(kind) for kind in ("sha256", "sha512")}
        with self.open(name) as stream:
            while block := stream.read(1 << 20):
                for value in sums.values():
                    value.update(block)
        return {kind: value.hexdigest() for kind, value in sums.items()}


def _plain_in_zip(info: zipfile.ZipInfo) -> bool:
    mode = info.external_attr >> 16
    return not info.flag_bits & 1 and (stat.S_IFMT(mode) in (0, stat.S_IFREG)) and info.filename == info.orig_filename


def manifest_of(bag: Bag, name: str) -> dict[str, str]:
    """The digests that a manifest lists, by the names of the files. Raises Malformed."""
    kind, sums = _MANIFEST.fullmatch(name)[2], {}
    text = bag.text(name)
    if not text.endswith("\n"):
        raise Malformed("a line without an end")
    for line in text[:-1].split("\n"):
        match = _MANIFEST_LINE.fullmatch(line)
        if not match or len(match[1]) != hashlib.new(kind).digest_size * 2 or not _SAFE.fullmatch(match[2]) \
                or match[2] in sums:
            raise Malformed("not a line of a manifest: {text}", text=line)
        sums[match[2]] = match[1]
    return sums


@dataclass(frozen=True)
class Contents:
    """What a bag was found to hold: the digest of its payload manifest, that of its other files (`tags_digest`), and
    what bag-info.txt says, by labels in small letters."""

    manifest_sha256: str
    tags_sha256: str
    info: dict[str, str]

    @property
    def disclosure(self) -> bool:
        """Whether it says that it is a disclosure package of casework."""
        return self.info.get("bagit-profile-identifier") == PROFILE


def tags_digest(sums: dict[str, str]) -> str:
    """SHA-256 over the lines of tagmanifest-sha256.txt, without those of log/: that folder comes last, and the entry in
    the log that names this digest lies in it."""
    lines = (f"{sums[name]}  {name}\n" for name in sorted(sums) if not name.startswith("log/"))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def check_bag(bag: Bag, report: "Report") -> Contents:
    """That a bag holds what its manifests list, all of it and nothing else, and keeps the profile that it names.
    Raises Malformed and Failed."""
    for name in _NEEDED:
        if name not in bag.sizes:
            raise Malformed("the bag has no {name}", name=name)
    if bag.text("bagit.txt") != _DECLARATION:
        raise Malformed("the bag does not declare BagIt 1.0 and UTF-8")
    for name in bag.sizes:
        if name.casefold().startswith(("manifest-", "tagmanifest-", "fetch.")) and not _MANIFEST.fullmatch(name):
            raise Malformed("a name in the bag that may not be: {name}", name=name)
    manifests = {name: manifest_of(bag, name) for name in bag.sizes if _MANIFEST.fullmatch(name)}
    payload = {name for name in bag.sizes if name.startswith("data/")}
    tagged = {name for name in bag.sizes if name not in payload and not name.startswith("tagmanifest-")}
    for name, sums in manifests.items():
        there = tagged if name.startswith("tag") else payload
        for missing in sorted(sums.keys() - there):
            raise Failed("{name} is listed in {manifest} and missing", name=missing, manifest=name)
        for extra in sorted(there - sums.keys()):
            raise Failed("{name} is in the bag and not listed in {manifest}", name=extra, manifest=name)
    digest = ""
    for name in sorted(payload | tagged):
        found = bag.digests(name)
        if name == "manifest-sha256.txt":
            digest = found["sha256"]
        for manifest, sums in manifests.items():
            kind = _MANIFEST.fullmatch(manifest)[2]
            if name in sums and sums[name] != found[kind]:
                raise Failed("{name} was changed", name=name, expected=sums[name], found=found[kind])
    contents = Contents(digest, tags_digest(manifests["tagmanifest-sha256.txt"]), _check_info(bag, payload))
    if contents.disclosure:
        _check_profile(bag, contents.info, payload)
    report.count(files=len(payload), bytes=sum(bag.sizes[name] for name in payload))
    return contents


def _check_info(bag: Bag, payload: set[str]) -> dict[str, str]:
    told: dict[str, str] = {}
    for line in re.sub(r"\n[ \t]+", " ", bag.text("bag-info.txt")).split("\n"):
        label, colon, value = line.partition(":")
        if line and (not colon or label.casefold() in told):
            raise Malformed("not a line of bag-info.txt: {text}", text=line)
        told[label.casefold()] = value.strip()
    total = f"{sum(bag.sizes[name] for name in payload)}.{len(payload)}"
    if told.get("payload-oxum", total) != total:
        raise Failed("the bag has another size than bag-info.txt says", expected=told["payload-oxum"], found=total)
    return told


def _check_profile(bag: Bag, info: dict[str, str], payload: set[str]) -> None:
    for name in PROFILE_FILES:
        if name not in bag.sizes:
            raise Malformed("the bag has no {name}", name=name)
    for label in PROFILE_LABELS:
        if not info.get(label.casefold()):
            raise Malformed("bag-info.txt does not say {label}", label=label)
    if info["casework-classification"] not in PROFILE_CLASSES:
        raise Malformed("not a classification of such packages: {text}", text=info["casework-classification"])
    for name in sorted(payload):
        if not name.endswith(".age"):
            raise Malformed("a name in the bag that may not be: {name}", name=name)


def check_bag_log(bag: Bag, contents: Contents, trust: Trust, report: "Report",
                  show: Callable[[Entry], None]) -> Checkpoint | None:
    """Check the proofs in a bag's folder log/, all of one checkpoint, and that an entry which names the digest of a
    bag's payload manifest ("manifest_sha256" in its body) or of its other files ("tags_sha256") names this bag's.
    Without such an entry it is not enough. None when the bag brings no log."""
    names = sorted(name for name in bag.sizes if name.startswith("log/"))
    if not names:
        report.lack("the bag brings no proof from the log: nothing ties it to a case or a time")
        return None
    if "log/checkpoint" not in names:
        raise Malformed("the bag has no {name}", name="log/checkpoint")
    checkpoint = trust.check(bag.text("log/checkpoint"), report)
    recorded = 0

    def seen(entry: Entry) -> None:
        nonlocal recorded
        body = json.loads(entry.body) if entry.body else {}
        for member in ("manifest_sha256", "tags_sha256"):
            if body.get(member) is not None:
                _compare(member, body[member], getattr(contents, member))
        recorded += body.get("manifest_sha256") is not None
        show(entry)

    for name in names:
        with report.at(name):
            if name.endswith(".entry.json"):
                entry, other = check_entry(bag.text(name), trust, report)
                seen(entry)
            elif name.endswith(".events.jsonl"):
                with bag.open(name) as stream:
                    other = check_events(stream, trust, report, seen)
            elif name == "log/checkpoint":
                other = checkpoint
            else:
                raise Malformed("a name in the bag that may not be: {name}", name=name)
            if other is not None and other != checkpoint:
                raise Failed("a proof of another checkpoint than the bag's", expected=checkpoint.text, found=other.text)
    if not recorded:
        report.lack("no entry in the bag records this package: its files agree with one another only")
    if contents.disclosure:
        _compare("Casework-Log-Origin", contents.info["casework-log-origin"], checkpoint.origin)
        if number(contents.info["casework-log-size"]) > checkpoint.size:
            raise Failed("the log is shorter than when the package was made",
                         expected=contents.info["casework-log-size"], found=checkpoint.size)
    report.count(recorded=recorded)
    return checkpoint


# --- what is said, in both languages --------------------------------------------------------------------------------

PROVED, FALSE, UNREADABLE, NOT_ENOUGH = range(4)
RESULTS = ("proved", "false", "unreadable", "not enough")
HEADS = (
    "PROVED. Everything that was checked is as the log recorded it.",
    "FALSE. This is not what the log recorded.",
    "NOT READABLE. This is not a file that can be checked.",
    "NOT ENOUGH. What was checked agrees, but that does not yet prove it.",
)
LABELS = {
    "object": "File", "problem": "Why", "inside": "Inside it", "index": "First bad entry", "expected": "Expected",
    "found": "Found", "lacking": "Missing", "origin": "Log", "size": "Entries in the log", "root": "Root",
    "kept": "Agrees with the kept checkpoint of size",
    "times": "Times of the entries", "places": "Place in the log", "log": "Signed by the log",
    "witness": "Cosigned by the witness",
    "entries": "Entries checked", "sealed": "Entries whose body is sealed or erased", "chains": "Chains of entries",
    "left_out": "Entries before those listed, of the same chains, not in the list",
    "not_listed": "Entries of the same chains that the log has and the list has not",
    "tiles": "Files of the log checked", "files": "Files of the bag checked", "bytes": "Bytes of the bag checked",
    "recorded": "Entries that record this bag",
}
KHMER = {
    HEADS[0]: "ត្រឹមត្រូវ។ អ្វីៗដែលបានពិនិត្យ គឺដូចដែលកំណត់ហេតុបានកត់ត្រា។",
    HEADS[1]: "មិនពិត។ នេះមិនមែនជាអ្វីដែលកំណត់ហេតុបានកត់ត្រាទេ។",
    HEADS[2]: "អានមិនបាន។ នេះមិនមែនជាឯកសារដែលអាចផ្ទៀងផ្ទាត់បានទេ។",
    HEADS[3]: "មិនទាន់គ្រប់គ្រាន់។ អ្វីដែលបានពិនិត្យស្របគ្នា ប៉ុន្តែមិនទាន់ជាការបញ្ជាក់ពេញលេញទេ។",
    "File": "ឯកសារ",
    "Why": "មូលហេតុ",
    "Inside it": "នៅខាងក្នុង",
    "First bad entry": "ធាតុខុសដំបូង",
    "Expected": "តម្លៃដែលត្រូវមាន",
    "Found": "តម្លៃដែលឃើញ",
    "Missing": "ខ្វះ",
    "Log": "កំណត់ហេតុ",
    "Entries in the log": "ចំនួនធាតុក្នុងកំណត់ហេតុ",
    "Root": "ឫស",
    "Agrees with the kept checkpoint of size": "ស្របនឹងចំណុចត្រួតពិនិត្យដែលបានរក្សាទុក ទំហំ",
    "Times of the entries": "ពេលវេលានៃធាតុ",
    "Place in the log": "ទីតាំងក្នុងកំណត់ហេតុ",
    "Signed by the log": "ហត្ថលេខារបស់កំណត់ហេតុ",
    "Cosigned by the witness": "ហត្ថលេខារបស់សាក្សី",
    "Entries checked": "ចំនួនធាតុដែលបានពិនិត្យ",
    "Entries whose body is sealed or erased": "ធាតុដែលខ្លឹមសារត្រូវបិទត្រា ឬលុប",
    "Chains of entries": "ចំនួនខ្សែសង្វាក់",
    "Entries before those listed, of the same chains, not in the list":
        "ធាតុមុនៗក្នុងខ្សែសង្វាក់ដដែល ដែលមិនមានក្នុងបញ្ជី",
    "Entries of the same chains that the log has and the list has not":
        "ធាតុក្នុងខ្សែសង្វាក់ដដែល ដែលកំណត់ហេតុមាន តែបញ្ជីគ្មាន",
    "Files of the log checked": "ចំនួនឯកសារកំណត់ហេតុដែលបានពិនិត្យ",
    "Files of the bag checked": "ចំនួនឯកសារក្នុងកញ្ចប់ដែលបានពិនិត្យ",
    "Bytes of the bag checked": "ចំនួនបៃក្នុងកញ្ចប់ដែលបានពិនិត្យ",
    "Entries that record this bag": "ចំនួនធាតុដែលកត់ត្រាកញ្ចប់នេះ",
    "not a number in its one form: {text}": "មិនមែនជាលេខតាមទម្រង់តែមួយ៖ {text}",
    "not base64: {text}": "មិនមែនជា base64៖ {text}",
    "base64 that is not in its one form: {text}": "base64 មិនតាមទម្រង់តែមួយ៖ {text}",
    "a hash has 32 bytes, this one {count}": "លេខសម្គាល់ (hash) មាន 32 បៃ តែនេះមាន {count}",
    "a hash does not have 32 bytes": "លេខសម្គាល់ (hash) មួយមិនមាន 32 បៃ",
    "the file is larger than such a file can be": "ឯកសារធំហួសកម្រិតសម្រាប់ប្រភេទនេះ",
    "the text is not UTF-8": "អត្ថបទមិនមែនជា UTF-8",
    "not JSON: {text}": "មិនមែនជា JSON៖ {text}",
    "JSON that is not in its one form: {text}": "JSON មិនតាមទម្រង់តែមួយ៖ {text}",
    "a JSON object has a member twice": "វត្ថុ JSON មានសមាជិកដដែលពីរដង",
    "an object with other members than {members}": "វត្ថុមានសមាជិកខុសពី {members}",
    "these parts are not those of a tree of that size": "ផ្នែកទាំងនេះមិនមែនជារបស់មែកធាងទំហំនោះទេ",
    "the entry's place is outside the tree": "ទីតាំងធាតុនៅក្រៅមែកធាង",
    "the entry is not in the tree that was signed": "ធាតុមិនមាននៅក្នុងមែកធាងដែលបានចុះហត្ថលេខាទេ",
    "the proof has a wrong number of hashes": "ភស្តុតាងមានចំនួនលេខសម្គាល់ (hash) មិនត្រឹមត្រូវ",
    "the later tree is the smaller one": "មែកធាងក្រោយតូចជាងមែកធាងមុន",
    "a proof where none is needed": "មានភស្តុតាងនៅកន្លែងដែលមិនត្រូវការ",
    "an empty tree has another root": "មែកធាងទទេមានឫសផ្សេង",
    "two trees of one size differ: the log was forked": "មែកធាងពីរទំហំដូចគ្នា តែខុសគ្នា៖ កំណត់ហេតុត្រូវបានបំបែកជាពីរ",
    "the later tree does not begin with the earlier one": "មែកធាងក្រោយមិនចាប់ផ្ដើមដោយមែកធាងមុនទេ",
    "the proof leads to another tree": "ភស្តុតាងនាំទៅមែកធាងផ្សេង",
    "the signature of {name} is wrong": "ហត្ថលេខារបស់ {name} មិនត្រឹមត្រូវ",
    "not a key: {text}": "មិនមែនជាកូនសោ៖ {text}",
    "a key of a kind that this verifier does not know: {text}": "កូនសោប្រភេទដែលកម្មវិធីនេះមិនស្គាល់៖ {text}",
    "a key whose id does not fit: {text}": "លេខសម្គាល់កូនសោមិនត្រូវនឹងកូនសោ៖ {text}",
    "a note holds printable text only": "លិខិតមានតែអក្សរដែលបោះពុម្ពបាន",
    "a note is text, an empty line, and lines of signatures": "លិខិតមានអត្ថបទ បន្ទាត់ទទេ និងបន្ទាត់ហត្ថលេខា",
    "not a line of a signature: {text}": "មិនមែនជាបន្ទាត់ហត្ថលេខា៖ {text}",
    "a signature is too short": "ហត្ថលេខាខ្លីពេក",
    "a note with more than 100 signatures": "លិខិតមានហត្ថលេខាលើសពី 100",
    "a checkpoint has three lines: origin, size, root": "ចំណុចត្រួតពិនិត្យមានបន្ទាត់បី៖ ប្រភព ទំហំ ឫស",
    "the checkpoint is not signed by the log whose key was given":
        "ចំណុចត្រួតពិនិត្យមិនមានហត្ថលេខារបស់កំណត់ហេតុដែលបានផ្ដល់កូនសោទេ",
    "no key or policy was given: only the inner agreement of the files was checked":
        "មិនបានផ្ដល់កូនសោ ឬគោលការណ៍ទេ៖ បានពិនិត្យតែភាពស្របគ្នាខាងក្នុងឯកសារប៉ុណ្ណោះ",
    "no key of the log was given: its own signature was not checked":
        "មិនបានផ្ដល់កូនសោរបស់កំណត់ហេតុទេ៖ ហត្ថលេខារបស់វាមិនបានពិនិត្យ",
    "the witness {name} has not cosigned": "សាក្សី {name} មិនទាន់ចុះហត្ថលេខា",
    "too few witnesses have cosigned; missing: {names}": "សាក្សីដែលចុះហត្ថលេខាមិនគ្រប់ចំនួន ខ្វះ៖ {names}",
    "a policy holds printable text only": "គោលការណ៍មានតែអក្សរដែលបោះពុម្ពបាន",
    "a group's members are defined before it, and stand in one group: {text}":
        "សមាជិកក្រុមត្រូវកំណត់មុនក្រុម ហើយស្ថិតក្នុងក្រុមតែមួយ៖ {text}",
    "not a line of a policy: {text}": "មិនមែនជាបន្ទាត់គោលការណ៍៖ {text}",
    "a policy has exactly one quorum line": "គោលការណ៍មានបន្ទាត់ quorum តែមួយ",
    "a key of the wrong kind for its line: {text}": "ប្រភេទកូនសោមិនត្រូវនឹងបន្ទាត់៖ {text}",
    "the policy has a key twice: {text}": "គោលការណ៍មានកូនសោដដែលពីរដង៖ {text}",
    "the policy defines a name twice: {text}": "គោលការណ៍កំណត់ឈ្មោះដដែលពីរដង៖ {text}",
    "not a proof of the form {form}": "មិនមែនជាភស្តុតាងតាមទម្រង់ {form}",
    "a proof with more than 63 hashes": "ភស្តុតាងមានលេខសម្គាល់ (hash) លើសពី 63",
    "not of the format {form}": "មិនមែនតាមទម្រង់ {form}",
    "the entry's member {name} has a wrong form": "សមាជិក {name} របស់ធាតុមានទម្រង់មិនត្រឹមត្រូវ",
    "the first entry of a chain, and it alone, has none before it": "មានតែធាតុទីមួយនៃខ្សែសង្វាក់ទេ ដែលគ្មានធាតុមុន",
    "the entry's {part} does not fit its other parts": "ផ្នែក {part} របស់ធាតុមិនត្រូវនឹងផ្នែកផ្សេងទៀត",
    "the entry has no place in the signed tree yet": "ធាតុនេះមិនទាន់មានទីតាំងក្នុងមែកធាងដែលបានចុះហត្ថលេខាទេ",
    "{path} has a wrong length": "{path} មានប្រវែងមិនត្រឹមត្រូវ",
    "{path} is missing": "{path} បាត់",
    "{path} does not fit what lies below it": "{path} មិនត្រូវនឹងអ្វីដែលនៅក្រោមវា",
    "entry {index} of the log has another form than casework's": "ធាតុ {index} នៃកំណត់ហេតុមានទម្រង់ខុសពី casework",
    "the log is not the one of the checkpoint of {size} entries: something between entry {first} and entry {last} was "
    "changed, or the tree above them":
        "កំណត់ហេតុមិនមែនជារបស់ចំណុចត្រួតពិនិត្យដែលមាន {size} ធាតុ៖ មានការកែប្រែរវាងធាតុ {first} និងធាតុ {last} "
        "ឬមែកធាងខាងលើ",
    "an entry of the chain {chain} is missing or stands twice": "ធាតុនៃខ្សែសង្វាក់ {chain} បាត់ ឬមានពីរដង",
    "the entries are not in the order of the log, or one stands twice": "ធាតុមិនតាមលំដាប់កំណត់ហេតុ ឬមានពីរដង",
    "a chain of entries runs backwards": "ខ្សែសង្វាក់ធាតុរត់ថយក្រោយ",
    "an entry does not continue the one before it in its chain": "ធាតុមិនបន្តពីធាតុមុនក្នុងខ្សែសង្វាក់របស់វា",
    "the list has another number of entries than it says": "បញ្ជីមានចំនួនធាតុខុសពីអ្វីដែលវាប្រាប់",
    "a line without an end": "បន្ទាត់គ្មានចុង",
    "a name in the bag that may not be: {name}": "ឈ្មោះក្នុងកញ្ចប់ដែលមិនអនុញ្ញាត៖ {name}",
    "not a folder, nor a .zip or .tar archive that can be read": "មិនមែនជាថត ឬឯកសារ .zip ឬ .tar ដែលអាចអានបាន",
    "two names in the bag differ in case only: {name}": "ឈ្មោះពីរក្នុងកញ្ចប់ខុសគ្នាតែអក្សរធំតូច៖ {name}",
    "the archive is damaged at {name}": "កញ្ចប់ខូចត្រង់ {name}",
    "not a line of a manifest: {text}": "មិនមែនជាបន្ទាត់បញ្ជីឯកសារ៖ {text}",
    "the bag has no {name}": "កញ្ចប់គ្មាន {name}",
    "the bag does not declare BagIt 1.0 and UTF-8": "កញ្ចប់មិនប្រកាសថាជា BagIt 1.0 និង UTF-8",
    "{name} is listed in {manifest} and missing": "{name} មានក្នុងបញ្ជី {manifest} តែបាត់",
    "{name} is in the bag and not listed in {manifest}": "{name} មានក្នុងកញ្ចប់ តែគ្មានក្នុងបញ្ជី {manifest}",
    "{name} was changed": "{name} ត្រូវបានកែប្រែ",
    "not a line of bag-info.txt: {text}": "មិនមែនជាបន្ទាត់នៃ bag-info.txt៖ {text}",
    "the bag has another size than bag-info.txt says": "ទំហំកញ្ចប់ខុសពីអ្វីដែល bag-info.txt ប្រាប់",
    "the bag brings no proof from the log: nothing ties it to a case or a time":
        "កញ្ចប់មិនមានភស្តុតាងពីកំណត់ហេតុទេ៖ គ្មានអ្វីភ្ជាប់វាទៅសំណុំរឿង ឬពេលវេលាទេ",
    "bag-info.txt does not say {label}": "bag-info.txt មិនប្រាប់ {label}",
    "not a classification of such packages: {text}": "មិនមែនជាចំណាត់ថ្នាក់នៃកញ្ចប់បែបនេះទេ៖ {text}",
    "no entry in the bag records this package: its files agree with one another only":
        "គ្មានធាតុណាក្នុងកញ្ចប់កត់ត្រាកញ្ចប់នេះទេ៖ ឯកសាររបស់វាស្របគ្នាតែក្នុងចំណោមវាប៉ុណ្ណោះ",
    "the log is shorter than when the package was made": "កំណត់ហេតុខ្លីជាងពេលដែលកញ្ចប់ត្រូវបានធ្វើ",
    "a proof of another checkpoint than the bag's": "ភស្តុតាងរបស់ចំណុចត្រួតពិនិត្យផ្សេងពីរបស់កញ្ចប់",
    "two different logs": "កំណត់ហេតុពីរផ្សេងគ្នា",
    "the log is shorter than the checkpoint that was kept": "កំណត់ហេតុខ្លីជាងចំណុចត្រួតពិនិត្យដែលបានរក្សាទុក",
    "the proof is from another size than the older checkpoint's": "ភស្តុតាងចេញពីទំហំខុសពីចំណុចត្រួតពិនិត្យចាស់",
    "give --log DIR: the older checkpoint has another size, and only the log's files tie the two":
        "សូមផ្ដល់ --log DIR៖ ចំណុចត្រួតពិនិត្យចាស់មានទំហំផ្សេង ហើយមានតែឯកសារកំណត់ហេតុទេដែលភ្ជាប់ទាំងពីរ",
    "give --leaf FILE: a bare proof does not hold its entry": "សូមផ្ដល់ --leaf FILE៖ ភស្តុតាងនេះមិនមានធាតុខ្លួនឯងទេ",
    "--chains needs the whole log: not with --from": "--chains ត្រូវការកំណត់ហេតុទាំងមូល៖ មិនប្រើជាមួយ --from ទេ",
    "cannot be read: {reason}": "អានមិនបាន៖ {reason}",
    "the verifier itself stopped: {reason}": "កម្មវិធីផ្ទៀងផ្ទាត់ឈប់ដំណើរការ៖ {reason}",
}


@dataclass
class Report:
    """What was found out, for people and for machines."""

    object: str
    inside: str | None = None
    checkpoint: Checkpoint | None = None
    first_at: str = ""
    last_at: str = ""
    keys: list[dict[str, str]] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    indexes: list[int] = field(default_factory=list)
    lacking: list[Sentence] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)  # sizes of the checkpoints that were compared
    chains: dict[str, int] = field(default_factory=dict)  # how far the listed chains go, by their tags

    def lack(self, template: str, **words: object) -> None:
        """Note what the policy asks for and is not there: the verdict becomes "not enough"."""
        sentence = Sentence(template, words)
        if sentence not in self.lacking:
            self.lacking.append(sentence)

    def count(self, **checked: int) -> None:
        """Add to what was checked."""
        for name, value in checked.items():
            self.checked[name] = self.checked.get(name, 0) + int(value)

    def times(self, first: str, last: str) -> None:
        """Widen the range of times by an entry's or by a range ("" for none)."""
        self.first_at = min(filter(None, (self.first_at, first)), default="")
        self.last_at = max(self.last_at, last)

    @contextlib.contextmanager
    def at(self, name: str) -> Iterator[None]:
        """While the file `name` inside the object is checked: a failure then names it."""
        self.inside = name
        yield
        self.inside = None

    def as_json(self, code: int, problem: "Failed | Malformed | None") -> str:
        """Everything, for a machine."""
        told: dict[str, Any] = {"exit": code, "result": RESULTS[code], "object": self.object}
        if problem:
            told["problem"] = {"what": problem.sentence.read("en"), "what_km": problem.sentence.read("km"),
                               "inside": self.inside, **_compared(problem)}
        if self.checkpoint:
            told["log"] = {"origin": self.checkpoint.origin, "size": self.checkpoint.size,
                           "root": base64.b64encode(self.checkpoint.root).decode()}
        told |= {"first_at": self.first_at or None, "last_at": self.last_at or None, "indexes": self.indexes,
                 "kept": self.kept, "keys": self.keys, "checked": self.checked,
                 "lacking": [what.read("en") for what in self.lacking],
                 "lacking_km": [what.read("km") for what in self.lacking]}
        if self.bodies:
            told["bodies"] = self.bodies
        return json.dumps(told, ensure_ascii=False, indent=2)

    def as_text(self, code: int, problem: "Failed | Malformed | None", language: str) -> str:
        """Everything, for a reader."""
        rows: list[tuple[str, object]] = [("object", self.object)]
        if problem:
            rows += [("problem", problem.sentence.read(language)), ("inside", self.inside),
                     *_compared(problem).items()]
        rows += [("lacking", what.read(language)) for what in self.lacking]
        if self.checkpoint:
            rows += [("origin", self.checkpoint.origin), ("size", self.checkpoint.size),
                     ("root", base64.b64encode(self.checkpoint.root).decode())]
        rows += [("kept", size) for size in self.kept]
        rows += [("places", place) for place in self.indexes[:20]]
        if self.first_at:
            rows.append(("times", " – ".join(dict.fromkeys((self.first_at, self.last_at)))))
        rows += [(key["role"], " · ".join((key["name"], key["fingerprint"], *([key["at"]] if "at" in key else []))))
                 for key in self.keys]
        rows += [(name, f"{value:,}".replace(",", " ")) for name, value in self.checked.items()]
        lines = [Sentence(HEADS[code]).read(language)]
        lines += [f"  {Sentence(LABELS[name]).read(language)}: {printable(value)}" for name, value in rows
                  if value is not None]
        return "\n".join(lines)


def _compared(problem: Failed | Malformed) -> dict[str, object]:
    if isinstance(problem, Malformed):
        return {}
    return {"index": problem.index, "expected": problem.expected, "found": problem.found}


# --- the commands ---------------------------------------------------------------------------------------------------


def run_proof(args: argparse.Namespace, trust: Trust, report: Report) -> None:
    """`proof FILE`: an entry file, or a bare tlog-proof with the leaf beside it."""
    text = _text(args.path)
    if text.startswith(PROOF_HEADER):
        if not args.leaf:
            raise Malformed("give --leaf FILE: a bare proof does not hold its entry")
        checkpoint = check_proof(proof_from(text), _bytes(args.leaf), trust, report)
    else:
        entry, checkpoint = check_entry(text, trust, report)
        _shower(args, report)(entry)
    _tie(args, trust, report, checkpoint)


def run_events(args: argparse.Namespace, trust: Trust, report: Report) -> None:
    """`events FILE`: many entries; with --log also how many of their chains the list leaves out."""
    with open(args.path, "rb") as stream:
        checkpoint = check_events(stream, trust, report, _shower(args, report))
    _tie(args, trust, report, checkpoint)
    if args.log:
        chains = ChainCount(report.chains)
        LogWalk(Tiles(args.log, checkpoint.size), {checkpoint.size: checkpoint.root}, tags=chains).run()
        report.count(not_listed=sum(chains.last.values()) - report.checked["entries"])


def run_bag(args: argparse.Namespace, trust: Trust, report: Report) -> None:
    """`bag PATH`: a disclosure package and the proofs in it."""
    with contextlib.ExitStack() as stack:
        bag = Bag(args.path, stack)
        contents = check_bag(bag, report)
        checkpoint = check_bag_log(bag, contents, trust, report, _shower(args, report))
    _tie(args, trust, report, checkpoint)


def run_log(args: argparse.Namespace, trust: Trust, report: Report) -> None:
    """`log DIR`: every entry, every hash of the tree, and every checkpoint that was kept."""
    checkpoint = report.checkpoint = trust.check(_text(args.path / "checkpoint"), report)
    start = _older(args.since, trust, report, checkpoint) if args.since else None
    olds = [*([start] if start else []), *(_older(path, trust, report, checkpoint) for path in args.checkpoint)]
    marks = {checkpoint.size: checkpoint.root}
    for old in olds:
        if old.size > checkpoint.size:
            raise Failed("the log is shorter than the checkpoint that was kept", expected=old.size,
                         found=checkpoint.size, index=checkpoint.size)
        if start and old.size < start.size:
            _grown(args.path, old, start)  # the walk begins above it
        elif marks.setdefault(old.size, old.root) != old.root:
            raise Failed("two trees of one size differ: the log was forked", expected=old.root.hex(),
                         found=marks[old.size].hex())
    if args.chains and start:
        raise Malformed("--chains needs the whole log: not with --from")
    chains = ChainCount() if args.chains else None
    walk = LogWalk(Tiles(args.path, checkpoint.size), marks, start.size if start else 0, chains)
    walk.run()
    report.kept += sorted({old.size for old in olds})
    report.count(entries=walk.entries, tiles=walk.files, **({"chains": len(chains.last)} if chains else {}))
    report.times(walk.first_at, walk.last_at)


def run_consistency(args: argparse.Namespace, trust: Trust, report: Report) -> None:
    """`consistency OLD NEW`: that a log only grew from one checkpoint to the next."""
    text, given = _text(args.new), None
    if text.startswith("old "):
        size, given, text = growth_from(text)
    new = trust.check(text, report)
    old = _older(args.path, trust, report, new)
    if given is not None:
        if size != old.size:
            raise Failed("the proof is from another size than the older checkpoint's", expected=old.size, found=size)
        check_consistency(old.size, new.size, old.root, new.root, given)
    else:
        _grown(args.log, old, new)
    report.kept.append(old.size)
    _tie(args, trust, report, new)


def _tie(args: argparse.Namespace, trust: Trust, report: Report, checkpoint: Checkpoint | None) -> None:
    """Compare a proof's checkpoint with the kept ones, whichever of the two is the older."""
    report.checkpoint = checkpoint
    for path in args.checkpoint if checkpoint else []:
        kept = _older(path, trust, report, checkpoint)
        if not args.log and kept.size != checkpoint.size:
            report.lack("give --log DIR: the older checkpoint has another size, and only the log's files tie the two")
        else:
            _grown(args.log, *sorted((kept, checkpoint), key=lambda one: one.size))
            report.kept.append(kept.size)


def _grown(folder: Path | None, old: Checkpoint, new: Checkpoint) -> None:
    if not folder and 0 < old.size < new.size:
        raise Malformed("give --log DIR: the older checkpoint has another size, and only the log's files tie the two")
    proof = Tiles(folder, new.size).consistency(old.size) if folder else []
    check_consistency(old.size, new.size, old.root, new.root, proof)


def _older(path: Path, trust: Trust, report: Report, checkpoint: Checkpoint) -> Checkpoint:
    with report.at(str(path)):
        old = trust.check(_text(path), report, newest=False)
        if old.origin != checkpoint.origin:
            raise Failed("two different logs", expected=checkpoint.origin, found=old.origin)
    return old


def _shower(args: argparse.Namespace, report: Report) -> Callable[[Entry], None]:
    def show(entry: Entry) -> None:
        if args.show and entry.body is not None:
            report.bodies.append({"at": entry.at, "chain": entry.chain, "number": entry.number, "body": entry.body})
    return show


def _bytes(path: Path) -> bytes:
    with open(path, "rb") as stream:
        return limited(stream)


def _text(path: Path) -> str:
    return text_from(_bytes(path))


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--policy", type=Path, metavar="FILE", help="whose signatures count (C2SP tlog-policy)")
    common.add_argument("--key", action="append", default=[], metavar="VKEY",
                        help="the key of the log, or of a witness that must have cosigned; may be repeated")
    common.add_argument("--checkpoint", action="append", default=[], type=Path, metavar="FILE",
                        help="a checkpoint kept from earlier, which the log must extend; may be repeated")
    common.add_argument("--json", action="store_true", help="report for machines")
    common.add_argument("--language", choices=("en", "km"), help="one language; both without it")
    common.add_argument("--show", action="store_true", help="print the bodies of the entries, which may name people")
    parser = argparse.ArgumentParser(
        prog="casework-verify",
        description="Proves that a casework log, or what was taken from it, was not changed. "
                    "ផ្ទៀងផ្ទាត់ថា កំណត់ហេតុ casework ឬអ្វីដែលដកចេញពីវា មិនត្រូវបានកែប្រែ។",
        epilog="Exit: 0 proved, 1 false, 2 not readable, 3 agrees but not enough to prove it.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[..., None], help_: str, path: str, log: str = "") -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=help_, description=help_)
        made.add_argument("path", type=Path, metavar=path)
        made.set_defaults(run=run)
        if log:
            made.add_argument("--log", type=Path, metavar="DIR", help=log)
        return made

    ties = "the files of the log, to compare with a kept checkpoint of another size"
    command("proof", run_proof, "one entry (.entry.json), or a bare .tlog-proof", "FILE", ties).add_argument(
        "--leaf", type=Path, metavar="FILE", help="the leaf of a bare proof")
    command("events", run_events, "a list of entries (.events.jsonl)", "FILE",
            f"{ties}, and to count what the list leaves out")
    command("bag", run_bag, "a disclosure package (BagIt: folder, .zip or .tar)", "PATH", ties)
    log = command("log", run_log, "a whole log (tlog-tiles)", "DIR")
    log.add_argument("--from", dest="since", type=Path, metavar="FILE",
                     help="go on from a checkpoint up to which the log was verified before")
    log.add_argument("--chains", action="store_true", help="also that no chain of entries leaves out a number")
    command("consistency", run_consistency, "that a log only grew between two checkpoints", "OLD",
            "the files of the log, from which to take the proof").add_argument("new", type=Path, metavar="NEW")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code and prints the report."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    args = _parser().parse_args(arguments)
    report, problem = Report(str(args.path)), None
    try:
        trust = trust_from(_bytes(args.policy).decode("utf-8", "surrogateescape")) if args.policy else Trust()
        for text in args.key:
            trust.add_key(key_from(text))
        args.run(args, trust, report)
        code = NOT_ENOUGH if report.lacking else PROVED
    except Failed as failure:
        code, problem = FALSE, failure
    except Malformed as failure:
        code, problem = UNREADABLE, failure
    except OSError as failure:
        code, problem = UNREADABLE, Malformed("cannot be read: {reason}", reason=failure)
    except Exception as failure:  # Python's own exit code would say "false" of what was not judged
        code, problem = UNREADABLE, Malformed("the verifier itself stopped: {reason}", reason=repr(failure))
    if args.json:
        print(report.as_json(code, problem))
        return code
    for language in (args.language,) if args.language else ("en", "km"):
        print(report.as_text(code, problem, language))
    for body in report.bodies:
        print(f"\n{body['at']} {body['chain']} {body['number']}")
        for name, value in json.loads(body["body"]).items():
            print(f"  {printable(name)}: {printable(canonical(value))}")
    return code


if __name__ == "__main__":
    sys.exit(main())
