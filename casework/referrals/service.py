"""Reports as they come in, and what happens to them by themselves. Plain values, never a request."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts.models import Agency
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import service as cases
from casework.cases import tasks
from casework.cases.models import Case, Task
from casework.db.base import now
from casework.db.refs import new_ref
from casework.people import service as people
from casework.workflow import engine
from schemas.urls import defang

from . import codeword, effects, persons
from .guards import LOCK
from .models import Referral
from .workflow import FLOW  # noqa: F401  the flow is there as soon as somebody receives a report

FACTS = (
    "immediate_danger", "conduct", "narrative", "platform", "occurred_from", "occurred_to", "province", "district",
    "child_known", "child_count", "external_ref", "external_kind", "feedback_wanted",
)
NAMES = ("family_km", "given_km", "family_latin", "given_latin")


def receive(
    db: Session,
    identity: Identity | None,
    agency_id: uuid.UUID,
    data: Mapping[str, Any],
    *,
    source: str,
    channel: str,
    code_word: str | None = None,
) -> Referral:
    """A report that came in, with the addresses it names and, apart from the facts, who reported.

    `identity` None is the public form. `data` holds values of `schemas.referral`: facts, `urls`, `received_at`,
    the reporter's names, `safe_contact`. `code_word` is what the reporter comes back with. Raises Refused.
    """
    referral = Referral(
        ref=new_ref(db, Referral, "R", now().date()), agency_id=agency_id, source=source, channel=channel,
        created_by_id=identity.user_id if identity else None, received_at=data.get("received_at") or now(),
        urls=[defang(url) for url in data.get("urls") or ()] or None,
        **{name: data[name] for name in FACTS if data.get(name) is not None},
    )
    if code_word is not None:
        referral.code_word = codeword.canonical(code_word)
        referral.reporter_code_word = codeword.tokens_of(db.info["keyring"], code_word)[0]
    engine.create(db, identity, referral, "receive")
    db.flush()
    _keep_reporter(db, identity, referral, data)
    persons.add_urls(db, identity, referral, data.get("urls") or ())
    return referral


def _keep_reporter(db: Session, identity: Identity | None, referral: Referral, data: Mapping[str, Any]) -> None:
    names = {name: data[name] for name in NAMES if data.get(name)}
    if not names and not data.get("safe_contact"):
        return
    reporter = people.add_person(db, identity, referral, "reporter", {
        **names, "contact": data.get("safe_contact"), "protection_needed": data.get("protection_needed", True),
        "may_be_named": data.get("may_be_named", False),
    })
    referral.reporter_id = reporter.id
    referral.reporter_anonymous = not names


def public_hotline(db: Session, code: str | None) -> Agency:
    """The agency that receives what the public sends: the one named by the deployment, else the first hotline.

    Raises LookupError when no hotline is active.
    """
    hotlines = [
        agency for agency in db.scalars(select(Agency).where(Agency.active.is_(True)).order_by(Agency.code))
        if "hotline" in agency.type.split()
    ]
    if not hotlines:
        raise LookupError("no agency receives public reports")
    return next((agency for agency in hotlines if agency.code == code), hotlines[0])


def by_code_word(db: Session, typed: str) -> Referral | None:
    """The report of who knows its code word, however it was typed; void ones are gone for the outside."""
    wanted = codeword.tokens_of(db.info["keyring"], typed)
    if not wanted:
        return None
    with unscoped(db, "a reporter without account comes back with the code word"):
        return db.scalars(
            select(Referral).where(Referral.reporter_code_word.in_(wanted), Referral.state != "voided")
        ).one_or_none()


def answer_from_reporter(db: Session, referral: Referral, text: str) -> None:
    """What a returning reporter adds: the answer that was waited for, else a message that changes no state.

    Raises Refused when the text is empty.
    """
    if referral.state == "needs_information":
        engine.apply(db, None, referral, "answered", {"answer": text})
        return
    if not text.strip():
        raise engine.Refused(engine.Problem(engine.REASON_NEEDED, "answer"))
    effects.add_message(referral, "reporter", text, now())
    tasks.add_free(
        db, None, referral, "reporter_wrote", None, kind="procedural", queue=(referral.agency_id, "HOT"),
    )


def save_findings(db: Session, identity: Identity, referral: Referral, data: Mapping[str, Any]) -> None:
    """Triage goes on later: keep what was found so far, and the lock of who found it."""
    if referral.triage_by_id == identity.user_id:
        referral.triage_lock_until = now() + LOCK
    effects.write_triage(db, referral, dict(data))


def duty_officer_called(db: Session, referral: Referral) -> None:
    """The police hotline and the duty officer were called: the alarm of immediate danger ends."""
    if referral.duty_officer_called_at is None:
        referral.duty_officer_called_at = now()
        tasks.happened(db, referral, "duty_officer_called")


def assign(db: Session, identity: Identity, referral: Referral, officer_id: uuid.UUID) -> None:
    """A supervisor gives a referral to an investigator of the own agency, who may then work on it."""
    cases.assign(db, identity, referral, role="INV", agency_id=identity.agency_id, user_id=officer_id)


def return_unacknowledged(db: Session, at: dt.datetime | None = None) -> list[Referral]:
    """Referrals that nobody acknowledged within 24 hours go back to who sent them. For the periodic work."""
    limit = (at or now()) - dt.timedelta(hours=24)
    with unscoped(db, "periodic work"):
        silent = db.scalars(
            select(Referral).where(
                Referral.state == "forwarded", Referral.acknowledged_at.is_(None), Referral.forwarded_at <= limit
            )
        ).all()
    for referral in silent:
        engine.apply(db, None, referral, "send_back")
    return list(silent)


def take_back(db: Session, identity: Identity | None, user_id: uuid.UUID, case: Case) -> None:
    """Whoever was shut out of a case has nothing to do with its reports any more."""
    cases.release(db, user_id, Task.record_id.in_(select(Referral.id).where(Referral.case_id == case.id)))


cases.when_recused(take_back)
