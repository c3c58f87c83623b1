"""Is the database fit to be worked with? Asked at every start, answered with one line for each thing that is not."""

from sqlalchemy import Connection, Engine

from . import migrate


class NotReady(Exception):
    """The database is not as the program needs it; the message says what to do."""


def refuse(engine: Engine) -> None:
    """Raise NotReady with the first thing that is wrong."""
    found, wanted = migrate.current(engine), migrate.head()
    if found != wanted:
        raise NotReady(f"the database is at revision {found}, this program needs {wanted}: run casework init")
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            problem = _postgresql_problem(connection)
        if problem:
            raise NotReady(problem)


def _postgresql_problem(connection: Connection) -> str | None:
    if connection.exec_driver_sql("SHOW server_encoding").scalar_one() != "UTF8":
        return "the database must be made with encoding UTF8"
    # With LC_CTYPE C trigrams of Khmer are empty and every search finds nothing, without an error.
    if not connection.exec_driver_sql("SELECT cardinality(show_trgm('ខ្មែរ')) > 0").scalar_one():
        return "the database cannot search Khmer: make it with LOCALE_PROVIDER icu ICU_LOCALE 'km' LOCALE 'C.UTF-8'"
    if not connection.exec_driver_sql("SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'km-x-icu')").scalar():
        return "the database server lacks the ICU collation km-x-icu"
    mighty = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    if connection.exec_driver_sql(mighty).scalar_one():
        return "casework must not connect as a superuser, or as a role that bypasses row security"
    return None
