"""UUID version 7 (RFC 9562): sorts by time of creation, so a key is also a stable order for lists."""

import secrets
import time
import uuid


def uuid7() -> uuid.UUID:
    """A new random UUID of version 7 for now; 74 bits are random."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return uuid.UUID(int=value)
