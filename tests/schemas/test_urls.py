import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.urls import canonical_url, defang, host_and_path, refang


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a.html?b=c", "hxxps://example[.]org/a.html?b=c"),
        ("HTTP://Example.ORG", "hxxp://Example[.]ORG"),
        ("ftp://a.example.org/x", "fxp://a[.]example[.]org/x"),
        ("example.org/a", "example[.]org/a"),
        ("tg://resolve?domain=x", "x-tg://resolve?domain=x"),
        ("https://user@example.org/", "hxxps://user[@]example[.]org/"),
        ("https://example.org/?u=http://example.test/", "hxxps://example[.]org/?u=http[://]example.test/"),
    ],
)
def test_defanged_address_is_no_link(url, shown):
    assert defang(url) == shown
    assert defang(shown) == shown or url.startswith("tg:")


@given(st.text(max_size=40))
def test_no_scheme_survives_defanging(text):
    shown = defang("https://" + text)
    assert "http://" not in shown.lower()
    assert "https://" not in shown.lower()


def test_refang_brings_the_address_back():
    assert refang(" hxxps[://]example[dot]org(.)kh/a ") == "https://example.org.kh/a"


def test_second_key_is_without_query():
    assert host_and_path(canonical_url("https://example.org/a?id=7")) == "example.org/a"


def test_khmer_host_becomes_idna():
    assert canonical_url("https://ឧទាហរណ៍.example/").startswith("xn--")
