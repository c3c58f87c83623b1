"""Guards in the database: rows of the log and of its tree cannot be changed or removed, whoever asks through SQL."""

MESSAGE = "the audit log is append-only"
# Which columns a row may not share with one that is there: INSERT OR REPLACE would overwrite that one.
_KEYS = {
    "audit_entry": "seq = NEW.seq OR (chain = NEW.chain AND number = NEW.number)",
    "log_leaf": "place = NEW.place OR entry = NEW.entry",
    "log_node": "level = NEW.level AND place = NEW.place",
    "log_checkpoint": "size = NEW.size",
    "log_cosignature": "size = NEW.size AND witness = NEW.witness",
    "log_timestamp": "size = NEW.size",
}
TABLES = tuple(_KEYS)


def _sqlite(table: str) -> tuple[str, ...]:
    return (
        f"""CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
        f"""CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
        # INSERT OR REPLACE deletes without firing the delete trigger, so it is caught as an insert on a taken place.
        f"""CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE {_KEYS[table]})
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    )


_FUNCTION = f"""CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$"""


def _postgresql(table: str) -> tuple[str, ...]:
    return (
        f"""CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()""",
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()""",
    )


def names(dialect: str) -> frozenset[str]:
    """The names of all guards on a database of that kind: `verify` asks whether they are there."""
    kinds = ("no_update", "no_delete", "no_replace") if dialect == "sqlite" else ("no_change", "no_truncate")
    return frozenset(f"{table}_{kind}" for table in TABLES for kind in kinds)


def statements(dialect: str) -> tuple[str, ...]:
    """The guards of the entries for a dialect name, run once by the first migration."""
    return _sqlite("audit_entry") if dialect == "sqlite" else (_FUNCTION, *_postgresql("audit_entry"))


def log_statements(dialect: str) -> tuple[str, ...]:
    """The guards of the tree, run once by the migration that makes its tables."""
    guard = _sqlite if dialect == "sqlite" else _postgresql
    return tuple(statement for table in TABLES[1:] for statement in guard(table))
