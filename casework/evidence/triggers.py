"""Guards in the database: a link of a chain of custody cannot be changed or removed, whoever asks through SQL."""

_MESSAGE = "the chain of custody is append-only"

SQLITE = (
    f"""CREATE TRIGGER custody_event_no_update BEFORE UPDATE ON custody_event
        BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
    f"""CREATE TRIGGER custody_event_no_delete BEFORE DELETE ON custody_event
        BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
    # INSERT OR REPLACE deletes without firing the delete trigger, so it is caught as an insert on a taken place.
    f"""CREATE TRIGGER custody_event_no_replace BEFORE INSERT ON custody_event
        WHEN EXISTS (SELECT 1 FROM custody_event WHERE id = NEW.id OR (item_id = NEW.item_id AND seq = NEW.seq))
        BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END""",
)

POSTGRESQL = (
    f"""CREATE FUNCTION custody_event_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{_MESSAGE}'; END $$""",
    """CREATE TRIGGER custody_event_no_change BEFORE UPDATE OR DELETE ON custody_event
        FOR EACH ROW EXECUTE FUNCTION custody_event_refuse()""",
    """CREATE TRIGGER custody_event_no_truncate BEFORE TRUNCATE ON custody_event
        FOR EACH STATEMENT EXECUTE FUNCTION custody_event_refuse()""",
)


def statements(dialect: str) -> tuple[str, ...]:
    """The trigger statements for a dialect name, run once by the first migration."""
    return SQLITE if dialect == "sqlite" else POSTGRESQL
