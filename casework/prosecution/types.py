"""The record types of the prosecution: matter, charge, hearing, decision."""

from sqlalchemy import select

from casework.authz.access import Shown, access_to, access_to_one, shown
from casework.cases.completeness import TITLES
from casework.cases.guards import as_uuid
from casework.cases.models import Case
from casework.records.registry import RecordType
from casework.records.show import summary
from casework.web.i18n import _
from casework.web.render import code_label, translate
from casework.workflow.engine import possible

from . import guards, remedies
from .models import Charge, Decision, Hearing, Prosecution
from .options import offence_words
from .records import CHARGING, RECLASSIFYING
from .words import word_for

INNER = ("resubmit", "judgment_voided")


def is_mine(matter: Prosecution, identity) -> bool:
    """Whether this prosecutor has the matter and has answered the question of a conflict of interest."""
    return matter.prosecutor_id == identity.user_id and matter.conflict_answered_at is not None


# Guards that only ask who somebody is: a button that they refuse is not shown.
PERSONAL = {
    guards.is_assignee: is_mine,
    guards.is_asked: lambda matter, identity: matter.prosecutor_id == identity.user_id,
}


def offered(request, matter: Prosecution) -> list:
    """The steps this person may take now."""
    identity = request.identity
    found = [t for t in possible(request.db, identity, matter)
             if all(PERSONAL[g](matter, identity) for g in t.guards if g in PERSONAL)]
    answered = matter.conflict_answered_at is not None
    return [t for t in found if t.event not in ("take_over", "confirm_no_conflict") or not answered]


def charge_rows(request, matter: Prosecution) -> list[dict]:
    """The charges of a matter as this person may see them: who by pseudonym, and what to call them."""
    db, identity = request.db, request.identity
    found = list(db.scalars(
        select(Charge).where(Charge.prosecution_id == matter.id, Charge.voided_at.is_(None)).order_by(Charge.id)
    ))
    access = access_to(db, identity, Charge, [c.id for c in found])
    rows = [Shown(c, access[c.id]) for c in found if c.id in access]
    request.names.want("person", [r.person_id for r in rows])
    statuses: dict = {}
    for row in rows:
        statuses.setdefault(row.person_id, []).append(row.status)
    return [
        {"ref": r.ref, "word": translate(request, word_for(matter.state, statuses[r.person_id])),
         "person": request.names.of("person", r.person_id), "offence": offence_words(request, r.offence_code),
         "class": code_label(request, "offence_class", r.offence_class),
         "status": code_label(request, "charge_status", r.status)}
        for r in rows
    ]


def matter_page(request, matter: Prosecution) -> dict:
    """What the page of a matter shows besides its fields."""
    record = shown(request.db, request.identity, matter)
    mine = is_mine(matter, request.identity)
    end = remedies.last_end(matter, matter.state) if matter.decided_on and record.may("R") else None
    return {
        "summary": summary(request, MATTER, record), "transitions": offered(request, matter),
        "charges": charge_rows(request, matter), "remedies_end": end, "points": TITLES,
        "may_charge": mine and matter.state in CHARGING, "may_fix": mine and matter.state not in ("returned", "closed"),
        "hearings": _listed(request, Hearing, matter), "decisions": _listed(request, Decision, matter),
    }


def _listed(request, model: type, matter: Prosecution) -> list:
    """The hearings or decisions of a matter; a voided one stays in the list, struck through."""
    query = select(model).where(model.prosecution_id == matter.id).order_by(model.id)
    found = list(request.db.scalars(query))
    access = access_to(request.db, request.identity, model, [r.id for r in found])
    return [Shown(r, access[r.id]) for r in found if r.id in access]


def _submitted(case: Case) -> bool:
    """Before the file was submitted there is nothing of the prosecution to show."""
    return case.submitted_at is not None


MATTER = RecordType(
    name="prosecution", model=Prosecution, path="prosecution", prefix="X", row="charge", parent="case",
    title=_("Prosecution"), plural=_("Prosecution"), weight=50, when=_submitted, voidable=False, inner=INNER,
    columns=("ref", "register_number", "state", "agency_id", "prosecutor_id", "received_at"),
    template="casework:prosecution/templates/matter.jinja2", extra=matter_page,
    fields=("agency_id", "received_at", "register_number", "registered_on", "prosecutor_id", "returns", "legal_reason",
            "victim_informed_on", "social_report", "measures", "judge", "judge_number", "seised_on", "summons_on",
            "first_appearance_at", "detained", "decided_on", "by_default", "notified_at", "remedy_party",
            "remedy_filed_on", "remedy_in_time", "final_at", "prison_informed_on", "release_on"),
    labels={
        "agency_id": _("Prosecution office"), "register_number": _("Register number"),
        "registered_on": _("Registered on"), "prosecutor_id": _("Prosecutor"), "returns": _("Times sent back"),
        "legal_reason": _("Legal reason"), "victim_informed_on": _("Complainant informed"),
        "social_report": _("Report of the social agent"), "measures": _("Measures for the child"),
        "judge": _("Investigating judge"), "judge_number": _("Number at the judge"), "seised_on": _("Judge seised on"),
        "summons_on": _("Day of the summons"), "first_appearance_at": _("First appearance"),
        "detained": _("An accused is detained"), "decided_on": _("Last decision of"), "by_default": _("By default"),
        "notified_at": _("Notified"), "remedy_party": _("Remedy filed by"), "remedy_filed_on": _("Remedy filed on"),
        "remedy_in_time": _("Filed in time"), "final_at": _("Final since"),
        "prison_informed_on": _("Prison informed on"), "release_on": _("Day of release"),
        "conflict_answered_at": _("No conflict of interest"), "instructions": _("Instructions"),
        "instructions_points": _("Points of the check"), "instructions_due": _("Instructions due"),
        "file_version_id": _("Version of the file"), "instance": _("Instance"),
    },
    codes={"legal_reason": "legal_reasons", "measures": "special_measures", "remedy_party": "party",
           "instance": "instance"},
    empty=_("This case has not been submitted to a prosecution."),
)


def _offence(request, row, names) -> str:
    return offence_words(request, row.offence_code)


def charge_page(request, charge: Charge) -> dict:
    """A charge, what to call the person, and whether it can still be changed."""
    db, identity = request.db, request.identity
    record, matter = shown(db, identity, charge), db.get_one(Prosecution, charge.prosecution_id)
    rows = summary(request, CHARGE, record)
    statuses = db.scalars(select(Charge.status).where(
        Charge.prosecution_id == matter.id, Charge.person_id == charge.person_id))
    if record.person_id:
        rows[0]["key"] = translate(request, word_for(matter.state, statuses))
    open_ = charge.status in ("proposed", "charged") and is_mine(matter, identity)
    return {"summary": rows, "may_reclassify": open_ and matter.state in RECLASSIFYING, "may_drop": open_}


CHARGE = RecordType(
    name="charge", model=Charge, path="charges", prefix="G", row="charge", parent="case", title=_("Charge"),
    plural=_("Charges"), weight=52, when=_submitted, voidable=False,
    template="casework:prosecution/templates/charge.jinja2",
    columns=("ref", "person_id", "offence_code", "offence_class", "mode", "status", "entered_at"),
    filters=(("status", "charge_status"),), extra=charge_page,
    fields=("person_id", "offence_code", "offence_class", "facts", "offence_from", "offence_to", "mode", "status",
            "entered_at", "reclassified_from_id"),
    labels={"person_id": _("Person"), "offence_code": _("Offence"), "offence_class": _("Class"), "facts": _("Facts"),
            "offence_from": _("First day of the offence"), "offence_to": _("Last day of the offence"),
            "mode": _("Mode"), "status": _("Status"), "entered_at": _("Entered"),
            "reclassified_from_id": _("In place of"), "prosecution_id": _("Prosecution")},
    codes={"offence_class": "offence_class", "mode": "charge_mode", "status": "charge_status"},
    render={"offence_code": _offence}, empty=_("Nothing is charged yet."),
)


def hearing_page(request, hearing: Hearing) -> dict:
    """A hearing, and whether its result is to be recorded."""
    matter = request.db.get(Prosecution, hearing.prosecution_id)
    return {
        "summary": summary(request, HEARING, shown(request.db, request.identity, hearing)),
        "may_record": hearing.result is None and hearing.voided_at is None and matter is not None
        and is_mine(matter, request.identity)
        and "W" in access_to_one(request.db, request.identity, hearing),
    }


HEARING = RecordType(
    name="hearing", model=Hearing, path="hearings", prefix="H", row="hearing", parent="case", title=_("Hearing"),
    plural=_("Hearings"), weight=54, when=_submitted, struck=True,
    template="casework:prosecution/templates/hearing.jinja2",
    columns=("ref", "at", "type", "court_id", "child_presence", "result"), extra=hearing_page,
    fields=("at", "court_id", "chamber", "type", "duration", "child_presence", "measures", "support_person",
            "closed_session", "result", "adjourned_reason", "next_at", "victim_informed_at"),
    labels={"at": _("When"), "court_id": _("Court"), "chamber": _("Chamber"), "type": _("Kind"),
            "duration": _("Minutes"), "child_presence": _("How the child takes part"), "measures": _("Measures"),
            "support_person": _("Support person"), "closed_session": _("Closed session"), "result": _("Result"),
            "adjourned_reason": _("Why adjourned"), "next_at": _("Next hearing"),
            "victim_informed_at": _("Victim informed"), "prosecution_id": _("Prosecution")},
    codes={"type": "hearing_type", "child_presence": "child_presence", "measures": "special_measures",
           "result": "hearing_result", "adjourned_reason": "adjourned_reason"},
    empty=_("No hearing is fixed."),
)


def decision_page(request, decision: Decision) -> dict:
    """A decision with the result of each charge."""
    record = shown(request.db, request.identity, decision)
    results = record.results or []
    wanted = [as_uuid(result["charge"]) for result in results]
    query = select(Charge.id, Charge.ref, Charge.offence_code).where(Charge.id.in_(wanted))
    known = {key: (ref, code) for key, ref, code in request.db.execute(query)} if wanted else {}
    rows = []
    for result in results:
        ref, code = known.get(as_uuid(result["charge"]), ("", None))
        rows.append([ref, offence_words(request, code), code_label(request, "verdict", result["verdict"]),
                     result.get("months"), result.get("suspended_months"), result.get("fine")])
    return {"summary": summary(request, DECISION, record), "results": rows}


DECISION = RecordType(
    name="decision", model=Decision, path="decisions", prefix="D", row="decision", parent="case", title=_("Decision"),
    plural=_("Decisions"), weight=56, when=_submitted, struck=True,
    template="casework:prosecution/templates/decision.jinja2",
    columns=("ref", "decided_on", "type", "body_id", "by_default"), extra=decision_page,
    fields=("decided_on", "type", "body_id", "document", "by_default", "notified_at", "compensation_awarded",
            "compensation_paid", "currency", "confiscation", "victim_informed_at", "final_at", "release_on"),
    labels={"decided_on": _("Decided on"), "type": _("Kind of decision"), "body_id": _("Who decided"),
            "document": _("Reference of the document"), "by_default": _("By default"), "notified_at": _("Notified"),
            "compensation_awarded": _("Compensation awarded"), "compensation_paid": _("Compensation paid"),
            "currency": _("Currency"), "confiscation": _("Confiscation"), "victim_informed_at": _("Victim informed"),
            "final_at": _("Final since"), "release_on": _("Day of release"), "results": _("Results"),
            "prosecution_id": _("Prosecution")},
    codes={"type": "decision_types", "currency": "currency"}, empty=_("No decision is recorded."),
)
