"""Puts row security into a PostgreSQL database, takes it away before a migration, and tells whether it is there as the
matrix gives it."""

import re
from collections.abc import Iterator

from sqlalchemy import Connection, Engine

from casework.db.asking import SCHEMA

from . import row_security
from .matrix import Matrix

_POLICIES = """
    SELECT p.tablename, p.policyname, p.cmd, p.permissive, array_to_string(p.roles, ','), p.qual, p.with_check
    FROM pg_policies p WHERE p.schemaname = 'public'"""
_FUNCTIONS = f"""
    SELECT p.proname, pg_get_function_arguments(p.oid), p.prosrc, p.prosecdef, p.provolatile, l.lanname,
           pg_get_userbyid(p.proowner)
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = '{SCHEMA}'::regnamespace"""
_OWNERS_RIGHTS = f"""
    SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname NOT IN ('{SCHEMA}', 'pg_catalog', 'information_schema')
    UNION ALL
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('{SCHEMA}', 'pg_catalog', 'information_schema')
    AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)"""
_VIEWS = f"SELECT viewname, definition, viewowner FROM pg_views WHERE schemaname = '{SCHEMA}'"
_TABLES = """
    SELECT relname, relrowsecurity AND relforcerowsecurity, pg_get_userbyid(relowner) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"""


def apply(owner: Engine, matrix: Matrix, program: str) -> bool:
    """Bring row security to what the matrix gives `program`, the role that the program connects as; `owner` connects
    as the owner of the tables. Whether anything had to be done."""
    made = row_security.functions(matrix)
    with owner.begin() as connection:
        if not any(_differences(connection, made, program)):
            return False
        _remove(connection)
        name = connection.exec_driver_sql("SELECT current_user").scalar_one()
        there = {table for table, *_ in connection.exec_driver_sql(_TABLES)}
        for statement in row_security.statements(made, program, name, there):
            _run(connection, statement)
    return True


def lift(owner: Engine) -> None:
    """Take policies, functions and views away, so that a migration can change the columns they name. The tables stay
    shut: without a policy the program sees no row of them."""
    with owner.begin() as connection:
        _remove(connection)
        name = connection.exec_driver_sql("SELECT quote_ident(current_user)").scalar_one()
        for table, shut, _owner in connection.exec_driver_sql(_TABLES).all():
            if shut:
                _run(connection, f'CREATE POLICY rows_owner ON public."{table}" TO {name} USING (true)')


def _remove(connection: Connection) -> None:
    for table, policy, *_ in connection.exec_driver_sql(_POLICIES).all():
        _run(connection, f'DROP POLICY "{policy}" ON public."{table}"')
    _run(connection, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def differences(connection: Connection, matrix: Matrix, program: str) -> Iterator[str]:
    """What of the database's row security is not as the matrix gives it for the role `program`; nothing when all is."""
    return _differences(connection, row_security.functions(matrix), program)


def _differences(connection: Connection, made: list[row_security.Function], program: str) -> Iterator[str]:
    tables = {name: (shut, owner) for name, shut, owner in connection.exec_driver_sql(_TABLES)}
    owner = tables["case"][1]
    for model in row_security.scoped_models():
        if not tables.get(model.__tablename__, (False,))[0]:
            yield f"the rows of {model.__tablename__} are not behind row security"
    if connection.exec_driver_sql(f"SELECT to_regnamespace('{SCHEMA}') IS NULL").scalar():
        yield "the database has no row security"
        return
    yield from _compare("policy", _wanted_policies(made, program, owner), _found_policies(connection))
    yield from _compare("function", _wanted_functions(made, owner), _found_functions(connection))
    yield from _compare("view", _wanted_views(owner), _found_views(connection))
    for name in connection.exec_driver_sql(_OWNERS_RIGHTS).scalars():
        yield f"{name} works with the rights of its owner and so past row security"
    yield from _roles(connection, program, owner)


def _compare(kind: str, wanted: dict, found: dict) -> Iterator[str]:
    for name in sorted(wanted.keys() | found.keys()):
        where = " of ".join(reversed(name)) if isinstance(name, tuple) else name
        if name not in found:
            yield f"the {kind} {where} is missing"
        elif name not in wanted:
            yield f"the {kind} {where} is not of the matrix"
        elif wanted[name] != found[name]:
            yield f"the {kind} {where} is not what the matrix gives"


def _plain(text: str | None) -> str | None:
    """An expression without what PostgreSQL adds or leaves out when it writes it out."""
    return None if text is None else re.sub(r"::text|\bpublic\.|[()\s]", "", text)


def _wanted_policies(made: list[row_security.Function], program: str, owner: str) -> dict:
    return {(p.table, p.name): (p.command, "PERMISSIVE", p.to, _plain(p.using), _plain(p.check))
            for p in row_security.policies(made, program, owner)}


def _found_policies(connection: Connection) -> dict:
    return {(table, name): (command, permissive, roles, _plain(using), _plain(check)) for
            table, name, command, permissive, roles, using, check in connection.exec_driver_sql(_POLICIES)}


def _wanted_functions(made: list[row_security.Function], owner: str) -> dict:
    return {f.name: (len(f.columns), f.body, True, "s", "plpgsql", owner) for f in made}


def _found_functions(connection: Connection) -> dict:
    return {name: (len(arguments.split(", ")) if arguments else 0, body, *rest) for
            name, arguments, body, *rest in connection.exec_driver_sql(_FUNCTIONS)}


def _wanted_views(owner: str) -> dict:
    return {table: (_plain(row_security.view_of(table)), owner) for table in row_security.FACTS}


def _found_views(connection: Connection) -> dict:
    # A view is written out with its table before each column.
    return {name: (_plain(re.sub(rf'"?\b{name}\b"?\.', "", definition).rstrip(";")), owner)
            for name, definition, owner in connection.exec_driver_sql(_VIEWS)}


def _roles(connection: Connection, program: str, owner: str) -> Iterator[str]:
    mighty = connection.exec_driver_sql(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", (program,)).scalar()
    if mighty:
        yield f"the role {program} is above row security"
    if connection.exec_driver_sql("SELECT pg_has_role(%s, %s, 'MEMBER')", (program, owner)).scalar():
        yield f"the role {program} can become the owner of the tables"
