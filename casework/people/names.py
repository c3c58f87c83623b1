"""Search by name over encrypted names: keyed tokens of the words of a name, never a plain copy.

Of each name, in both scripts, and each alias: its words and the words written together, each as it is spelled and as it
sounds (`schemas.names`). A token is of a whole word, so the beginning of a name finds nothing. Each person's tokens are
made under one of `BUCKETS` salts, all of which the search tries: who steals the tables can hardly count how often a
name occurs, or see by the names that one person is in two cases.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, delete, event, insert, inspect, select, union
from sqlalchemy.orm import Session, aliased

from casework.authz.scope import readable, unscoped
from casework.crypto.keyring import KeyRing
from casework.crypto.sealed import Erased, open_value
from casework.crypto.tokens import rotating, token, tokens_of
from casework.db.ids import uuid7
from schemas.names import name_key, spelling, words_of

from .models import NameToken, Person

SPELLED, SOUNDS = "name/spelled", "name/sounds"
FIELDS = ("family_km", "given_km", "family_latin", "given_latin", "aliases")
BUCKETS = 64
SHORTEST = 2
MOST_WORDS = 6
LIMIT = 20
_PENDING = "names.pending"


# ---- what is stored

def keys_of(names: dict[str, Any]) -> set[tuple[str, str]]:
    """(purpose, key) of everything that a person with these names is found by."""
    wholes = []
    for script in ("km", "latin"):
        family, given = (names.get(f"{part}_{script}") or "" for part in ("family", "given"))
        # Read in one order and written in the other; of several given names often one alone is used.
        for one in (given, *words_of(given)):
            wholes += [family, one, f"{family} {one}", f"{one} {family}"]
    words: set[str] = set()
    for name in (*wholes, *(names.get("aliases") or ())):
        found = words_of(name)
        words |= {*found, "".join(found)}
    keys = {(SPELLED, spelling(word)) for word in words} | {(SOUNDS, name_key(word)) for word in words}
    return {(purpose, key) for purpose, key in keys if key}


def _bucket(person_id: Any) -> int:
    return person_id.bytes[-1] % BUCKETS


def _salted(bucket: int, key: str) -> str:
    return f"{bucket}|{key}"


def _rows(ring: KeyRing, person: Person, names: dict[str, Any]) -> Iterator[dict[str, Any]]:
    bucket = _bucket(person.id)
    for purpose, key in keys_of(names):
        yield {"id": uuid7(), "person_id": person.id, "token": token(ring, purpose, _salted(bucket, key))}


def _names(session: Session, person: Person) -> dict[str, Any]:
    """The names of a person, opened for the index only: no reading of anybody, so none is noted."""
    known, found = person.__dict__.get("_plain", {}), {}
    for field in FIELDS:
        blob = getattr(person, f"{field}_sealed")
        if blob is not None:
            found[field] = known[field] if field in known else open_value(session, person, field, blob)
    return found


def write(session: Session, persons: Iterable[Person]) -> None:
    """Make the tokens of some people anew; none of who was erased."""
    rows, ids = [], []
    for person in persons:
        ids.append(person.id)
        try:
            rows += _rows(session.info["keyring"], person, _names(session, person))
        except Erased:
            continue
    connection = session.connection()
    connection.execute(delete(NameToken).where(NameToken.person_id.in_(ids)))
    if rows:
        connection.execute(insert(NameToken), rows)


def forget(session: Session, person_ids: Sequence[Any]) -> None:
    """These people are found by no name any more."""
    session.connection().execute(delete(NameToken).where(NameToken.person_id.in_(person_ids)))


@event.listens_for(Session, "before_flush")
def _gather(session: Session, context, instances) -> None:
    for person in (*session.new, *session.dirty):
        if isinstance(person, Person) and any(_changed(person, field) for field in FIELDS):
            session.info.setdefault(_PENDING, {})[person.id] = person


def _changed(person: Person, field: str) -> bool:
    return inspect(person).attrs[f"{field}_sealed"].history.has_changes()


@event.listens_for(Session, "after_flush")
def _write(session: Session, context) -> None:
    waiting = session.info.pop(_PENDING, None)
    if waiting:
        write(session, waiting.values())


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous) -> None:
    session.info.pop(_PENDING, None)


def _renew(db: Session, records: Sequence[NameToken]) -> None:
    with unscoped(db, "keys are changed for everybody"):
        ids = {one.person_id for one in records}
        write(db, db.scalars(select(Person).where(Person.id.in_(ids))).all())


rotating(NameToken, "token", _renew)


def index_next(db: Session, after: uuid.UUID | None, batch: int) -> tuple[uuid.UUID | None, int]:
    """Make the tokens of the next people after an id: the last one's id, and how many there were."""
    with unscoped(db, "the index of names is of everybody"):
        query = select(Person).order_by(Person.id).limit(batch)
        found = db.scalars(query.where(Person.id > after) if after is not None else query).all()
        write(db, found)
    return (found[-1].id if found else after), len(found)


# ---- what is asked

def search(ring: KeyRing, identity: Any, words: str) -> Select | None:
    """The query for people whose names this person may read, found by whole words in any order, those spelled alike
    (`same`) first, then the newest; `LIMIT` at most. What may not be read is never fetched. None for too few words, or
    too many."""
    asked = words_of(words)
    if not asked or len("".join(asked)) < SHORTEST or len(asked) > MOST_WORDS:
        return None
    forms = [*asked, "".join(asked)]
    alike = {form: _tokens(ring, SPELLED, spelling(form)) for form in forms}
    either = {form: alike[form] + _tokens(ring, SOUNDS, name_key(form)) for form in alike}
    spelled = Person.id.in_(_ids(forms, alike))
    return (
        select(Person.id, Person.ref, Person.role.label("kind"), Person.pseudonym.label("text"), Person.case_id,
               Person.referral_id, spelled.label("same"))
        .where(Person.id.in_(_ids(forms, either)), readable(Person, identity),
               Person.voided_at.is_(None))
        .order_by(spelled.desc(), Person.id.desc()).limit(LIMIT)
    )


def _ids(forms: list[str], tokens: dict[str, list[bytes]]) -> Any:
    """The people who have all words, or the words written as one, which is the last of `forms`."""
    all_words = None
    for word in forms[:-1]:
        all_words = _with(tokens[word], all_words)
    return union(all_words, _with(tokens[forms[-1]]))


def _with(wanted: list[bytes], among: Any = None) -> Any:
    """The people who have one of these tokens, of some people or of all."""
    has = aliased(NameToken)
    query = select(has.person_id).where(has.token.in_(wanted))
    return query if among is None else query.where(has.person_id.in_(among))


def _tokens(ring: KeyRing, purpose: str, key: str | None) -> list[bytes]:
    """What a form is looked for by: each person's tokens are salted with one of the buckets."""
    return tokens_of(ring, purpose, [_salted(bucket, key) for bucket in range(BUCKETS)]) if key else []
