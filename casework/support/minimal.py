"""What a provider is sent of a child: pseudonym, age band, sex, district, needs. Nothing else, ever (DOMAIN 9.7)."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.people.ages import ages_at, band_of
from casework.people.models import Address, Person
from casework.web.i18n import ZONE

from .models import SupportReferral

FIELDS = ("pseudonym", "age_band", "sex", "district", "needs", "urgency")


def minimal_view(
    db: Session, support: SupportReferral, services: Sequence[dict[str, str]], at: dt.datetime
) -> dict[str, Any]:
    """The six fields as plain JSON, the age as at `at`. The same function makes the preview and what is sealed."""
    with unscoped(db, "computes the few facts that go out; the name is never read"):
        child = db.get_one(Person, support.child_id)
        band = band_of(ages_at(child.dob, child.dob_precision or "unknown", at.astimezone(ZONE).date()), "primero")
        district = _district(db, support)
    return {
        "pseudonym": child.pseudonym, "age_band": band.text if band else None, "sex": child.sex, "district": district,
        "needs": [{"type": one["type"], "subtype": one["subtype"]} for one in services],
        "urgency": support.level_of_risk or support.urgency,
    }


def _district(db: Session, support: SupportReferral) -> str | None:
    """Where the child stays, to the district; else where the case is; else its province."""
    query = select(Address).where(
        Address.person_id == support.child_id, Address.voided_at.is_(None), Address.district.is_not(None),
        Address.kind.in_(("staying", "home")),
    )
    place = db.scalars(query.order_by(Address.id.desc()).limit(1)).one_or_none()
    if place is not None:
        return place.district
    case = db.get(Case, support.case_id) if support.case_id else None
    return (case.district or case.province) if case is not None else None
