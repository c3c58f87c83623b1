"""The witness's key: one line, `PRIVATE+KEY+<name>+<id>+<base64 of type and seed>`, in a file that only it can read."""

import base64
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.verifier.casework_verify import (
    COSIGNATURE,
    Key,
    Malformed,
    cosigned,
    key_from,
    signature_line,
    unbase64,
)

from .files import durable

_PREFIX = "PRIVATE+KEY+"


class WitnessError(Exception):
    """The witness's folder is not as it must be; the message is one line that says what to do."""


@dataclass(frozen=True)
class WitnessKey:
    """The key by which this witness is known."""

    key: Key
    _private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"WitnessKey({self.key.name!r})"

    def cosign(self, text: str, moment: int) -> str:
        """The line (C2SP tlog-cosignature) that says: at `moment`, in seconds since 1970, the checkpoint `text` was
        the largest I had seen of this log."""
        signature = self._private.sign(cosigned(text, moment))
        return signature_line(self.key, moment.to_bytes(8, "big") + signature)


def create(path: Path, name: str) -> WitnessKey:
    """A new key in a new file; `name` is like `witness.example/1`. A key is never overwritten. Raises WitnessError."""
    if path.exists():
        raise WitnessError(f"{path} is there already: a witness keeps its key")
    private = Ed25519PrivateKey.generate()
    key = Key(name, COSIGNATURE, private.public_key().public_bytes_raw())
    try:
        key_from(key.text)
    except Malformed:
        raise WitnessError("the name of a witness has no spaces and no plus sign: like witness.example/1") from None
    seed = base64.b64encode(bytes([COSIGNATURE]) + private.private_bytes_raw()).decode()
    durable(path, f"{_PREFIX}{name}+{key.id.hex()}+{seed}\n".encode())
    return WitnessKey(key, private)


def load(path: Path) -> WitnessKey:
    """The key in a file. Raises WitnessError."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise WitnessError(f"{path} cannot be read ({problem.strerror}): is this the folder of a witness?") from None
    if mode & 0o077:
        raise WitnessError(f"{path} can be read by others: set its mode to 0600")
    try:
        name, key_id, seed = text.removeprefix(_PREFIX).split("+", 2)
        data = unbase64(seed)
        private = Ed25519PrivateKey.from_private_bytes(data[1:])
    except (Malformed, ValueError):
        raise WitnessError(f"{path} is not the key of a witness") from None
    key = Key(name, COSIGNATURE, private.public_key().public_bytes_raw())
    if not text.startswith(_PREFIX) or data[0] != COSIGNATURE or key.id.hex() != key_id:
        raise WitnessError(f"{path} is not the key of a witness")
    return WitnessKey(key, private)
