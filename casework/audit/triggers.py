"""Guards in the database: the log's rows cannot be changed or removed, whoever asks through SQL."""

_MESSAGE = "the audit log is append-only"

SQLITE = (
    f"""CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
        BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
    f"""CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
        BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
    # INSERT OR REPLACE deletes without firing the delete trigger, so it is caught as an insert on a taken number.
    f"""CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry
        WHEN EXISTS (SELECT 1 FROM audit_entry WHERE seq = NEW.seq OR (chain = NEW.chain AND number = NEW.number))
        BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
)

POSTGRESQL = (
    f"""CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_MESSAGE}'; END $$""",
    """CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
        FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()""",
    """CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()""",
)


def statements(dialect: str) -> tuple[str, ...]:
    """The trigger statements for a dialect name, run once by the first migration."""
    return SQLITE if dialect == "sqlite" else POSTGRESQL
