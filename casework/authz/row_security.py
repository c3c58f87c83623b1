"""Row-level security for PostgreSQL, written from the matrix: the third wall (docs/adr/0107).

Every scoped table has two functions, made of the same condition words as the row scope of a select: who sees a row
(level M), who writes it (W). Its policies ask them. A function belongs to the owner of the tables, so it looks up its
facts past the policies of other tables; its plans are kept by the connection, so it costs a page no planning. Each name
in it carries its schema: what the asking role makes, such as a temporary type, is found in nobody's stead.

A function answers 1 or 0, and a policy asks whether that is something other than 0. The planner thinks that a truth
value holds of one row in three, and that nearly all have another number than 0. Nearly all is right: a query of the
program has asked by its own row scope already, and where too few are expected all are read instead of a page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Table, Uuid, and_, literal_column, not_, or_
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import replacement_traverse

from casework.db.asking import SCHEMA, role_word
from casework.db.base import Base

from .conditions import recused, terms_of
from .facts import FACTS
from .identity import ROLES
from .matrix import Matrix
from .scope import Scoped

# Platform code that must see all rows says so to the session (`unscoped`), which says so to the transaction.
MARK = "(current_setting('casework.unscoped'::text, true) = 'on'::text)"
SEES, WRITES = "sees", "writes"
LEVELS = {SEES: "M", WRITES: "W"}
# What asking a function costs, in comparisons of numbers: without it a planner takes one for cheap, and asks of more
# rows than it must.
COST = 2000
# The clock of the database, not the program's: for a wall they may differ by seconds.
MOMENTS = {"now": "pg_catalog.now()", "month_ago": "(pg_catalog.now() - interval '30 days')"}


class _Asking:
    """Stands for whoever asks: the role is known while the text is made, person and agency when it is asked.
    `told_chief` notes whether a condition asked for it."""

    user_id: ColumnElement = literal_column("reader", Uuid())
    agency_id: ColumnElement = literal_column("office", Uuid())

    def __init__(self, role: str, chief: bool):
        self.role, self._chief, self.told_chief = role, chief, False

    @property
    def chief(self) -> bool:
        self.told_chief = True
        return self._chief


class _Row:
    """Stands for a row of a model: its columns are the arguments of the function, and `used` notes which."""

    def __init__(self, model: Any):
        self._table: Table = model.__table__
        self.__scope__ = model.__scope__
        self.used: set[str] = set()

    def __getattr__(self, name: str) -> ColumnElement:
        if name not in self._table.columns:
            raise AttributeError(name)
        self.used.add(name)
        return literal_column(f"its_{name}", self._table.columns[name].type)


@dataclass(frozen=True)
class Function:
    """One function: its name, the columns that are its arguments, with their types, and its body."""

    table: str
    kind: str
    columns: tuple[tuple[str, str], ...]
    body: str

    @property
    def name(self) -> str:
        return f"{self.table}_{self.kind}"

    @property
    def arguments(self) -> str:
        return ", ".join(f"its_{name} {kind}" for name, kind in self.columns)

    @property
    def call(self) -> str:
        """As a policy asks it of its row."""
        return f"{SCHEMA}.{self.name}({', '.join(_quote(name) for name, _ in self.columns)}) <> 0"


@dataclass(frozen=True)
class Policy:
    """One policy: for which command, and the two expressions, as PostgreSQL itself writes them."""

    table: str
    name: str
    command: str
    using: str | None
    check: str | None
    to: str


def scoped_models() -> list[type]:
    """Every model whose rows not everybody sees, by table name."""
    found = [m.class_ for m in Base.registry.mappers if issubclass(m.class_, Scoped)]
    return sorted(found, key=lambda model: model.__tablename__)


def functions(matrix: Matrix) -> list[Function]:
    """Both functions of every scoped table, the one for seeing first."""
    return [_function(model, kind, matrix) for model in scoped_models() for kind in LEVELS]


def policies(made: list[Function], program: str, owner: str) -> list[Policy]:
    """The policies that ask the functions `made`. `program` and `owner` are roles of the database: the owner's work is
    making and migrating tables, so it sees all rows, as do the functions, which run as the owner."""
    return [one for sees, writes in zip(made[::2], made[1::2], strict=True)
            for one in _policies(sees, writes, program, owner)]


def _policies(sees: Function, writes: Function, program: str, owner: str) -> Iterator[Policy]:
    seen, written, table = f"({MARK} OR {sees.call})", f"({MARK} OR {writes.call})", sees.table
    yield Policy(table, "rows_select", "SELECT", seen, None, program)
    yield Policy(table, "rows_insert", "INSERT", None, written, program)
    yield Policy(table, "rows_update", "UPDATE", written, written, program)
    # The matrix gives nobody the right to delete a record: it is voided, or disposed of by the platform.
    yield Policy(table, "rows_delete", "DELETE", MARK, None, program)
    yield Policy(table, "rows_owner", "ALL", "true", "true", owner)


def _function(model: Any, kind: str, matrix: Matrix) -> Function:
    row = _Row(model)
    found = []
    for role in ROLES:
        asking = _Asking(role, False)
        found.append((role, _condition(row, asking, LEVELS[kind], matrix)))
        chiefs = _condition(row, _Asking(role, True), LEVELS[kind], matrix) if asking.told_chief else found[-1][1]
        found.append((role_word(role, True), chiefs))
    arms = "\n".join(
        f"    WHEN {', '.join(repr(word) for word, _ in same)} THEN RETURN ({text})::pg_catalog.int4;"
        for text, same in ((text, list(group)) for text, group in groupby(found, key=lambda one: one[1])) if text
    )
    columns = tuple((name, _type(model.__table__.columns[name])) for name in sorted(row.used))
    decide = f"""
  CASE pg_catalog.current_setting('casework.role', true)
{arms}
    ELSE RETURN 0;
  END CASE;""" if arms else "\n  RETURN 0;"
    return Function(model.__tablename__, kind, columns, f"""
DECLARE
  reader pg_catalog.uuid := nullif(pg_catalog.current_setting('casework.user_id', true), '')::pg_catalog.uuid;
  office pg_catalog.uuid := nullif(pg_catalog.current_setting('casework.agency_id', true), '')::pg_catalog.uuid;
BEGIN{decide}
END
""")


def _condition(row: _Row, asking: _Asking, level: str, matrix: Matrix) -> str | None:
    """The SQL text of "this row, for this role, on this level"; None where the matrix gives nothing."""
    ways = {(key, term.conditions): sql for key, term, sql in terms_of(row, asking, matrix) if level in term.levels}
    if not ways:
        return None
    text = _text(and_(or_(*ways.values()), not_(recused(row, asking))))
    return None if text == "false" else text


def _text(sql: ColumnElement) -> str:
    def symbolic(element: Any, **_kw: Any) -> Any:
        if isinstance(element, BindParameter) and element.callable is not None:
            return literal_column(MOMENTS[element._orig_key], element.type)
        return None

    dialect = postgresql.dialect(paramstyle="named")
    dialect.row_security = True
    compiled = replacement_traverse(sql, {}, symbolic).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return str(compiled).replace("\n", " ")


def _type(column: Any) -> str:
    return column.type.compile(dialect=postgresql.dialect())


def _quote(name: str) -> str:
    return postgresql.dialect().identifier_preparer.quote(name)


def view_of(table: str) -> str:
    """The query of a view of facts. Who does not say for whom it asks gets none."""
    names = ", ".join(_quote(name) for name in FACTS[table])
    return f"SELECT {names} FROM public.{_quote(table)} WHERE (current_setting('casework.role', true) <> '')"


def statements(made: list[Function], program: str, owner: str, tables: set[str]) -> list[str]:
    """What puts row security with the functions `made` on every scoped table of `tables`, run by the owner after what
    was there was taken away."""
    role, lines = _quote(program), [f"CREATE SCHEMA {SCHEMA}", f"GRANT USAGE ON SCHEMA {SCHEMA} TO {_quote(program)}"]
    for table in FACTS:
        lines.append(f"CREATE VIEW {SCHEMA}.{_quote(table)} AS {view_of(table)}")
        lines.append(f"GRANT SELECT ON {SCHEMA}.{_quote(table)} TO {role}")
    for one in made:
        lines.append(f"CREATE FUNCTION {SCHEMA}.{one.name}({one.arguments}) RETURNS integer "
                     f"LANGUAGE plpgsql STABLE SECURITY DEFINER COST {COST} AS $rows${one.body}$rows$")
        types = ", ".join(kind for _, kind in one.columns)
        lines.append(f"REVOKE EXECUTE ON FUNCTION {SCHEMA}.{one.name}({types}) FROM PUBLIC")
        lines.append(f"GRANT EXECUTE ON FUNCTION {SCHEMA}.{one.name}({types}) TO {role}")
    for table in (_quote(model.__tablename__) for model in scoped_models() if model.__tablename__ in tables):
        lines += [f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY",
                  f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY"]
    for one in (policy for policy in policies(made, program, owner) if policy.table in tables):
        clauses = (f" USING ({one.using})" if one.using else "") + (f" WITH CHECK ({one.check})" if one.check else "")
        lines.append(f"CREATE POLICY {one.name} ON public.{_quote(one.table)} FOR {one.command} "
                     f"TO {_quote(one.to)}{clauses}")
    return lines
