"""The virus scanner, where one is configured: clamd over its socket, by INSTREAM. Nothing is put on the disk for it."""

import contextlib
import re
import socket
import struct
from collections.abc import Iterable

from .content.refusal import NotTaken
from .store import StoreProblem

SECONDS = 60
CHUNK = 1 << 16
CLEAN, NOT_SCANNED = "clean", "not_scanned"
_FOUND = re.compile(rb"stream: (.{1,200}) FOUND\0?")


class Scanner:
    """`address` is the path of a socket or host:port of clamd; "" for none, and files are marked as not scanned."""

    def __init__(self, address: str):
        self.address = address

    def _connect(self) -> socket.socket:
        if self.address.startswith("/"):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(SECONDS)
            connection.connect(self.address)
            return connection
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host, int(port)), SECONDS)

    def scan(self, pieces: Iterable[bytes]) -> str:
        """CLEAN or NOT_SCANNED. Raises NotTaken for what it finds, StoreProblem when it cannot be asked."""
        if not self.address:
            return NOT_SCANNED
        try:
            with contextlib.closing(self._connect()) as connection:
                connection.sendall(b"zINSTREAM\0")
                for piece in pieces:
                    for start in range(0, len(piece), CHUNK):
                        part = piece[start : start + CHUNK]
                        connection.sendall(struct.pack("!I", len(part)) + part)
                connection.sendall(struct.pack("!I", 0))
                answer = connection.recv(4096)
        except OSError:
            raise StoreProblem("the virus scanner does not answer") from None
        found = _FOUND.fullmatch(answer)
        if found is not None:
            raise NotTaken("virus", found[1].decode("ascii", "replace"))
        if answer.rstrip(b"\0\n") != b"stream: OK":
            raise StoreProblem("the virus scanner could not look at it")
        return CLEAN

    def state(self) -> str:
        """For the health page: none, up or down."""
        if not self.address:
            return "none"
        try:
            with contextlib.closing(self._connect()) as connection:
                connection.sendall(b"zPING\0")
                return "up" if connection.recv(16).startswith(b"PONG") else "down"
        except OSError:
            return "down"
