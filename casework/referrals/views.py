"""Pages of referrals that the generic ones do not fit: intake, triage to its end, forwarding, the reporter."""

import datetime as dt
from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther
from sqlalchemy import select

from casework.authz.access import access_to_one, shown
from casework.cases.guards import as_uuid
from casework.cases.options import people_at, with_load
from casework.db.base import now
from casework.people import service as people
from casework.people.models import PERSON_ROWS, Person
from casework.records.forms import run_form
from casework.records.labels import label
from casework.records.registry import Context, factory, path_to
from casework.records.show import words
from casework.web.i18n import _
from casework.web.render import code_label, translate
from casework.workflow.engine import NotAllowed, Refused, apply, may
from schemas.fields import OptionNode, Strict
from schemas.intake import IntakePerson
from schemas.referral import Forward, OperatorReport
from schemas.triage import Triage

from . import page, service
from .minimal import TIMES, minimal_view
from .persons import NEW_CHILD
from .workflow import DECIDERS

SUPPORT_FIELDS = ("agency_id", "urgency", "reason_code", "reason", "safe_contact")
# The order in which somebody on the telephone is asked.
ASKED_FIRST = (
    "immediate_danger", "source", "channel", "province", "district", "narrative", "urls", "platform", "child_known",
    "safe_contact", "feedback_wanted", "reporter_anonymous", "family_km", "given_km", "family_latin", "given_latin",
    "protection_needed", "may_be_named", "received_at",
)
# Which answers bring which fields into view.
DEPENDS = "; ".join((
    "accept_as:existing_case => case",
    "accept_as:new_case => title lead_agency_id lead_officer_id province",
    "support_wanted:true accept_as:support_only => support_agency_id support_urgency support_reason_code "
    "support_reason support_safe_contact",
))
PERSON_ROW = {role: row for role, row in PERSON_ROWS.items() if role != "reporter"}


def new(context: Context, request):
    """The telephone form: danger first. For reports by telephone, in person and on paper."""
    identity = request.identity
    if identity.role != "HOT":
        raise HTTPForbidden("reports are taken by the hotline")

    def save(data: dict) -> str:
        referral = service.receive(
            request.db, identity, identity.agency_id, data, source=data["source"], channel=data["channel"]
        )
        return path_to(request, referral)

    schema = OperatorReport()
    first = [schema[name] for name in ASKED_FIRST]
    schema.children = first + [node for node in schema.children if node not in first]
    return run_form(
        request, schema, title=_("New report"), save=save, back="/referrals",
        values={"received_at": now(), "channel": "phone", "protection_needed": True},
        lead=_("Ask about danger first. Write what the person says; do not ask for images or files."),
    )


def start(context: Context, request):
    """Take a referral to work on, and go to where it is triaged. Who comes too late sees who has it."""
    referral = _own(context)
    _may(request, referral, "start_triage")
    try:
        apply(request.db, request.identity, referral, "start_triage")
    except Refused:
        return HTTPSeeOther(path_to(request, referral))
    decides = request.identity.role in DECIDERS
    return HTTPSeeOther(path_to(request, referral) + ("/triage" if decides else ""))


def _may(request, referral: Any, event: str) -> None:
    if not may(request.db, request.identity, referral, event):
        raise HTTPForbidden(f"{request.identity.role} may not {event} here")


def triage(context: Context, request):
    """Everything triage decides on one page, beside what was reported."""
    referral = _own(context)
    _may(request, referral, "accept")

    def save(data: dict) -> str:
        apply(request.db, request.identity, referral, "accept", _with_support(data))
        return f"{path_to(request, referral)}?done=accept"

    schema = Triage()
    if not request.options("users:lead_officer"):
        del schema["lead_officer_id"]
    values = {name: getattr(referral, name) for name in page.FINDINGS}
    values["province"] = referral.province
    if request.identity.role == "PSU":
        values["lead_agency_id"] = str(request.identity.agency_id)
    shown_form = run_form(
        request, schema, title=_("Triage of ${ref}", mapping={"ref": referral.ref}), save=save,
        button=code_label(request, "events", "accept"), values=values, version=referral.version,
        back=path_to(request, referral),
    )
    if not isinstance(shown_form, dict):
        return shown_form
    return {**shown_form, **page.facts_of(request, referral), "depends": DEPENDS}


def _with_support(data: dict) -> dict:
    """The wish for support as one value, for who makes the request out of it."""
    wanted = data.pop("support_wanted") or data["accept_as"] == "support_only"
    wish = {name: data.pop(f"support_{name}", None) for name in SUPPORT_FIELDS}
    return {**data, "support": wish} if wanted else data


def forward(context: Context, request):
    """To another agency, with what will be sent in view."""
    referral = _own(context)
    _may(request, referral, "forward")

    def save(data: dict) -> str:
        apply(request.db, request.identity, referral, "forward", data)
        return f"{path_to(request, referral)}?done=forward"

    shown_form = run_form(
        request, Forward(), title=_("Forward ${ref}", mapping={"ref": referral.ref}), save=save,
        button=code_label(request, "events", "forward"), version=referral.version, back=path_to(request, referral),
    )
    if not isinstance(shown_form, dict):
        return shown_form
    return {**shown_form, "preview": in_words(request, minimal_view(request.db, referral))}


def in_words(request, view: dict[str, Any]) -> list[dict]:
    """A minimal view as rows for `ui.summary_list`."""
    rt = request.registry["record_types"]["referral"]
    rows = []
    for name, value in view.items():
        if name == "people":
            text = ", ".join(f"{p['pseudonym']} ({code_label(request, 'person_role', p['role'])})" for p in value)
            rows.append({"key": translate(request, _("People")), "value": text})
        elif name == "identifiers":
            text = ", ".join(f"{code_label(request, 'identifier_types', i['type'])}: {i['mask']}" for i in value)
            rows.append({"key": translate(request, _("Accounts and addresses, masked")), "value": text})
        elif name == "reporter":
            text = " – ".join(filter(None, (value["name"], value["contact"])))
            rows.append({"key": translate(request, _("Reporter")), "value": text})
        else:
            text = words(request, rt, name, _moment(name, value), request.names)
            rows.append({"key": translate(request, label(rt, name)), "value": text})
    return rows


def _moment(name: str, value: Any) -> Any:
    """Moments and days are kept as ISO text."""
    if name not in TIMES:
        return value
    return dt.datetime.fromisoformat(value) if "T" in value else dt.date.fromisoformat(value)


def sent(context: Context, request) -> dict:
    """What was sent when the referral was forwarded, exactly."""
    referral = _own(context)
    if referral.minimal_view is None:
        raise HTTPNotFound()
    return {
        "title": _("What was sent of ${ref}", mapping={"ref": referral.ref}), "back": path_to(request, referral),
        "preview": in_words(request, referral.minimal_view),
    }


def reporter(context: Context, request) -> dict:
    """Who reported, and how to reach them safely. Opening this page is written into the log."""
    referral = _own(context)
    person = request.db.scalars(select(Person).where(Person.id == referral.reporter_id)).one_or_none()
    if person is None:
        raise HTTPNotFound()
    return {
        "title": _("Reporter of ${ref}", mapping={"ref": referral.ref}), "back": path_to(request, referral),
        "person": shown(request.db, request.identity, person),
    }


def add_person(context: Context, request):
    """A child, a suspect or somebody else whom the report names."""
    referral = _own(context)
    if referral.state in ("voided", "merged"):
        raise HTTPForbidden("the referral is over")
    schema = IntakePerson()
    written = page.rows_written(request)
    roles = [(role, code_label(request, "person_role", role)) for role, row in PERSON_ROW.items() if row in written]
    schema["role"].choices = roles

    def save(data: dict) -> str:
        if data["role"] not in dict(roles):
            raise NotAllowed(f"{request.identity.role} may not record a {data['role']}")
        role = data.pop("role")
        person = people.add_person(request.db, request.identity, referral, role, _of_role(role, data))
        person.case_id = referral.case_id
        return path_to(request, referral)

    return run_form(
        request, schema, title=_("Add a person to ${ref}", mapping={"ref": referral.ref}), save=save,
        back=path_to(request, referral),
    )


def _of_role(role: str, data: dict) -> dict:
    born = data.get("dob")
    data["dob_precision"] = ("year", "month", "exact")[born.count("-")] if born else "unknown"
    if role == "victim":
        data.update(NEW_CHILD)
        for name in ("relation_to_victim", "lives_with_child", "is_caregiver"):
            data.pop(name)
    return data


class Assignee(Strict):
    """Who works on it, with the load of each."""

    assignee = OptionNode("users:referral_assignee", title=_("Investigator"))


def assign(context: Context, request):
    """A supervisor gives the referral to an investigator of the own agency."""
    referral = _own(context)
    if request.identity.role != "PSU":
        raise HTTPForbidden("a supervisor assigns")

    def save(data: dict) -> str:
        service.assign(request.db, request.identity, referral, as_uuid(data["assignee"]))
        return f"{path_to(request, referral)}?done=assign"

    return run_form(
        request, Assignee(), title=_("Assign ${ref}", mapping={"ref": referral.ref}), save=save,
        button=code_label(request, "events", "assign"), back=path_to(request, referral),
    )


def assignees(request) -> list[tuple[str, str]]:
    """Investigators of the own agency with their load."""
    return with_load(request, people_at(request, request.identity.agency_id, ("INV",)), lambda m: m.user_id)


def duty_officer(context: Context, request):
    """1288 and the duty officer were called."""
    referral = _own(context)
    if "W" not in access_to_one(request.db, request.identity, referral):
        raise HTTPForbidden("no W on this referral")
    service.duty_officer_called(request.db, referral)
    return HTTPSeeOther(path_to(request, referral))


def _own(context: Context) -> Any:
    if context.own is None:
        raise HTTPNotFound()
    return context.own


def includeme(config) -> None:
    types = config.registry["record_types"]
    make = factory(types, types["referral"])
    form = "casework:records/templates/form.jinja2"
    templates = "casework:referrals/templates/"
    config.add_options("users:referral_assignee", assignees)
    both = ("GET", "POST")
    for name, tail, view, permission, renderer, methods in (
        ("start", "start", start, "referral.facts:W", None, ("POST",)),
        ("triage", "triage", triage, "referral.facts:R", templates + "triage.jinja2", both),
        ("forward", "forward", forward, "referral.facts:W", templates + "forward.jinja2", both),
        ("sent", "sent", sent, "referral.facts:R", templates + "sent.jinja2", ("GET",)),
        ("reporter", "reporter", reporter, "reporter.identity:R", templates + "reporter.jinja2", ("GET",)),
        ("person", "person", add_person, "referral.facts:W", form, both),
        ("assign", "assign", assign, "referral.facts:W", form, both),
        ("duty_officer", "duty-officer", duty_officer, "referral.facts:W", None, ("POST",)),
    ):
        config.add_route(f"referral.{name}", f"/referrals/{{referral}}/{tail}", factory=make)
        extra = {"own_check": True} if name == "triage" else {}
        config.add_view(view, route_name=f"referral.{name}", permission=permission, renderer=renderer,
                        require_methods=methods, **extra)


def include_first(config) -> None:
    """Routes whose path would otherwise be taken for a reference."""
    config.add_route("referral.new", "/referrals/new", factory=lambda request: _Nothing())
    config.add_view(new, route_name="referral.new", permission="referral.facts:W",
                    renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))


class _Nothing:
    """The context of a page about no record."""

    record = None
