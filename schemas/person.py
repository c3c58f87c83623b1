"""Persons by role, their addresses and identifiers (domain analysis 5.2.2, 5.2.3, 5.1).

Never asked, on purpose: ethnicity, religion, HIV status, sexual history, a photograph of a victim (9.7).
"""

import colander

from .dates import precision
from .fields import (
    BooleanNode,
    CodeNode,
    DateNode,
    DateTimeNode,
    GazetteerNode,
    IntegerNode,
    Items,
    LinesNode,
    OptionNode,
    PartialDateNode,
    Strict,
    TextNode,
    in_khmer,
    in_latin,
)
from .i18n import _
from .identifiers import PLATFORM_TYPES, canonical, compared_unless_said, guess
from .problems import IDENTIFIER_MESSAGES, BadIdentifier
from .rules import at, district_in_province, needed_when, not_before, rules

NO_BIRTH_DATE = _("Without a date of birth this must be “Not known”.")
OTHER_PRECISION = _("This does not fit the date of birth that is written above.")


class Names(Strict):
    """The four parts of a name, family name first, and other names in use."""

    family_km = TextNode(max=80, missing=None, validator=in_khmer, title=_("Family name in Khmer"))
    given_km = TextNode(max=80, missing=None, validator=in_khmer, title=_("Given name in Khmer"))
    family_latin = TextNode(max=80, missing=None, validator=in_latin, title=_("Family name in Latin letters"))
    given_latin = TextNode(max=80, missing=None, validator=in_latin, title=_("Given name in Latin letters"))
    aliases = LinesNode(
        max=80, max_lines=20, missing=None, title=_("Other names"), description=_("One name a line.")
    )


class IdDocument(Strict):
    type = CodeNode("id_document_types", title=_("Kind of paper"))
    number = TextNode(max=60, title=_("Number"), width=20)


class IdDocuments(Items):
    max_len = 10
    item = IdDocument(title=_("Identity paper"))


class Person(Names):
    """What every role shares."""

    sex = CodeNode(
        "sex", title=_("Sex"),
        description=_("Why we ask: services and figures need it. Do not guess from the kind of case."),
    )
    dob = PartialDateNode(
        past=True, missing=None, title=_("Date of birth"),
        description=_("Leave out day or month if nobody knows them. Why we ask: the law depends on age."),
    )
    dob_precision = CodeNode(
        "dob_precision", missing=None, title=_("How sure is the date of birth?"),
        description=_("Only needed when the date is an estimate."),
    )
    age_basis = CodeNode("age_basis", missing=None, title=_("How is the age known?"))
    age_statement = TextNode(
        max=500, multiline=True, missing=None, title=_("Why there is no proof of age"),
    )
    nationality = CodeNode("countries", missing=None, title=_("Nationality"))
    languages = CodeNode(
        "languages", multiple=True, missing=None, title=_("Languages"),
        description=_("Why we ask: so that nobody is heard without an interpreter."),
    )
    communication_need = CodeNode(
        "communication_need", multiple=True, missing=None, title=_("Difficulties that need care"),
        description=_("Why we ask: so that talks and rooms can be prepared."),
    )
    id_documents = IdDocuments(missing=None, title=_("Identity papers"))

    def preparer(self, value):
        """The precision of a date of birth follows from how much of it was written, unless it was said."""
        if value is colander.null:
            return value
        born = value.get("dob")
        if value.get("dob_precision") is None:
            value["dob_precision"] = precision(born) if born else "unknown"
        return value

    def validator(self, node, value):
        rules(_precision_fits, *self.more_rules)(node, value)

    more_rules = ()


def _precision_fits(node, value):
    born, said = value.get("dob"), value.get("dob_precision")
    if not born and said != "unknown":
        raise at(node, "dob_precision", NO_BIRTH_DATE)
    if born and said not in (precision(born), "estimated"):
        raise at(node, "dob_precision", OTHER_PRECISION)


class Victim(Person):
    """A child harmed by what the case is about."""

    identification_status = CodeNode("identification_status", title=_("Identified?"))
    identified_at = DateTimeNode(past=True, missing=None, title=_("Identified on"))
    identification_routes = CodeNode(
        "identification_routes", multiple=True, missing=None, title=_("How the child was identified")
    )
    icse_ref = TextNode(max=60, missing=None, title=_("ICSE reference"), width=20)
    series_known = BooleanNode(title=_("Part of a known series"))
    guardian = OptionNode("persons:guardian", missing=None, title=_("Guardian"))
    caregiver_is_suspect = CodeNode(
        "yes_no_unknown", title=_("Is a caregiver a suspect?"),
        description=_("Why we ask: a suspect must not consent for the child or be told of contacts."),
    )
    lawyer = TextNode(max=160, missing=None, title=_("Lawyer"))
    civil_party = BooleanNode(title=_("Civil party"))
    wishes = TextNode(
        max=2000, multiline=True, missing=None, title=_("What the child wishes"),
        description=_("In the child's own words, without what happened."),
    )
    special_measures = CodeNode(
        "special_measures", multiple=True, missing=None, title=_("Special measures asked for")
    )

    more_rules = (
        needed_when("age_basis", lambda value: bool(value.get("dob"))),
        needed_when("identified_at", lambda value: value.get("identification_status") == "confirmed"),
        needed_when("identification_routes", lambda value: value.get("identification_status") == "confirmed"),
    )


class Suspect(Person):
    """A person thought to have done it. Presumed innocent: the words follow the state of the case."""

    suspect_status = CodeNode("suspect_status", title=_("Status"))
    relation_to_victim = CodeNode("relations", missing=None, title=_("Relation to the child"))
    position_of_trust = BooleanNode(title=_("Position of trust over the child"))
    lives_with_child = BooleanNode(
        title=_("Lives in the child's household"), description=_("Why we ask: the child's safety today.")
    )
    is_caregiver = BooleanNode(title=_("Caregiver of the child"))
    whereabouts = TextNode(max=500, multiline=True, missing=None, title=_("Whereabouts"))


class Reporter(Names):
    """Who reported. Kept sealed from the case."""

    sex = CodeNode("sex", missing="unknown", title=_("Sex"))
    languages = CodeNode("languages", multiple=True, missing=None, title=_("Languages"))
    contact = TextNode(
        max=500, multiline=True, missing=None, title=_("Safe contact"),
        description=_("Safe time, safe channel, and who else reads this telephone."),
    )
    protection_needed = BooleanNode(missing=True, title=_("Needs protection"))
    may_be_named = BooleanNode(title=_("May be named to others"))


class Witness(Person):
    """Somebody who can tell what happened, a caregiver, or another person of the case."""

    role = CodeNode("person_role", exclude=("victim", "suspect", "reporter"), title=_("Role"))
    contact = TextNode(max=500, multiline=True, missing=None, title=_("Safe contact"))


class Address(Strict):
    """Where a person stays, works or learns. A child's place is closed to almost everybody."""

    kind = CodeNode("address_kind", title=_("What place"))
    province = GazetteerNode("province", missing=None, title=_("Province"))
    district = GazetteerNode("district", missing=None, title=_("District"))
    place = TextNode(
        max=300, multiline=True, missing=None, title=_("Place"),
        description=_("Commune, village, house or school. Why we ask: only for contact and safety."),
    )
    carer = TextNode(max=160, missing=None, title=_("Who lives there with the person"))
    safe = BooleanNode(title=_("Safe to write or visit"))
    valid_to = DateNode(missing=None, title=_("Until"))

    def validator(self, node, value):
        rules(
            district_in_province, needed_when("province", lambda v: not v.get("place")),
        )(node, value)


class IdentifierBase(Strict):
    """What one identifier and a pasted list of them share."""

    platform = CodeNode(
        "platforms", missing=None, title=_("Platform"), description=_("For accounts, games and groups.")
    )
    side = CodeNode("identifier_side", title=_("Whose"))
    reliability = CodeNode("reliability", title=_("Reliability of the source"))
    provider = TextNode(max=80, missing=None, title=_("Provider"))
    source = OptionNode("records:source", missing=None, title=_("Where it comes from"))
    belongs_to = OptionNode("persons:any", missing=None, title=_("Belongs to"))
    preserved_until = DateNode(missing=None, title=_("Preserved by the provider until"))


def with_platform(kind: str, value: str, platform: str | None) -> str:
    """The text that `canonical` takes: accounts, games and groups carry their platform in front."""
    return f"{platform}:{value}" if platform and kind in PLATFORM_TYPES else value


def _canonical_or_invalid(node, field: str, kind: str, text: str, line: int | None = None) -> None:
    try:
        canonical(kind, text)
    except BadIdentifier as error:
        message = IDENTIFIER_MESSAGES[error.code]
        if line is not None:
            message = _("Line ${line} cannot be read as the type chosen.", mapping={"line": line})
        raise at(node, field, message) from None


class Identifier(IdentifierBase):
    """One account, number, address or device."""

    type = CodeNode("identifier_types", title=_("Type"), insert_before="platform")
    value = TextNode(
        max=2000, title=_("Value"), insert_before="platform",
        description=_("Copy it exactly. Addresses are shown so that nobody can follow them by accident."),
    )
    observed_from = DateTimeNode(past=True, missing=None, title=_("Seen from"))
    observed_to = DateTimeNode(past=True, missing=None, title=_("Seen until"))
    port = IntegerNode(min=1, max=65535, missing=None, title=_("Port"), description=_("Only with an IP address."))
    match_allowed = BooleanNode(missing=None, title=_("May be compared with other agencies"))

    def preparer(self, value):
        """A suspect's identifier is compared unless somebody says no; a victim's never."""
        if value is not colander.null and value.get("match_allowed") is None:
            value["match_allowed"] = compared_unless_said(value.get("type"), value.get("side"))
        return value

    def validator(self, node, value):
        rules(
            _value_of_its_type,
            not_before("observed_from", "observed_to"),
            needed_when("observed_from", lambda v: v["type"] == "ip"),
            needed_when("observed_to", lambda v: v["type"] == "ip"),
            _port_only_with_ip,
            _no_match_for_victims,
        )(node, value)


def _value_of_its_type(node, value):
    text = with_platform(value["type"], value["value"], value.get("platform"))
    _canonical_or_invalid(node, "value", value["type"], text)


def _port_only_with_ip(node, value):
    if value.get("port") is not None and value["type"] != "ip":
        raise at(node, "port", _("A port belongs to an IP address."))


def _no_match_for_victims(node, value):
    if value.get("match_allowed") and value["side"] == "victim":
        raise at(node, "match_allowed", _("What belongs to a victim is never compared."))


class IdentifierPaste(IdentifierBase):
    """Several identifiers at once, one a line; without a type each line's is guessed."""

    lines = LinesNode(
        max=2000, max_lines=200, title=_("Values"), description=_("One a line, as pasted from a table."), rows=10,
        insert_before="platform",
    )
    type = CodeNode(
        "identifier_types", missing=None, title=_("Type"), description=_("Leave empty to have it recognised."),
        insert_before="platform",
    )

    def validator(self, node, value):
        if value.get("type") == "ip":
            raise at(node, "type", _("An IP address needs times: add it by itself."))
        for number, text in enumerate(value["lines"], 1):
            kind = value.get("type") or guess(text)
            if kind is None:
                message = _("The type of line ${line} is not recognised.", mapping={"line": number})
                raise at(node, "lines", message)
            if kind == "ip":
                message = _(
                    "Line ${line} is an IP address, which needs times: add it by itself.", mapping={"line": number}
                )
                raise at(node, "lines", message)
            _canonical_or_invalid(
                node, "lines", kind, with_platform(kind, text, value.get("platform")), line=number
            )

    @staticmethod
    def identifiers(value: dict) -> list[tuple[str, str]]:
        """(type, text) of each line of a validated paste."""
        pairs = ((value.get("type") or guess(text), text) for text in value["lines"])
        return [(kind, with_platform(kind, text, value.get("platform"))) for kind, text in pairs]

