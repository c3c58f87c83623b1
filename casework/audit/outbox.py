"""What must be logged even when the request's transaction is rolled back: reads, denials, sign-ins.

A tween over pyramid_tm writes it in a transaction of its own after the request's. When that fails, the page is not
served: nobody reads what the log does not know of.
"""

import logging

from pyramid.response import Response

from casework.db.session import work

from .capture import event_for
from .chain import Actor, Event, write

log = logging.getLogger(__name__)
MARK = "casework_outbox"  # on the connections of its own transaction, for who counts statements


def actor_of_request(request) -> Actor:
    """Who asks; a person who did not sign in is nobody, and no address of theirs is kept."""
    identity = getattr(request, "identity", None)
    matrix = request.registry.get("matrix_hash")
    if identity is None:
        return Actor(role="-", request_id=request.id, matrix=matrix)
    return Actor(
        identity.user_id, identity.role, identity.agency_id, identity.session_id, request.id,
        request.client_addr, matrix, request.environ.get("casework.rule"),
    )


def _note(request, verb: str, record=None, *, result: str = "ok", **details) -> None:
    if record is not None:
        happened = event_for(record, verb, details)
        happened.result = result
    else:
        happened = Event(verb=verb, result=result, details=details)
        identity = getattr(request, "identity", None)
        if identity is not None:
            happened.chain = identity.user_id
    request.environ.setdefault("casework.outbox", []).append(happened)


def _reads(request) -> list[Event]:
    session = request.__dict__.get("db")
    noted = session.info.pop("reads", {}) if session is not None else {}
    return [
        Event("read", chain=chain, record_type=table, record_id=record_id, case_id=chain, details={"fields": sorted(f)})
        for (table, record_id, chain), f in noted.items()
    ]


def _place(session, registry, events: list[Event]) -> None:
    """Tie a denial to the record that its reference names, if there is one: the reader was told nothing of it."""
    locate = registry.get("locate")
    for happened in events:
        ref = happened.details.get("ref")
        if locate is not None and ref and happened.record_id is None:
            happened.record_type, happened.record_id, happened.case_id = locate(session, ref)


def tween_factory(handler, registry):
    """The tween: calls the rest of the program, then writes what was noted."""

    def tween(request):
        response = handler(request)
        events = _reads(request) + request.environ.pop("casework.outbox", [])
        after = request.environ.pop("casework.after", [])
        if not events and not after:
            return response
        try:
            engine = registry["engine"].execution_options(**{MARK: True})
            with work(engine, info={"keyring": registry["keyring"]}) as session:
                for action in after:
                    action(session)
                _place(session, registry, events)
                write(session, events, actor_of_request(request))
        except Exception as problem:
            log.error("the audit log could not be written: %s", type(problem).__name__)
            return Response("The audit log cannot be written, so this page cannot be shown. Try again in a minute.\n"
                            "មិនអាចកត់ត្រាបានទេ សូមព្យាយាមម្ដងទៀតក្រោយមួយនាទី។",
                            status=503, content_type="text/plain", charset="utf-8", headers={"Retry-After": "60"})
        return response

    return tween


def includeme(config):
    config.add_tween("casework.audit.outbox.tween_factory", over="pyramid_tm.tm_tween_factory")
    config.add_request_method(
        lambda request: lambda verb, record=None, **kw: _note(request, verb, record, **kw), "audit", reify=True
    )
    # Small writes that must survive a rolled-back request too: counters of failed tries, last use of a session.
    config.add_request_method(
        lambda request: lambda action: request.environ.setdefault("casework.after", []).append(action),
        "afterwards", reify=True,
    )
