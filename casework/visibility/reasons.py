"""By what a person reaches a record, in words with the facts of that record: assigned since when, of which office of
the case, opened in an emergency until when."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Uuid, or_, select
from sqlalchemy.orm import Session

from casework.authz.conditions import CASE_AGENCY, LEAD, RowBy
from casework.authz.scope import unscoped
from casework.db.base import Base, now
from casework.records.rules import CONDITIONS
from casework.web.i18n import _, format_datetime
from casework.web.render import translate

from .reach import Reach

ASSIGNED = {
    "case": _("assigned to the case"), "referral": _("assigned to the report"), "person": _("assigned to this person"),
    "support_referral": _("assigned to the support of the child"), "support_sending": _("asked to give support"),
}
CASE_OFFICES = {
    "lead_agency_id": _("of the office that leads the case"), "referral_agency_id": _("of the hotline that reported"),
    "prosecution_agency_id": _("of the prosecution office of the case"),
    "court_agency_id": _("of the court of the case"),
    "support_agency_id": _("of the social services of the case"),
}
OFFICES = {
    "agency_id": _("of the office that keeps the record"), "store_agency_id": _("of the office whose store has it"),
    "receiver_agency_id": _("of the office that is to receive it"),
    "queue_agency_id": _("of the office whose task it is"), "forwarded_to_id": _("of the office it was forwarded to"),
    "other_agency_id": _("of the office of the other case"),
}
WROTE = _("entered it, or it is about them")


@dataclass
class Facts:
    """The record, its case, and the assignments and emergency accesses in force, each as a dict of columns."""

    record: dict[str, Any]
    case: dict[str, Any] | None
    grants: list[dict] = field(default_factory=list)
    glasses: list[dict] = field(default_factory=list)


def facts_of(db: Session, record: Any) -> Facts:
    """The facts about a record as they are now. Three statements."""
    tables = Base.metadata.tables
    own = tables[record.__tablename__]
    values = {column.key: getattr(record, column.key) for column in own.c if not column.key.endswith("_sealed")}
    ids = {values[column.key] for column in own.c if isinstance(column.type, Uuid)} - {None}
    grant, glass, case = tables["access_grant"], tables["break_glass"], tables["case"]
    with unscoped(db, "assignments and offices of the record's case; only to say who reaches it and why"):
        grants = _dicts(db, select(grant).where(
            grant.c.subject_id.in_(ids), grant.c.ended_at.is_(None),
            or_(grant.c.until.is_(None), grant.c.until > now())))
        glasses = _dicts(db, select(glass).where(
            glass.c.subject_id.in_(ids), glass.c.ended_at.is_(None), glass.c.until > now()))
        cases = _dicts(db, select(case).where(case.c.id == values["case_id"])) if values.get("case_id") else []
    if own.name == "case":
        cases = [values]
    return Facts(values, cases[0] if cases else None, grants, glasses)


def _dicts(db: Session, query: Any) -> list[dict]:
    return [dict(row) for row in db.execute(query).mappings()]


def grant_of(facts: Facts, one: Reach) -> dict | None:
    """The assignment of a person: their own before that of the whole office."""
    mine = [
        grant for grant in facts.grants if (grant["agency_id"], grant["role"]) == (one.agency_id, one.role)
        and grant["principal_id"] in (one.user_id, one.agency_id)
    ]
    return min(mine, key=lambda grant: (grant["principal_id"] != one.user_id, grant["created_at"]), default=None)


def reasons(request, facts: Facts, one: Reach) -> list[str]:
    """Each way by which a person reaches the record, in words."""
    found = []
    for _row, term in one.terms:
        words = [_word(request, facts, one, word) for word in term.conditions]
        found.append(", ".join(filter(None, words)) or translate(request, _("as everybody of this role")))
    return list(dict.fromkeys(found))


def _word(request, facts: Facts, one: Reach, word: str) -> str:
    if word == "a":
        return _assigned(request, grant_of(facts, one))
    if word == "g":
        return translate(request, _office(facts, one))
    if word == "x":
        until = max((g["until"] for g in facts.glasses if (g["user_id"], g["role"]) == (one.user_id, one.role)),
                    default=None)
        if until is not None:
            return translate(request, _("opened in an emergency until ${when}"), when=_when(request, until))
    if word == "u":
        return translate(request, WROTE)
    return translate(request, CONDITIONS[word])


def _assigned(request, grant: dict | None) -> str:
    if grant is None:
        return translate(request, CONDITIONS["a"])
    parts = [ASSIGNED.get(grant["subject_type"], CONDITIONS["a"])]
    if grant["part"] == "lead":
        parts = [_("leads the case")]
    if grant["principal_id"] == grant["agency_id"]:
        parts.append(_("only the head of the office") if grant["chief_only"] else _("with the whole office"))
    if grant.get("delegation_id"):
        parts.append(_("for somebody who is on leave"))
    said = [translate(request, part) for part in parts]
    said.append(translate(request, _("since ${when}"), when=_when(request, grant["created_at"])))
    if grant["until"] is not None:
        said.append(translate(request, _("until ${when}"), when=_when(request, grant["until"])))
    return ", ".join(said)


def _office(facts: Facts, one: Reach) -> Any:
    """Which office of the case or the record a person is of."""
    column = CASE_AGENCY.get(one.role, LEAD)
    if facts.case is not None and facts.case.get(column) == one.agency_id:
        return CASE_OFFICES[column]
    named = (words for name, words in OFFICES.items() if facts.record.get(name) == one.agency_id)
    return next(named, CONDITIONS["g"])


def _when(request, moment: dt.datetime) -> str:
    return format_datetime(moment, request.locale_name)


def emergency_roles(matrix: Any, model: Any, record: dict[str, Any]) -> list[str]:
    """The roles that could open a record in an emergency."""
    row = model.__scope__.row
    key = row.rows.get(record[row.column]) if isinstance(row, RowBy) else row
    cells = matrix.rows[key].cells if key else {}
    return [role for role, cell in cells.items() if any("x" in term.conditions for term in cell.terms)]


def users_in(facts: Facts) -> set[uuid.UUID]:
    """The people whom the assignments name as those who gave them."""
    return {grant["created_by_id"] for grant in facts.grants} - {None}
