"""The only place that makes engines. SQLite: WAL, synchronous=FULL, our own BEGIN (docs/adr)."""

from sqlalchemy import Engine, create_engine, event, make_url

from . import asking

_PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    # NORMAL loses acknowledged commits at a power cut; FULL lost none of 7,512.
    "synchronous=FULL",
    "trusted_schema=OFF",
    "secure_delete=ON",
    "cache_size=-16384",  # of each connection, and each thread has one or two: 16 MiB is as quick as 64
    "temp_store=MEMORY",
)


PREPARED = 500  # statements that a connection to PostgreSQL keeps prepared


def make_engine(url: str, *, migrations: bool = False, pool_size: int = 10) -> Engine:
    """An engine for `url` (sqlite or postgresql+psycopg).

    `migrations` switches foreign keys off on SQLite, because rebuilding a table with them on would
    delete its children. Errors never show parameters.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, hide_parameters=True)
        _prepare_sqlite(engine, migrations)
    else:
        engine = create_engine(
            parsed, hide_parameters=True, pool_size=pool_size, max_overflow=5, pool_pre_ping=True, pool_timeout=10,
            # Compiling a page's query takes a hundred times longer than running it.
            connect_args={"options": "-c jit=off", "prepare_threshold": 2},
        )
        _remember_statements(engine)
        asking.tell(engine)
    return engine


def _prepare_sqlite(engine: Engine, migrations: bool) -> None:
    @event.listens_for(engine, "connect")
    def connect(dbapi, record):
        # Python's own transaction handling would let SELECT and DDL run outside the transaction.
        dbapi.isolation_level = None
        for pragma in _PRAGMAS:
            if migrations and pragma.startswith("foreign_keys"):
                pragma = "foreign_keys=OFF"
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection):
        # Two deferred transactions that read, then write, cannot both go on: writers take the lock at once.
        mode = connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE")
        readonly = mode == "BEGIN"
        if connection.info.get("query_only", False) is not readonly:
            connection.exec_driver_sql(f"PRAGMA query_only={'ON' if readonly else 'OFF'}")
            connection.info["query_only"] = readonly
        connection.exec_driver_sql(mode)


def _remember_statements(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(dbapi, record):
        # Half of a page's time at the server is planning. The pages of all roles take some hundred statements; of a
        # hundred, the driver's own limit, each would have been dropped when it comes again.
        dbapi.prepared_max = PREPARED
