"""What the search finds of people: by their names, and by what an identifier is, both encrypted."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Select, literal, select, true, union_all

from casework.authz.scope import readable, scoped_by_hand
from casework.crypto.tokens import tokens
from casework.records.find import Also, Section
from casework.records.registry import may_see_any
from casework.web.i18n import _
from casework.web.render import code_label
from schemas.identifiers import TYPES, canonical
from schemas.problems import BadIdentifier

from . import names
from .models import Identifier, identifier_purpose

LIMIT = 20


def found(request, words: str) -> list[Section]:
    """People found by name, by their pseudonyms: the name itself is read on their page, and that is noted there. And
    identifiers with this value, whatever type it may be. One query for both."""
    parts = {}
    if _reads(request, "person"):
        parts["person"] = names.search(request.db.info["keyring"], request.identity, words)
    if _reads(request, "identifier"):
        parts["identifier"] = _traces(request, words)
    asked = {name: part.subquery() for name, part in parts.items() if part is not None}
    rows: dict[str, list[Any]] = {name: [] for name in asked}
    if asked:
        query = union_all(*(select(literal(name).label("type"), part) for name, part in asked.items()))
        with scoped_by_hand(request.db, "each part says itself who reads it"):
            for row in request.db.execute(query):
                rows[row.type].append(row)
    refs = _refs(request, {row.referral_id for some in rows.values() for row in some if row.case_id is None})
    sections = []
    for name, some in rows.items():
        title, text, note = WORDS[name]
        hits = [Also(ref, text(request, row), row.case_id, note(row))
                for row in sorted(some, key=lambda row: (row.same, row.id), reverse=True)
                if (ref := row.ref if row.case_id is not None else refs.get(row.referral_id)) is not None]
        sections.append(Section(title, hits))
    return sections


def _traces(request, words: str) -> Select | None:
    ring = request.db.info["keyring"]
    forms = dict(_forms(request, words))
    wanted = [one for kind, form in forms.items() for one in tokens(ring, identifier_purpose(kind), form)]
    if not wanted:
        return None
    return (
        select(Identifier.id, Identifier.ref, Identifier.type.label("kind"), Identifier.mask.label("text"),
               Identifier.case_id, Identifier.referral_id, true().label("same"))
        # By type and token, as the index is: a token alone would be looked for among all identifiers.
        .where(Identifier.type.in_(forms), Identifier.token.in_(wanted), readable(Identifier, request.identity),
               Identifier.voided_at.is_(None))
        .order_by(Identifier.id.desc()).limit(LIMIT)
    )


def _reads(request, name: str) -> bool:
    matrix, identity = request.registry["matrix"], request.identity
    rt = request.registry["record_types"][name]
    return may_see_any(request, rt) and any(matrix.cell(row, identity.role).may("R") for row in rt.rows)


def _forms(request, words: str) -> Iterator[tuple[str, str]]:
    """What the words are as an identifier of each type that they can be one of."""
    for kind in TYPES:
        try:
            yield kind, canonical(kind, words, provider_rules=request.registry["provider_rules"])
        except BadIdentifier:
            continue


def _refs(request, ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """References of referrals, as far as this person sees them. Records of a case lead to their own page, those of a
    referral to the referral."""
    if not ids:
        return {}
    referral = request.registry["record_types"]["referral"].model
    query = select(referral.id, referral.ref).where(referral.id.in_(ids))
    return dict(tuple(row) for row in request.db.execute(query))


# Of people and of identifiers: the title, what one is called, and how sure it is.
WORDS: dict[str, tuple[Any, Callable[[Any, Any], str], Callable[[Any], Any]]] = {
    "person": (_("People with this name"),
               lambda request, row: f"{row.text} {code_label(request, 'person_role', row.kind).lower()}",
               lambda row: _("Spelled alike") if row.same else _("Sounds alike")),
    "identifier": (_("Identifiers with this value"),
                   lambda request, row: f"{code_label(request, 'identifier_types', row.kind)} {row.text}",
                   lambda row: None),
}
