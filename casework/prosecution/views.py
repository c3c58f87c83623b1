"""Pages of the prosecution besides the generic ones: charges, hearings, judgments, a conflict of interest."""

from pyramid.httpexceptions import HTTPForbidden

from casework.cases.service import case_of
from casework.records.forms import run_form
from casework.records.registry import Context, path_to
from casework.web.i18n import _
from casework.workflow.engine import apply, flow_of, possible
from schemas import prosecution as asks
from schemas.case import Conflict

from . import hearings, records
from .guards import charges_of
from .models import Prosecution
from .options import offence_words
from .types import is_mine

SHOWN = 12


def _mine(request, matter: Prosecution) -> Prosecution:
    """The matter, for who has it. Raises HTTPForbidden."""
    if not is_mine(matter, request.identity):
        raise HTTPForbidden("the matter is not this prosecutor's")
    return matter


def _matter_of(request, record) -> Prosecution:
    return _mine(request, request.db.get_one(Prosecution, record.prosecution_id))


def charge(context: Context, request):
    """Enter a charge against one suspect. Offences are found by article or by a word."""
    matter, case = _mine(request, context.own), context.parent
    back = path_to(request, matter)

    def save(data: dict) -> str:
        records.enter_charge(request.db, request.identity, matter, data, request.registry["offences"])
        return back

    words = request.GET.get("q", "").strip()[:80]
    day = case.offence_to or case.offence_from
    found = [(o.code, offence_words(request, o.code)) for o in request.registry["offences"].search(words, day)][:SHOWN]
    page = run_form(
        request, asks.Charge(), title=_("Enter a charge"), save=save, back=back,
        values={"offence": request.GET.get("offence") or None, "offence_from": case.offence_from,
                "offence_to": case.offence_to or case.offence_from, "mode": "principal"},
    )
    return {**page, "words": words, "found": found} if isinstance(page, dict) else page


def reclassify(context: Context, request):
    """Another offence for the same facts."""
    one, matter = context.own, _matter_of(request, context.own)

    def save(data: dict) -> str:
        new = records.reclassify(request.db, request.identity, matter, one, data["offence"], data["reason"],
                                 request.registry["offences"])
        request.db.flush()
        return path_to(request, new)

    return run_form(request, asks.Reclassify(), title=_("Reclassify ${ref}", mapping={"ref": one.ref}), save=save,
                    version=one.version, back=path_to(request, one))


def drop(context: Context, request):
    """A charge is withdrawn or dismissed."""
    one, matter = context.own, _matter_of(request, context.own)

    def save(data: dict) -> str:
        records.drop_charge(request.db, request.identity, matter, one, data["status"], data["reason"])
        return path_to(request, one)

    return run_form(request, asks.WithdrawCharge(), save=save, version=one.version, back=path_to(request, one),
                    title=_("Withdraw or dismiss ${ref}", mapping={"ref": one.ref}))


def _hearing_values(request, matter: Prosecution, kind: str) -> dict:
    """What a hearing usually is: at the court of the case, closed, with the measures asked for the child."""
    case = case_of(request.db, matter.case_id)
    return {"court": str(case.court_agency_id) if case.court_agency_id else None, "type": kind,
            "measures": matter.measures, "closed_session": True, "child_presence": "none"}


def fix_hearing(context: Context, request):
    """A hearing that moves nothing: a first appearance, an investigation, a question of detention."""
    matter = _mine(request, context.own)

    def save(data: dict) -> str:
        return path_to(request, hearings.fix(request.db, request.identity, matter, data))

    return run_form(request, asks.Hearing(), title=_("Fix a hearing"), save=save, back=path_to(request, matter),
                    values=_hearing_values(request, matter, "investigation"))


def _step(context: Context, request, event: str, schema, values: dict | None, title):
    """A step of the matter whose form is filled in beforehand."""
    matter = _mine(request, context.own)
    transition = next((t for t in flow_of(matter).by_event(event) if matter.state in t.sources), None)
    if transition is not None and transition not in possible(request.db, request.identity, matter):
        raise HTTPForbidden(f"{request.identity.role} may not {event} here")

    def save(data: dict) -> str:
        apply(request.db, request.identity, matter, event, data)
        return f"{path_to(request, matter)}?done={event}"

    return run_form(request, schema, title=title, save=save, values=values, version=matter.version,
                    back=path_to(request, matter), button=title)


def schedule_trial(context: Context, request):
    """Fix the hearing of the trial."""
    return _step(context, request, "schedule_trial", asks.Hearing(),
                 _hearing_values(request, context.own, "trial"), _("Fix the hearing"))


def judge(context: Context, request):
    """Enter the judgment, with a place for the result of each charge."""
    matter = context.own
    kind = {"appeal": "judgment_on_appeal", "cassation": "cassation"}.get(matter.state, "judgment")
    case = case_of(request.db, matter.case_id)
    open_charges = charges_of(request.db, matter, ("charged", "convicted", "acquitted"))
    values = {
        "body": str(case.court_agency_id) if kind == "judgment" and case.court_agency_id else None, "type": kind,
        "results": [{"charge": str(one.id)} for one in open_charges],
    }
    return _step(context, request, "judge", asks.Judgment(), values, _("Enter the judgment"))


def conflict(context: Context, request):
    """Who declares a conflict of interest is shut out of the case from that moment, and goes to the first screen."""
    matter = context.own
    if matter.prosecutor_id != request.identity.user_id:
        raise HTTPForbidden("only the prosecutor the matter was assigned to answers this")

    def save(data: dict) -> str:
        apply(request.db, request.identity, matter, "declare_conflict", data)
        return "/"

    return run_form(
        request, Conflict(), title=_("Declare a conflict of interest"), save=save, back=path_to(request, matter),
        confirm=_("The case is shut to you at once. The head of the office gives it to somebody else."),
    )


def hearing_result(context: Context, request):
    """What came of a hearing; an adjourned one is fixed anew."""
    hearing, matter = context.own, _matter_of(request, context.own)

    def save(data: dict) -> str:
        hearings.record_result(request.db, request.identity, matter, hearing, data)
        return path_to(request, hearing)

    return run_form(request, asks.HearingResult(), title=_("Result of hearing ${ref}", mapping={"ref": hearing.ref}),
                    save=save, version=hearing.version, values={"result": "held"}, back=path_to(request, hearing))


def decision(context: Context, request):
    """A decision that moves nothing: detention, supervision, compensation, release."""
    matter = _mine(request, context.own)

    def save(data: dict) -> str:
        found = records.other_decision(request.db, request.identity, matter, data)
        request.db.flush()
        return path_to(request, found)

    return run_form(request, asks.Decision(), title=_("Record a decision"), save=save, back=path_to(request, matter))
