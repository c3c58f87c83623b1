"""What people may choose in forms of support: workers, providers."""

from sqlalchemy import func, select

from casework.accounts.models import Agency
from casework.authz.scope import unscoped
from casework.cases.options import case_in_hand, people_at, with_load
from casework.web.i18n import _
from casework.web.render import translate

from .guards import SUPPORTS
from .models import SupportReferral

HELPED = ("accepted", "planned", "in_service", "follow_up", "closure_requested", "suspended")


def workers(request) -> list[tuple[str, str]]:
    """Social workers of the own agency with their load."""
    return with_load(request, people_at(request, request.identity.agency_id, ("SW",)), lambda m: m.user_id)


def provider_workers(request) -> list[tuple[str, str]]:
    """Who works at the own provider agency, with their load."""
    return with_load(request, people_at(request, request.identity.agency_id, ("PRV",)), lambda m: m.user_id)


def providers(request) -> list[tuple[str, str]]:
    """Active providers whose quality was checked, those of the province first, with the children they have."""
    query = select(Agency).where(Agency.active.is_(True), Agency.quality_checked_at.is_not(None)).order_by(Agency.code)
    found = [a for a in request.db.scalars(query) if not SUPPORTS.isdisjoint(a.type.split())]
    case = case_in_hand(request)
    here = case.province if case is not None else None
    found.sort(key=lambda agency: (agency.jurisdiction != here, agency.jurisdiction != "national"))
    with unscoped(request.db, "numbers of children, for who looks for a free place"):
        loads = dict(request.db.execute(
            select(SupportReferral.provider_agency_id, func.count(SupportReferral.id))
            .where(SupportReferral.state.in_(HELPED)).group_by(SupportReferral.provider_agency_id)
        ).all())
    words = {a.id: translate(request, _("${count} children now"), count=loads.get(a.id, 0)) for a in found}
    return [(str(a.id), f"{a.name(request.locale_name)} ({words[a.id]})") for a in found]


def includeme(config) -> None:
    config.add_options("users:support_worker", workers)
    config.add_options("users:provider_worker", provider_workers)
    config.add_options("agencies:support_provider", providers)
