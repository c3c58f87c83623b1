from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.identifiers import (
    TYPES,
    ProviderRules,
    Sighting,
    canonical,
    mask,
    matchable,
    sightings_match,
)
from schemas.problems import BadIdentifier

RULES = ProviderRules(
    dots_ignored=frozenset({"dotfree.example"}), tags_ignored=frozenset({"dotfree.example"})
)
SHA = "0f" * 32

GOOD = [
    ("email", "A.B.Test+x@DOTFREE.example", "abtest@dotfree.example"),
    ("email", "A.B+x@Other.example", "a.b+x@other.example"),
    ("email", "a.b[at]other[.]example", "a.b@other.example"),
    ("email", "A.B (AT) other(dot)example", "a.b@other.example"),
    ("email", "a.b[@]sub[dot]other{.}example", "a.b@sub.other.example"),
    ("phone", "012 000 000", "+85512000000"),
    ("phone", "+855 12 000 000", "+85512000000"),
    ("phone", "០១២ ០០០ ០០០", "+85512000000"),
    ("phone", "00855-12-000-000", "+85512000000"),
    ("phone", "855 (0)12 000 000", "+85512000000"),
    ("phone", "+44 7700 900000", "+447700900000"),
    ("account", "Facebook: @Some.Name", "facebook/some.name"),
    ("account", "Facebook: @Some[.]Name", "facebook/some.name"),
    ("account", "facebook/100000000000000", "facebook/100000000000000"),
    ("game_handle", "Roblox:Player_1", "roblox/player_1"),
    ("messenger_group", "Telegram:AbCd123", "telegram/AbCd123"),
    ("url", "https://Example.ORG:443/a?utm_source=z#t", "example.org/a"),
    ("url", "HTTP://example.org/A", "example.org/A"),
    ("url", "hxxps://example[.]org/a?id=7&fbclid=x", "example.org/a?id=7"),
    ("url", "example.org", "example.org/"),
    ("url", "http://user:pw@example.org:8080/", "example.org:8080/"),
    ("url", "http://[2001:DB8::1]/x", "[2001:db8::1]/x"),
    ("domain", "https://www.Sub.Example.com.kh/x", "example.com.kh"),
    ("domain", "cdn.example.org", "example.org"),
    ("domain", "hxxps[:]//cdn[.]example[.]org/a", "example.org"),
    ("ip", "203.0.113.7", "203.0.113.7"),
    ("ip", "203[.]0(dot)113[.]7", "203.0.113.7"),
    ("ip", "2001:0DB8::0001", "2001:db8::1"),
    ("ip", "::ffff:203.0.113.7", "203.0.113.7"),
    ("imei", "49-015420-323751-8", "49015420323751"),
    ("imei", "49015420323751", "49015420323751"),
    ("serial", " ab-12 cd ", "AB12CD"),
    ("advertising_id", "CDDA802E-FB9C-47AD-9866-0794D394C912", "cdda802e-fb9c-47ad-9866-0794d394c912"),
    ("payment", "Test Bank: 000 123 456", "test_bank/000123456"),
    ("vehicle", "ភ្នំពេញ 2A-0000", "ភ្នំពេញ2A0000"),
    ("document", "n ០០០០០០០០១", "N000000001"),
    ("sha256", SHA.upper(), SHA),
    ("md5", "00:" * 15 + "00", "00" * 16),
    ("sha1", "AB" * 20, "ab" * 20),
    ("perceptual_hash", "f8 f8", "f8f8"),
    ("other", "Some  Thing", "some thing"),
]

BAD = [
    ("email", "no-at.example", "email"),
    ("email", "two words@example.org", "email"),
    ("email", "@example.org", "email"),
    ("email", "a[at]b[at]example[.]org", "email"),
    ("phone", "12 000", "phone_country"),
    ("phone", "012 000", "phone_length"),
    ("phone", "012 ABC 000", "phone"),
    ("phone", "+0 12 000 000", "phone_length"),
    ("account", "justaname", "platform"),
    ("account", "facebook: two words", "handle"),
    ("url", "data:text/plain,hello", "url_scheme"),
    ("url", "javascript:alert(1)", "url_scheme"),
    ("url", "gopher://example.org/", "url_scheme"),
    ("url", "https://example.org:99999/", "url"),
    ("url", "https://exa mple.org/", "url"),
    ("url", "https://localhost/", "host"),
    ("domain", "203.0.113.7", "domain"),
    ("ip", "203.0.113.256", "ip"),
    ("imei", "49-015420-323751-7", "imei_check"),
    ("imei", "123", "imei"),
    ("advertising_id", "not-an-id", "advertising_id"),
    ("sha256", "0f" * 31, "sha256"),
    ("md5", "zz" * 16, "md5"),
    ("sha1", "00" * 16, "sha1"),
    ("serial", "   ", "empty"),
    ("fax", "1", "type"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), GOOD)
def test_canonical_form(kind, value, expected):
    assert canonical(kind, value, provider_rules=RULES) == expected


@pytest.mark.parametrize(("kind", "value", "code"), BAD)
def test_a_value_that_is_none_of_its_type_is_refused_by_name(kind, value, code):
    with pytest.raises(BadIdentifier) as caught:
        canonical(kind, value)
    assert caught.value.code == code
    assert isinstance(caught.value, ValueError)


def test_capitals_of_a_path_count():
    assert canonical("url", "HTTP://example.org/A") != canonical("url", "http://example.org/a")


@pytest.mark.parametrize("kind", TYPES)
@given(text=st.text(max_size=60))
@example(text="facebook:x")
@example(text="012 000 000")
@example(text="//a.b?utm_=1&&=&")
def test_any_text_is_canonical_once_and_for_all_or_refused(kind, text):
    try:
        form = canonical(kind, text)
    except BadIdentifier:
        return
    assert canonical(kind, form) == form
    assert mask(kind, form)


@pytest.mark.parametrize(
    ("kind", "form", "shown"),
    [
        ("email", "abtest@dotfree.example", "a***@d***.example"),
        ("phone", "+85512000000", "+855 *** 00"),
        ("url", "example.org/a?id=7", "e***[.]org/***"),
        ("ip", "203.0.113.7", "203.0.***"),
        ("account", "facebook/some.name", "facebook/s***e"),
        ("sha256", SHA, "***0f0f0f0f"),
        ("imei", "49015420323751", "***3751"),
        ("serial", "AB12", "***"),
    ],
)
def test_mask_shows_too_little_to_use(kind, form, shown):
    assert mask(kind, form) == shown


def test_only_exact_types_are_matched():
    assert matchable("phone")
    assert not matchable("perceptual_hash")
    assert not matchable("fax")


def test_sightings_of_one_address():
    ten = datetime(2026, 1, 5, 10, tzinfo=UTC)
    first = Sighting("203.0.113.7", ten, ten, 40000)

    def later(minutes, port):
        at = ten + timedelta(minutes=minutes)
        return Sighting("203.0.113.7", at, at, port)

    assert sightings_match(first, later(4, 51000)) == "weak"
    assert sightings_match(first, later(4, 40000)) == "strong"
    assert sightings_match(first, later(4, None)) == "weak"
    assert sightings_match(first, later(6, 40000)) is None
    assert sightings_match(later(6, 40000), first) is None
    assert sightings_match(first, Sighting("203.0.113.8", ten, ten, 40000)) is None
