"""Sessions: one per request, joined to the request's transaction; read-only on GET."""

from collections.abc import Iterator
from contextlib import contextmanager

import transaction
import zope.sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_factory = sessionmaker(expire_on_commit=False)


def tm_session(engine: Engine, tm, *, readonly: bool = False, info: dict | None = None) -> Session:
    """A session joined to transaction manager `tm`.

    A read-only session refuses every flush. A writing one counts as changed from the start: without that,
    zope.sqlalchemy would roll back statements that went around the unit of work.
    """
    bind = engine.execution_options(sqlite_begin="BEGIN") if readonly else engine
    session = _factory(bind=bind, info=dict(info or {}))
    zope.sqlalchemy.register(
        session, initial_state="readonly" if readonly else "changed", transaction_manager=tm
    )
    return session


@contextmanager
def work(engine: Engine, *, readonly: bool = False, info: dict | None = None) -> Iterator[Session]:
    """A session in a transaction of its own, for commands, jobs and the outbox: commits unless it raises."""
    tm = transaction.TransactionManager(explicit=True)
    with tm:
        session = tm_session(engine, tm, readonly=readonly, info=info)
        yield session
        session.flush()
    session.close()


def includeme(config):
    settings = config.get_settings()
    settings["tm.manager_hook"] = "pyramid_tm.explicit_manager"
    # Asking the security policy before a route is matched would make it guess.
    settings["tm.annotate_user"] = False
    # A 4xx answer must not commit what was flushed before the problem was found.
    settings["tm.commit_veto"] = "pyramid_tm.default_commit_veto"
    config.include("pyramid_tm")
    config.include("pyramid_retry")

    def db(request):
        readonly = request.method in SAFE_METHODS
        session = tm_session(request.registry["engine"], request.tm, readonly=readonly)
        session.info["keyring"] = request.registry["keyring"]
        session.info["request_id"] = request.id
        request.add_finished_callback(lambda _request: session.close())
        return session

    config.add_request_method(db, "db", reify=True)
