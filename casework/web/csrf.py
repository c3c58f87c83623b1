"""Forms count only when our own page sent them: a token of the session, and the browser's word where it came from.

Token: HMAC over the secret of the session, or over a random cookie for who is not signed in; masked anew in every
response, so that compression cannot give it away. It comes back in the body or a header, never in an address. The
check runs before the permission, so that a foreign page cannot use a session's power even to ask.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from pyramid import viewderivers
from pyramid.exceptions import BadCSRFOrigin
from pyramid.interfaces import ICSRFStoragePolicy
from pyramid.viewderivers import INGRESS
from zope.interface import implementer

FIELD, HEADER = "csrf_token", "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
COOKIE, SECURE_COOKIE = "cw_anon", "__Host-cw_anon"
_SIZE = 32


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str, size: int) -> bytes | None:
    """`size` bytes, or None when `text` is not exactly the way `_encode` writes them."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if len(raw) == size and _encode(raw) == text else None


def mask(token: bytes) -> str:
    """`token` under a new one-time pad, the pad in front."""
    pad = secrets.token_bytes(_SIZE)
    return _encode(pad + bytes(a ^ b for a, b in zip(pad, token, strict=True)))


def unmask(text: str) -> bytes | None:
    """The token under the pad, or None for what no `mask` made."""
    raw = _decode(text, 2 * _SIZE)
    return None if raw is None else bytes(a ^ b for a, b in zip(raw[:_SIZE], raw[_SIZE:], strict=True))


def cookie_name(request) -> str:
    """With https the browser guards the name: no other host or path can set it."""
    return SECURE_COOKIE if request.scheme == "https" else COOKIE


@implementer(ICSRFStoragePolicy)
class TokenPolicy:
    """Pyramid's ICSRFStoragePolicy. `registry["csrf_secret"](request)` gives the secret of a signed-in session."""

    def _token(self, secret: bytes) -> bytes:
        return hmac.digest(secret, b"casework csrf", hashlib.sha256)

    def _session_secret(self, request) -> bytes | None:
        provider = request.registry.get("csrf_secret")
        return provider(request) if provider else None

    def _set_anonymous(self, request) -> bytes:
        secret = secrets.token_bytes(_SIZE)
        request.__dict__["_anonymous_secret"] = secret

        def keep(_request, response):
            response.set_cookie(
                cookie_name(request), _encode(secret), path="/", httponly=True, samesite="Lax",
                secure=request.scheme == "https",
            )

        request.add_response_callback(keep)
        return secret

    def _anonymous_secret(self, request) -> bytes | None:
        made = request.__dict__.get("_anonymous_secret")
        return made or _decode(request.cookies.get(cookie_name(request), ""), _SIZE)

    def get_csrf_token(self, request) -> str:
        """A token for this response."""
        secret = self._session_secret(request) or self._anonymous_secret(request) or self._set_anonymous(request)
        return mask(self._token(secret))

    def new_csrf_token(self, request) -> str:
        """A token that nothing given out before goes with; a session's own secret is changed by signing in anew."""
        return mask(self._token(self._session_secret(request) or self._set_anonymous(request)))

    def check_csrf_token(self, request, supplied_token: str) -> bool:
        """Whether `supplied_token` was given out to this session or this browser."""
        secret = self._session_secret(request) or self._anonymous_secret(request)
        supplied = unmask(supplied_token)
        return secret is not None and supplied is not None and hmac.compare_digest(supplied, self._token(secret))


def own_origin(request) -> bool | None:
    """Whether a page of ours sent this request, as its browser tells; None when it tells nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    sent_from = request.headers.get("Origin") or request.headers.get("Referer")
    if sent_from is None:
        return True if site == "same-origin" else None
    try:
        parts = urlsplit(sent_from)
        origin = f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return False
    return origin.lower() == request.host_url.lower()


def check_origin(request) -> None:
    """Raises BadCSRFOrigin for a foreign page; over https also when the browser does not say."""
    own = own_origin(request)
    if own is False or (own is None and request.scheme == "https"):
        raise BadCSRFOrigin("the form was not sent by a page of this site")


def csrf_view(view, info):
    """Pyramid's check of the token, after our own of the origin: Pyramid's does nothing on plain http."""
    checked = viewderivers.csrf_view(view, info)
    if checked is view:
        return view

    def wrapped(context, request):
        if request.method not in SAFE_METHODS:
            check_origin(request)
        return checked(context, request)

    return wrapped


csrf_view.options = ("require_csrf",)


def includeme(config) -> None:
    """On for every view. The deriver takes the place of Pyramid's own, which runs after the permission check."""
    config.set_csrf_storage_policy(TokenPolicy())
    config.set_default_csrf_options(
        require_csrf=True, token=FIELD, header=HEADER, safe_methods=SAFE_METHODS, check_origin=False
    )
    config.add_view_deriver(csrf_view, "csrf_view", under=INGRESS, over="secured_view")
