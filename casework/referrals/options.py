"""What people may choose in forms of referrals."""

from sqlalchemy import select

from casework.accounts.models import Agency

TAKES_REFERRALS = frozenset({"police", "social_gov", "social_ngo"})


def recipients(request) -> list[tuple[str, str]]:
    """Agencies a referral can be forwarded to: police and social services, never the own."""
    query = select(Agency).where(Agency.active.is_(True), Agency.id != request.identity.agency_id)
    found = [
        agency for agency in request.db.scalars(query.order_by(Agency.code))
        if not TAKES_REFERRALS.isdisjoint(agency.type.split())
    ]
    return [(str(agency.id), agency.name(request.locale_name)) for agency in found]


def includeme(config) -> None:
    config.add_options("agencies:forward", recipients)
