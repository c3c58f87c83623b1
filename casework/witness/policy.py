"""A policy (C2SP tlog-policy): which witnesses must have cosigned, and at which address each is asked."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from casework.verifier.casework_verify import Key, Malformed, Trust, trust_from


@dataclass(frozen=True)
class Policy:
    """Whose signatures count, and the address of each witness that has one, by the witness's name in the policy."""

    trust: Trust
    urls: dict[str, str]

    @property
    def witnesses(self) -> dict[str, Key]:
        """The witnesses' keys by their names in the policy."""
        return self.trust.witnesses

    def met(self, names: set[str]) -> bool:
        """Whether the cosignatures of the witnesses `names` are enough."""
        return self.trust.quorum is None or self.trust.met(self.trust.quorum, names)


def policy_from(text: str, *, plain: bool = False) -> Policy:
    """The policy that a file says. Addresses must be https, on this machine also http; `plain` allows http everywhere,
    for development. Raises Malformed."""
    trust, urls = trust_from(text), {}
    for words in (line.split() for line in text.split("\n")):
        if words[:1] == ["witness"] and len(words) == 4:
            urls[words[1]] = _url(words[3], plain)
    return Policy(trust, urls)


def load(path: Path, *, plain: bool = False) -> Policy:
    """The policy in a file. Raises Malformed, OSError."""
    try:
        return policy_from(path.read_text(encoding="utf-8"), plain=plain)
    except UnicodeDecodeError:
        raise Malformed("a policy is UTF-8") from None


def _url(text: str, plain: bool) -> str:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
        raise Malformed("the address of a witness is like https://witness.example/log")
    if parts.scheme == "http" and not plain and not is_loopback(host):
        raise Malformed("a witness on another machine is asked over https only")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
