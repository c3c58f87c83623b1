"""The search index: folded text of searchable fields, kept in step at every flush; and the search itself."""

import uuid
from dataclasses import dataclass

from sqlalchemy import (
    Text,
    Uuid,
    cast,
    column,
    delete,
    event,
    insert,
    inspect,
    literal,
    null,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy import case as either
from sqlalchemy.orm import Session

from casework.authz.scope import readable, unscoped
from casework.db.refs import parse_ref
from schemas.text import fold

from .models import SearchText

LIMIT = 20
_searchable: dict[type, tuple[str, ...]] = {}

# The full-text table of SQLite and the trigram index of PostgreSQL, made by the first migration. No triggers keep the
# table in step: with trusted_schema=OFF, which we want, SQLite lets no trigger touch a virtual table.
SQLITE_DDL = (
    "CREATE VIRTUAL TABLE search_fts USING fts5(folded, content='search_text', content_rowid='id', "
    "tokenize='trigram')",
)
POSTGRESQL_DDL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX ix_search_text_folded ON search_text USING gin (folded gin_trgm_ops)",
)


_FTS = table("search_fts", column("rowid"), column("folded"))
_FTS_DELETE = text("INSERT INTO search_fts(search_fts, rowid, folded) VALUES ('delete', :id, :folded)")


def rebuild(connection) -> None:
    """Make the full-text table anew from the folded texts, after a bulk load."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO search_fts(search_fts) VALUES ('rebuild')"))


def ddl(dialect: str) -> tuple[str, ...]:
    """Statements that the first migration runs for a dialect."""
    return SQLITE_DDL if dialect == "sqlite" else POSTGRESQL_DDL


def index(model: type, columns: tuple[str, ...]) -> None:
    """Declare which columns of a model the search finds."""
    _searchable[model] = columns


@event.listens_for(Session, "before_flush")
def _gather(session: Session, context, instances) -> None:
    waiting = session.info.setdefault("search.pending", {})
    for record in (*session.new, *session.dirty):
        columns = _searchable.get(type(record))
        new = record in session.new
        if columns and (new or any(inspect(record).attrs[c].history.has_changes() for c in columns)):
            waiting[record.id] = (record, new or waiting.get(record.id, (None, False))[1])


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    session.flush()
    waiting = session.info.pop("search.pending", {})
    if not waiting:
        return
    connection, texts = session.connection(), SearchText.__table__
    ids, older = list(waiting), [key for key, (_record, new) in waiting.items() if not new]
    if older and connection.dialect.name == "sqlite":
        known = select(texts.c.id, texts.c.folded).where(texts.c.record_id.in_(older))
        gone = [{"id": row.id, "folded": row.folded} for row in connection.execute(known)]
        if gone:
            connection.execute(_FTS_DELETE, gone)
    if older:
        connection.execute(delete(texts).where(texts.c.record_id.in_(older)))
    rows = []
    for record, _new in waiting.values():
        words = " ".join(filter(None, (getattr(record, c) for c in _searchable[type(record)])))
        if words:
            rows.append({"record_id": record.id, "record_type": record.__tablename__, "folded": fold(words)})
    if rows:
        connection.execute(texts.insert(), rows)
    if rows and connection.dialect.name == "sqlite":
        added = select(texts.c.id, texts.c.folded).where(texts.c.record_id.in_(ids))
        connection.execute(insert(_FTS).from_select(["rowid", "folded"], added))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous) -> None:
    session.info.pop("search.pending", None)


def _matching(session: Session, folded: str, query):
    """`query`, which selects from SearchText, narrowed to the texts that contain `folded`, the latest first.

    Both databases can walk the matches in that order and stop at the limit: what is in half of all texts is found as
    fast as what is in one.
    """
    if session.get_bind().dialect.name == "sqlite" and len(folded) >= 3:
        phrase = '"' + folded.replace('"', '""') + '"'
        query = query.where(SearchText.id == _FTS.c.rowid, text("search_fts MATCH :phrase").bindparams(phrase=phrase))
        return query.order_by(_FTS.c.rowid.desc())
    escaped = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return query.where(SearchText.folded.like(f"%{escaped}%", escape="\\")).order_by(SearchText.id.desc())


@dataclass(frozen=True)
class Hit:
    """One record found: its type, reference, title where it has one, and the case it belongs to."""

    type: str
    ref: str
    title: str | None
    case_id: uuid.UUID | None


def find(request, words: str) -> list[Hit]:
    """Records that this person may see, by reference or by text, at most LIMIT of a type; one query.

    What may not be seen is never fetched, so it can change neither the list nor any count. Text is matched for those
    who read it: whoever sees only metadata must not learn what it says.
    """
    identity, matrix = request.identity, request.registry["matrix"]
    ref, folded = parse_ref(words), fold(words)
    parts = []
    for name, rt in request.registry["record_types"].items():
        level = "M" if ref is not None else "R"
        if not any(matrix.cell(row, identity.role).may(level) for row in rt.rows):
            continue
        title = rt.model.title if "title" in rt.search else null()
        case = rt.model.id if name == "case" else getattr(rt.model, "case_id", null())
        part = select(
            literal(name).label("type"), rt.model.ref.label("ref"), cast(title, Text).label("title"),
            cast(case, Uuid).label("case_id"),
        )
        if ref is not None:
            if not ref.startswith(rt.prefix) or not ref[len(rt.prefix)].isdigit():
                continue
            part = part.where(rt.model.ref == ref)
        elif rt.search and len(folded) >= 2:
            # As a value, not as conditions: else a planner looks through the reader's cases for each match.
            mine = either((readable(rt.model, identity), 1), else_=0) == 1
            part = part.where(SearchText.record_id == rt.model.id, SearchText.record_type == name, mine)
            part = _matching(request.db, folded, part)
        else:
            continue
        parts.append(part.limit(LIMIT).subquery())
    if not parts:
        return []
    query = union_all(*(select(part) for part in parts))
    if ref is not None:
        return [Hit(*row) for row in request.db.execute(query)]
    with unscoped(request.db, "each part of the query says itself who reads it"):
        return [Hit(*row) for row in request.db.execute(query)]
