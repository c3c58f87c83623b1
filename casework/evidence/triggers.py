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


DETAIL_SQLITE = tuple(
    statement.replace("custody_event", "custody_detail").replace(
        "id = NEW.id OR (item_id = NEW.item_id AND seq = NEW.seq)", "id = NEW.id OR event_id = NEW.event_id")
    for statement in SQLITE
)
DETAIL_POSTGRESQL = (
    """CREATE TRIGGER custody_detail_no_change BEFORE UPDATE OR DELETE ON custody_detail
        FOR EACH ROW EXECUTE FUNCTION custody_event_refuse()""",
    """CREATE TRIGGER custody_detail_no_truncate BEFORE TRUNCATE ON custody_detail
        FOR EACH STATEMENT EXECUTE FUNCTION custody_event_refuse()""",
)


def detail_statements(dialect: str) -> tuple[str, ...]:
    """The same for what links say besides, run once by the third migration."""
    return DETAIL_SQLITE if dialect == "sqlite" else DETAIL_POSTGRESQL


def statements(dialect: str) -> tuple[str, ...]:
    """The trigger statements for a dialect name, run once by the first migration."""
    return SQLITE if dialect == "sqlite" else POSTGRESQL
