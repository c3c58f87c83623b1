"""Links that arrive on paper or by telephone, and setting up the second factor."""

from pyramid.httpexceptions import HTTPGone, HTTPSeeOther
from pyramid.renderers import render_to_response
from pyramid.response import Response

from casework.web.i18n import _
from schemas.accounts import NewPassword, Totp

from .. import current, forms, service, sessions, totp
from ..credentials import UserSession
from ..models import User
from . import common
from .common import note

GONE = _("This link does not work any more. It works once and for a short time. Ask your administrator for a new one.")


def invitation(request):
    """A one-time link: what it asks depends on what it is for."""
    link = common.gate(request).link(request.matchdict["token"])
    if link is None:
        note(request, "link_failed", None, "failed")
        raise HTTPGone(detail=GONE)
    return _for_second_factor(request, link) if link.kind == "factor" else _for_password(request, link)


def _use(request, form) -> User:
    """Use the link up, now that everything else is right; the account it was for."""
    at = sessions.clock(request)
    found = service.find_link(request.db, request.matchdict["token"], at)
    if found is None or not service.use_link(request.db, found, at):
        raise common.refuse(form, GONE)
    return request.db.get_one(User, found.user_id)


def _for_password(request, link):
    def chosen(form, data: dict):
        password_hash = common.new_hash(request, form, data["password"], link.words)
        user = _use(request, form)
        service.set_password(request.db, user, password_hash, sessions.clock(request))
        if link.kind == "password":
            user.pending_link = None
            return HTTPSeeOther("/sign-in")
        return _to_enrolment(request, user)

    return common.form_page(
        request, NewPassword, chosen, title=_("Choose a password"), buttons=("continue",),
        lead=_("Your user name is ${login}.", mapping={"login": link.login}),
    )


def _for_second_factor(request, link):
    def given(form, data: dict):
        attempt = common.gate(request).password_alone(link.user_id, data["password"])
        if not attempt.right:
            note(request, "sign_in_failed", link.user_id, "failed",
                 why="locked" if attempt.locked else "wrong", way="link")
            raise common.refuse(form, _("This password is not right, or there were too many tries."), "password")
        return _to_enrolment(request, _use(request, form))

    return common.form_page(
        request, forms.Password, given, title=_("Set up a new authenticator"), buttons=("continue",),
        lead=_("Your user name is ${login}.", mapping={"login": link.login}),
    )


def _to_enrolment(request, user):
    _session, token = sessions.start(
        request.db, user.id, sessions.ENROL, sessions.clock(request), current.client_of(request),
        enrol_secret=totp.new_secret(),
    )
    current.renew(request, token)
    return current.with_cookie(request, HTTPSeeOther("/enrol"))


def _secret(request) -> str:
    """The secret that waits for its first code; raises a redirect when none does."""
    row = request.session_row
    session = request.db.get(UserSession, row.id) if row is not None else None
    if session is None or session.enrol_secret is None:
        raise common.elsewhere(request)
    return session.enrol_secret


def qr(request):
    """The secret as a picture for the authenticator's camera."""
    picture = totp.qr_svg(totp.uri(_secret(request), request.session_row.login))
    return Response(picture, content_type="image/svg+xml")


def enrol(request):
    """Show the secret, take its first code, then show the recovery codes, this once."""
    common.at_step(request, sessions.ENROL, sessions.RECOVERY, sessions.FULL)

    def proven(form, data: dict):
        session, user, at = common.own_session(request), common.own_account(request), sessions.clock(request)
        codes = service.enrol(request.db, user, session, data["code"], at)
        if codes is None:
            raise common.refuse(form, _("This code is not right. Wait for the next one and type it as it is shown."),
                                "code")
        if session.state == sessions.FULL:
            session.mfa_at = at
            token = sessions.rotate(session, at)
        else:
            token = service.finish_sign_in(user, session, at)
        current.renew(request, token)
        note(request, "second_factor_enrolled", user.id)
        response = show_codes(request, codes)
        current.set_device_cookie(request, response, user.login)
        return current.with_cookie(request, response)

    secret = _secret(request) if request.method == "GET" else None
    page = common.form_page(request, Totp, proven, title=_("Set up your authenticator"), buttons=("continue",))
    if not isinstance(page, dict):
        return page
    return {**page, "secret": totp.grouped(secret or _secret(request))}


def show_codes(request, codes: list[str]) -> Response:
    """The recovery codes, in the answer to the form itself: there is no address to come back to them."""
    state = request.session_row.state
    goes_to = "/" if state == sessions.FULL else "/choose-role"
    return render_to_response(
        "casework:accounts/templates/codes.jinja2", {"codes": codes, "goes_to": goes_to}, request=request
    )
