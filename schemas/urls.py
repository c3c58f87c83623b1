"""Web addresses as evidence: brought to one form for comparing, and shown so that nobody can follow them.

Nothing here resolves or fetches anything. Rules of the canonical form: domain analysis, section 7.
"""

import ipaddress
import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

from .problems import BadIdentifier

SCHEMES = {"http": 80, "https": 443, "ftp": 21, "ftps": 990, "ws": 80, "wss": 443}

# Parameters that say who followed a link, not what it leads to.
TRACKING = frozenset({
    "fbclid", "gclid", "dclid", "msclkid", "yclid", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "twclid",
    "ttclid", "_ga", "_gl", "ref_src",
})  # fmt: skip
TRACKING_PREFIX = "utm_"

# Second-level labels under which two-letter domains are given out (com.kh, co.uk, ...).
_SECOND_LEVEL = frozenset({
    "ac", "co", "com", "edu", "gov", "go", "idv", "mil", "ne", "net", "or", "org", "per", "gob", "gouv", "nom",
    "sch",
})  # fmt: skip

_DEFANGED = (
    (re.compile(r"^hxxp", re.IGNORECASE), "http"),
    (re.compile(r"^fxp", re.IGNORECASE), "ftp"),
    (re.compile(r"\[(?:\.|dot)\]|\((?:\.|dot)\)|\{\.\}", re.IGNORECASE), "."),
    (re.compile(r"\[(:|://|@)\]"), r"\1"),
)
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*):(?=//)", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"^(?:data|javascript|blob|file|about|mailto|tel|magnet|vbscript):", re.IGNORECASE)
_LABEL = re.compile(r"^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>\"\\^`{|}]")


def canonical_url(value: str) -> str:
    """`example.org/a?b=c`: no scheme, user, default port, fragment or tracking parameter.

    Host in lower case and IDNA; the path is kept as it is, for servers tell its capitals apart.
    Raises `BadIdentifier` ("url", "url_scheme", "host").
    """
    parts = _split(value)
    host = canonical_host(parts.hostname or "")
    try:
        port = parts.port
    except ValueError as error:
        raise BadIdentifier("url") from error
    if port is not None and port != SCHEMES[parts.scheme]:
        host = f"{host}:{port}"
    query = _without_tracking(parts.query)
    return host + (parts.path or "/") + (f"?{query}" if query else "")


def host_and_path(canonical: str) -> str:
    """The second, looser key of a canonical address: without its query."""
    return canonical.partition("?")[0]


def canonical_host(host: str) -> str:
    """`host` in lower case and IDNA; an address in its shortest form (IPv6 in brackets)."""
    host = host.strip().rstrip(".")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    else:
        return f"[{address.compressed}]" if address.version == 6 else address.compressed
    try:
        ascii_host = host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise BadIdentifier("host") from error
    labels = ascii_host.split(".")
    if len(ascii_host) > 253 or len(labels) < 2 or not all(_LABEL.match(label) for label in labels):
        raise BadIdentifier("host")
    if labels[-1].isdigit():
        raise BadIdentifier("host")
    return ascii_host


def registered_domain(value: str) -> str:
    """The domain somebody registered: `a.b.example.com.kh` -> `example.com.kh`.

    An approximation without the public suffix list: one label more under a two-letter domain whose second
    label is one of the usual ones. Raises `BadIdentifier` ("domain").
    """
    text = value.strip()
    try:
        host = canonical_host(_split(text).hostname or "")
    except BadIdentifier as error:
        raise BadIdentifier("domain") from error
    if host.startswith("[") or host.replace(".", "").isdigit():
        raise BadIdentifier("domain")
    labels = host.split(".")
    size = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 2
    return ".".join(labels[-size:])


def defang(url: str) -> str:
    """`url` for the screen: `hxxps://example[.]org/a`. No browser, mail or chat program makes it a link."""
    text = refang(url)
    match = _SCHEME.match(text)
    scheme, rest = (match.group(1), text[match.end() + 2 :]) if match else ("", text)
    end = min((rest.index(c) for c in "/?#" if c in rest), default=len(rest))
    host = rest[:end].replace(".", "[.]").replace("@", "[@]")
    if not scheme:
        return (host + rest[end:]).replace("://", "[://]")
    return f"{_defanged_scheme(scheme)}://{host}{rest[end:].replace('://', '[://]')}"


def refang(text: str) -> str:
    """A defanged address as it was before; anything else untouched but for white space at the ends."""
    text = text.strip()
    for pattern, whole in _DEFANGED:
        text = pattern.sub(whole, text)
    return text


def _defanged_scheme(scheme: str) -> str:
    lower = scheme.lower()
    if lower.startswith("http"):
        return "hxxp" + lower[4:]
    return lower.replace("ftp", "fxp") if lower.startswith("ftp") else f"x-{lower}"


def _split(value: str) -> SplitResult:
    text = refang(value)
    if _OTHER_SCHEME.match(text):
        raise BadIdentifier("url_scheme")
    match = _SCHEME.match(text)
    if not match:
        text = "http://" + text.removeprefix("//")
    elif match.group(1).lower() not in SCHEMES:
        raise BadIdentifier("url_scheme")
    if _FORBIDDEN.search(text):
        raise BadIdentifier("url")
    try:
        return urlsplit(text)
    except ValueError as error:
        raise BadIdentifier("url") from error


def _without_tracking(query: str) -> str:
    """`query` less its tracking parameters, the others in order and as they were written."""
    kept = []
    for part in query.split("&"):
        name = parse_qsl(part, keep_blank_values=True)[0][0].casefold() if parse_qsl(part, True) else ""
        if part and name not in TRACKING and not name.startswith(TRACKING_PREFIX):
            kept.append(part)
    return "&".join(kept)
