"""The public face of victim support: asking for it. Plain values, never a request."""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts import leaving
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import handover
from casework.cases import service as cases
from casework.cases.guards import as_uuid
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow import engine

from . import people
from .models import SupportReferral
from .workflow import FLOW  # noqa: F401  the flow is there as soon as somebody asks


def create_request(
    db: Session,
    identity: Identity | None,
    *,
    agency_id: uuid.UUID,
    child_id: uuid.UUID,
    urgency: str,
    safe_contact: str,
    reason_code: str | None = None,
    reason: str | None = None,
    case_id: uuid.UUID | None = None,
    referral_id: uuid.UUID | None = None,
) -> SupportReferral:
    """A request to the social services agency `agency_id` to support a child. Raises NotAllowed, Refused.

    A social worker who asks has the child at once; other requests wait for who takes them.
    """
    support = SupportReferral(
        ref=new_ref(db, SupportReferral, "S", now().date()), agency_id=agency_id,
        created_by_id=identity.user_id if identity else None, case_id=case_id, referral_id=referral_id,
        child_id=child_id, urgency=urgency, safe_contact=safe_contact, reason_code=reason_code, reason=reason,
        requested_by_id=identity.agency_id if identity else agency_id,
    )
    return engine.create(db, identity, support, "create")


def on_referral_accepted(event: engine.Transitioned) -> None:
    """Subscriber: the request for support that an accepted referral asks for."""
    move, wish = event.move, event.move.data.get("support")
    if move.record.__tablename__ != "referral" or event.change.event != "accept" or not wish:
        return
    if _exists(move.session, wish["child_id"]):
        return
    create_request(
        move.session, move.identity, agency_id=as_uuid(wish["agency_id"]), child_id=wish["child_id"],
        case_id=wish.get("case_id"), referral_id=move.record.id, urgency=wish["urgency"],
        safe_contact=wish.get("safe_contact"), reason_code=wish.get("reason_code"), reason=wish.get("reason"),
    )


def _exists(db: Session, child_id: Any) -> bool:
    """Whether support for the child was asked for before: accepting the referral does not hang on it."""
    query = select(SupportReferral.id).where(
        SupportReferral.child_id == child_id, SupportReferral.state.not_in(people.OVER)
    )
    with unscoped(db, "a child has one support referral at a time"):
        return db.execute(query.limit(1)).first() is not None


engine.subscribe(on_referral_accepted)
cases.when_recused(people.take_back)


def register_held() -> None:
    """Say which children somebody who leaves supports, at the social agency or at a provider."""
    leaving.provide(leaving.Held(
        "support", _("Children supported"), SupportReferral,
        lambda user_id: ((SupportReferral.worker_id == user_id) | (SupportReferral.provider_worker_id == user_id))
        & SupportReferral.state.not_in(people.OVER),
        tell=lambda db, support: handover.hand_over(db, support, (support.agency_id, "SWS")),
    ))
