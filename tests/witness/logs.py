"""A log in memory, with proofs as RFC 6962 writes them down, and requests to a witness."""

import base64
import hashlib
import http.client

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.verifier.casework_verify import (
    ED25519,
    Checkpoint,
    Key,
    leaf_hash,
    node_hash,
    signature_line,
)

ORIGIN = "casework.example/log-1"


def root(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(root(hashes[:middle]), root(hashes[middle:]))


def consistency(size: int, hashes: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2."""
    if size == len(hashes):
        return [] if whole else [root(hashes)]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    if size <= middle:
        return [*consistency(size, hashes[:middle], whole), root(hashes[middle:])]
    return [*consistency(size - middle, hashes[middle:], False), root(hashes[:middle])]


class Log:
    """`entries` name the leaves; another list is another log, or a fork when `private` is the same."""

    def __init__(self, entries: int, branch: str = "", *, fork_at: int = 0, private=None, origin: str = ORIGIN):
        self.hashes = [leaf_hash(f"{number} {branch if number >= fork_at else ''}".encode())
                       for number in range(entries)]
        self.private = private or Ed25519PrivateKey.generate()
        self.key = Key(origin, ED25519, self.private.public_key().public_bytes_raw())

    def fork(self, at: int) -> "Log":
        """The same log by the same key, with other entries from `at` on."""
        return Log(len(self.hashes), "other", fork_at=at, private=self.private, origin=self.key.name)

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.key.name, size, root(self.hashes[:size]))

    def sign(self, text: str) -> str:
        return f"{text}\n{signature_line(self.key, self.private.sign(text.encode()))}"

    def note(self, size: int) -> str:
        return self.sign(self.checkpoint(size).text)

    def proof(self, old: int, size: int) -> list[bytes]:
        return consistency(old, self.hashes[:size]) if 0 < old < size else []

    def request(self, old: int, size: int) -> bytes:
        return request(old, self.proof(old, size), self.note(size))


def request(old: int | str, proof: list[bytes], note: str) -> bytes:
    """The body of add-checkpoint."""
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof)]
    return ("\n".join(lines) + f"\n\n{note}").encode()


def post(address: tuple[str, int], body: bytes, *, method: str = "POST", path: str = "/add-checkpoint",
         headers: dict | None = None) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of one request."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()
