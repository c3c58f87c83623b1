"""The search itself: by reference, or by text, the newest first and a page at a time, nothing that may not be read."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy import case as either
from sqlalchemy.util import LRUCache

from casework.authz.conditions import granted_subjects
from casework.authz.identity import Identity
from casework.authz.scope import among, kept, readable, unscoped
from casework.db.refs import parse_ref
from schemas.text import fold

from .models import SearchText
from .paging import PAGE
from .registry import RecordType, fetch
from .search import SHORTEST, asked, contains, matching

KEPT = 512  # queries, each of one person
FEW = 150  # assignments from which a search can start, instead of from what matches


@dataclass(frozen=True)
class Hit:
    """One record found: its type, reference, title where it has one, and the case it belongs to."""

    type: str
    ref: str
    title: str | None
    case_id: uuid.UUID | None


@dataclass(frozen=True)
class Also:
    """Something found by other means than reference or text: the reference it leads to, what it is called, the case it
    belongs to, and how sure it is."""

    ref: str
    text: str
    case_id: uuid.UUID | None
    note: Any = None


@dataclass(frozen=True)
class Section:
    """What one of the finders found, under a title."""

    title: Any
    hits: list[Also]


# (request, words) -> what was found, in sections, with one query.
Finder = Callable[[Any, str], list[Section]]


@dataclass(frozen=True)
class Found:
    """A page of what was found, and the reference after which it goes on; None when there is no more to see."""

    hits: list[Hit]
    older: str | None = None


def find(request, words: str, after: str | None = None) -> Found:
    """Records that this person may see, by reference or by text, the newest first; those older than `after`, a
    reference, when it is given.

    What may not be seen is never fetched, so it can change neither the list nor whether there is more. Text is matched
    for those who read it: whoever sees only metadata must not learn what it says.
    """
    ref = parse_ref(words)
    if ref is not None:
        return Found(_by_ref(request, ref))
    folded = fold(words)
    last = fetch(request, after) if after else None
    if len(folded) < 2 or (after and last is None):
        return Found([])
    query = _query(request, len(folded), paged=last is not None)
    if query is None:
        return Found([])
    values = {**asked(folded), **({"last": last.id} if last is not None else {})}
    with unscoped(request.db, "each part of the query says itself who reads it"):
        rows = request.db.execute(query, values).all()
    hits = [Hit(*row[1:]) for row in rows[:PAGE]]
    return Found(hits, hits[-1].ref if len(rows) > PAGE else None)


def find_also(request, words: str) -> list[Section]:
    """What the features' own finders find, each among what this person may read (names, identifiers)."""
    made = (section for finder in request.registry.get("finders", ()) for section in finder(request, words))
    return [section for section in made if section.hits]


def add_finder(config, finder: Finder) -> None:
    """Directive: another way in which the search finds records."""
    config.registry.setdefault("finders", []).append(finder)


def _query(request, letters: int, *, paged: bool) -> Select | None:
    """The query for this person, which takes the words and the last record as values; None when nothing of theirs is
    searched. Kept for who searches again, as the conditions in it are: making it takes longer than running it."""
    identity, registry = request.identity, request.registry
    types = [rt for rt in _types(request, "R") if rt.search]
    starts = {rt.name: among(rt.model, identity) for rt in types}
    few = any(start is not None for start in starts.values()) and _assigned(request.db).scalar_one() <= FEW
    key = (identity.key, request.db.get_bind().dialect.name, letters < SHORTEST, few, paged)
    known: LRUCache = registry.setdefault("search_queries", LRUCache(KEPT))
    if key not in known:
        known[key] = _made(request, types, starts if few else {}, letters, paged)
    return known[key]


def _made(request, types: list[RecordType], starts: dict[str, Select | None], letters: int, paged: bool):
    """Queries that together find everything. Who is assigned to a few records is shown what matches among these: a
    common word is in very many texts of which this person reads hardly any. For others the latest matches are walked
    until a page is full, since of these they read a good part."""
    mine = [rt for rt in types if starts.get(rt.name) is not None]
    others = [rt for rt in types if rt not in mine]
    parts = [_among_mine(request, rt, starts[rt.name]) for rt in mine]
    if others:
        parts.append(_among_matches(request, others, letters))
    if not parts:
        return None
    if paged:
        last = select(SearchText.id).where(SearchText.record_id == bindparam("last", type_=Uuid())).scalar_subquery()
        parts = [part.where(SearchText.id < last) for part in parts]
    together = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return select(together).order_by(together.c.id.desc()).limit(PAGE + 1)


@kept
def _assigned(identity: Identity) -> Select:
    return select(func.count()).select_from(granted_subjects(identity).limit(FEW + 1).subquery())


def _among_mine(request, rt: RecordType, start: Select) -> Select:
    return (
        select(SearchText.id, literal(rt.name).label("type"), rt.model.ref, _title(rt).label("title"),
               _case(rt).label("case_id"))
        .join(rt.model, rt.model.id == SearchText.record_id)
        .where(rt.model.id.in_(start), readable(rt.model, request.identity), _listed(rt), contains(request.db))
    )


def _among_matches(request, types: list[RecordType], letters: int) -> Select:
    def of_record(column: Callable[[RecordType], ColumnElement], *conditions: Callable) -> ColumnElement:
        """A column of the record behind a text, of whatever type it is."""
        return either(*(
            (SearchText.record_type == rt.name,
             select(column(rt)).where(rt.model.id == SearchText.record_id, *(c(rt) for c in conditions))
             .correlate(SearchText).scalar_subquery())
            for rt in types
        ))

    # Also the condition, so that a record is looked up where its turn comes and not listed beforehand.
    ref = of_record(lambda rt: rt.model.ref, lambda rt: readable(rt.model, request.identity), _listed)
    query = select(
        SearchText.id, SearchText.record_type.label("type"), ref.label("ref"), of_record(_title).label("title"),
        of_record(_case).label("case_id"),
    ).where(SearchText.record_type.in_([rt.name for rt in types]), ref.is_not(None))
    return matching(request.db, letters, query).limit(PAGE + 1)


def _types(request, level: str) -> list[RecordType]:
    matrix, role = request.registry["matrix"], request.identity.role
    return [
        rt for rt in request.registry["record_types"].values()
        if any(matrix.cell(row, role).may(level) for row in rt.rows)
    ]


def _listed(rt: RecordType) -> ColumnElement:
    """As in lists, without the voided ones; these are found by their reference."""
    return rt.model.voided_at.is_(None) if hasattr(rt.model, "voided_at") and not rt.struck else true()


def _title(rt: RecordType) -> ColumnElement:
    return cast(rt.model.title if "title" in rt.search else null(), Text)


def _title_for(rt: RecordType, identity: Identity) -> ColumnElement:
    """The title as a list shows it: for those who see metadata only, where it is metadata."""
    if "title" not in rt.search or rt.model.title.property.columns[0].info["meta"]:
        return _title(rt)
    return cast(either((readable(rt.model, identity), rt.model.title), else_=null()), Text)


def _case(rt: RecordType) -> ColumnElement:
    return cast(rt.model.id if rt.name == "case" else getattr(rt.model, "case_id", null()), Uuid)


def _by_ref(request, ref: str) -> list[Hit]:
    for rt in _types(request, "M"):
        if ref.startswith(rt.prefix) and ref[len(rt.prefix)].isdigit():
            title = _title_for(rt, request.identity)
            found = select(rt.model.ref, title.label("title"), _case(rt).label("case_id"))
            query = found.where(rt.model.ref == ref)
            return [Hit(rt.name, *row) for row in request.db.execute(query)]
    return []
