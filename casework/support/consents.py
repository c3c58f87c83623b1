"""What consent is in force for a child, purpose by purpose, and what follows from it at once (DOMAIN 5.2.19, 9.6)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.people.models import Person
from casework.web.i18n import ZONE

from .ages import Guidance, guidance_for
from .models import Consent, SupportReferral

SUPPORT, PROVIDER, POLICE, PROSECUTOR = "support", "share_provider", "share_police", "share_prosecutor"
WRITTEN = ("written", "thumbprint")
CHILD, ASSENT, CAREGIVER, OVERRIDE = "consent", "assent", "caregiver_consent", "override"
# What an approved best-interests decision stands for: help, and who gives it. Never police or court.
OVERRIDDEN = (SUPPORT, PROVIDER)

# What a form proposes at first; the child decides on each.
PROPOSED = (SUPPORT, PROVIDER, "statistics")


def child_of(db: Session, support: SupportReferral) -> Person:
    """The child of a support referral, whoever asks: for guards and effects, which show nothing."""
    with unscoped(db, "an effect works on the child of its own record"):
        return db.get_one(Person, support.child_id)


def all_of(db: Session, support: SupportReferral) -> list[Consent]:
    """Every consent of a support referral, oldest first."""
    with unscoped(db, "what is in force rests on every consent"):
        query = select(Consent).where(Consent.support_id == support.id, Consent.voided_at.is_(None))
        return list(db.scalars(query.order_by(Consent.id)))


def purposes_of(consent: Consent, day: dt.date) -> set[str]:
    """What one consent is good for on a day: what it names, less what was withdrawn; nothing once it has ended."""
    if consent.valid_to is not None and consent.valid_to < day:
        return set()
    if consent.kind == OVERRIDE and consent.approved_by_id is None:
        return set()
    return set(consent.purposes) - set(consent.withdrawn_scope or ())


def in_force(consents: Iterable[Consent], guidance: Guidance, day: dt.date) -> set[str]:
    """The purposes that everybody whom the child's age asks for has agreed to, or that an approved override covers."""
    given: dict[str, set[str]] = {}
    for consent in consents:
        if consent.kind != ASSENT or not guidance.written or consent.form in WRITTEN:
            given.setdefault(consent.kind, set()).update(purposes_of(consent, day))
    # A child who consents has, with that, also assented.
    given[ASSENT] = given.get(ASSENT, set()) | given.get(CHILD, set())
    agreed = set.intersection(*(given.get(kind, set()) for kind in guidance.kinds))
    return agreed | given.get(OVERRIDE, set())


def still_missing(db: Session, support: SupportReferral, at: dt.datetime) -> list[str]:
    """The kinds of consent to support that nobody has given yet; none where an override stands for them."""
    if support.consent_support:
        return []
    found, guidance, day = all_of(db, support), guidance_for(child_of(db, support)), day_of(at)
    return [kind for kind in guidance.kinds if SUPPORT not in in_force(found, replace(guidance, kinds=(kind,)), day)]


def day_of(at: dt.datetime) -> dt.date:
    """The day of a moment in Phnom Penh."""
    return at.astimezone(ZONE).date()


def refresh(db: Session, support: SupportReferral, at: dt.datetime) -> tuple[set[str], set[str]]:
    """Work out anew what is in force and put it on the record; gives the purposes before and after."""
    columns = {SUPPORT: "consent_support", PROVIDER: "consent_provider", POLICE: "consent_police"}
    before = {purpose for purpose, column in columns.items() if getattr(support, column)}
    after = in_force(all_of(db, support), guidance_for(child_of(db, support)), day_of(at))
    for purpose, column in columns.items():
        setattr(support, column, purpose in after)
    return before, after


def waiting_override(db: Session, support: SupportReferral) -> Consent | None:
    """The best-interests override that nobody has decided."""
    return next((c for c in all_of(db, support) if c.kind == OVERRIDE and c.approved_by_id is None), None)


def values_of(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a consent from a form's values."""
    names = ("kind", "purposes", "informed_how", "language", "form", "given_by", "relation", "given_at", "valid_to")
    found = {name: data.get(name) for name in names}
    if data.get("withheld"):
        found["withheld"] = {name: data[name] for name in ("withheld", "withheld_from", "withheld_reason")}
    return found
