"""The page on which two people erase what a record's data key opens."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound

from casework.crypto.sealed import Erased, erased
from casework.web.errors import MESSAGE, page
from casework.web.i18n import _
from schemas.erasure import ErasureDecision, ErasureOrder

from . import erasing
from .forms import run_form
from .names import user_names
from .registry import Context, RecordType, factory, path_to, pattern

CONFIRM = _("What is erased cannot be brought back by anybody: names, places, numbers and words that are stored "
            "encrypted. References, dates and states stay. The log still verifies.")


def erase(context: Context, request) -> Any:
    """The first person asks under an order; the second decides, with a fresh second factor."""
    record = context.own
    if record is None:
        raise HTTPNotFound()
    db, identity = request.db, request.identity
    asked = erasing.pending(db, record)
    allowed = erasing.may_ask(db, identity, record) if asked is None else erasing.may_decide(db, identity, record)
    if not allowed or erased(record) is not None:
        raise HTTPForbidden("may not erase this")
    if asked is not None and asked.asked_by_id == identity.user_id:
        raise HTTPForbidden("erasing takes two people")
    if asked is not None and request.method == "POST":
        request.registry["require_fresh"](request)

    def save(data: dict) -> str:
        if asked is None:
            erasing.ask(db, identity, record, data["order"], data["reason"])
        else:
            erasing.decide(db, identity, record, data["decision"] == "erase")
        return path_to(request, record)

    lead = None
    if asked is not None:
        by = user_names(request, [asked.asked_by_id]).get(asked.asked_by_id, "")
        lead = _("${who} asked to erase this under ${order}: ${why}",
                 mapping={"who": by, "order": asked.order, "why": asked.reason})
    return run_form(
        request, ErasureOrder() if asked is None else ErasureDecision(),
        title=_("Erase ${ref}", mapping={"ref": record.ref}), save=save, lead=lead, back=path_to(request, record),
        button=_("Ask to erase") if asked is None else None, version=record.version, confirm=CONFIRM,
    )


def further(request, context: Context) -> dict | None:
    """The link to the page, on records that have one, for who may take the next step."""
    record = context.own
    if context.type.name not in request.registry.get("erasable", ()) or record is None:
        return None
    if not erasing.may_ask(request.db, request.identity, record) or erased(record) is not None:
        return None
    return {"label": request.localizer.translate(_("Erase")), "href": f"{path_to(request, record)}/erase"}


def add_erasable(config, rt: RecordType) -> None:
    """Directive: records of this type have a page to erase them. Called before `add_record_type`."""
    types = config.registry["record_types"]
    config.registry.setdefault("erasable", set()).add(rt.name)
    config.add_route(f"{rt.name}.erase", f"{pattern(types, rt)}/{{{rt.name}}}/erase", factory=factory(types, rt))
    config.add_view(erase, route_name=f"{rt.name}.erase", permission=f"{rt.permission}:M", own_check=True,
                    renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))


def gone(problem: Erased, request):
    """410 for a page or act that cannot do without what was erased."""
    return page(
        request, MESSAGE, 410, title=_("This was erased"),
        text=_("What this needs was erased under ${order}. It cannot be brought back.",
               mapping={"order": problem.order}),
    )


def includeme(config) -> None:
    config.add_directive("add_erasable", add_erasable)
    config.add_exception_view(gone, context=Erased)
    config.registry.setdefault("further_pages", []).append(further)
