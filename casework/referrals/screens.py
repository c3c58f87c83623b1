"""Panels of the first screens: the intake queue, what police have to answer, what came back (DOMAIN 6)."""



from markupsafe import Markup
from sqlalchemy import Select, and_, or_, select
from sqlalchemy import case as either

from casework.authz.identity import Identity
from casework.authz.scope import kept, narrowed
from casework.cases import screens
from casework.cases.models import Task
from casework.cases.tasks import OPEN
from casework.records.paging import soonest
from casework.web.i18n import _, format_datetime
from casework.web.render import code_label, helpers, translate

from .models import Referral

ROWS = 15
DANGER_FIRST = either((Referral.immediate_danger == "yes", 0), else_=1)
COLUMNS = (_("Reference"), _("Danger"), _("Who reports"), _("Received"), _("Time left"))


def intake(request) -> dict:
    """Received and in triage at my hotline: danger on top, then by what runs out first."""
    found = _intake(request.db).scalars().all()
    ui, start = helpers(request)["ui"], code_label(request, "events", "start_triage")
    rows = []
    for referral, row in zip(found, _rows(request, found, due_times(request, found, "D-01")), strict=True):
        state = code_label(request, "referral_state", referral.state)
        button = ui.post_button(start, f"/referrals/{referral.ref}/start", small=True)
        rows.append([*row, state if referral.state != "received" else button])
    return {
        "title": translate(request, _("Intake")), "columns": _words(request, *COLUMNS, _("State")), "rows": rows,
        "empty": translate(request, _("No report waits.")), "href": "/referrals/new",
        "more": translate(request, _("New report")),
    }


@kept
def _intake(identity: Identity) -> Select:
    ways = (
        and_(Referral.agency_id == identity.agency_id, Referral.state == state, Referral.immediate_danger == danger)
        for state in ("received", "triage") for danger in ("yes", "no", "unknown")
    )
    return soonest(identity, Referral, Referral.received_at, *ways, limit=ROWS, before=(DANGER_FIRST,))


def to_answer(request) -> dict:
    """Forwarded to my agency and not answered."""
    found = _forwarded(request.db).all()
    return {
        "title": translate(request, _("Referrals to accept or assign")), "columns": _words(request, *COLUMNS),
        "rows": _rows(request, [one for one, _due in found], {one.id: due for one, due in found}),
        "empty": translate(request, _("No referral waits for an answer.")),
        "href": "/referrals?state=forwarded", "more": translate(request, _("All forwarded referrals")),
    }


@kept
def _forwarded(identity: Identity) -> Select:
    clock = _clock_of("H-01").where(Task.record_id == Referral.id).correlate(Referral).limit(1).scalar_subquery()
    query = select(Referral, clock).where(
        Referral.forwarded_to_id == identity.agency_id, Referral.state == "forwarded")
    return narrowed(query.order_by(DANGER_FIRST, Referral.forwarded_at).limit(ROWS), identity)


def answers(request) -> dict:
    """What police and social services answered to the referrals that my hotline forwarded, the newest first."""
    query = (
        select(Referral).where(
            Referral.agency_id == request.identity.agency_id, Referral.forwarded_at.is_not(None),
            or_(Referral.state.in_(("accepted", "rejected")),
                and_(Referral.state == "forwarded", Referral.acknowledged_at.is_not(None))))
        .order_by(Referral.forwarded_at.desc()).limit(ROWS)
    )
    found = list(request.db.scalars(query))
    rows = [
        [_link(one), request.names.later("agency", one.forwarded_to_id),
         code_label(request, "referral_state", one.state),
         format_datetime(one.acknowledged_at, request.locale_name) if one.acknowledged_at else ""]
        for one in found
    ]
    return {
        "title": translate(request, _("Answers from police and social services")),
        "columns": _words(request, _("Reference"), _("Agency"), _("State"), _("Acknowledged")), "rows": rows,
        "empty": translate(request, _("Nobody answered yet.")),
    }


def second_reviews(request) -> dict | None:
    """Rejections of the sample that wait for somebody else than who rejected them."""
    query = select(Referral).where(
        Referral.agency_id == request.identity.agency_id, Referral.state == "rejected",
        Referral.second_review.is_(True), Referral.second_reviewed_at.is_(None), Referral.voided_at.is_(None),
    )
    found = list(request.db.scalars(query.order_by(Referral.id).limit(ROWS)))
    if not found:
        return None
    return {
        "title": translate(request, _("Rejections to look at a second time")),
        "columns": _words(request, _("Reference"), _("Reason"), _("Received")), "empty": "",
        "rows": [[_link(one), code_label(request, "referral_rejection_reasons", one.decision_reason),
                  format_datetime(one.received_at, request.locale_name)] for one in found],
    }


def _words(request, *msgids) -> list[str]:
    return [translate(request, msgid) for msgid in msgids]


def _link(referral: Referral) -> Markup:
    return screens.link(referral.ref, f"/referrals/{referral.ref}")


def _rows(request, found: list[Referral], due: dict) -> list[list]:
    ui, rows = helpers(request)["ui"], []
    for one in found:
        danger = translate(request, _("Danger")) if one.immediate_danger == "yes" else ""
        left = due.get(one.id)
        rows.append([
            _link(one), ui.tag(danger, "red") if danger else "", code_label(request, "sources", one.source),
            format_datetime(one.received_at, request.locale_name), {"due": left} if left else "",
        ])
    return rows


def due_times(request, found: list[Referral], rule: str) -> dict:
    """When the clock of a rule runs out for each referral, with one query."""
    query = _clock_of(rule).add_columns(Task.record_id).where(Task.record_id.in_([one.id for one in found]))
    return {key: due for due, key in request.db.execute(query)} if found else {}


def _clock_of(rule: str) -> Select:
    return select(Task.due_at).where(Task.rule == rule, Task.state.in_(OPEN))


def register() -> None:
    """Put the panels on the first screens."""
    for function in (intake, answers, second_reviews):
        screens.panel("HOT", function)
    screens.panel("PSU", to_answer)
    screens.panel("SWS", to_answer)
    screens.entry(("HOT",), _("New report"), "/referrals/new")
