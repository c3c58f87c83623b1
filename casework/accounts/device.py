"""Known devices: whoever signed in from a browser before is counted by that browser there, so that an outsider who
guesses at the account locks out only himself.

The cookie is "<random id>.<tag>.<tag>": one tag, an HMAC of id and account, for each account that signed in with both
factors. It gives no access to anything.
"""

import hmac
import re
import secrets

from casework.crypto.keyring import KeyRing

COOKIE = "cw-device"
SECONDS = 365 * 24 * 3600
ACCOUNTS = 8
_FORM = re.compile(r"[0-9a-f]{32}(\.[0-9a-f]{32}){0,8}")


def known(ring: KeyRing, cookie: str | None, login: str) -> str | None:
    """The id of the device when `login` signed in from it before, else None."""
    device, tags = _read(cookie)
    mine = {_tag(ring, key_id, device, login) for key_id in ring.ids} if device else set()
    return device if mine & set(tags) else None


def remember(ring: KeyRing, cookie: str | None, login: str) -> str:
    """The cookie after `login` signed in: the newest accounts first, eight at most."""
    device, tags = _read(cookie)
    device = device or secrets.token_hex(16)
    tag = _tag(ring, ring.current, device, login)
    return ".".join([device, tag, *(t for t in tags if t != tag)][: ACCOUNTS + 1])


def _read(cookie: str | None) -> tuple[str | None, list[str]]:
    if not cookie or not _FORM.fullmatch(cookie):
        return None, []
    device, *tags = cookie.split(".")
    return device, tags


def _tag(ring: KeyRing, key_id: str, device: str, login: str) -> str:
    return hmac.new(ring.key(key_id, "device"), f"{device}|{login}".encode(), "sha256").hexdigest()[:32]
