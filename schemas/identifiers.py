"""Identifiers in one form per type: `canonical` to compare them, `mask` to show them.

Canonical forms are those of the domain analysis, section 7.1; a keyed token is made of them elsewhere.
"""

import ipaddress
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .problems import BadIdentifier
from .text import clean, fold, to_ascii_digits
from .urls import canonical_host, canonical_url, refang, registered_domain

CAMBODIA = "855"
HASH_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64}
IP_TOLERANCE = timedelta(minutes=5)

_SEPARATORS = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_AT = re.compile(r"\s*(?:\[at\]|\(at\)|\{at\}|\[@\])\s*", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]+")
_HANDLE_PREFIX = re.compile(r"^([a-z0-9][a-z0-9_ .-]*?)\s*[:/]\s*(?!//)(.+)$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class ProviderRules:
    """What providers ignore in an e-mail address; a deployment lists them, for guessing joins strangers."""

    dots_ignored: frozenset[str] = frozenset()
    tags_ignored: frozenset[str] = frozenset()


NO_RULES = ProviderRules()


def canonical(type: str, value: str, *, provider_rules: ProviderRules = NO_RULES) -> str:
    """The one form of `value` as an identifier of `type` (a code of the list `identifier_types`).

    Accounts, game handles, groups and payments carry their platform in front: `facebook:@Name`.
    Raises `BadIdentifier`, whose code says what is wrong.
    """
    if type not in _FORMS:
        raise BadIdentifier("type")
    text = clean(value)
    if not text:
        raise BadIdentifier("empty")
    if type == "email":
        return _email(text, provider_rules)
    return _FORMS[type](text)


def mask(type: str, canonical_value: str) -> str:
    """A canonical value shortened so that its owner recognises it and nobody else can use it."""
    if type not in _FORMS:
        raise BadIdentifier("type")
    return _MASKS.get(type, _mask_middle)(canonical_value)


def matchable(type: str) -> bool:
    """Whether equal canonical forms mean the same thing; near-matching of pictures would leak."""
    return type in _FORMS and type not in ("perceptual_hash", "other")


def compared_unless_said(type: str, side: str) -> bool:
    """Whether a value is compared with other agencies' when nobody has said: a suspect's, and the hash of material."""
    return side == "suspect" or (type in HASH_LENGTHS and side != "victim")


@dataclass(frozen=True)
class Sighting:
    """An address seen in use, for an interval of UTC, from a port when one is known."""

    address: str
    start: datetime
    end: datetime
    port: int | None = None


def sightings_match(a: Sighting, b: Sighting) -> str | None:
    """"strong", "weak" or None. Carriers put many users behind one address, so time and port must agree."""
    if a.address != b.address:
        return None
    if a.start - IP_TOLERANCE > b.end or b.start - IP_TOLERANCE > a.end:
        return None
    return "strong" if a.port is not None and a.port == b.port else "weak"


def whole_email(text: str) -> str:
    """An e-mail address as it was before somebody wrote it so that no program makes it a link."""
    return refang(_AT.sub("@", text))


def _email(text: str, rules: ProviderRules) -> str:
    local, at, domain = whole_email(text).rpartition("@")
    if not at or not local or re.search(r"\s|@", local):
        raise BadIdentifier("email")
    try:
        domain = canonical_host(domain)
    except BadIdentifier as error:
        raise BadIdentifier("email") from error
    local = local.lower()
    if domain in rules.tags_ignored:
        local = local.partition("+")[0]
    if domain in rules.dots_ignored:
        local = local.replace(".", "")
    if not local:
        raise BadIdentifier("email")
    return f"{local}@{domain}"


def _phone(text: str) -> str:
    """E.164. A number without a country is Cambodian: a 0, then eight or nine digits."""
    digits = _SEPARATORS.sub("", to_ascii_digits(text))
    international = digits.startswith(("+", "00"))
    digits = digits.removeprefix("+").removeprefix("00") if international else digits
    if not (digits.isascii() and digits.isdigit()):
        raise BadIdentifier("phone")
    if not international:
        if digits.startswith("0"):
            digits = CAMBODIA + digits[1:]
        elif not (digits.startswith(CAMBODIA) and len(digits) >= 11):
            raise BadIdentifier("phone_country")
    if digits.startswith(CAMBODIA):
        digits = CAMBODIA + digits[len(CAMBODIA) :].removeprefix("0")
        if len(digits) not in (11, 12):
            raise BadIdentifier("phone_length")
    if digits.startswith("0") or not 7 <= len(digits) <= 15:
        raise BadIdentifier("phone_length")
    return "+" + digits


def _split_platform(text: str) -> tuple[str, str]:
    match = _HANDLE_PREFIX.match(text)
    if not match:
        raise BadIdentifier("platform")
    platform = re.sub(r"[\s.-]+", "_", match.group(1).strip().casefold())
    return platform, refang(match.group(2))


def _account(text: str) -> str:
    """Platform and casefolded handle; a handle of digits alone is the platform's own number."""
    platform, handle = _split_platform(text)
    handle = to_ascii_digits(handle).removeprefix("@").casefold()
    if not handle or re.search(r"\s", handle):
        raise BadIdentifier("handle")
    return f"{platform}/{handle}"


def _group(text: str) -> str:
    """Platform and the group's number or invitation code, whose capitals count."""
    platform, group = _split_platform(text)
    return f"{platform}/{group.removeprefix('@')}"


def _payment(text: str) -> str:
    """Provider and account number, wallet or transfer reference without separators."""
    provider, number = _split_platform(text)
    number = _SEPARATORS.sub("", to_ascii_digits(number))
    if not re.fullmatch(r"[0-9A-Za-z:_]{3,}", number):
        raise BadIdentifier("payment")
    return f"{provider}/{number}"


def _ip(text: str) -> str:
    try:
        address = ipaddress.ip_address(refang(text).strip("[]"))
    except ValueError as error:
        raise BadIdentifier("ip") from error
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).compressed


def _imei(text: str) -> str:
    """14 digits: the check digit (15) or the software version (16) is left off."""
    digits = _SEPARATORS.sub("", to_ascii_digits(text))
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in (14, 15, 16):
        raise BadIdentifier("imei")
    if len(digits) == 15 and _luhn(digits):
        raise BadIdentifier("imei_check")
    return digits[:14]


def _luhn(digits: str) -> int:
    """The remainder of the check sum; 0 for a number whose check digit is right."""
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10


def _file_hash(algorithm: str) -> Callable[[str], str]:
    def form(text: str) -> str:
        value = re.sub(r"[\s:-]+", "", text).lower()
        if len(value) != HASH_LENGTHS[algorithm] or not _HEX.fullmatch(value):
            raise BadIdentifier(algorithm)
        return value

    return form


def _advertising_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise BadIdentifier("advertising_id") from error


def _code(text: str) -> str:
    """Serial numbers, plates, papers: capitals, Western digits, no separators."""
    value = _SEPARATORS.sub("", fold(text)).upper()
    if not value:
        raise BadIdentifier("empty")
    return value


def _perceptual_hash(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _other(text: str) -> str:
    value = fold(text)
    if not value:
        raise BadIdentifier("empty")
    return value


_FORMS: dict[str, Callable[[str], str]] = {
    "email": lambda text: _email(text, NO_RULES),
    "phone": _phone,
    "account": _account,
    "url": canonical_url,
    "domain": registered_domain,
    "ip": _ip,
    "imei": _imei,
    "serial": _code,
    "advertising_id": _advertising_id,
    "payment": _payment,
    "vehicle": _code,
    "document": _code,
    "md5": _file_hash("md5"),
    "sha1": _file_hash("sha1"),
    "sha256": _file_hash("sha256"),
    "perceptual_hash": _perceptual_hash,
    "game_handle": _account,
    "messenger_group": _group,
    "other": _other,
}
TYPES = tuple(_FORMS)
PLATFORM_TYPES = frozenset({"account", "game_handle", "messenger_group"})

# Tried in this order; a type that takes almost any text is never guessed.
_GUESSED = ("email", "ip", "sha256", "sha1", "md5", "advertising_id", "imei", "phone")


def guess(value: str) -> str | None:
    """The type that `value` can only be, or None. A bare host is an address; so is anything with a scheme."""
    for kind in _GUESSED:
        try:
            canonical(kind, value)
        except BadIdentifier:
            continue
        return kind
    try:
        path = canonical("url", value).partition("/")[2]
    except BadIdentifier:
        return None
    return "url" if path or "://" in value else "domain"


def _mask_middle(value: str) -> str:
    return "***" if len(value) < 6 else f"{value[0]}***{value[-1]}"


def _mask_email(value: str) -> str:
    local, _, domain = value.rpartition("@")
    return f"{local[0]}***@{domain[0]}***.{domain.rpartition('.')[2]}"


def _mask_phone(value: str) -> str:
    return f"{value[:4]} *** {value[-2:]}"


def _mask_platform(value: str) -> str:
    platform, _, rest = value.partition("/")
    return f"{platform}/{_mask_middle(rest)}"


def _mask_url(value: str) -> str:
    host, slash, _ = value.partition("/")
    return f"{_mask_domain(host)}{slash}***"


def _mask_domain(value: str) -> str:
    return f"{value[0]}***[.]{value.rpartition('.')[2]}"


def _mask_ip(value: str) -> str:
    separator = ":" if ":" in value else "."
    return separator.join([*value.split(separator)[:2], "***"])


def _mask_end(value: str) -> str:
    """The last eight characters: enough to tell two exhibits apart with the paper in hand."""
    return f"***{value[-8:]}"


_MASKS: dict[str, Callable[[str], str]] = {
    "email": _mask_email,
    "phone": _mask_phone,
    "account": _mask_platform,
    "game_handle": _mask_platform,
    "messenger_group": _mask_platform,
    "payment": _mask_platform,
    "url": _mask_url,
    "domain": _mask_domain,
    "ip": _mask_ip,
    "imei": lambda value: f"***{value[-4:]}",
    "md5": _mask_end,
    "sha1": _mask_end,
    "sha256": _mask_end,
}
