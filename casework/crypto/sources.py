"""Where the key ring is kept: a file of its own account, the environment, and either of them wrapped by a key service.

A key service (a KMS, an HSM) is anything that can wrap and unwrap some hundred bytes. With one, what lies in the file
or the environment is of no use to who has not the service too; the ring itself is in the memory of the running program
only, because keys for tokens and passwords are derived from it many times a second.
"""

import base64
import binascii
import contextlib
import datetime as dt
import importlib
import os
import secrets
import stat
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Protocol

from .keyring import Content, KeyFileError, KeyRing, Source


class KeyService(Protocol):
    """What a key service must be able to do. Any exception counts as a refusal."""

    def wrap(self, plain: bytes) -> bytes:
        """`plain`, such that only `unwrap` of the same service gives it back."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """What `wrap` was given."""


def first_ring() -> Content:
    """A ring with one new key."""
    return Content("k1", {"k1": secrets.token_bytes(32)}, {"k1": moment()})


def moment() -> str:
    """This moment, as the ring tells since when a key is there."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


class FileSource:
    """A file with mode 0600 or 0400, replaced by renaming, so that whoever reads sees the old ring or the new one."""

    def __init__(self, path: Path, service: KeyService | None = None):
        self._path, self._service = path, service
        self.name = f"the key file {path}"

    def stamp(self) -> Hashable:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def read(self) -> bytes:
        try:
            mode = stat.S_IMODE(self._path.stat().st_mode)
            body = self._path.read_bytes()
        except FileNotFoundError:
            raise KeyFileError(f"{self.name} is missing: restore it, for a new one opens nothing") from None
        except OSError as problem:
            raise KeyFileError(f"{self.name} cannot be read: {problem.strerror}") from None
        if mode & 0o077:
            raise KeyFileError(f"{self.name} can be read by others: set its mode to 0600")
        return unwrapped(self._service, body, self.name)

    def create(self, body: bytes) -> None:
        """A new file. Raises FileExistsError: a ring is never overwritten."""
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        _fill(handle, wrapped(self._service, body, self.name))
        _sync_folder(self._path.parent)

    def write(self, body: bytes) -> None:
        body = wrapped(self._service, body, self.name)
        new = self._path.with_name(f".{self._path.name}.new-{secrets.token_hex(4)}")
        try:
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            _fill(handle, body)
            os.replace(new, self._path)
            _sync_folder(self._path.parent)
        except OSError as problem:
            with contextlib.suppress(OSError):
                new.unlink()
            raise KeyFileError(f"{self.name} cannot be written: {problem.strerror}") from None


def _fill(handle: int, body: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A new name is on the disk when its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class EnvironmentSource:
    """The ring as text of an environment variable, given by whatever starts the program, which cannot write it."""

    name = "the key ring in CASEWORK_KEY_RING"

    def __init__(self, text: str, service: KeyService | None = None):
        self._text, self._service = text, service

    def stamp(self) -> Hashable:
        return None

    def read(self) -> bytes:
        body = self._text.encode("utf-8")
        if self._service is not None:
            try:
                body = base64.b64decode(body, validate=True)
            except binascii.Error:
                raise KeyFileError(f"{self.name} cannot be read: wrapped rings are written in base64") from None
        return unwrapped(self._service, body, self.name)

    def write(self, body: bytes) -> None:
        raise KeyFileError(
            f"{self.name} cannot be changed from here: add a key to it and make it the current one where it is set, "
            "restart, and run casework keys rotate again (docs/operations.md, Keys)"
        )


def wrapped(service: KeyService | None, body: bytes, name: str) -> bytes:
    """`body` as it is kept. Raises KeyFileError when the service does not answer."""
    if service is None:
        return body
    try:
        return service.wrap(body)
    except Exception as problem:
        raise KeyFileError(f"the key service did not wrap {name}: {type(problem).__name__}") from None


def unwrapped(service: KeyService | None, body: bytes, name: str) -> bytes:
    """What was kept as `body`. Raises KeyFileError when the service does not answer."""
    if service is None:
        return body
    try:
        return service.unwrap(body)
    except Exception as problem:
        raise KeyFileError(f"the key service did not open {name}: {type(problem).__name__}") from None


def service_of(name: str) -> KeyService | None:
    """The key service that a setting names as `package.module:function`; None for "". Raises KeyFileError."""
    if not name:
        return None
    module, _colon, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)()
    except Exception as problem:
        raise KeyFileError(f"the key service {name} cannot be used: {type(problem).__name__}") from None


def source_of(settings: Any) -> Source:
    """Where the settings say that the ring is kept."""
    service = service_of(settings.key_service)
    return EnvironmentSource(settings.key_ring, service) if settings.key_ring else FileSource(settings.keys, service)


def ring_of(settings: Any) -> KeyRing:
    """The key ring of an installation. Raises KeyFileError."""
    return KeyRing.open(source_of(settings))
