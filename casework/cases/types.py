"""The record types of a case and of what hangs under it here: offence proposals and notes."""

from typing import Any

from sqlalchemy import exists

from casework.authz.access import access_to_one, shown
from casework.authz.conditions import granted_subjects
from casework.db.base import now
from casework.db.refs import new_ref
from casework.records.filters import Filter, by_province
from casework.records.registry import RecordType, Tab
from casework.records.show import summary
from casework.web.i18n import _
from casework.web.render import code_label, translate
from casework.workflow.engine import NotAllowed, possible
from schemas import case as asks

from . import facts, service, tasks, timeline, workflow
from .frames import case_frame
from .guards import as_uuid, end_of_prosecution, plan_waits
from .models import NOTE_ROWS, Case, Note, OffenceProposal, Task
from .options import names_at

SEALED_NOTES = ("strategy", "covert")
RECENT = 8


# ---- case

def open_case(request, parent: Any, data: dict) -> Case:
    """A case opened by hand: the own agency leads it."""
    data = dict(data)
    opening = {name: data.pop(name) for name in ("title", "conduct", "province", "source", "regime", "risk_to_child")}
    case = service.open_case(
        request.db, request.identity, lead_agency_id=request.identity.agency_id,
        lead_officer_id=as_uuid(data.pop("lead_officer")), **opening,
    )
    facts.set_facts(request.db, case, data)
    return case


def edit_case(request, case: Case, data: dict) -> None:
    facts.set_facts(request.db, case, data)


def case_page(request, case: Case) -> dict:
    """The overview: facts, plan, instructions, and what happened last."""
    db, identity = request.db, request.identity
    record = shown(db, identity, case)
    rt = request.registry["record_types"]["case"]
    names = request.names
    columns = [c for c in rt.fields if record.shows(c) and getattr(record, c) not in (None, "", [])]
    names.want("user_account", [case.lead_officer_id])
    names.want("agency", [getattr(record, c) for c in columns if c.endswith("agency_id")] + [case.lead_agency_id])
    recent, more = timeline.items_of(request, case, limit=RECENT)
    return {
        **_steps(request, case), "summary": summary(request, rt, record, columns), "recent": recent,
        "more": more is not None,
        "plan": record.plan, "safety_plan": record.safety_plan,
        "may_plan": record.shows("plan") and identity.role == "INV" and record.may("W"),
        "moment": tasks.moment_of, "instructions": record.instructions or [],
        "instructions_due": record.instructions_due,
    }


def _steps(request, case: Case) -> dict:
    """What a supervisor's guards would refuse in any case is not offered: an intervention that nobody asked for, and
    closing a case whose file the prosecution still has."""
    db, identity, left_out = request.db, request.identity, set()
    if identity.role != "PSU":
        return {}
    if case.state in workflow.AT_PROSECUTION and end_of_prosecution(db, case) is None:
        left_out = {"close"}
    elif case.state == "enquiry" and plan_waits(db, case) is None:
        left_out = {"approve_intervention", "refuse_intervention"}
    if not left_out:
        return {}
    left_out.update(workflow.RARE, workflow.INNER)
    return {"transitions": [t for t in possible(db, identity, case) if t.event not in left_out]}


def _overdue(request, values: list[str]):
    late = exists().where(
        Task.case_id == Case.id, Task.state.in_(tasks.OPEN), Task.due_at < now(), Task.paused_at.is_(None)
    )
    return late if values == ["yes"] else ~late


def _mine(request, values: list[str]):
    return Case.id.in_(granted_subjects(request.identity))


def lead_officers_here(request) -> list[tuple[str, str]]:
    """The officers of the own agency, for police; nobody else filters by officer."""
    if request.identity.role not in ("INV", "PSU"):
        return []
    return [(str(key), name) for key, name in names_at(request, request.identity.agency_id, "INV")]


FILTERS = (
    ("state", "case_state"), ("risk_to_child", "risk_to_child"), by_province(Case, _("Province")),
    Filter("lead", _("Lead officer"), lead_officers_here,
           lambda request, values: Case.lead_officer_id.in_([as_uuid(value) for value in values])),
    Filter("overdue", _("Overdue"),
           lambda request: [("yes", translate(request, _("Yes"))), ("no", translate(request, _("No")))], _overdue),
    Filter("mine", _("My cases"), lambda request: [("yes", translate(request, _("Only mine")))], _mine),
)

CASE = RecordType(
    name="case", model=Case, path="cases", prefix="C", row="case.core", title=_("Case"), plural=_("Cases"),
    columns=("ref", "title", "state", "risk_to_child", "province", "lead_officer_id", "opened_at"),
    schema=asks.OpenCase, edit_schema=asks.EditCase, filters=FILTERS, create=open_case, edit=edit_case,
    search=("title",),
    template="casework:cases/templates/case.jinja2", extra=case_page, frame=case_frame, inner=workflow.INNER,
    rare=workflow.RARE,
    fields=("opened_at", "source", "regime", "conduct", "offence_class", "offence_from", "offence_to", "province",
            "district", "cross_border", "countries", "flags", "suspects_unknown", "prosecutor_notified_at",
            "referral_agency_id", "prosecution_agency_id", "submitted_at", "support_agency_id", "suspended_reason",
            "review_at", "outcome", "closed_at"),
    labels={
        "offence_class": _("Class of the offence"), "prosecutor_notified_at": _("Prosecutor told"),
        "suspended_reason": _("Suspended because"), "review_at": _("Look at it again on"), "plan": _("Plan"),
        "safety_plan": _("Safety plan"), "instructions": _("Instructions"), "explanations": _("Explanations"),
        "limitation_at": _("Limitation"), "conflict_answered_at": _("No conflict of interest"),
        "advice_asked_at": _("Advice asked"), "introductory_at": _("Investigating judge seised"),
        "instructions_due": _("Instructions due"), "merged_into_id": _("Merged into"), "urban": _("In a town"),
    },
    codes={"offence_class": "offence_class", "suspended_reason": "suspended_reason", "outcome": "case_outcome",
           "source": "case_origin"},
    tabs=(
        Tab("files", _("Documents"), "evidence.file:M", 32), Tab("support", _("Support"), "support.referral:M", 45),
        Tab("tasks", _("Tasks"), "case.core:M", 60), Tab("links", _("Links"), "case.link:R", 70),
        Tab("matches", _("Matches"), "match.hit:M", 72),
        Tab("check", _("14 points"), "case.core:R", 75), Tab("team", _("Team"), "case.core:R", 80),
        Tab("timeline", _("Timeline"), "case.core:M", 85), Tab("history", _("History"), "case.core:M", 90),
    ),
    empty=_("There are no cases here for you."),
)


# ---- offence proposals

def propose_offence(request, case: Case, data: dict) -> OffenceProposal:
    """An offence proposed for one suspect; its class follows from the register on the day of the offence."""
    offence = request.registry["offences"].get(data["offence"], facts.offence_day(case))
    proposal = OffenceProposal(
        ref=new_ref(request.db, OffenceProposal, "O", now().date()), agency_id=case.lead_agency_id,
        created_by_id=request.identity.user_id, case_id=case.id, person_id=as_uuid(data["person"]),
        offence_code=offence.code, offence_class=offence.offence_class,
    )
    request.db.add(proposal)
    request.db.flush()
    facts.set_offence_class(request.db, case)
    return proposal


def offence_title(request, row: Any, names: Any) -> str:
    """Article and title of a proposed offence."""
    code = row.offence_code
    found = next((o for o in request.registry["offences"] if o.code == code), None)
    return f"{found.article}: {found.title(request.locale_name)}" if found else code or ""


OFFENCE = RecordType(
    name="offence_proposal", model=OffenceProposal, path="offences", prefix="O", row="case.core", parent="case",
    title=_("Proposed offence"), plural=_("Offences"), columns=("ref", "person_id", "offence_code", "offence_class"),
    schema=asks.OffenceProposal, create=propose_offence, fields=("person_id", "offence_code", "offence_class"),
    labels={"person_id": _("Suspect"), "offence_code": _("Offence"), "offence_class": _("Class")},
    codes={"offence_class": "offence_class"}, render={"offence_code": offence_title}, weight=25,
    empty=_("No offence is proposed yet."),
)


# ---- notes

def kinds_for(request, case: Case) -> list[str]:
    """The kinds of note that this person may write in a case."""
    access = {row: access_to_one(request.db, request.identity, case, row) for row in dict.fromkeys(NOTE_ROWS.values())
              if request.registry["matrix"].cell(row, request.identity.role).may("W")}
    return [kind for kind, row in NOTE_ROWS.items() if kind != "covert" and _writes(access.get(row), request, row)]


def _writes(access: Any, request, row: str) -> bool:
    if access is None:
        return False
    if "W" in access:
        return True
    # "W u": own entries. Whoever may be on the page of the case may make one.
    cell = request.registry["matrix"].cell(row, request.identity.role)
    return any("W" in term.levels and term.conditions == ("u",) for term in cell.terms)


def note_schema(request, record: Any) -> asks.Note:
    schema = asks.Note()
    pairs = [(kind, code_label(request, "note_kind", kind)) for kind in kinds_for(request, request.context.parent)]
    schema["kind"].choices = pairs
    return schema


def write_note(request, case: Case, data: dict) -> Note:
    """A note. Strategy is sealed, so that nothing but its page ever shows it."""
    if data["kind"] not in kinds_for(request, case):
        raise NotAllowed(f"{request.identity.role} may not write {data['kind']} notes here")
    sealed = data["kind"] in SEALED_NOTES
    note = Note(
        ref=new_ref(request.db, Note, "N", now().date()), agency_id=request.identity.agency_id,
        created_by_id=request.identity.user_id, case_id=case.id, subject_type="case", subject_id=case.id,
        kind=data["kind"], text=None if sealed else data["text"], sealed_text=data["text"] if sealed else None,
    )
    request.db.add(note)
    return note


def _first_words(request, row: Any, names: Any) -> str:
    text = row.text or ""
    return text if len(text) <= 160 else text[:160].rsplit(" ", 1)[0] + " …"


NOTE = RecordType(
    name="note", model=Note, path="notes", prefix="N", row="note", parent="case", title=_("Note"), plural=_("Notes"),
    columns=("ref", "kind", "text", "created_by_id", "created_at"), filters=(("kind", "note_kind"),),
    schema=note_schema, create=write_note, search=("text",), fields=("kind", "text", "sealed_text", "created_by_id",
                                                                   "created_at"),
    labels={"text": _("Note"), "sealed_text": _("Sealed note"), "created_by_id": _("Written by"),
            "created_at": _("Written")},
    render={"text": _first_words}, weight=65, template="casework:cases/templates/note.jinja2",
    empty=_("There are no notes here for you."),
)
