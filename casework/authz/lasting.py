"""Whether the right that a request had still stands: asked while a file leaves, which may take longer than that."""

import logging
from collections.abc import Callable
from typing import Any

from casework.db.session import work

from .access import NOTHING, access_to

log = logging.getLogger(__name__)


def still_stands(request, record: Any, level: str) -> Callable[[], bool]:
    """A function that says whether the person of this request, in the same role and a session that goes on, still has
    `level` on the record: asked anew each time, in a transaction of its own."""
    registry, asked, model, key = request.registry, request.identity, type(record), record.id

    def stands() -> bool:
        request.__dict__.pop("session_row", None)  # what the request found when it began
        identity = registry["load_identity"](request)
        if identity is None or identity.key != asked.key:
            found = NOTHING
        else:
            with work(registry["engine"], readonly=True, info={"identity": identity}) as db:
                found = access_to(db, identity, model, [key]).get(key, NOTHING)
        if level not in found:
            log.warning("request %s was cut short: what it was allowed by has ended", request.id)
        return level in found

    return stands
