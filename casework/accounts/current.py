"""The session of a request: cookie, identity, secret of its forms. Sets no page, asks no question twice."""

import functools
import hmac
import re

from pyramid.interfaces import ISecurityPolicy
from pyramid_tm import is_tm_active

from casework.authz.identity import Identity
from casework.db.session import SAFE_METHODS, reading
from casework.web.i18n import COOKIE as LANGUAGE_COOKIE
from casework.web.i18n import DEFAULT_LOCALE, LOCALES

from . import device, sessions

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name(request) -> str:
    """With https the browser guards the name: no other host, path or plain http can set it."""
    return "__Host-cw" if request.registry["settings"].secure else "cw"


def device_cookie_name(request) -> str:
    return f"__Host-{device.COOKIE}" if request.registry["settings"].secure else device.COOKIE


def token_of(request) -> str | None:
    """The token of the session: the cookie's, when it has the form of one, or the one this response will set."""
    token = request.environ.get("casework.token") or request.cookies.get(cookie_name(request), "")
    return token if _TOKEN.fullmatch(token) else None


def session_row(request):
    """The usable session behind the cookie, whatever step it is at, or None. One query: of the request's own
    transaction where that only reads, else of one that is at once closed, so that the one that writes begins later."""
    token = token_of(request)
    if token is None:
        return None
    if request.method in SAFE_METHODS and is_tm_active(request):
        row = sessions.find(request.db.connection(), token)
    else:
        with reading(request.registry["engine"]) as connection:
            row = sessions.find(connection, token)
    if row is None:
        return None
    at = sessions.clock(request)
    why = sessions.over(row, at)
    if why is not None:
        if row.ended_at is None:
            request.afterwards(functools.partial(sessions.close, row=row, why=why, at=at))
        return None
    if row.state == sessions.FULL and at - row.last_seen_at >= sessions.SEEN_EVERY:
        request.afterwards(functools.partial(sessions.seen, row=row, at=at))
    return row


def lapsed_user_id(request):
    """The id of the person behind a cookie whose session ended by time alone, or None: what such a person typed is
    still theirs, and nothing else is."""
    token = token_of(request)
    if token is None:
        return None
    with reading(request.registry["engine"]) as connection:
        return sessions.lapsed(connection, token)


def signed_out(request) -> None:
    """The session was ended: the rest of this request goes on as nobody."""
    request.session_row = None
    request.registry.getUtility(ISecurityPolicy).renew(request)


def load_identity(request) -> Identity | None:
    """The identity behind the request: both factors shown, account active, role in force now."""
    row = request.session_row
    if row is None:
        return None
    own = row.locale or request.accept_language.lookup(list(LOCALES), default=DEFAULT_LOCALE)
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return sessions.identity_of(row, sessions.day(sessions.clock(request)), chosen if chosen in LOCALES else own, own)


def idle_seconds(request) -> int:
    """How long the page may stay unused."""
    return int(sessions.idle_limit(request.identity.role).total_seconds())


def csrf_secret(request) -> bytes | None:
    """The secret that this session's form tokens are made from; it changes whenever the cookie does."""
    token, ring = token_of(request), request.registry["keyring"]
    return hmac.digest(ring.key(ring.current, "csrf"), token.encode(), "sha256") if token else None


def client_of(request) -> sessions.Client:
    agent = "".join(char for char in request.user_agent or "" if char.isprintable())
    return sessions.Client(request.client_addr, agent)


def renew(request, token: str) -> None:
    """The session has a new token: the rest of this request goes on as the person it is now."""
    request.db.flush()
    request.environ["casework.token"] = token
    request.session_row = sessions.find(request.db.connection(), token)
    request.registry.getUtility(ISecurityPolicy).renew(request)


def with_cookie(request, response):
    """`response` with the new token. The cookie has no time of its own: the server decides when a session is over."""
    response.set_cookie(
        cookie_name(request), request.environ["casework.token"], path="/", httponly=True, samesite="Lax",
        secure=request.registry["settings"].secure,
    )
    return response


def set_device_cookie(request, response, login: str) -> None:
    """This browser is known for this account from now on."""
    name = device_cookie_name(request)
    value = device.remember(request.registry["keyring"], request.cookies.get(name), login)
    response.set_cookie(
        name, value, max_age=device.SECONDS, path="/", httponly=True, samesite="Strict",
        secure=request.registry["settings"].secure,
    )


def drop_cookie(request, response) -> None:
    """Take the session's cookie away; said with the same attributes, or the browser keeps a `__Host-` cookie."""
    response.set_cookie(
        cookie_name(request), "", max_age=0, path="/", httponly=True, samesite="Lax",
        secure=request.registry["settings"].secure,
    )


def includeme(config) -> None:
    config.add_request_method(session_row, "session_row", reify=True)
    config.add_request_method(lapsed_user_id, "lapsed_user_id", reify=True)
    config.registry["load_identity"] = load_identity
    config.registry["csrf_secret"] = csrf_secret
    config.registry["idle_seconds"] = idle_seconds
