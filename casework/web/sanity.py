"""Refuses, before anything else looks at it, what no browser sends by right: one place, always a 4xx, never a 500.

The check runs before the body is read (pyramid_retry reads it ahead of every tween, so we hang on its hook), and the
tween answers. What passes is UTF-8 throughout, free of NUL, small enough, and a form if it has a body.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import unquote_to_bytes, urlsplit

from pyramid.request import Request as PyramidRequest
from pyramid.tweens import EXCVIEW, INGRESS, MAIN

from casework.settings import Settings

from . import uploads
from .plain import Refusal, plain_page

METHODS = ("GET", "HEAD", "POST")
FORM = "application/x-www-form-urlencoded"
BODY_LIMIT = 1024 * 1024
FIELD_LIMIT = 1000
URL_LIMIT = 8 * 1024
COOKIE_LIMIT = 8 * 1024
HEADER_LIMIT = 8 * 1024
HEADERS_LIMIT = 32 * 1024

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_IN_PATH = re.compile(r"[\x00-\x1f\x7f\ufffd]")
_LOOKED = "casework.sanity"
_ID = "casework.request_id"


class Request(PyramidRequest):
    """Keeps bodies in memory: what people type never goes to a temporary file in clear."""

    request_body_tempfile_limit = 1 << 62

    @property
    def client_addr(self) -> str | None:
        """The address the server gives. WebOb would believe X-Forwarded-For, whoever sends it; who may is a setting
        (`trusted_proxy`), and the server has followed it already."""
        return self.remote_addr


def _refusal(status: int, english: str, khmer: str, *headers: tuple[str, str]) -> Refusal:
    return Refusal(status, ("This request cannot be answered", "មិនអាចឆ្លើយតបសំណើនេះបានទេ"), (english, khmer), headers)


BAD_TEXT = _refusal(400, "It holds characters that are not valid text.", "សំណើមានតួអក្សរមិនត្រឹមត្រូវ។")
BAD_HOST = _refusal(400, "It does not say which site it is meant for.", "សំណើមិនបានបញ្ជាក់គេហទំព័រត្រឹមត្រូវទេ។")
BAD_LENGTH = _refusal(400, "Its length is not what it says.", "ប្រវែងនៃសំណើមិនត្រឹមត្រូវទេ។")
NO_BODY = _refusal(400, "A request for a page carries no content.", "សំណើបើកទំព័រមិនត្រូវមានខ្លឹមសារភ្ជាប់ទេ។")
NO_LENGTH = _refusal(411, "It must say how long it is.", "សំណើត្រូវតែបញ្ជាក់ប្រវែងរបស់វា។")
TOO_LARGE = _refusal(413, "It is too large.", "សំណើធំពេក។")
TOO_MANY = _refusal(413, "It has too many fields.", "សំណើមានប្រអប់ព័ត៌មានច្រើនពេក។")
URL_TOO_LONG = _refusal(414, "The address is too long.", "អាសយដ្ឋានវែងពេក។")
HEADERS_TOO_LARGE = _refusal(
    431, "Its headers or cookies are too large. Delete the cookies of this site and try again.",
    "ក្បាលសំណើ ឬខូគីធំពេក។ សូមលុបខូគីរបស់គេហទំព័រនេះ រួចព្យាយាមម្ដងទៀត។",
)
NO_FILES = _refusal(
    415, "casework takes no files: register the item, and keep the material itself where the procedure says.",
    "casework មិនទទួលឯកសារទេ។ សូមចុះបញ្ជីវត្ថុនោះ ហើយរក្សាទុកសម្ភារៈតាមនីតិវិធី។",
)
NOT_A_PIECE = _refusal(
    415, "A piece of a file must say that it is one.", "ផ្នែកនៃឯកសារត្រូវតែបញ្ជាក់ថាជាផ្នែកឯកសារ។",
)
BAD_FORM = _refusal(400, "It is not a form that can be read.", "មិនអាចអានទម្រង់បែបបទនេះបានទេ។")
NOT_A_FORM = _refusal(415, "Only forms are accepted here.", "ទទួលយកតែទម្រង់បែបបទប៉ុណ្ណោះ។")
BAD_METHOD = _refusal(
    405, "This method is not supported.", "មិនគាំទ្រវិធីនេះទេ។", ("Allow", ", ".join(METHODS)),
)


def hosts_of(settings: Settings | None) -> frozenset[str]:
    """The host of base_url; in development this machine's own names, so that no foreign name can be pointed here."""
    if settings is None:
        return frozenset()
    own = {"localhost", "127.0.0.1", "[::1]"} if settings.development else set()
    return frozenset({*own, urlsplit(settings.base_url).netloc.rpartition("@")[2].lower().removesuffix(":443")})


def head_problem(
    environ: Mapping[str, str], hosts: frozenset[str] = frozenset(), form_limit: int = 0
) -> Refusal | None:
    """What is wrong with a request, body aside. `hosts`: the names this site answers to; empty for any. `form_limit`:
    how long a form with a file may be."""
    pieces = uploads.takes_pieces(environ.get("PATH_INFO", ""))
    if environ["REQUEST_METHOD"] not in (uploads.PIECE_METHODS if pieces else METHODS):
        return BAD_METHOD
    return (_host_problem(environ, hosts) or _size_problem(environ) or _text_problem(environ)
            or _body_problem(environ, pieces, form_limit))


def _host_problem(environ: Mapping[str, str], hosts: frozenset[str]) -> Refusal | None:
    host = environ.get("HTTP_HOST", "")
    # Two Host headers arrive joined by a comma, which no host has.
    if not _HOST.fullmatch(host):
        return BAD_HOST
    name = re.sub(r":[0-9]+$", "", host).lower().rstrip(".")
    if hosts and name not in hosts and host.lower() not in hosts:
        return BAD_HOST
    return None


def _size_problem(environ: Mapping[str, str]) -> Refusal | None:
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    if len(path) + len(environ.get("QUERY_STRING", "")) > URL_LIMIT:
        return URL_TOO_LONG
    headers = {name: len(str(value)) for name, value in environ.items() if name.startswith("HTTP_")}
    largest = max(headers.values(), default=0)
    if headers.get("HTTP_COOKIE", 0) > COOKIE_LIMIT or largest > HEADER_LIMIT or sum(headers.values()) > HEADERS_LIMIT:
        return HEADERS_TOO_LARGE
    return None


def _text_problem(environ: Mapping[str, str]) -> Refusal | None:
    try:
        for name in ("SCRIPT_NAME", "PATH_INFO"):
            # Some servers put U+FFFD where a byte could not be read.
            if _BAD_IN_PATH.search(environ.get(name, "").encode("latin-1").decode("utf-8")):
                return BAD_TEXT
        query = environ.get("QUERY_STRING", "").encode("latin-1")
        cookies = environ.get("HTTP_COOKIE", "").encode("latin-1").decode("utf-8")
    except UnicodeError:
        return BAD_TEXT
    # WebOb decodes \ooo in cookies to any byte, so that a cookie of plain ASCII can fail to decode; browsers do not
    # send such cookies.
    if _CONTROL.search(cookies) or "\\" in cookies:
        return BAD_TEXT
    return fields_problem(query)


def fields_problem(encoded: bytes) -> Refusal | None:
    """What is wrong with a query string or a form in application/x-www-form-urlencoded."""
    if encoded.count(b"&") >= FIELD_LIMIT:
        return TOO_MANY
    try:
        # Fields are parted by ASCII, so the whole is valid UTF-8 exactly when each field is.
        text = unquote_to_bytes(encoded).decode("utf-8")
    except UnicodeError:
        return BAD_TEXT
    return BAD_TEXT if "\0" in text else None


def _body_problem(environ: Mapping[str, str], pieces: bool, form_limit: int) -> Refusal | None:
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return NO_LENGTH
    written = environ.get("CONTENT_LENGTH") or "0"
    if not (written.isascii() and written.isdigit() and len(written) < 20):
        return BAD_LENGTH
    length = int(written)
    if form_limit and uploads.takes_form(environ.get("PATH_INFO", ""), environ.get("CONTENT_TYPE") or ""):
        return None if 0 < length <= form_limit and environ["REQUEST_METHOD"] == "POST" else TOO_LARGE
    piece = pieces and environ["REQUEST_METHOD"] == "PATCH"
    # Long ones are kept on the disk by the gateway, for who has a session.
    if length > (uploads.PIECE_LIMIT if piece and "HTTP_COOKIE" in environ else BODY_LIMIT):
        return TOO_LARGE
    if piece:
        return None if environ.get("CONTENT_TYPE") == uploads.PIECE_TYPE else NOT_A_PIECE
    if length and environ["REQUEST_METHOD"] != "POST":
        return NO_BODY
    content_type, _, parameters = (environ.get("CONTENT_TYPE") or "").partition(";")
    content_type = content_type.strip().lower()
    if content_type == "multipart/form-data":
        # Nor without files: the parser of multipart forms puts long fields into temporary files, in clear.
        return NO_FILES
    if (length or content_type) and environ["REQUEST_METHOD"] == "POST":
        charset = parameters.lower().replace(" ", "").replace('"', "")
        if content_type != FORM or charset not in ("", "charset=utf-8"):
            return NOT_A_FORM
    return None


def look(request) -> Refusal | None:
    """What is wrong with `request`, its body included; looked at once."""
    environ = request.environ
    if _LOOKED not in environ:
        limit = request.registry.get("form_limit", 0)
        problem = head_problem(environ, request.registry.get("hosts", frozenset()), limit)
        if problem is None and environ["REQUEST_METHOD"] == "POST":
            problem = _form_problem(request)
        environ[_LOOKED] = problem
    return environ[_LOOKED]


def _form_problem(request) -> Refusal | None:
    if uploads.takes_form(request.environ.get("PATH_INFO", ""), request.environ.get("CONTENT_TYPE") or ""):
        return _file_form_problem(request.environ)
    try:
        body = request.body
    except OSError:
        # The client went away, or sent less than it promised.
        return BAD_LENGTH
    return fields_problem(body)


def _file_form_problem(environ: dict) -> Refusal | None:
    """Parse the form here, before anybody's parser writes the file to the disk."""
    if not hasattr(environ["wsgi.input"], "seek"):
        return NO_FILES
    environ["webob.is_body_seekable"] = True
    try:
        fields = uploads.form_of(environ)
    except OSError:
        return BAD_LENGTH
    except uploads.BadForm:
        return BAD_FORM
    environ["webob._parsed_post_vars"] = (fields, environ["wsgi.input"])
    return None


def attempts(request) -> int | None:
    """Hook of pyramid_retry: a refused request is not tried again, and its body never read."""
    return 1 if look(request) else None


def request_id(request) -> str:
    """128 random bits in hex; the same for every attempt at one request."""
    return request.environ.setdefault(_ID, secrets.token_hex(16))


def tween_factory(handler: Callable, registry) -> Callable:
    """Answers what `look` found wrong; the rest of the program never sees it."""

    def tween(request):
        problem = look(request)
        return handler(request) if problem is None else plain_page(request, problem)

    return tween


def includeme(config) -> None:
    """The request class, `request.id`, the tween. The names this site answers to come from the settings."""
    config.registry.setdefault("hosts", hosts_of(config.registry.get("settings")))
    config.get_settings()["retry.activate_hook"] = attempts
    config.set_request_factory(Request)
    config.add_request_method(request_id, "id", reify=True)
    config.add_tween(
        "casework.web.sanity.tween_factory", under=INGRESS,
        over=("casework.audit.outbox.tween_factory", "pyramid_tm.tm_tween_factory", EXCVIEW, MAIN),
    )
