"""What a witness keeps, in one folder:

    key                     its private key
    logs                    the logs it knows, a key on each line
    latest/<log>            the last checkpoint it cosigned of each
    refused/<log>/<digest>  what a log signed that does not go on from there: `request`, and the checkpoint `held` then

<log> stands for the first 32 hexadecimal digits of the SHA-256 of the log's name (its origin).
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casework.verifier.casework_verify import (
    ED25519,
    EMPTY_ROOT,
    Checkpoint,
    Key,
    Malformed,
    checkpoint_from,
    key_from,
    note_from,
)

from . import key as keys
from .files import durable, sync
from .key import WitnessError, WitnessKey

# A log that forks is told by its first forks; the disk is not filled with more of them.
EVIDENCE = 100


def place(origin: str) -> str:
    """What a log is called in file names."""
    return hashlib.sha256(origin.encode()).hexdigest()[:32]


class Store:
    """The folder of one witness. Reading and keeping a log's checkpoint is the caller's to put in order."""

    def __init__(self, folder: Path):
        self.folder = folder

    def create(self, name: str) -> WitnessKey:
        """Make the folder and the key. Raises WitnessError when there is a key already."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = keys.create(self.folder / "key", name)
        (self.folder / "logs").touch(0o600)
        for part in ("latest", "refused"):
            (self.folder / part).mkdir(mode=0o700, exist_ok=True)
        sync(self.folder)
        return made

    def key(self) -> WitnessKey:
        """The witness's key. Raises WitnessError."""
        return keys.load(self.folder / "key")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the folder to oneself: two witnesses on one folder could sign two different trees."""
        with open(self.folder / "key", "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WitnessError(f"another process is the witness of {self.folder}") from None
            for unfinished in (self.folder / "latest").glob(".*"):
                unfinished.unlink()  # of a process that was killed before the file had its name
            yield

    def logs(self) -> dict[str, tuple[Key, ...]]:
        """The keys of each known log, by its origin. Raises WitnessError."""
        known: dict[str, tuple[Key, ...]] = {}
        path = self.folder / "logs"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as problem:
            raise WitnessError(f"{path} cannot be read: {problem.strerror}") from None
        for line in filter(None, (line.partition("#")[0].strip() for line in lines)):
            key = log_key(line)
            known[key.name] = (*known.get(key.name, ()), key)
        return known

    def add(self, key: Key) -> bool:
        """Know a log from now on; False when it was known."""
        if key in self.logs().get(key.name, ()):
            return False
        path = self.folder / "logs"
        before = path.read_bytes()
        gap = b"" if not before or before.endswith(b"\n") else b"\n"
        durable(path, before + gap + f"{key.text}\n".encode())
        return True

    def latest(self, origin: str) -> Checkpoint:
        """The last checkpoint that was cosigned of a log, or that of an empty tree.

        Raises WitnessError when it cannot be read: then nothing is signed, for the log could be forked.
        """
        try:
            text = self.latest_note(origin)
            return Checkpoint(origin, 0, EMPTY_ROOT) if text is None else checkpoint_from(note_from(text).text)
        except (OSError, ValueError, Malformed) as problem:
            raise WitnessError(f"the last checkpoint of {origin} cannot be read: {problem}") from None

    def latest_note(self, origin: str) -> str | None:
        """The same as the log signed it; None before the first."""
        try:
            return (self.folder / "latest" / place(origin)).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def keep(self, origin: str, note: str) -> None:
        """Remember a checkpoint; it is on the disk when this returns."""
        durable(self.folder / "latest" / place(origin), note.encode())

    def refuse(self, origin: str, request: bytes) -> Path | None:
        """Keep what a log signed and may not have signed, beside what it had signed before. None when enough is kept
        of that log."""
        above = self.folder / "refused" / place(origin)
        path = above / hashlib.sha256(request).hexdigest()[:32]
        if (path / "request").exists():
            return path
        if above.exists() and len(os.listdir(above)) >= EVIDENCE:
            return None
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable(path / "held", (self.latest_note(origin) or "").encode())
        durable(path / "request", request)
        sync(above)
        return path

    def refused(self, origin: str) -> list[Path]:
        """What was kept of a log as evidence."""
        above = self.folder / "refused" / place(origin)
        return sorted(above.iterdir()) if above.exists() else []


def log_key(text: str) -> Key:
    """A log's public key. Raises WitnessError."""
    try:
        key = key_from(text)
    except Malformed as problem:
        raise WitnessError(f"not the public key of a log: {problem}") from None
    if key.type != ED25519:
        raise WitnessError(f"{key.name} is the key of a witness, not of a log")
    return key
