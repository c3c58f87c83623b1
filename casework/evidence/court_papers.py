"""Papers for the court: the custody certificate of an item, and the exhibit list of a case (EVIDENCE 8).

Both are PDF in the language of the page, with the same facts attached as JSON, so that another program can check what
the paper says. Whoever makes one sees no more on it than on the page.
"""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import colander
from pyramid.httpexceptions import HTTPNotFound
from sqlalchemy import select

from casework.authz.access import access_to_one, shown
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.records.registry import Context, path_to
from casework.web.download import attachment
from casework.web.forms import handle, make_form
from casework.web.i18n import _
from casework.web.pdf import NoPdf, pdf_of
from casework.web.render import code_label
from schemas.court_papers import CourtPaper

from .chain import problems_of
from .label_pages import code_of
from .models import CustodyEvent, EvidenceItem
from .seen_hashes import hash_rows
from .types import chain_rows, holder, whole_chain

CERTIFICATE = "casework:evidence/templates/certificate.jinja2"
EXHIBITS = "casework:evidence/templates/exhibits.jinja2"
MOST = 500  # items of a list: five hundred take some seconds to lay out
_EVENT = (
    "seq", "type", "at", "recorded_at", "place", "purpose", "authority", "seal_before", "seal_after", "condition",
    "tool", "began_at", "write_blocker", "witnesses", "cause", "remark", "commitment", "prev_hash", "hash",
)


def certificate(context: Context, request) -> Any:
    """The form that asks what for; the answer is the certificate of the item."""
    item = context.parent
    if item is None or "R" not in access_to_one(request.db, request.identity, item, "custody.event"):
        raise HTTPNotFound()
    case = context.chain[0][1]
    return _ask(request, _("Custody certificate"), path_to(request, item), lambda answer: _certificate(
        request, case, item, answer))


def exhibits(context: Context, request) -> Any:
    """The form that asks what for; the answer is the exhibit list of the case."""
    case = context.parent
    return _ask(request, _("Exhibit list"), f"/cases/{case.ref}/evidence", lambda answer: _exhibits(
        request, case, answer))


def _ask(request, title: Any, back: str, make: Callable[[dict], Any]) -> Any:
    form = make_form(request, CourtPaper(), buttons=(("save", _("Make the paper")),), action=request.path)

    def on_valid(answer: dict):
        try:
            return make(answer)
        except NoPdf:
            raise colander.Invalid(
                form.schema, _("This machine cannot make a PDF. Tell the administrator that Pango is missing.")
            ) from None

    values = handle(request, form, on_valid, values={"purpose": "court"})
    if not isinstance(values, dict):
        return values
    return {
        **values, "title": title, "back": back, "confirm": None, "draft": None, "stale": None,
        "lead": _("A PDF in the language of this page. The same facts are attached to it for other programs to read."),
    }


def _certificate(request, case: Any, item: EvidenceItem, answer: dict) -> Any:
    events = whole_chain(request, item)
    problems = problems_of(request.db, item, events)
    rows = chain_rows(request, item, events, problems)
    hashes, record, made = hash_rows(request, item), shown(request.db, request.identity, item), now()
    facts = {
        "paper": "custody certificate", "case": case.ref, "item": item.ref, "number": item.number, "kind": item.kind,
        "description": record.description, "hashes": hashes, "made_at": _plain(made), "gap": bool(problems),
        "chain_end": item.chain_hash,
        "events": [
            {**{name: _plain(getattr(row["event"], name)) for name in _EVENT}, "released_by": row["from"],
             "received_by": row["to"], "recorded_by": row["by"], "problems": [str(p) for p in row["problems"]],
             "hash_values": vars(row["hashes"]) if row["hashes"] is not None else None}
            for row in rows
        ],
    }
    body = pdf_of(request, CERTIFICATE, {
        "title": item.ref, "case": case, "item": record, "rows": rows, "problems": problems, "hashes": hashes,
        "made": made,
        "at_end": [p.message for p in problems if p.seq is None], "code": code_of(item.ref), "request_id": request.id,
        "holder": holder(request, item, request.names), **_what_for(request, answer),
    }, {f"{item.ref}.json": _json(facts)})
    request.audit("print", item, part="certificate", events=len(events), gap=bool(problems), **answer)
    return attachment(f"certificate-{item.ref}.pdf", body, "application/pdf")


def _exhibits(request, case: Any, answer: dict) -> Any:
    db = request.db
    items = list(db.scalars(
        select(EvidenceItem).where(EvidenceItem.case_id == case.id, EvidenceItem.voided_at.is_(None))
        .order_by(EvidenceItem.number).limit(MOST + 1)))
    whole, items = len(items) <= MOST, items[:MOST]
    chains: dict[Any, list[CustodyEvent]] = defaultdict(list)
    with unscoped(db, "a chain can only be checked whole; only whether it holds is told"):
        ids = [item.id for item in items]
        for event in db.scalars(select(CustodyEvent).where(CustodyEvent.item_id.in_(ids)).order_by(CustodyEvent.seq)):
            chains[event.item_id].append(event)
        gaps = {item.id: bool(problems_of(db, item, chains[item.id])) for item in items}
    request.names.want("user_account", [item.holder_id for item in items])
    rows = [
        {"item": shown(db, request.identity, item), "gap": gaps[item.id], "hashes": hash_rows(request, item),
         "holder": holder(request, item, request.names), "end": item.chain_hash}
        for item in items
    ]
    made = now()
    facts = {
        "paper": "exhibit list", "case": case.ref, "complete": whole, "made_at": _plain(made),
        "exhibits": [
            {"item": row["item"].ref, "number": row["item"].number, "kind": row["item"].kind, "seal": row["item"].seal,
             "description": row["item"].description, "state": row["item"].state, "hashes": row["hashes"],
             "gap": row["gap"], "chain_end": row["end"]}
            for row in rows
        ],
    }
    body = pdf_of(request, EXHIBITS, {
        "title": case.ref, "case": case, "rows": rows, "whole": whole, "made": made, "code": code_of(case.ref),
        "request_id": request.id, **_what_for(request, answer),
    }, {f"{case.ref}.json": _json(facts)})
    request.audit("print", case, part="exhibits", items=len(items), complete=whole, **answer)
    return attachment(f"exhibits-{case.ref}.pdf", body, "application/pdf")


def _what_for(request, answer: dict) -> dict[str, str]:
    return {"purpose": f"{code_label(request, 'handout_purpose', answer['purpose'])}: {answer['explanation']}"}


def _plain(value: Any) -> Any:
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value


def _json(facts: dict) -> bytes:
    return json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True).encode()
