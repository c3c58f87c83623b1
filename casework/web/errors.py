"""What is answered when there is no page: nothing of the program shows, and nothing of what exists.

A record that is hidden and one that does not exist have one and the same page. Text of exceptions, paths and
versions never reach the reader: a failure shows the number of the request, under which the log tells more.
"""

import logging
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import HTTPClientError, HTTPNotFound, HTTPRedirection, HTTPSeeOther
from pyramid.i18n import TranslationString
from pyramid.renderers import render_to_response
from pyramid.response import Response
from pyramid.tweens import EXCVIEW, INGRESS, MAIN
from pyramid_retry import is_error_retryable
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from casework.authz.scope import ScopeMissing
from casework.db.refs import parse_ref

from .csrf import own_origin
from .i18n import _
from .methods import SAFE, not_allowed, route_methods
from .plain import BUSY, FAILED, Refusal, plain_page

log = logging.getLogger(__name__)

SIGN_IN = "/sign-in"
MESSAGE, KEPT = "errors/message.jinja2", "errors/kept.jinja2"
# Never shown again, not even to who typed them.
_SECRET = re.compile(r"password|passphrase|recovery|^(code|otp|secret|csrf_token)$")
_STRUCTURE = ("__start__", "__end__", "__formid__", "_charset_")
# sqlite3 has one exception for a lock and for a wrong statement; only these are passing troubles.
_SQLITE_BUSY = re.compile(r"locked|busy|disk|unable to open|readonly|interrupted")


class Hidden(HTTPNotFound):
    """A page that other roles are told nothing of: answered as if it were not there, and in the log as refused."""


def page(request, template: str, status: int, **names) -> Response:
    """An error page in the look of the others; the plain page when even that cannot be made."""
    try:
        response = render_to_response(template, names, request=request, response=Response())
    except Exception as problem:
        log.warning("error page could not be rendered: %s", type(problem).__name__)
        words = (request.localizer.translate(names["title"]), request.localizer.translate(names["text"]))
        return plain_page(request, Refusal(status, (words[0], ""), (words[1], "")))
    response.status = status
    return response


def typed(request) -> list[tuple[str, str]]:
    """The fields of a form that was not accepted, in order, without secrets, the form's own marks and its buttons,
    whose value is their name."""
    if request.method != "POST":
        return []
    return [
        (name, value) for name, value in request.POST.items()
        if value.strip() and value != name and name not in _STRUCTURE and not _SECRET.search(name)
    ]


def resendable(request) -> list[tuple[str, str]]:
    """All fields, to be sent again by the press of a button: only of a form that our own page sent, and only when
    no secret would be missing from it."""
    if request.method != "POST" or own_origin(request) is not True:
        return []
    fields = [(name, value) for name, value in request.POST.items() if name != "csrf_token"]
    return [] if any(_SECRET.search(name) for name, _value in fields) else fields


def audit_denial(request, status: int, reason: str = "") -> None:
    """Note in the log that a signed-in person was refused. Hidden and absent leave the same entry."""
    if request.identity is None:
        return
    route = getattr(request, "matched_route", None)
    matchdict = getattr(request, "matchdict", None) or {}
    refs = [ref for value in matchdict.values() if isinstance(value, str) and (ref := parse_ref(value))]
    request.audit(
        "denied", result="denied", route=route.name if route else None, method=request.method,
        ref=refs[-1] if refs else None, status=status, reason=reason,
    )


def _names_a_record(request) -> bool:
    values = (getattr(request, "matchdict", None) or {}).values()
    return any(isinstance(value, str) and parse_ref(value) for value in values)


def not_found(problem, request) -> Response:
    """404; 405 where only the method is wrong, which depends on the route and never on a record."""
    methods = route_methods(request)
    if methods and request.method not in methods:
        return client_error(not_allowed(methods), request)
    if _names_a_record(request) or isinstance(problem, Hidden):
        audit_denial(request, 404)
    return page(
        request, MESSAGE, 404, title=_("Page not found"),
        text=_("There is no such page, or it is not for you. If you typed the address, check it."),
    )


def forbidden(problem, request) -> Response:
    """To the sign-in page for who is not signed in (a form keeps what was typed); 403 for who is."""
    if request.identity is None:
        if request.method in SAFE:
            # The path alone: words of a search do not belong in yet another address.
            return HTTPSeeOther(f"{SIGN_IN}?back={quote(request.path, safe='/')}")
        return page(
            request, KEPT, 401, title=_("You are not signed in"),
            text=_("Nothing was saved. Sign in again in another tab, then come back to this page and send it again."),
            fields=typed(request), resend=resendable(request), sign_in=True, kept=_keep(request),
        )
    result = getattr(problem, "result", None)
    audit_denial(request, 403, str(result.msg) if hasattr(result, "msg") else "")
    return page(
        request, MESSAGE, 403, title=_("You may not do this"),
        text=_("Your role does not allow it. If your work needs it, ask your administrator."),
    )


def bad_csrf(problem, request) -> Response:
    """400 for a form that is too old or was not sent by our page; what was typed is kept."""
    audit_denial(request, 400, type(problem).__name__)
    kept = isinstance(problem, BadCSRFToken) and _keep(request)
    return page(
        request, KEPT, 400, title=_("The form was not accepted"),
        text=_("Nothing was saved: the page was open too long, or you signed in or out meanwhile. Check what you "
               "typed and send it again, or copy it."),
        fields=typed(request), resend=resendable(request), sign_in=request.identity is None, kept=kept,
    )


def _keep(request) -> bool:
    """Whether what was typed into our own page is kept as a draft: for who is signed in, or was until time ran out."""
    save: Callable[..., bool] | None = request.registry.get("save_typed")
    if save is None or request.method != "POST" or own_origin(request) is not True:
        return False
    if request.identity is None and getattr(request, "lapsed_user_id", None) is None:
        return False
    return bool(save(request))


def stale(problem, request) -> Response:
    """409: somebody else saved the record first."""
    return page(
        request, KEPT, 409, title=_("Somebody else changed this record"),
        text=_("Nothing of yours was saved. Open the record again, look at what changed, and enter yours again."),
        fields=typed(request), resend=[], sign_in=False, kept=False,
    )


def client_error(problem, request) -> Response:
    """Any other 4xx. Only words of our own are shown: a detail that is a message to translate."""
    detail = problem.detail if isinstance(problem.detail, TranslationString) else None
    response = page(
        request, MESSAGE, problem.status_int, title=_("This request cannot be answered"),
        text=detail or _("Something about it is not right. Go back and try again."),
    )
    for name in ("Allow", "Retry-After"):
        if name in problem.headers:
            response.headers[name] = problem.headers[name]
    return response


def redirection(problem, request) -> Response:
    """A redirect that was raised is a redirect."""
    return problem


def is_passing(problem: BaseException) -> bool:
    """Whether the database will likely answer again soon: busy, restarted, out of connections."""
    if isinstance(problem, PoolTimeout):
        return True
    if not isinstance(problem, (OperationalError, InterfaceError)):
        return isinstance(problem, DBAPIError) and problem.connection_invalidated
    if type(problem.orig).__module__.startswith("sqlite3"):
        return _SQLITE_BUSY.search(str(problem.orig)) is not None
    return True


def failure(problem, request) -> Response:
    """503 when the database is away, else 500 with the number of the request and nothing else. Asks no database."""
    if isinstance(problem, ScopeMissing) and request.identity is None:
        return forbidden(problem, request)
    exc_info = (type(problem), problem, problem.__traceback__)
    if is_passing(problem):
        log.warning("database not available", exc_info=exc_info)
        return plain_page(request, BUSY, request.id)
    log.error("unhandled error", exc_info=exc_info)
    return plain_page(request, FAILED, request.id)


def tween_factory(handler: Callable, registry) -> Callable:
    """Catches what the exception views cannot: errors of the tweens themselves, such as a commit that failed."""

    def tween(request):
        try:
            return handler(request)
        except Exception as problem:
            if is_error_retryable(request, problem):
                raise
            return failure(problem, request)

    return tween


def _views() -> Iterable[tuple[Callable, type]]:
    yield redirection, HTTPRedirection
    yield client_error, HTTPClientError
    yield bad_csrf, BadCSRFToken
    yield bad_csrf, BadCSRFOrigin
    yield stale, StaleDataError
    yield failure, Exception


def includeme(config) -> None:
    """The exception views, and the tween under headers and over everything that may fail."""
    config.add_notfound_view(not_found)
    config.add_forbidden_view(forbidden)
    for view, problem in _views():
        config.add_exception_view(view, context=problem)
    config.add_tween(
        "casework.web.errors.tween_factory", under=("casework.web.headers.tween_factory", INGRESS),
        over=("casework.web.sanity.tween_factory", "casework.audit.outbox.tween_factory",
              "pyramid_tm.tm_tween_factory", EXCVIEW, MAIN),
    )
