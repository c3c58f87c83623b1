"""Keeps both indexes in step with the identifiers: every flush that touches one is seen here, whichever form, import or
transition it came from.

What goes in (DOMAIN 7.4): what may be compared, of its own type, under a key of its own type and index. A victim's goes
to the victims' index and nowhere else. What a report brought asks, at triage and when a case comes of it, even where it
may not be found by others.
"""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import event, inspect, select, update
from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.crypto.keyring import KeyRing
from casework.crypto.sealed import Erased, open_value
from casework.crypto.tokens import nothing, rekeying, rotating, token
from casework.people.models import Identifier, Person
from schemas.identifiers import matchable
from schemas.urls import host_and_path

from .models import MatchSetting, MatchToken, VictimToken
from .rules import rules

WHOLE, PATH = "whole", "path"
# A case that ended so, or a suspect who is cleared, leaves no trace in the index (7.8, 9.12).
CLEARED = frozenset({"unfounded", "not_an_offence", "prosecuted_acquitted", "nonsuit"})
WATCHED = ("type", "token", "side", "match_allowed", "voided_at", "case_id", "referral_id", "observed_from",
           "observed_to", "port", "belongs_to_id")
_UNKNOWN = ("unknown", "infrastructure")


def purpose(type: str, form: str = WHOLE) -> str:
    """What the police index's key of a type is derived for; the looser token of an address has one of its own."""
    return f"match/police/{type}" if form == WHOLE else f"match/police/{type}/{form}"


def victim_purpose(type: str) -> str:
    return f"match/victim/{type}"


def forms_of(type: str, canonical: str) -> list[tuple[str, str]]:
    """(form, text) of each token of a value: a web address has a second one, without its query (7.1)."""
    found = [(WHOLE, canonical)]
    if type == "url":
        found.append((PATH, host_and_path(canonical)))
    return found


def takes_part(type: str, canonical: str) -> bool:
    """Whether values like this are compared at all: exact ones, that somebody owns."""
    return matchable(type) and (type, canonical) not in rules().stopped


# ---- one identifier

def put(db: Session, identifier: Identifier) -> None:
    """Bring the lines of one identifier up to date."""
    new = inspect(identifier).transient or inspect(identifier).pending
    with unscoped(db, "the index is kept for everybody and read by nobody"):
        known = [] if new else [
            *db.scalars(select(MatchToken).where(MatchToken.identifier_id == identifier.id)),
            *db.scalars(select(VictimToken).where(VictimToken.identifier_id == identifier.id)),
        ]
    for line in known:
        db.delete(line)
    if identifier.voided_at is None:
        db.add_all(_victim_lines(db, identifier) if identifier.side == "victim" else _police_lines(db, identifier))


def _canonical(db: Session, identifier: Identifier) -> str | None:
    """The one form of the value, without a note that somebody read it: the program compares, it shows nothing."""
    plain = identifier.__dict__.get("_plain", {})
    if "canonical" in plain:
        return plain["canonical"]
    if identifier.canonical_sealed is None:
        return None
    try:
        return open_value(db, identifier, "canonical", identifier.canonical_sealed)
    except Erased:
        return None


def _police_lines(db: Session, identifier: Identifier) -> list[MatchToken]:
    asks = identifier.referral_id is not None and (identifier.side or "unknown") in _UNKNOWN
    if not (identifier.match_allowed or asks) or not matchable(identifier.type):
        return []
    case = _case(db, identifier.case_id)
    setting = _setting(db, case)
    if _out(case, setting) or _cleared(db, identifier.belongs_to_id):
        return []
    text = _canonical(db, identifier)
    if text is None or not takes_part(identifier.type, text):
        return []
    ring: KeyRing = db.info["keyring"]
    return [
        MatchToken(
            token=token(ring, purpose(identifier.type, form), part), type=identifier.type, form=form,
            side=identifier.side or "unknown", listed=bool(identifier.match_allowed),
            silent=setting is not None and setting.mode == "silent",
            agency_id=case.lead_agency_id if case is not None else identifier.agency_id, case_id=identifier.case_id,
            referral_id=identifier.referral_id, identifier_id=identifier.id,
            valid_to=setting.valid_to if setting is not None else None,
        )
        for form, part in forms_of(identifier.type, text)
    ]


def _victim_lines(db: Session, identifier: Identifier) -> list[VictimToken]:
    if identifier.belongs_to_id is None or not matchable(identifier.type):
        return []
    text = _canonical(db, identifier)
    if text is None or not takes_part(identifier.type, text):
        return []
    ring: KeyRing = db.info["keyring"]
    return [VictimToken(
        token=token(ring, victim_purpose(identifier.type), text), type=identifier.type,
        person_id=identifier.belongs_to_id, identifier_id=identifier.id,
    )]


def _case(db: Session, case_id: uuid.UUID | None) -> Case | None:
    if case_id is None:
        return None
    with unscoped(db, "whose an identifier is, and whether its case takes part, is told to nobody"):
        return db.get(Case, case_id)


def _setting(db: Session, case: Case | None) -> MatchSetting | None:
    if case is None:
        return None
    with unscoped(db, "how a case takes part decides on its lines"):
        found = db.scalars(select(MatchSetting).where(MatchSetting.case_id == case.id)).one_or_none()
    pending = [one for one in db.new if isinstance(one, MatchSetting) and one.case_id == case.id]
    return pending[0] if pending else found


def setting_of(db: Session, case: Case) -> MatchSetting | None:
    """How a case takes part; None for the usual way."""
    return _setting(db, case)


def _out(case: Case | None, setting: MatchSetting | None) -> bool:
    if case is None:
        return False
    return case.state == "voided" or case.outcome in CLEARED or (setting is not None and setting.mode == "off")


def _cleared(db: Session, person_id: uuid.UUID | None) -> bool:
    if person_id is None:
        return False
    with unscoped(db, "what belongs to somebody who is cleared is taken out"):
        person = db.get(Person, person_id)
    return person is not None and person.suspect_status == "cleared"


# ---- many

def put_case(db: Session, case_id: uuid.UUID) -> int:
    """Bring every identifier of a case up to date, after something changed that they all depend on."""
    return _put_all(db, Identifier.case_id == case_id)


def put_person(db: Session, person_id: uuid.UUID) -> int:
    """The same for what belongs to one person."""
    return _put_all(db, Identifier.belongs_to_id == person_id)


def _put_all(db: Session, condition: Any) -> int:
    with unscoped(db, "the index is kept for everybody"):
        found = db.scalars(select(Identifier).where(condition)).all()
    for identifier in found:
        put(db, identifier)
    return len(found)


@event.listens_for(Session, "before_flush")
def _keep_up(session: Session, context, instances) -> None:
    if "keyring" not in session.info:
        return
    touched = [one for one in session.new if isinstance(one, Identifier)]
    touched += [one for one in session.dirty if isinstance(one, Identifier) and _changed(one, WATCHED)]
    people = [one for one in session.dirty if isinstance(one, Person) and _changed(one, ("suspect_status",))]
    for identifier in touched:
        put(session, identifier)
    for person in people:
        put_person(session, person.id)


def _changed(record: Any, names: Iterable[str]) -> bool:
    state = inspect(record)
    return any(state.attrs[name].history.has_changes() for name in names)


# ---- keys

def _renew(model: type, form: Any, more: dict[str, Any]):
    """A `renew` for a column of tokens whose original is the sealed canonical form of an identifier."""

    def renew(db: Session, lines: Sequence[Any]) -> None:
        ring: KeyRing = db.info["keyring"]
        wanted = [line.identifier_id for line in lines if line.identifier_id is not None]
        found = {one.id: one for one in db.scalars(select(Identifier).where(Identifier.id.in_(wanted)))}
        for line in lines:
            if line.identifier_id is None:
                continue  # a question's: compared within the minute, and then gone
            text = _canonical(db, found[line.identifier_id])
            made = nothing(ring) if text is None else token(ring, *form(line, text))
            with rekeying():
                db.execute(update(model).where(model.id == line.id, model.token == line.token).values(
                    {"token": made, **more}), execution_options={"synchronize_session": False})

    return renew


def _police_form(line: MatchToken, text: str) -> tuple[str, str]:
    return purpose(line.type, line.form), dict(forms_of(line.type, text))[line.form]


# Lines under the old key and the new one do not meet: each is compared once more under the new one.
rotating(MatchToken, "token", _renew(MatchToken, _police_form, {"looked_at": None}))
rotating(VictimToken, "token", _renew(VictimToken, lambda line, text: (victim_purpose(line.type), text), {}))


def recompute(db: Session) -> int:
    """Make both indexes anew from the sealed originals, under the current key; the number of identifiers read."""
    return _put_all(db, Identifier.voided_at.is_(None))


def question_lines(
    db: Session, question: Any, wanted: Sequence[tuple[int, str, str]], silent: bool
) -> list[MatchToken]:
    """The lines that stand for a question until it is answered: (number, type, canonical form) of each."""
    ring: KeyRing = db.info["keyring"]
    return [
        MatchToken(
            token=token(ring, purpose(type, form), part), type=type, form=form, side="unknown",
            listed=False, silent=silent, agency_id=question.agency_id, case_id=question.case_id,
            question_id=question.id, line=number,
        )
        for number, type, text in wanted if takes_part(type, text) for form, part in forms_of(type, text)
    ]
