"""Where ciphertext lies. A store knows addresses (SHA-256 of the ciphertext, in hex) and bytes, never a key."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

ADDRESS = re.compile(r"[0-9a-f]{64}")
BLOCK = 1 << 20


class StoreProblem(Exception):
    """The store cannot be reached, is full, or does not do what it says. Nothing was lost; trying again may help."""


class NoSpace(StoreProblem):
    """No room beside what is kept free for the log."""


class Missing(StoreProblem):
    """The store has no such object."""


class Store(Protocol):
    """What every place for files offers. All methods raise StoreProblem."""

    def put(self, address: str, source: Path) -> None:
        """Keep the ciphertext in the file `source`; when this returns it survives a power cut."""

    def read(self, address: str, start: int, length: int) -> bytes:
        """These bytes of an object, fewer only at its end."""

    def size(self, address: str) -> int:
        """The length of an object."""

    def delete(self, address: str) -> None:
        """Remove an object that no record refers to; nothing when it is not there."""

    def objects(self) -> Iterator[tuple[str, float]]:
        """Address and moment of storing (seconds since 1970) of every object."""


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(store: Store, address: str, length: int) -> None:
    """Read an object back and compare it with its address. Raises StoreProblem when it is not what was put there."""
    digest, done = hashlib.sha256(), 0
    while done < length:
        piece = store.read(address, done, BLOCK)
        if not piece:
            break
        digest.update(piece)
        done += len(piece)
    if done != length or store.size(address) != length or digest.hexdigest() != address:
        raise StoreProblem("the store gave back other bytes than it was given")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are not there, for this account only; they survive a power cut."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
