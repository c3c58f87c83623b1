"""The search index: folded text of searchable fields, kept in step at every flush, and how a text is matched."""

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    column,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.orm import Session

from schemas.text import fold

from .models import SearchText

SHORTEST = 3  # letters for which the full-text table of SQLite has an index
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


def asked(folded: str) -> dict[str, str]:
    """The values that `matching` and `contains` take when their query runs."""
    escaped = folded.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {"folded": folded, "phrase": '"' + folded.replace('"', '""') + '"', "pattern": f"%{escaped}%"}


def matching(session: Session, letters: int, query: Select) -> Select:
    """`query`, which selects from SearchText, narrowed to the texts that contain what is `asked`, the latest first.

    Both databases can walk the matches in that order and stop at a limit: what is in half of all texts is found as
    fast as what is in one.
    """
    if session.get_bind().dialect.name == "sqlite" and letters >= SHORTEST:
        query = query.where(SearchText.id == _FTS.c.rowid, text("search_fts MATCH :phrase"))
        return query.order_by(_FTS.c.rowid.desc())
    return query.where(contains(session)).order_by(SearchText.id.desc())


def contains(session: Session) -> ColumnElement:
    """Whether a text contains what is `asked`, looked at letter by letter."""
    if session.get_bind().dialect.name == "sqlite":
        return func.instr(SearchText.folded, bindparam("folded", type_=Text())) > 0
    return SearchText.folded.like(bindparam("pattern", type_=Text()), escape="\\")
