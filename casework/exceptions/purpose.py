"""What a record outside the ordinary line of work is opened for: asked once for each record and session, and kept on
the entries of the log.

In the ordinary line are those who are assigned, who wrote it, whose office's it is, and who gave a reason already by
emergency access. A hit of the search that somebody sees by any other rule asks for a purpose.
"""

from typing import Any

from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from sqlalchemy import select

from casework.audit.capture import describe
from casework.authz.access import access_to_one
from casework.records.forms import run_form
from casework.records.history_pages import seen_by
from casework.records.registry import fetch, path_to
from casework.web.i18n import _
from schemas import exceptions as asks

from .models import StatedPurpose

ORDINARY = frozenset({"a", "u", "g", "x"})


def outside(rule: str | None) -> bool:
    """Whether a rule of the matrix lets somebody see what is not theirs to work on."""
    parts = (rule or "").split()
    conditions = set(parts[3].split(",")) if len(parts) > 3 else set()
    return not ORDINARY & conditions


def needed(request, record: Any) -> bool:
    """Whether opening this hit of a search asks for a purpose first."""
    if record.agency_id == request.identity.agency_id or not outside(seen_by(request, record)):
        return False
    return not stated(request, record, seen_by(request, record))


def stated(request, record: Any, rule: str | None) -> dict[str, str]:
    """What this session has said the record is for, for the entry that it is read; asked for outside the line only."""
    if not outside(rule):
        return {}
    identity = request.identity
    query = select(StatedPurpose.purpose, StatedPurpose.explanation).where(
        StatedPurpose.record_id == record.id, StatedPurpose.user_id == identity.user_id,
        StatedPurpose.session_id == identity.session_id)
    found = request.db.execute(query.order_by(StatedPurpose.id.desc()).limit(1)).first()
    return {} if found is None else {"purpose": found.purpose, "explanation": found.explanation}


def ask(request):
    """The form, and on to the record. What may not be seen is not there, as everywhere."""
    record = fetch(request, request.matchdict["ref"])
    path = None if record is None else path_to(request, record)
    if path is None:
        raise HTTPNotFound()

    if not needed(request, record):
        return HTTPSeeOther(path)

    def save(data: dict) -> str:
        made = StatedPurpose(
            user_id=request.identity.user_id, session_id=request.identity.session_id,
            record_type=record.__tablename__, record_id=record.id, chain_id=record.audit_chain(),
            case_id=record.id if record.__tablename__ == "case" else getattr(record, "case_id", None),
            purpose=data["purpose"], explanation=data["explanation"],
        )
        request.db.add(made)
        access = access_to_one(request.db, request.identity, record)
        describe(request.db, made, verb="state_purpose", ref=record.ref, rule=access.rule("M"))
        return path

    return run_form(
        request, asks.Purpose(), title=_("What do you open ${ref} for?", mapping={"ref": record.ref}), save=save,
        button=_("Open"), lead=_("This record belongs to another office, and you are not assigned to it."),
    )
