"""What consent brings about: given, withdrawn, run out, or stood for by an override that two people decide."""

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.cases import tasks
from casework.cases.guards import as_uuid
from casework.db.refs import new_ref
from casework.workflow import engine
from casework.workflow.engine import Move

from . import consents, people
from .ages import guidance_for
from .models import Consent, SupportReferral

BATCH = 200
ENDED = ("transferred", "voided")


def was_consented(move: Move) -> None:
    """A consent or assent is kept, and what is in force is worked out anew."""
    _add_consent(move, consents.values_of(move.data), as_uuid(move.data.get("given_by_person")))
    _refresh(move)


def _add_consent(move: Move, values: dict[str, Any], giver_id=None) -> Consent:
    support = move.record
    consent = Consent(
        ref=new_ref(move.session, Consent, "B", move.at.date()), agency_id=support.agency_id, support_id=support.id,
        created_by_id=move.identity.user_id, case_id=support.case_id, child_id=support.child_id,
        given_by_person_id=giver_id, **values,
    )
    move.session.add(consent)
    move.session.flush()
    return consent


def _refresh(move: Move, at: dt.datetime | None = None) -> set[str]:
    """What is in force now, and who sees the child because of it; gives the purposes that were lost."""
    before, after = consents.refresh(move.session, move.record, at or move.at)
    if consents.PROVIDER in before - after:
        people.close_to_provider(move.session, move.identity, move.record)
    elif consents.PROVIDER in after - before:
        people.open_to_provider(move.session, move.identity, move.record)
    return before - after


def was_withdrawn(move: Move) -> None:
    """Sharing stops with this transaction, and who was told is asked to stop and delete."""
    scope = set(move.data["withdrawn_scope"])
    for consent in consents.all_of(move.session, move.record):
        if taken := scope & set(consent.purposes):
            consent.withdrawn_scope = sorted({*(consent.withdrawn_scope or ()), *taken})
            consent.withdrawn_at = move.at
    lost = _refresh(move)
    _tell_recipients(move, (scope - {consents.PROVIDER}) | (lost & {consents.PROVIDER}), "consent_withdrawn")


def _tell_recipients(move: Move, lost: set[str], title: str) -> None:
    """Who was told something because of consent to `lost` is asked to stop and delete, by a task `title`."""
    case = people.case_of(move.session, move.record)
    if lost & {consents.SUPPORT, consents.PROVIDER}:
        _tell_provider(move, title)
    if consents.POLICE in lost and case is not None:
        tasks.add_free(
            move.session, None, case, title, move.at, case.lead_officer_id, kind="procedural",
            queue=(case.lead_agency_id, "INV"),
        )
    if consents.PROSECUTOR in lost and case is not None and case.prosecution_agency_id is not None:
        tasks.add_free(
            move.session, None, case, title, move.at, kind="procedural", queue=(case.prosecution_agency_id, "PRO"),
        )


def _tell_provider(move: Move, title: str) -> None:
    sending = people.last_sending(move.session, move.record)
    if sending is not None and sending.state in ("sent", "accepted"):
        tasks.add_free(
            move.session, None, sending, title, move.at, sending.worker_id, kind="procedural",
            queue=(sending.provider_agency_id, "PRV"),
        )


# ---- run out

def close_what_ran_out(db: Session, at: dt.datetime) -> None:
    """Periodic work: from the day after a consent's last one, nothing that rested on it goes on."""
    query = (
        select(SupportReferral)
        .where(
            SupportReferral.state.not_in(ENDED),
            select(Consent.id).where(Consent.support_id == SupportReferral.id, *_unnoticed(at)).exists(),
        )
        .order_by(SupportReferral.id).limit(BATCH)
    )
    with unscoped(db, "consent runs out whoever looks"):
        found = db.scalars(query).all()
    for support in found:
        engine.apply(db, None, support, "consent_ran_out", {"at": at})


def _unnoticed(at: dt.datetime) -> tuple:
    """Consents that have run out and whose end nobody has acted on."""
    return Consent.valid_to < consents.day_of(at), Consent.ended_at.is_(None), Consent.voided_at.is_(None)


def ran_out(move: Move) -> None:
    """The same as at a withdrawal, for what no other consent stands for; the worker may ask the child again."""
    db, support, at = move.session, move.record, move.data["at"]
    found, guidance = consents.all_of(db, support), guidance_for(consents.child_of(db, support))
    day = consents.day_of(at)
    ended = [c for c in found if c.valid_to is not None and c.valid_to < day and c.ended_at is None]
    # What was over when it was written down never let anybody see anything.
    counted = [c for c in found if c.valid_to is None or consents.day_of(c.created_at) <= c.valid_to]
    before = consents.in_force(counted, guidance, min(c.valid_to for c in ended))
    for consent in ended:
        consent.ended_at = at
    _refresh(move, at)
    lost = before - consents.in_force(found, guidance, day)
    _tell_recipients(move, lost, "consent_ran_out")
    if lost:
        tasks.add_free(
            db, None, support, "ask_consent_again", at, support.worker_id, kind="procedural",
            queue=(support.agency_id, "SW"),
        )


# ---- override

def override_asked(move: Move) -> None:
    """Counts for nothing until the supervisor has approved it."""
    _add_consent(move, {
        "kind": consents.OVERRIDE, "purposes": list(consents.OVERRIDDEN), "form": "written", "given_at": move.at,
        "override_reason": move.data["override_reason"], "override_text": move.data["reason"],
    })


def override_approved(move: Move) -> None:
    consents.waiting_override(move.session, move.record).approved_by_id = move.identity.user_id
    move.session.flush()
    _refresh(move)


def override_refused(move: Move) -> None:
    consents.waiting_override(move.session, move.record).voided_at = move.at
