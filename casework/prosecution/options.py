"""What people may choose in forms of the prosecution: prosecutors of the office, charges of the matter."""

from sqlalchemy import select

from casework.accounts.models import Membership, User
from casework.cases.options import people_at, with_load
from casework.people.models import Person

from .models import Charge, Prosecution


def matter_of_page(request) -> Prosecution | None:
    """The matter that a page is about."""
    return next((record for _type, record in request.context.chain if isinstance(record, Prosecution)), None)


def prosecutors(request) -> list[tuple[str, str]]:
    """Prosecutors of the office, with the load of each."""
    found: list[tuple[Membership, User]] = people_at(request, matter_of_page(request).agency_id, ("PRO",))
    return with_load(request, found, lambda membership: membership.user_id)


def offence_words(request, code: str | None) -> str:
    """Article and title of an offence."""
    row = next((o for o in request.registry["offences"] if o.code == code), None)
    return f"{row.article}: {row.title(request.locale_name)}" if row else code or ""


def charges(request) -> list[tuple[str, str]]:
    """The charges of the matter that a judgment has to decide, with the pseudonym of each person."""
    query = (
        select(Charge.id, Charge.offence_code, Person.pseudonym).join(Person, Person.id == Charge.person_id)
        .where(Charge.prosecution_id == matter_of_page(request).id,
               Charge.status.in_(("charged", "convicted", "acquitted")), Charge.voided_at.is_(None))
        .order_by(Charge.id)
    )
    return [(str(key), f"{who}: {offence_words(request, code)}") for key, code, who in request.db.execute(query)]


def includeme(config) -> None:
    config.add_options("users:prosecutor", prosecutors)
    config.add_options("charges", charges)
