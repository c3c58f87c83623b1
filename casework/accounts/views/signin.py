"""Signing in and out: password, code, role."""

from pyramid.httpexceptions import HTTPSeeOther, HTTPTooManyRequests
from pyramid.response import Response

from casework.web.i18n import _
from schemas.accounts import RecoveryCode, SignIn, Totp

from .. import current, recovery, service, sessions, totp
from ..credentials import UserSession
from ..models import User
from . import common
from .common import note


def sign_in(request):
    """First step: user name and password."""
    if request.method == "GET" and request.session_row is not None:
        return common.elsewhere(request)

    def tried(form, data: dict):
        attempt = common.gate(request).password(data["login"], data["password"])
        if not attempt.right:
            _note_failure(request, attempt)
            raise common.too_many(request) if attempt.busy else common.refuse(form, common.WRONG)
        if request.session_row is not None:
            sessions.end(request.db.get_one(UserSession, request.session_row.id), "replaced", sessions.clock(request))
        user = request.db.get_one(User, attempt.user_id)
        if attempt.new_hash:
            user.password_hash = attempt.new_hash
        _session, token = sessions.start(
            request.db, user.id, sessions.PASSWORD, sessions.clock(request), current.client_of(request)
        )
        current.renew(request, token)
        return current.with_cookie(request, HTTPSeeOther(common.with_back("/sign-in/code", request)))

    return common.form_page(request, SignIn, tried, title=_("Sign in"), buttons=("sign_in",))


def _note_failure(request, attempt) -> None:
    """Who tried is not known; what was typed is not written down: people type passwords into the wrong box."""
    why = "busy" if attempt.busy else "locked" if attempt.locked else "wrong"
    note(request, "sign_in_failed", attempt.user_id, "failed", why=why, typed=attempt.tag)
    if attempt.just_locked:
        note(request, "sign_in_locked", attempt.user_id, "denied", typed=attempt.tag)


def code(request):
    """Second step: the code of the authenticator."""
    common.at_step(request, sessions.PASSWORD)

    def tried(form, data: dict):
        _count(request)
        session, user, at = common.own_session(request), common.own_account(request), sessions.clock(request)
        if not service.may_sign_in(user, at) or not totp.check(
            request.db, user.id, user.totp_secret, data["code"], at
        ):
            note(request, "second_factor_failed", user.id, "failed")
            raise common.refuse(form, common.WRONG_CODE, "code")
        common.forgive_codes(request, user.login)
        return _signed_in(request, user, session)

    links = ((common.with_back("/sign-in/recovery", request), _("I do not have my authenticator")),)
    return common.form_page(
        request, Totp, tried, title=_("Code of your authenticator"), buttons=("continue",), links=links
    )


def _count(request) -> None:
    """Count the try of a code, and refuse it when there were too many."""
    row = request.session_row
    attempt = common.gate(request).second_factor(row.login)
    if attempt.just_locked:
        note(request, "second_factor_locked", row.user_id, "denied")
    if attempt.locked:
        raise HTTPTooManyRequests(detail=common.TOO_MANY, headers=[("Retry-After", "300")])


def _signed_in(request, user, session):
    at = sessions.clock(request)
    current.renew(request, service.finish_sign_in(user, session, at))
    note(request, "sign_in", user.id, session=str(session.id))
    back = common.back_of(request)
    response = HTTPSeeOther(back if session.state == sessions.FULL else common.with_back("/choose-role", request))
    current.set_device_cookie(request, response, user.login)
    return current.with_cookie(request, response)


def recover(request):
    """The second step of who has lost the authenticator: a recovery code, then a new second factor at once."""
    common.at_step(request, sessions.PASSWORD)

    def tried(form, data: dict):
        _count(request)
        session, user, at = common.own_session(request), common.own_account(request), sessions.clock(request)
        if not recovery.use(request.db, user.id, data["code"], at):
            note(request, "second_factor_failed", user.id, "failed", way="recovery")
            raise common.refuse(form, _("This code is not right, or it was used already."), "code")
        common.forgive_codes(request, user.login)
        sessions.end_all(request.db, user.id, "recovery", at, but=session.id)
        session.state, session.enrol_secret = sessions.RECOVERY, totp.new_secret()
        current.renew(request, sessions.rotate(session, at))
        note(request, "recovery_code_used", user.id, left=recovery.left(request.db, user.id))
        return current.with_cookie(request, HTTPSeeOther("/enrol"))

    links = ((common.with_back("/sign-in/code", request), _("I have my authenticator after all")),)
    return common.form_page(
        request, RecoveryCode, tried, title=_("Recovery code"), buttons=("continue",), links=links,
        lead=_("Each of your recovery codes works once. Next you will set up a new authenticator. If you have no "
               "codes either, ask your administrator."),
    )


def choose_role(request):
    """Which of several roles to work in now. Also for changing over later."""
    common.at_step(request, sessions.CHOOSE, sessions.FULL)
    at = sessions.clock(request)
    if request.method == "POST":
        session, user = common.own_session(request), common.own_account(request)
        token = service.choose_role(user, session, request.POST.get("role", ""), at)
        if token is None:
            return HTTPSeeOther(common.with_back("/choose-role", request))
        current.renew(request, token)
        note(request, "role_chosen", user.id, role=request.identity.role)
        return current.with_cookie(request, HTTPSeeOther(common.back_of(request)))
    user = common.own_account(request)
    return {"roles": service.roles_in_force(user, sessions.day(at)), "now": request.session_row.membership_id}


def sign_out(request):
    """End the session here and on the server, and let the browser forget the pages it kept."""
    row = request.session_row
    if row is not None:
        note(request, "sign_out", row.user_id, session=str(row.id))
        sessions.end(request.db.get_one(UserSession, row.id), "sign_out", sessions.clock(request))
    response = HTTPSeeOther("/sign-in")
    # Not "cookies": that would also take the language, and the mark by which a known device is not locked out.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    current.drop_cookie(request, response)
    return response


def keep(request):
    """The person said "Continue": asking is what keeps the session."""
    return Response(status=204)


