"""Accounts, numbers, addresses and devices of a case or referral: one form to compare, a mask to show, a token to find.

`owner` is the case, or the referral while no case came of it; `identity` None is the system. Rights are asked for a
case only, as in `service`.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.crypto.tokens import token, tokens
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow.engine import NotAllowed, Problem, Refused
from schemas.identifiers import (
    NO_RULES,
    ProviderRules,
    canonical,
    compared_unless_said,
    guess,
    mask,
    whole_email,
)
from schemas.person import with_platform
from schemas.problems import IDENTIFIER_MESSAGES, BadIdentifier
from schemas.urls import defang, refang

from .models import Identifier, identifier_purpose
from .service import person_in

ROW = "identifier"
DEFANGED = frozenset({"url", "domain", "email", "account", "game_handle", "messenger_group"})
PLAIN = (
    "observed_from", "observed_to", "port", "provider", "side", "reliability", "preserved_until",
)


@dataclass(frozen=True)
class Line:
    """One line of a paste: its number, the type it was taken for, and its mask, or what is wrong with it."""

    number: int
    type: str | None
    text: str
    mask: str | None = None
    problem: Any = None


def shown_value(type: str, value: str | None) -> str | None:
    """A value for the screen: nothing that a browser, a mail or a chat program could follow."""
    return defang(value) if value and type in DEFANGED else value


def add_identifier(
    db: Session, identity: Identity | None, owner: Any, data: Mapping[str, Any], *,
    provider_rules: ProviderRules = NO_RULES,
) -> Identifier:
    """One identifier from fields of `schemas.person.Identifier`. Without `match_allowed` a suspect's and the
    hash of material is compared with other agencies', and no other is.

    Raises NotAllowed; Refused for what is no value of its type, what the owner holds already (the message names it),
    or a person of another case.
    """
    if owner.__tablename__ == "case" and identity is not None and not may_add(db, identity, owner):
        raise NotAllowed(f"{identity.role} may not add identifiers here")
    identifier = Identifier(
        ref=new_ref(db, Identifier, "I", now().date()), subject_id=owner.id,
        agency_id=getattr(owner, "lead_agency_id", owner.agency_id),
        created_by_id=identity.user_id if identity else None, **_home(owner),
    )
    _fill(db, identifier, owner, data, provider_rules)
    db.add(identifier)
    db.flush()
    return identifier


def edit_identifier(
    db: Session, identity: Identity | None, identifier: Identifier, owner: Any, data: Mapping[str, Any], *,
    provider_rules: ProviderRules = NO_RULES,
) -> Identifier:
    """Correct an identifier. Raises as `add_identifier` does."""
    if identity is not None and "W" not in access_to_one(db, identity, identifier):
        raise NotAllowed(f"{identity.role} may not change this identifier")
    _fill(db, identifier, owner, data, provider_rules)
    return identifier


def may_add(db: Session, identity: Identity, case: Any) -> bool:
    """Whether this person may add identifiers to a case."""
    return "W" in access_to_one(db, identity, case, ROW)


def judge_paste(
    db: Session, owner: Any, lines: Sequence[str], *, type: str | None = None, platform: str | None = None,
    provider_rules: ProviderRules = NO_RULES,
) -> list[Line]:
    """Each line as it would be added, and what is wrong with each that cannot be. Changes nothing."""
    judged: list[Line] = []
    seen: dict[tuple[str, str], int] = {}
    for number, text in enumerate(lines, 1):
        kind = type or guess(refang(text))
        line = _judge(db, owner, number, text, kind, platform, provider_rules)
        if line.problem is None and kind is not None:
            key = (kind, _form(kind, text, platform, provider_rules))
            if key in seen:
                line = Line(number, kind, text, problem=_("This is line ${line} once more.",
                                                           mapping={"line": seen[key]}))
            seen.setdefault(key, number)
        judged.append(line)
    return judged


def paste_identifiers(
    db: Session, identity: Identity | None, owner: Any, lines: Sequence[str], common: Mapping[str, Any], *,
    provider_rules: ProviderRules = NO_RULES,
) -> list[Identifier]:
    """Several identifiers with the same facts, one a line: all of them, or none and Refused with the first problem.

    `common` are the other fields of `schemas.person.IdentifierPaste`; without a type each line's is recognised.
    """
    common = dict(common)
    kind = common.pop("type", None)
    judged = judge_paste(
        db, owner, lines, type=kind, platform=common.get("platform"), provider_rules=provider_rules
    )
    wrong = [line for line in judged if line.problem is not None]
    if wrong:
        raise Refused(*(Problem(line.problem, "lines") for line in wrong))
    return [
        add_identifier(db, identity, owner, {**common, "type": line.type, "value": line.text},
                       provider_rules=provider_rules)
        for line in judged
    ]


def _judge(db, owner, number, text, kind, platform, rules) -> Line:
    if kind is None:
        return Line(number, None, text, problem=_("What this is was not recognised. Choose the type."))
    if kind == "ip":
        return Line(number, kind, text, problem=_("An IP address needs times: add it by itself."))
    try:
        form = _form(kind, text, platform, rules)
    except BadIdentifier as error:
        return Line(number, kind, text, problem=IDENTIFIER_MESSAGES[error.code])
    known = _known(db, owner, kind, form)
    return Line(number, kind, text, mask(kind, form), _already(known) if known else None)


def _form(kind: str, text: str, platform: str | None, rules: ProviderRules) -> str:
    return canonical(kind, _written(kind, text, platform), provider_rules=rules)


def _written(kind: str, text: str, platform: str | None) -> str:
    text = with_platform(kind, text.strip(), platform)
    if kind == "email":
        return whole_email(text)
    return refang(text) if kind in DEFANGED else text


def _home(owner: Any) -> dict[str, uuid.UUID]:
    return {"case_id" if owner.__tablename__ == "case" else "referral_id": owner.id}


def _already(known: Identifier) -> Any:
    return _("${ref} holds this value already.", mapping={"ref": known.ref})


def _known(db: Session, owner: Any, kind: str, form: str, but: uuid.UUID | None = None, seen: tuple = ()) -> Any:
    """The identifier of the same owner with this value. An IP address is the same only at the same times and port."""
    column, = _home(owner)
    query = select(Identifier).where(
        getattr(Identifier, column) == owner.id, Identifier.type == kind, Identifier.voided_at.is_(None),
        Identifier.token.in_(tokens(db.info["keyring"], identifier_purpose(kind), form)), Identifier.id != but,
    )
    with unscoped(db, "a value that the owner holds already is told to who may add to that owner"):
        found = db.scalars(query.order_by(Identifier.id)).all()
    return next((one for one in found if kind != "ip" or (one.observed_from, one.observed_to, one.port) == seen), None)


def _fill(db: Session, identifier: Identifier, owner: Any, data: Mapping[str, Any], rules: ProviderRules) -> None:
    data = dict(data)
    kind = data.pop("type")
    written = _written(kind, data.pop("value"), data.pop("platform", None))
    try:
        form = canonical(kind, written, provider_rules=rules)
    except BadIdentifier as error:
        raise Refused(Problem(IDENTIFIER_MESSAGES[error.code], "value")) from None
    seen = (data.get("observed_from"), data.get("observed_to"), data.get("port"))
    known = _known(db, owner, kind, form, identifier.id, seen)
    if known is not None:
        raise Refused(Problem(_already(known), "value"))
    case = owner if owner.__tablename__ == "case" else None
    identifier.belongs_to_id = person_in(db, case, data.pop("belongs_to", None), "belongs_to")
    _source(identifier, owner, data.pop("source", None))
    allowed = data.pop("match_allowed", None)
    for name in PLAIN:
        if name in data:
            setattr(identifier, name, data.pop(name))
    if data:
        raise ValueError(f"an identifier has no {', '.join(sorted(data))}")
    if (identifier.type, identifier.value) != (kind, written):
        identifier.type, identifier.value, identifier.canonical = kind, written, form
        identifier.mask = mask(kind, form)
        identifier.token = token(db.info["keyring"], identifier_purpose(kind), form)
    identifier.match_allowed = identifier.side != "victim" and (
        compared_unless_said(kind, identifier.side) if allowed is None else allowed
    )


def _source(identifier: Identifier, owner: Any, source: str | None) -> None:
    """Where it comes from, as `<table>:<id>`; the owner itself where nothing is said."""
    if source:
        kind, _colon, key = source.partition(":")
        identifier.source_type, identifier.source_id = kind, uuid.UUID(key)
    elif identifier.source_type is None:
        identifier.source_type, identifier.source_id = owner.__tablename__, owner.id
