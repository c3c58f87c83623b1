"""The page that asks for a code again before an act that weighs."""

from pyramid.httpexceptions import HTTPSeeOther, HTTPTooManyRequests
from pyramid.renderers import render_to_response

from casework.web.i18n import _
from schemas.accounts import Totp

from .. import current, sessions, stepup, totp
from . import common
from .common import note


def confirm(request):
    """Ask for a code and go back to where the person came from, or show the form that waits to be sent."""
    waiting = stepup.kept_form(request) if request.method == "POST" else None
    if waiting is not None:
        return _with_form(request, *waiting)

    def tried(form, data: dict):
        if not _right(request, data["code"]):
            raise common.refuse(form, common.WRONG_CODE, "code")
        return current.with_cookie(request, HTTPSeeOther(common.back_of(request)))

    return common.form_page(
        request, Totp, tried, title=_("Confirm that it is you"), buttons=("confirm",),
        lead=_("What you are about to do needs a code that is not older than fifteen minutes."), back="/",
    )


def _with_form(request, path: str, fields: list[tuple[str, str]]):
    if not _right(request, request.POST.get("code", "")):
        request.tm.doom()
        names = stepup.kept_names(path, fields, common.WRONG_CODE)
        response = render_to_response("casework:accounts/templates/confirm_kept.jinja2", names, request=request)
        response.status_int = 422
        return response
    names = {"path": path, "fields": fields}
    response = render_to_response("casework:accounts/templates/confirmed.jinja2", names, request=request)
    return current.with_cookie(request, response)


def _right(request, typed: str) -> bool:
    """Whether the code is right; then the session is fresh and has a new token."""
    row = request.session_row
    attempt = common.gate(request).second_factor(row.login)
    if attempt.just_locked:
        note(request, "second_factor_locked", row.user_id, "denied")
    if attempt.locked:
        raise HTTPTooManyRequests(detail=common.TOO_MANY, headers=[("Retry-After", "300")])
    session, user, at = common.own_session(request), common.own_account(request), sessions.clock(request)
    if not totp.check(request.db, user.id, user.totp_secret, typed, at):
        note(request, "second_factor_failed", user.id, "failed", way="confirm")
        return False
    common.forgive_codes(request, user.login)
    session.mfa_at = at
    current.renew(request, sessions.rotate(session, at))
    note(request, "identity_confirmed", user.id)
    return True
