"""Sign a demo account in over HTTP and print its session cookie, for a scanner to use.

    python -m tests.bad_input.cookie http://127.0.0.1:6543 instance/demo-accounts.json PSU
"""

import json
import sys
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pyotp
from bs4 import BeautifulSoup

from .crawl import pairs_of


def session(base: str, account: dict[str, str]) -> str:
    """The cookies of a new session, as one header. Raises RuntimeError when the sign-in is refused."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))

    def send(path: str, **typed: str) -> BeautifulSoup:
        with browser.open(base + path) as answer:
            address, form = answer.url, BeautifulSoup(answer.read(), "html.parser").find("form", id="form")
        pairs = [(name, typed.get(name, value)) for name, value in pairs_of(form)]
        with browser.open(address, urlencode(pairs).encode()) as answer:
            return BeautifulSoup(answer.read(), "html.parser")

    send("/sign-in", login=account["sign_in"], password=account["password"])
    page = send("/sign-in/code", code=pyotp.TOTP(account["totp_secret"]).now())
    if page.find("form", action="/sign-out") is None:
        raise RuntimeError(f"{account['sign_in']} was not let in; the code may have been used already")
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


if __name__ == "__main__":
    address, accounts, role = sys.argv[1:]
    print(session(address, next(a for a in json.loads(Path(accounts).read_text("utf-8")) if a["role"] == role)))
