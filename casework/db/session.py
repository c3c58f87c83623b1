"""Sessions: one per request, joined to the request's transaction; read-only on GET."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import transaction
import zope.sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, sessionmaker

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class _Reading(Session):
    """A session that writes nothing."""


_factories = {readonly: sessionmaker(class_=_Reading if readonly else Session, expire_on_commit=False)
              for readonly in (True, False)}


def tm_session(engine: Engine, tm, *, readonly: bool = False, info: dict | None = None) -> Session:
    """A session joined to transaction manager `tm`.

    A read-only session refuses every flush, and the database every writing statement in it. Each counts as changed from
    the start: a writing one, because zope.sqlalchemy would roll back statements that went around the unit of work; a
    reading one, because at a rollback the driver forgets the statements that it had the server prepare.
    """
    bind = _for_reading(engine) if readonly else engine
    session = _factories[readonly](bind=bind, info=dict(info or {}))
    zope.sqlalchemy.register(session, initial_state="changed", transaction_manager=tm)
    return session


@lru_cache(maxsize=8)
def _for_reading(engine: Engine) -> Engine:
    return engine.execution_options(sqlite_begin="BEGIN", postgresql_readonly=True)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for a look or two beside the request's own transaction."""
    with _for_reading(engine).begin() as connection:
        yield connection


@event.listens_for(_Reading, "after_flush")
def _refuse(_session: Session, _context: Any) -> None:
    raise AssertionError("this session is read-only")


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
        # Some pages read by POST, because their words must not stand in an address.
        route = getattr(getattr(request, "matched_route", None), "name", None)
        readonly = request.method in SAFE_METHODS or route in request.registry.get("reads_by_post", ())
        session = tm_session(request.registry["engine"], request.tm, readonly=readonly)
        session.info["keyring"] = request.registry["keyring"]
        session.info["hash_lists"] = request.registry.get("hash_lists")
        session.info["request_id"] = request.id
        request.add_finished_callback(lambda _request: session.close())
        return session

    config.add_request_method(db, "db", reify=True)
