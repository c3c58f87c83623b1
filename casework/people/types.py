"""The record types of people, their places and their identifiers."""

from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from sqlalchemy import select

from casework.authz.access import access_to_one, shown
from casework.crypto.sealed import erased
from casework.records.registry import RecordType, may_see_any
from casework.records.show import gone_words, summary
from casework.web.i18n import _, format_date
from casework.web.render import code_label, translate
from schemas import person as asks

from . import ages, identifiers, service
from .models import Address, Identifier, Person

# Presumed innocent: what a suspect is called follows the state of the matter (DOMAIN 9.12).
STANDING = {"charged": _("Accused"), "convicted": _("Convicted"), "cleared": _("Cleared")}
AGE_BANDS = {"inhope": _("Age band (hotlines)"), "law": _("Age band (law)"), "primero": _("Age band (social services)")}

_VICTIM = (
    "identification_status", "identified_at", "identification_routes", "icse_ref", "series_known", "guardian_id",
    "caregiver_is_suspect", "lawyer", "civil_party", "wishes", "special_measures", "interview_count",
)
_SUSPECT = (
    "suspect_status", "relation_to_victim", "position_of_trust", "lives_with_child", "is_caregiver",
    "minor_at_offence", "whereabouts",
)
_OTHER = ("relation_to_victim", "lives_with_child", "is_caregiver", "contact")
PARTS = {
    "victim": (_("The child"), _VICTIM), "suspect": (_("The suspicion"), _SUSPECT),
    "reporter": (_("The report"), ("contact", "protection_needed", "may_be_named")),
    "witness": (_("In this case"), _OTHER), "caregiver": (_("In this case"), _OTHER),
    "other": (_("In this case"), _OTHER),
}
IDENTITY = ("aliases", "sex", "nationality", "languages", "communication_need")
AGE = ("dob", "dob_precision", "age_basis", "age_statement")


class AnyPerson(asks.Victim, asks.Suspect, asks.Reporter, asks.Witness):
    """The fields of every role together: what to call them, and which codes they hold. No form asks them all."""


# ---- persons

def role_words(request, row: Any) -> str:
    """What a person is called in the case."""
    standing = STANDING.get(row.suspect_status) if row.role == "suspect" else None
    return translate(request, standing) if standing else code_label(request, "person_role", row.role)


def status_words(request, row: Any) -> str:
    """Where a child or suspect stands; nothing for others."""
    if row.role == "victim":
        return code_label(request, "identification_status", row.identification_status)
    return code_label(request, "suspect_status", row.suspect_status) if row.role == "suspect" else ""


def case_of_page(request) -> Any:
    """The case that a page hangs under."""
    return request.context.chain[0][1]


def person_schema(request, person: Person) -> Any:
    return service.SCHEMAS[person.role]()


def person_values(person: Person) -> dict[str, Any]:
    """What the edit form is filled with."""
    values = {name: getattr(person, name) for name in service.fields_of(person.role) if hasattr(Person, name)}
    return {**values, "guardian": str(person.guardian_id) if person.guardian_id else None}


def edit_person(request, person: Person, data: dict) -> None:
    service.edit_person(request.db, request.identity, person, data, case_of_page(request))


def _row(request, key: Any, value: Any) -> dict:
    return {"key": translate(request, key), "value": value}


def _names(request, record: Any) -> list[dict]:
    """Both spellings of the name, and papers, for those who may read them."""
    if not record.may("R"):
        return []
    gone = erased(record._record)
    if gone is not None:
        return [_row(request, _("Name"), gone_words(request, gone))]
    papers = ", ".join(
        f"{code_label(request, 'id_document_types', one['type'])}: {one['number']}" for one in record.id_documents or ()
    )
    khmer = " ".join(filter(None, (record.family_km, record.given_km)))
    latin = " ".join(filter(None, (record.family_latin, record.given_latin)))
    return [_row(request, _("Name in Khmer"), khmer), _row(request, _("Name in Latin letters"), latin),
            _row(request, _("Identity papers"), papers)]


def _ages(request, record: Any) -> list[dict]:
    """Ages and bands, computed; only for who may read the date of birth, and only where there is one."""
    if not record.shows("dob") or not record.dob:
        return []
    today = ages.ages_at(record.dob, record.dob_precision, service.today())
    day = service.offence_day(case_of_page(request))
    then = ages.ages_at(record.dob, record.dob_precision, day)
    rows = [_row(request, _("Age today"), today.text if today else "")]
    if day is None:
        unknown = translate(request, _("No day of the offence is written."))
        return [*rows, _row(request, _("Age at the offence"), unknown)]
    when = translate(request, _("Age on ${day}, first day of the offence"), day=format_date(day, request.locale_name))
    open_band = translate(request, _("Not certain"))
    rows.append({"key": when, "value": then.text if then else ""})
    for name, title in AGE_BANDS.items():
        band = ages.band_of(then, name)
        rows.append(_row(request, title, band.text if band else open_band))
    return rows


def person_page(request, person: Person) -> dict:
    """The groups of a person's page, places and identifiers, each as far as this person may see it."""
    db, identity, types = request.db, request.identity, request.registry["record_types"]
    record, rt = shown(db, identity, person), types["person"]
    title, columns = PARTS[person.role]
    reads = record.may("R")
    groups = [
        (_("Identity"), [*_names(request, record), *summary(request, rt, record, IDENTITY)]),
        (title, summary(request, rt, record, columns)),
        (_("Age"), [*summary(request, rt, record, AGE), *_ages(request, record)] if reads else []),
    ]
    places = []
    for address in service.addresses_of(db, identity, person):
        rows = summary(request, types["address"], shown(db, identity, address))
        places.append({"ref": address.ref, "href": f"{request.path}/addresses/{address.ref}", "rows": rows})
    return {
        "summary": [], "groups": [(name, rows) for name, rows in groups if rows], "places": places,
        "may_place": person.voided_at is None and service.may_add_address(db, identity, person),
        "closed_place": person.role == "victim" and identity.role not in ("SW", "SWS", "PRV"),
        "role_words": role_words(request, record), "status_words": status_words(request, record),
        "traces": _traces(request, person) if reads else [],
        "notes": may_see_any(request, types["note"]) if "note" in types else False,
    }


def _traces(request, person: Person) -> list[Identifier]:
    """The identifiers that belong to a person and that this person may read."""
    query = select(Identifier).where(Identifier.belongs_to_id == person.id, Identifier.voided_at.is_(None))
    return [one for one in request.db.scalars(query.order_by(Identifier.id))
            if "R" in access_to_one(request.db, request.identity, one)]


PERSON = RecordType(
    name="person", model=Person, path="people", prefix="P", row="victim.identity", parent="case", title=_("Person"),
    plural=_("People"), columns=("ref", "pseudonym", "role", "sex", "status"), filters=(("role", "person_role"),),
    schema=AnyPerson, edit_schema=person_schema, values=person_values, edit=edit_person, search=("pseudonym",),
    template="casework:people/templates/person.jinja2", extra=person_page, list_view=False, tab=_("People"), weight=10,
    labels={
        "pseudonym": _("Pseudonym"), "status": _("State"), "role": _("Role"), "interview_count": _("Interviews so far"),
        "minor_at_offence": _("Under 18 at the offence"), "guardian_id": _("Guardian"),
        "same_as_id": _("The same person as"), "referral_id": _("Referral"),
    },
    codes={"role": "person_role"},
    render={
        "role": lambda request, row, names: role_words(request, row),
        "status": lambda request, row, names: status_words(request, row),
    },
    empty=_("There are no people here for you."),
)


# ---- places

def address_schema(request, address: Address | None) -> asks.Address:
    """The form of a new place, for who may write places of this person."""
    if address is None and not service.may_add_address(request.db, request.identity, request.context.parent):
        raise HTTPForbidden("may not write a place of this person")
    return asks.Address()


def add_address(request, person: Person, data: dict) -> Address:
    return service.add_address(request.db, request.identity, person, data)


ADDRESS = RecordType(
    name="address", model=Address, path="addresses", prefix="A", row="victim.place", parent="person", link="person_id",
    title=_("Place"), plural=_("Places"), columns=("ref", "kind", "province", "district", "safe", "valid_to"),
    schema=address_schema, edit_schema=asks.Address, create=add_address,
    labels={"person_id": _("Person"), "person_role": _("Role")}, codes={"person_role": "person_role"},
    empty=_("There are no places here for you."),
)


# ---- identifiers

def new_identifier(request, record: Any) -> asks.Identifier:
    """Whether a new one is compared follows from its side; who wants it otherwise changes it afterwards."""
    schema = asks.Identifier()
    del schema["match_allowed"]
    return schema


def create_identifier(request, case: Any, data: dict) -> Identifier:
    return identifiers.add_identifier(
        request.db, request.identity, case, data, provider_rules=request.registry["provider_rules"]
    )


def edit_identifier(request, identifier: Identifier, data: dict) -> None:
    identifiers.edit_identifier(
        request.db, request.identity, identifier, case_of_page(request), data,
        provider_rules=request.registry["provider_rules"],
    )


def identifier_values(identifier: Identifier) -> dict[str, Any]:
    """What the edit form is filled with. The platform is part of the value by now."""
    names = {node.name for node in asks.Identifier().children if hasattr(Identifier, node.name)}
    values = {name: getattr(identifier, name) for name in names}
    belongs = identifier.belongs_to_id
    return {
        **values, "belongs_to": str(belongs) if belongs else None,
        "source": f"{identifier.source_type}:{identifier.source_id}" if identifier.source_id else None,
    }


def identifier_page(request, identifier: Identifier) -> dict:
    """The value defanged, with a button to copy it so."""
    rt = request.registry["record_types"]["identifier"]
    record = shown(request.db, request.identity, identifier)
    return {
        "value": identifiers.shown_value(identifier.type, record.value),
        "defanged": identifier.type in identifiers.DEFANGED,
        "summary": summary(request, rt, record, rt.fields), "source": source_words(request, record),
    }


def source_words(request, record: Any) -> str:
    """The record that an identifier comes from, by its reference, when this person may see it."""
    rt = request.registry["record_types"].get(record.source_type) if record.source_type else None
    found = request.db.scalars(select(rt.model).where(rt.model.id == record.source_id)).one_or_none() if rt else None
    return "" if found is None else f"{translate(request, rt.title)} {found.ref}"


def sources(request) -> list[tuple[str, str]]:
    """Where an identifier may come from: the case itself, its referrals, its exhibits, as this person sees them."""
    types, case = request.registry["record_types"], case_of_page(request)
    found = [(f"case:{case.id}", f"{translate(request, types['case'].title)} {case.ref}")]
    for name in ("referral", "evidence_item"):
        rt = types.get(name)
        if rt is not None and may_see_any(request, rt):
            query = select(rt.model.id, rt.model.ref).where(rt.model.case_id == case.id, rt.model.voided_at.is_(None))
            found += [(f"{name}:{key}", f"{translate(request, rt.title)} {ref}")
                      for key, ref in request.db.execute(query.order_by(rt.model.id))]
    return found


IDENTIFIER = RecordType(
    name="identifier", model=Identifier, path="identifiers", prefix="I", row="identifier", parent="case",
    title=_("Identifier"), plural=_("Identifiers"),
    columns=("ref", "type", "mask", "side", "reliability", "provider", "preserved_until"),
    filters=(("type", "identifier_types"), ("side", "identifier_side"), ("reliability", "reliability")),
    schema=new_identifier, edit_schema=asks.Identifier, create=create_identifier, edit=edit_identifier,
    values=identifier_values, template="casework:people/templates/identifier.jinja2", extra=identifier_page,
    list_view=False, tab=_("Identifiers"), weight=20, hidden=("canonical", "subject_id"),
    fields=("type", "mask", "side", "belongs_to_id", "provider", "reliability", "observed_from", "observed_to", "port",
            "match_allowed", "preserved_until"),
    labels={
        "mask": _("Mask"), "preserved_until": _("Preserved until"), "belongs_to_id": _("Belongs to"),
        "source_type": _("Kind of source"), "source_id": _("Source"), "referral_id": _("Referral"),
    },
    empty=_("There are no identifiers here for you."),
)
