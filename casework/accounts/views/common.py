"""What the pages of accounts share: the gate, the log, the way from step to step."""

import dataclasses
import functools
import uuid
from urllib.parse import quote

import colander
from pyramid.httpexceptions import HTTPSeeOther, HTTPTooManyRequests
from sqlalchemy import select

from casework.web.forms import handle, make_form
from casework.web.i18n import _, same_site_path
from casework.workflow.engine import Refused

from .. import current, service, sessions
from ..credentials import UserSession
from ..models import User
from ..signin import Gate

STEPS = {
    sessions.PASSWORD: "/sign-in/code", sessions.ENROL: "/enrol", sessions.RECOVERY: "/enrol",
    sessions.CHOOSE: "/choose-role",
}
# One sentence for every wrong try, whatever was wrong: it must not tell which accounts exist.
WRONG = _(
    "The user name or the password is not right, or there were too many tries. After five wrong tries wait five "
    "minutes. If you cannot sign in, ask your administrator."
)
WRONG_CODE = _("This code is not right, or it was used already. Wait for the next one and type it as it is shown.")
TOO_MANY = _("Too many wrong codes. Wait five minutes, then try again.")
BUSY = _("There were too many tries from your network. Wait five minutes, then try again.")


@dataclasses.dataclass(frozen=True)
class Account:
    """An account as the log names it, for entries made before anybody is signed in."""

    id: uuid.UUID
    __tablename__ = "user_account"

    def audit_chain(self) -> uuid.UUID:
        return self.id


def gate(request) -> Gate:
    """The gate as this request stands before it."""
    registry = request.registry
    return Gate(
        registry["engine"], registry["keyring"], registry["passwords"], sessions.clock(request), request.client_addr,
        request.cookies.get(current.device_cookie_name(request)),
    )


def note(request, verb: str, user_id: uuid.UUID | None, result: str = "ok", **details) -> None:
    """An entry about an account in the log, in the account's own chain when there is one."""
    request.audit(verb, Account(user_id) if user_id else None, result=result, address=request.client_addr, **details)


def too_many(request) -> HTTPTooManyRequests:
    """429 for a network that tries too often; says nothing of any account."""
    return HTTPTooManyRequests(detail=BUSY, headers=[("Retry-After", "300")])


def back_of(request) -> str:
    """The path to go to in the end, from the address."""
    return same_site_path(request.GET.get("back"))


def with_back(path: str, request) -> str:
    """`path`, with the path to go to in the end."""
    back = back_of(request)
    return path if back == "/" else f"{path}?back={quote(back, safe='/')}"


def next_step(request) -> str | None:
    """Where a person goes whose session is not complete; None for who has no session or a complete one."""
    row = request.session_row
    if row is None:
        return None
    if row.state == sessions.FULL:
        # The role was taken away meanwhile: perhaps there is another.
        return None if request.identity else "/choose-role"
    return STEPS[row.state]


def elsewhere(request) -> HTTPSeeOther:
    """To the step the person is at; to the start for who is at none or through."""
    if request.identity is not None:
        return HTTPSeeOther(back_of(request))
    return HTTPSeeOther(with_back(next_step(request) or "/sign-in", request))


def at_step(request, *states: str) -> None:
    """Raises a redirect unless the session is in one of `states`."""
    row = request.session_row
    if row is None or row.state not in states:
        raise elsewhere(request)


def own_session(request) -> UserSession:
    """The session of this request, to be changed; raises a redirect when it was ended meanwhile."""
    query = select(UserSession).where(UserSession.id == request.session_row.id, UserSession.ended_at.is_(None))
    session = request.db.scalars(query.with_for_update()).one_or_none()
    if session is None or session.state != request.session_row.state:
        raise HTTPSeeOther("/sign-in")
    return session


def own_account(request) -> User:
    """The account of this request's session."""
    return request.db.get_one(User, request.session_row.user_id)


def forgive_codes(request, login: str) -> None:
    """The right code was given: the wrong ones before it do not count any more."""
    right = gate(request).second_factor_was_right
    request.afterwards(functools.partial(right, login=login))


def form_page(request, schema, on_valid, *, title, buttons, values: dict | None = None, **names):
    """The view of one form: a response, or what `accounts/form.jinja2` shows. `on_valid(form, data)`."""
    form = make_form(request, schema, buttons=buttons)
    shown = handle(request, form, lambda data: on_valid(form, data), values=values)
    if not isinstance(shown, dict):
        return shown
    return {"title": title, "lead": None, "links": (), "back": None, "warning": None, "left": [], **names, **shown}


def refuse(form, message, field: str | None = None) -> colander.Invalid:
    """The form again, with `message` at a field or at its head."""
    error = colander.Invalid(form.schema)
    if field is not None and field in form:
        error[field] = message
        return error
    return colander.Invalid(form.schema, message)


def refused(form, problem: Refused) -> colander.Invalid:
    """The form again, with the first thing that stands in the way."""
    first = problem.problems[0]
    return refuse(form, first.message, first.field)


def new_hash(request, form, password: str, words: list[str] | None = None) -> str:
    """The hash of a new password, made before the request's transaction begins; refuses a bad one."""
    words = gate(request).own_words(request.session_row.user_id) if words is None else words
    try:
        return service.hashed(request.registry["passwords"], password, words)
    except Refused as problem:
        raise refused(form, problem) from None
