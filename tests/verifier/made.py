"""Logs, proofs and bags made for the tests of the verifier, with a tree as RFC 6962 writes it down and nothing else.

Hashing, signing and the files' forms stand here a second time on purpose: the verifier must not check itself by itself.
"""

import base64
import hashlib
import json
import uuid
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "log.example/casework"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def root(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 2.1 over leaf hashes."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    middle = split(len(hashes))
    return sha256(b"\x01" + root(hashes[:middle]) + root(hashes[middle:]))


def inclusion(index: int, hashes: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 2.1.1."""
    if len(hashes) == 1:
        return []
    middle = split(len(hashes))
    if index < middle:
        return [*inclusion(index, hashes[:middle]), root(hashes[middle:])]
    return [*inclusion(index - middle, hashes[middle:]), root(hashes[:middle])]


def consistency(old: int, hashes: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 2.1.2."""
    if old == len(hashes):
        return [] if whole else [root(hashes)]
    middle = split(len(hashes))
    if old <= middle:
        return [*consistency(old, hashes[:middle], whole), root(hashes[middle:])]
    return [*consistency(old - middle, hashes[middle:], False), root(hashes[:middle])]


def split(size: int) -> int:
    """The largest power of two below `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


class Signer:
    """A key made from its name, so that every run has the same."""

    def __init__(self, name: str, kind: int = 1):
        self.name, self.kind = name, kind
        self._private = Ed25519PrivateKey.from_private_bytes(sha256(name.encode()))
        self._public = bytes([kind]) + self._private.public_key().public_bytes_raw()
        self._id = sha256(name.encode() + b"\n" + self._public)[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self._id.hex()}+{base64.b64encode(self._public).decode()}"

    def line(self, text: str, moment: int = 1_795_000_000) -> str:
        """The signature line on a note's text."""
        if self.kind == 1:
            signature = self._private.sign(text.encode())
        else:
            seen = f"cosignature/v1\ntime {moment}\n{text}".encode()
            signature = moment.to_bytes(8, "big") + self._private.sign(seen)
        return f"— {self.name} {base64.b64encode(self._id + signature).decode()}\n"


LOG = Signer(ORIGIN)
WITNESSES = [Signer(f"witness.example/{letter}", 4) for letter in "abc"]


def policy(quorum: str = "two", logs: tuple[Signer, ...] = (LOG,)) -> str:
    """A policy with three witnesses of which two must have cosigned."""
    lines = [f"log {log.vkey}" for log in logs]
    lines += [f"witness {witness.name[-1]} {witness.vkey}" for witness in WITNESSES]
    return "\n".join([*lines, "group two 2 a b c", f"quorum {quorum}", ""])


def entry(chain: int, number: int, previous: str, minute: int, **body: object) -> dict[str, object]:
    """One entry with everything that an entry file has but its place."""
    verb = ("create", "read", "audit.search")[number % 3]
    text = canonical({"verb": verb, "result": "ok", "note": "កំណត់ត្រា (fictional)", **body})
    salt = sha256(f"{chain} {number}".encode())[:16]
    told = {
        "chain": str(uuid.UUID(int=chain)), "number": number,
        "at": f"2026-11-{1 + minute // 1440 % 28:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00.000000+00:00",
        "commitment": sha256(salt + text.encode()).hex(), "previous": previous,
    }
    told["hash"] = sha256(canonical({"v": 1, **told}).encode()).hex()
    tag = sha256(b"casework/chain/v1" + uuid.UUID(int=chain).bytes).hex()[:32]
    leaf = {"v": 1, "at": told["at"], "verb": verb, "chain": tag, "number": number,
            "commitment": told["commitment"], "hash": told["hash"]}
    return {"format": "casework-entry/1", "entry": {**told, "verb": verb}, "salt": salt.hex(), "body": text,
            "leaf": canonical(leaf)}


class Log:
    """A log of `count` entries in `chains` chains, signed by LOG and the witnesses a and b."""

    def __init__(self, count: int, chains: int = 3, **body: object):
        ends = dict.fromkeys(range(chains), (0, "0" * 64))
        self.entries = []
        for place in range(count):
            number, previous = ends[place % chains]
            made = entry(place % chains, number + 1, previous, place, **body)
            ends[place % chains] = (number + 1, made["entry"]["hash"])
            self.entries.append(made)
        self.leaves = [made["leaf"].encode() for made in self.entries]
        self.hashes = [sha256(b"\x00" + leaf) for leaf in self.leaves]

    def checkpoint(self, size: int | None = None, signers: tuple[Signer, ...] = (LOG, *WITNESSES[:2])) -> str:
        size = len(self.hashes) if size is None else size
        text = f"{ORIGIN}\n{size}\n{base64.b64encode(root(self.hashes[:size])).decode()}\n"
        return text + "\n" + "".join(signer.line(text) for signer in signers)

    def proof(self, index: int, size: int | None = None, **checkpoint: object) -> str:
        size = size or len(self.hashes)
        steps = [base64.b64encode(step).decode() for step in inclusion(index, self.hashes[:size])]
        return "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *steps, "", self.checkpoint(size, **checkpoint)])

    def entry_file(self, index: int, size: int | None = None, **checkpoint: object) -> str:
        return canonical({**self.entries[index], "proof": self.proof(index, size, **checkpoint)}) + "\n"

    def events(self, indexes: list[int]) -> str:
        lines = [{"format": "casework-events/1", "count": len(indexes), "checkpoint": self.checkpoint()}]
        for index in indexes:
            path = [base64.b64encode(step).decode() for step in inclusion(index, self.hashes)]
            lines.append({**self.entries[index], "index": index, "path": path})
        return "".join(canonical(line) + "\n" for line in lines)

    def growth(self, old: int, size: int | None = None) -> str:
        """The body of a request to a witness."""
        hashes = self.hashes[: size or len(self.hashes)]
        steps = [base64.b64encode(step).decode() for step in consistency(old, hashes)] if 0 < old < len(hashes) else []
        return "\n".join([f"old {old}", *steps, "", self.checkpoint(size)])

    def write(self, folder: Path, size: int | None = None, **checkpoint: object) -> Path:
        """The log as tlog-tiles."""
        size = len(self.hashes) if size is None else size
        for place in range(0, size, 256):
            leaves = self.leaves[place : min(place + 256, size)]
            put(folder, "entries", place // 256, len(leaves), b"".join(len(x).to_bytes(2, "big") + x for x in leaves))
        level, hashes = 0, self.hashes[:size]
        while hashes:
            for place in range(0, len(hashes), 256):
                part = hashes[place : place + 256]
                put(folder, level, place // 256, len(part), b"".join(part))
            level += 1
            hashes = [root(hashes[at : at + 256]) for at in range(0, len(hashes) - 255, 256)]
        folder.mkdir(exist_ok=True)
        (folder / "checkpoint").write_text(self.checkpoint(size, **checkpoint), encoding="utf-8")
        return folder


def put(folder: Path, kind: object, place: int, width: int, data: bytes) -> None:
    digits = f"{place:09d}"
    steps = [digits[at : at + 3] for at in range(0, 9, 3)]
    while len(steps) > 1 and steps[0] == "000":
        steps.pop(0)
    path = "/".join([*(f"x{step}" for step in steps[:-1]), steps[-1]])
    file = folder / "tile" / str(kind) / (path if width == 256 else f"{path}.p/{width}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def bag(folder: Path, payload: dict[str, bytes], log: dict[str, str] | None = None) -> Path:
    """A bag with this payload under data/ and these files under log/."""
    for name, data in payload.items():
        _write(folder / "data" / name, data)
    for name, text in (log or {}).items():
        _write(folder / "log" / name, text.encode())
    size = sum(map(len, payload.values()))
    _write(folder / "bagit.txt", b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    _write(folder / "bag-info.txt", f"Source-Organization: Unit (fictional)\nPayload-Oxum: {size}.{len(payload)}\n"
           .encode())
    for kind in ("sha256", "sha512"):
        manifest(folder, f"manifest-{kind}.txt", [f"data/{name}" for name in payload])
    tags(folder)
    return folder


def manifest(folder: Path, name: str, files: list[str]) -> None:
    kind = name.partition("-")[2].removesuffix(".txt")
    lines = [f"{hashlib.new(kind, (folder / file).read_bytes()).hexdigest()}  {file}\n" for file in sorted(files)]
    (folder / name).write_text("".join(lines), encoding="utf-8")


def tags(folder: Path) -> None:
    """Write the tag manifests anew."""
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    listed = [file for file in files if not file.startswith(("data/", "tagmanifest-"))]
    for kind in ("sha256", "sha512"):
        manifest(folder, f"tagmanifest-{kind}.txt", listed)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
