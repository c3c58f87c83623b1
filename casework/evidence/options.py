"""What people may choose in forms about evidence: items of the case, receivers, witnesses."""

from sqlalchemy import select

from casework.accounts.models import Agency, Membership, User
from casework.cases.models import Case
from casework.db.base import now
from casework.web.i18n import ZONE
from casework.web.render import code_label

from .guards import FROM_STATE
from .models import EvidenceItem

LOT = 200
RECEIVING = ("CUS", "FOR")
WITNESSING = ("INV", "PSU", "FOR", "CUS")


def case_of_page(request) -> Case | None:
    """The case a page is about, be it the list of its items or one of them."""
    return next((record for _type, record in request.context.chain if isinstance(record, Case)), None)


def title_of(item) -> str:
    """Number and first words of an item, for a choice among several."""
    words = item.description or ""
    return f"{item.number}: {words if len(words) <= 60 else words[:60].rsplit(' ', 1)[0] + ' …'}"


def _items(request, *conditions, most: int | None = None) -> list[tuple[str, str]]:
    case = case_of_page(request)
    query = select(EvidenceItem).where(EvidenceItem.case_id == case.id, EvidenceItem.voided_at.is_(None), *conditions)
    return [(str(i.id), title_of(i)) for i in request.db.scalars(query.order_by(EvidenceItem.number).limit(most))]


def parents(request) -> list[tuple[str, str]]:
    """Items of the case that another may have been made from or found in."""
    return _items(request)


def held(request) -> list[tuple[str, str]]:
    """What I have of this case and could hand over now: the first `LOT`, since a page has its length."""
    return _items(request, EvidenceItem.holder_id == request.identity.user_id,
                  EvidenceItem.state.in_(tuple(FROM_STATE)), most=LOT)


def staff(request, roles: tuple[str, ...], *conditions) -> list[tuple[Membership, User, Agency]]:
    """Who works in one of these roles today, but for oneself."""
    today = now().astimezone(ZONE).date()
    query = (
        select(Membership, User, Agency)
        .join(User, User.id == Membership.user_id).join(Agency, Agency.id == Membership.agency_id)
        .where(Membership.role.in_(roles), Membership.ended_at.is_(None), User.active.is_(True),
               User.id != request.identity.user_id, *conditions)
        .order_by(User.name)
    )
    return [(m, u, a) for m, u, a in request.db.execute(query) if m.in_force(today)]


def _label(request, membership: Membership, user: User, agency: Agency) -> str:
    locale = request.locale_name
    return f"{user.display_name(locale)} – {code_label(request, 'roles', membership.role)}, {agency.name(locale)}"


def receivers(request) -> list[tuple[str, str]]:
    """Custodians and examiners, those of the own agency first; by membership."""
    found = staff(request, RECEIVING)
    found.sort(key=lambda one: one[0].agency_id != request.identity.agency_id)
    return [(str(one[0].id), _label(request, *one)) for one in found]


def witnesses(request) -> list[tuple[str, str]]:
    """Colleagues of the own agency who may witness what is done with an item."""
    found = staff(request, WITNESSING, Membership.agency_id == request.identity.agency_id)
    return [(str(one[1].id), _label(request, *one)) for one in found]


def includeme(config) -> None:
    config.add_options("items:parent", parents)
    config.add_options("items:held", held)
    config.add_options("users:receiver", receivers)
    config.add_options("users:witness", witnesses)
