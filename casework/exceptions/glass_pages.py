"""Pages of emergency access: asking, what it opens, ending it, and the review."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound, HTTPSeeOther
from sqlalchemy import select

from casework.authz.access import access_to, shown
from casework.authz.models import BreakGlass
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.refs import parse_ref
from casework.db.session import reading
from casework.records.forms import run_form
from casework.records.registry import path_to
from casework.records.show import summary
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed, Problem, Refused
from schemas import exceptions as asks

from . import glass, seen

HOME = "/emergency"
TITLE = _("Emergency access")
ASKING = ("INV", "PSU", "PRO", "SWS")  # the roles to which some cell of the matrix gives `x`
MOST = 50  # records of one type that a page shows
ROWS = 25


def _may_ask(request) -> None:
    if not glass.may_ask(request.identity.role):
        raise HTTPForbidden("emergency access opens nothing to this role")


def own(request) -> dict:
    """What I opened, the newest first."""
    _may_ask(request)
    mine = select(BreakGlass).where(BreakGlass.user_id == request.identity.user_id)
    rows = request.db.scalars(mine.order_by(BreakGlass.id.desc()).limit(ROWS)).all()
    return {"mine": rows, "at": now()}


def ask(request):
    """Ask for access by a reference. The answer is the same whether there is such a record or not."""
    _may_ask(request)

    def save(data: dict) -> str:
        ref = parse_ref(data["ref"])
        if ref is None:
            raise Refused(Problem(_("This is no reference: look at each letter and number."), "ref"))
        made = glass.open_glass(
            request.db, request.identity, ref, data["reason_code"], data["reason"],
            hours=request.registry["settings"].break_glass_hours, types=request.registry["record_types"],
        )
        return f"{HOME}/{made.ref}"

    hours = request.registry["settings"].break_glass_hours
    return run_form(
        request, asks.Emergency(), title=_("Emergency access"), save=save, button=_("Open"), back=HOME,
        values={"ref": parse_ref(request.GET.get("ref", "")) or ""},
        lead=_("It opens one record to you for ${hours} hours, to read what your role may read in an emergency.",
               mapping={"hours": hours}),
        confirm=_("Who is responsible for the record, their supervisor and the auditor are told at once. Everything "
                  "you open is logged, and reviewed within 72 hours."),
    )


def _found(request) -> BreakGlass:
    ref = parse_ref(request.matchdict["glass"])
    found = request.db.scalars(select(BreakGlass).where(BreakGlass.ref == ref)).one_or_none() if ref else None
    if found is None:
        raise HTTPNotFound()
    return found


def page(request) -> Any:
    """What the access opens, to who holds it; to who is told of it, the page of the review."""
    one, identity = _found(request), request.identity
    if one.user_id != identity.user_id:
        if request.db.scalars(select(BreakGlass.id).where(BreakGlass.id == one.id, glass.told(identity))).first():
            return HTTPSeeOther(f"{HOME}/{one.ref}/review")
        raise HTTPNotFound()
    running = one.ended_at is None and one.until > now() and one.role == identity.role
    return {"one": one, "running": running, "groups": _opened(request, one) if running else []}


def _opened(request, one: BreakGlass) -> list[tuple[Any, list[dict]]]:
    """The records that this access lets the person read, by type. Each one shown is an entry in the log."""
    db, identity, groups = request.db, request.identity, []
    for rt, sql in glass.reached(one.role, one.subject_id, request.registry["record_types"].values()):
        records = db.scalars(select(rt.model).where(sql).order_by(rt.model.id).limit(MOST)).all()
        access = access_to(db, identity, rt.model, [record.id for record in records])
        found = []
        for record in records:
            if record.id in access and "R" in access[record.id] and glass.by_glass(access[record.id].rule("R")):
                request.audit("view", record, rule=access[record.id].rule("R"), emergency=one.ref)
                href, rows = path_to(request, record), _fields(request, rt, record)
                found.append({"ref": record.ref, "href": href, "rows": rows})
        if found:
            groups.append((rt.plural, found))
    return groups


def _fields(request, rt: Any, record: Any) -> list[dict]:
    """The fields of a record that hold something."""
    rows = summary(request, rt, shown(request.db, request.identity, record), seen.columns(rt))
    return [row for row in rows if row["value"] not in ("", None)]


def end(request):
    """Give it back now; the next request finds it closed."""
    one = _found(request)
    try:
        glass.end(request.db, request.identity, one)
    except NotAllowed:
        raise HTTPNotFound() from None
    return HTTPSeeOther(f"{HOME}/{one.ref}")


# ---- review

def told(request) -> dict:
    """The accesses that this person is told of, those without review first."""
    ways = glass.told(request.identity)
    query = select(BreakGlass).where(ways).order_by(BreakGlass.reviewed_at.is_not(None), BreakGlass.id.desc())
    rows = request.db.scalars(query.limit(ROWS)).all()
    request.names.want("user_account", (one.user_id for one in rows))
    return {"rows": rows, "at": now(), "late": glass.REVIEW, "names": request.names,
            "may": lambda one: glass.may_review(request.identity, one, now())}


def review(request):
    """What was opened, from the log, and whether it was justified. No content of any record."""
    one, identity = _found(request), request.identity
    if not request.db.scalars(select(BreakGlass.id).where(BreakGlass.id == one.id, glass.told(identity))).first():
        raise HTTPNotFound()
    request.audit("view", one, part="review")
    lines = []
    if glass.of_owner(identity, one):
        with unscoped(request.db, "references of what was opened, for who answers for it; no content leaves"):
            lines = seen.lines_of(request, one)
    about = {
        "one": one, "lines": lines, "knows": glass.of_owner(identity, one),
        "who": request.names.of("user_account", one.user_id),
        "reviewer": request.names.of("user_account", one.reviewed_by_id),
        "may": glass.may_review(identity, one, now()),
    }
    if not about["may"]:
        if request.method == "POST":
            raise HTTPForbidden("the owner's supervisor reviews, and nobody their own")
        return {**about, "form": None, "title": _("Emergency access"), "lead": None, "confirm": None, "draft": None,
                "stale": None, "back": f"{HOME}/told"}

    def save(data: dict) -> str:
        glass.review(request.db, identity, one, data["outcome"], data["review"])
        return f"{HOME}/told"

    shown_form = run_form(
        request, asks.EmergencyReview(), title=_("Emergency access"), save=save, back=f"{HOME}/told",
    )
    return {**about, **shown_form} if isinstance(shown_form, dict) else shown_form


# ---- for the shell

def open_accesses(request) -> list:
    """What the person holds open, for the banner. Asked only when the session says that there is something; on a
    connection of its own, since also a page of a failure shows it."""
    row = request.session_row
    if row is None or not row.opened:
        return []
    with reading(request.registry["engine"]) as connection:
        query = select(BreakGlass.ref, BreakGlass.asked_ref, BreakGlass.until).where(
            BreakGlass.user_id == row.user_id, BreakGlass.role == row.role, BreakGlass.ended_at.is_(None),
            BreakGlass.until > now())
        return list(connection.execute(query.order_by(BreakGlass.id)))


def emergency_path(request) -> str | None:
    """The page that a refusal leads to; it follows from the role and the address alone, never from a record."""
    if not glass.may_ask(request.identity.role):
        return None
    values = (getattr(request, "matchdict", None) or {}).values()
    refs = [ref for value in values if isinstance(value, str) and (ref := parse_ref(value))]
    return f"{HOME}/ask?ref={refs[-1]}" if refs else None
