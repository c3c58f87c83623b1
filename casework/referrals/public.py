"""The public form: no account, no file, no address kept, a code word to come back with.

These views work without any identity: what they write is written by the system, and who is signed in is sent to the
form for staff, so that no report of the public can ever carry somebody's session.
"""

from pathlib import Path

import deform
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid_retry import mark_error_retryable
from sqlalchemy.exc import IntegrityError

from casework.records import drafts
from casework.web.forms import make_form, refused
from casework.web.i18n import _
from schemas.public import Danger, PublicReport, Reply, Return

from . import codeword, service, tickets
from .throttle import Throttle

TEMPLATES = "casework:referrals/templates/"
SOURCE, CHANNEL = "anonymous_web", "web"
TOO_FAST = _("Please read through it once more, then send it again.")
OLD = _("This page was open for a long time. Look through it and send it again.")
NO_SUCH_WORD = _("There is no report with this code word. Check each letter and number.")
NO_HOTLINE = _("Call the police hotline 1288, or the Child Helpline 1280.")
MANY = _("Too many tries from here. Wait an hour. If a child is in danger, call 1288 now.")

# Shared telephones and offices have one address for many people, so there is room for many.
_sent = Throttle(30, 3600)
_tried = Throttle(60, 3600)

# What the outside is told of each state: whether somebody looks at it, never what is done.
PLAIN = {
    "received": _("We have your report. Somebody will read it soon."),
    "triage": _("Somebody is working on your report."),
    "needs_information": _("We have a question for you. Please answer it below if you can."),
    "accepted": _("Your report was taken up. Thank you. We cannot say more, to protect the child."),
    "forwarded": _("Your report was passed to the people who can act on it."),
    "merged": _("Your report was put together with another one about the same thing."),
    "rejected": _("We looked at your report. We cannot do more with it."),
    "closed": _("Our work on your report is done. Thank you."),
}


def anonymous(view):
    """Staff who are signed in use their own form; everybody else is nobody."""

    def wrapped(request):
        if request.identity is not None:
            return HTTPSeeOther("/referrals/new")
        return view(request)

    return wrapped


def _message(request, status: int, title, text) -> dict:
    request.response.status_int = status
    request.response.headers["Retry-After"] = "3600"
    request.override_renderer = TEMPLATES + "public_message.jinja2"
    return {"title": title, "text": text}


def _too_many(request) -> dict:
    return _message(request, 429, _("Wait a little"), MANY)


@anonymous
def start(request):
    """Danger first, on a page of its own."""
    form = make_form(request, Danger, buttons=("continue",), action="/report")
    if request.method == "GET":
        return {"form": form.render()}
    try:
        answer = form.validate(request.POST.items())["immediate_danger"]
    except deform.ValidationFailure as failure:
        return refused(request, failure)
    return HTTPSeeOther(f"/report/details?danger={answer}")


@anonymous
def details(request):
    """The report; what to do about danger stands above it. Sending twice gives the same code word."""
    ring = request.registry["keyring"]
    form = make_form(request, PublicReport, buttons=(("send", _("Send the report")),), action="/report/details")
    if request.method == "GET":
        danger = request.GET.get("danger")
        if not request.registry["codes"].has("yes_no_unknown", danger):
            return HTTPSeeOther("/report")
        form.set_appstruct({"immediate_danger": danger, "ticket": tickets.issue(ring)})
        return {"form": form.render(), "danger": danger}
    danger = request.POST.get("immediate_danger")
    if not _sent.allows(request.client_addr):
        return _too_many(request)
    problem = _problem_of(request, form)
    if problem is not None:
        return {**problem, "danger": danger}
    try:
        data = form.validate(request.POST.items())
    except deform.ValidationFailure as failure:
        return {**refused(request, failure), "danger": danger}
    word = codeword.code_word(ring, data["ticket"])
    try:
        _keep(request, data, word)
    except LookupError:
        return _message(request, 503, _("No report can be taken here now"), NO_HOTLINE)
    request.override_renderer = TEMPLATES + "report_done.jinja2"
    return {"code_word": word, "danger": danger}


def _problem_of(request, form) -> dict | None:
    """A ticket that is not good: the form again, as it was filled in, with a new ticket."""
    ring = request.registry["keyring"]
    verdict = tickets.judge(ring, request.POST.get("ticket", ""))
    if verdict == tickets.GOOD:
        return None
    # Who was too fast keeps the ticket and only has to wait; an old one is exchanged.
    fresh = request.POST["ticket"] if verdict == tickets.TOO_FAST else tickets.issue(ring)
    form.restore([(name, fresh if name == "ticket" else value) for name, value in request.POST.items()])
    return refused(request, form.failure(TOO_FAST if verdict == tickets.TOO_FAST else OLD))


def _keep(request, data: dict, word: str) -> None:
    if service.by_code_word(request.db, word) is not None:
        return
    hotline = service.public_hotline(request.db, request.registry["public_hotline"])
    try:
        service.receive(
            request.db, None, hotline.id, data, source=SOURCE, channel=CHANNEL, code_word=word
        )
    except IntegrityError as error:
        # The same form came in twice at the same moment: the second try finds the report of the first.
        mark_error_retryable(error)
        raise


@anonymous
def back(request):
    """The page for who comes back with a code word."""
    form = make_form(request, Return, buttons=("continue",), action="/report/return")
    if request.method == "GET":
        return {"form": form.render()}
    try:
        word = form.validate(request.POST.items())["code_word"]
    except deform.ValidationFailure as failure:
        return refused(request, failure)
    if not _tried.allows(request.client_addr):
        return _too_many(request)
    referral = service.by_code_word(request.db, word)
    if referral is None:
        return refused(request, form.failure(NO_SUCH_WORD))
    return _status(request, referral, word)


@anonymous
def reply(request):
    """The answer of who came back."""
    if not _tried.allows(request.client_addr):
        return _too_many(request)
    word = request.POST.get("code_word", "")
    referral = service.by_code_word(request.db, word)
    if referral is None:
        return HTTPSeeOther("/report/return")
    form = _reply_form(request)
    problem = _problem_of(request, form)
    if problem is not None:
        return _status(request, referral, word, form=problem["form"])
    try:
        data = form.validate(request.POST.items())
    except deform.ValidationFailure as failure:
        return _status(request, referral, word, form=refused(request, failure)["form"])
    number = tickets.key_of(data["ticket"])
    if drafts.already_sent(request.db, number, None) is None:
        drafts.sending(request.db, number, None).location = "/report/return"
        service.answer_from_reporter(request.db, referral, data["answer"])
    return _status(request, referral, word, sent=True)


def _reply_form(request):
    return make_form(request, Reply, buttons=(("send", _("Send the answer")),), action="/report/reply", form_id="reply")


def _status(request, referral, word: str, *, form=None, sent: bool = False) -> dict:
    request.override_renderer = TEMPLATES + "report_status.jinja2"
    if form is None:
        empty = _reply_form(request)
        empty.set_appstruct({"code_word": word, "ticket": tickets.issue(request.registry["keyring"])})
        form = empty.render()
    return {
        "state": PLAIN.get(referral.state, PLAIN["received"]), "messages": _messages(referral), "form": form,
        "sent": sent, "waiting": referral.state == "needs_information",
    }


def _messages(referral) -> list[dict]:
    """What was written, each with its day: hours would tell too much over somebody's shoulder."""
    return [{"who": one["who"], "text": one["text"], "day": one["at"][:10]} for one in referral.messages or ()]


def leave(request) -> Response:
    """The quick way out without scripts: an empty page that says nothing, and no cookie left."""
    response = Response('<!doctype html><html lang="en"><head><title>New tab</title></head><body></body></html>')
    response.headers["Clear-Site-Data"] = '"cookies"'
    return response


def hotline_code(etc: Path) -> str | None:
    """The agency code on the first line of `etc/public-hotline.txt`, None without the file."""
    try:
        return (etc / "public-hotline.txt").read_text(encoding="utf-8").split()[0]
    except (FileNotFoundError, IndexError):
        return None


def includeme(config) -> None:
    """The public routes: each view names NO_PERMISSION_REQUIRED on purpose."""
    config.registry["public_hotline"] = hotline_code(Path(config.get_settings()["casework.etc"]))
    both = ("GET", "POST")
    for name, path, view, template, methods in (
        ("report", "/report", start, "report_start.jinja2", both),
        ("report.details", "/report/details", details, "report_details.jinja2", both),
        ("report.return", "/report/return", back, "report_return.jinja2", both),
        ("report.reply", "/report/reply", reply, "report_status.jinja2", ("POST",)),
    ):
        config.add_route(name, path)
        config.add_view(view, route_name=name, permission=NO_PERMISSION_REQUIRED, renderer=TEMPLATES + template,
                        require_methods=methods)
    config.add_route("report.leave", "/report/leave")
    config.add_view(leave, route_name="report.leave", permission=NO_PERMISSION_REQUIRED)
