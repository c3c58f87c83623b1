"""One's own account: sessions, password, second factor, recovery codes, language."""

import uuid

from markupsafe import Markup
from pyramid.httpexceptions import HTTPSeeOther

from casework.web.forms import handle, make_form
from casework.web.i18n import _
from schemas.accounts import ChangePassword, Locale

from .. import current, recovery, service, sessions, totp
from ..credentials import UserSession
from . import common, enrol
from .common import note


def _language_form(request):
    return make_form(
        request, Locale, action="/account/language", values={"locale": request.locale_name}, form_id="language"
    )


def account(request, language: Markup | None = None) -> dict:
    """What the program knows of the person who asks. `language`: the form about it, when it was refused."""
    user, at = common.own_account(request), sessions.clock(request)
    return {
        "user": user, "roles": service.roles_in_force(user, sessions.day(at)), "own": request.session_row.id,
        "membership_id": request.session_row.membership_id,
        "sessions": [s for s in sessions.of_user(request.db, user.id) if s.state == sessions.FULL],
        "codes_left": recovery.left(request.db, user.id), "done": request.GET.get("done"),
        "browser": browser_name, "language": language or Markup(_language_form(request).render()),
    }


def browser_name(agent: str | None) -> str:
    """A browser as people know it, from what it says of itself: "Firefox, Windows"."""
    agent = agent or ""
    # In this order: each of them claims to be the ones after it.
    kinds = {"Firefox/": "Firefox", "Edg/": "Edge", "OPR/": "Opera", "SamsungBrowser/": "Samsung Internet",
             "Chrome/": "Chrome", "Safari/": "Safari"}
    systems = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Macintosh": "Mac",
               "Linux": "Linux"}
    found = [next((name for mark, name in names.items() if mark in agent), "") for names in (kinds, systems)]
    return ", ".join(filter(None, found)) or agent[:40]


def language(request):
    """Remember the language of this person's pages, also for another browser."""
    def save(data: dict) -> HTTPSeeOther:
        common.own_account(request).locale = data["locale"]
        return HTTPSeeOther("/account?done=language")

    shown = handle(request, _language_form(request), save)
    return account(request, shown["form"]) if isinstance(shown, dict) else shown


def change_password(request):
    """Another password; all other sessions end."""

    def changed(form, data: dict):
        attempt = common.gate(request).password(request.session_row.login, data["current"])
        if attempt.busy:
            raise common.too_many(request)
        if not attempt.right:
            note(request, "password_change_failed", request.session_row.user_id, "failed")
            raise common.refuse(form, _("This password is not right, or there were too many tries."), "current")
        password_hash = common.new_hash(request, form, data["password"])
        session, user, at = common.own_session(request), common.own_account(request), sessions.clock(request)
        service.set_password(request.db, user, password_hash, at, keep=session.id)
        current.renew(request, sessions.rotate(session, at))
        return current.with_cookie(request, HTTPSeeOther("/account?done=password"))

    return common.form_page(
        request, ChangePassword, changed, title=_("Change your password"), buttons=("save",), back="/account",
        lead=_("Your other sessions end when you change it."),
    )


def new_second_factor(request):
    """Begin to set up another authenticator; the present one works until the new one has shown a code."""
    common.own_session(request).enrol_secret = totp.new_secret()
    return HTTPSeeOther("/enrol")


def new_recovery_codes(request):
    """Ten new recovery codes; the old ones stop working."""
    user, at = common.own_account(request), sessions.clock(request)
    codes = recovery.replace_all(request.db, user.id, at)
    note(request, "recovery_codes_renewed", user.id)
    return enrol.show_codes(request, codes)


def end_session(request):
    """End one of one's own sessions, or all but this one."""
    row, at = request.session_row, sessions.clock(request)
    which = request.POST.get("session", "")
    if which == "others":
        count = sessions.end_all(request.db, row.user_id, "revoked", at, but=row.id)
        note(request, "session_ended", row.user_id, why="revoked", count=count)
        return HTTPSeeOther("/account?done=sessions")
    session = request.db.get(UserSession, _uuid(which))
    if session is not None and session.user_id == row.user_id:
        sessions.end(session, "revoked", at)
        note(request, "session_ended", row.user_id, why="revoked", session=str(session.id))
    return HTTPSeeOther("/account?done=sessions")


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
