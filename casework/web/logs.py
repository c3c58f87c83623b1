"""Logs: one JSON object a line, in ASCII, and nothing in them that a person typed.

Texts of exceptions carry what a form held (SQLAlchemy: parameters; Jinja2: values; colander: the input), so only their
types and where they passed are written. Other libraries' messages are written as the pattern that is in their code,
without what they fill in. Addresses are written as the pattern of the route: no reference, no query.
"""

import datetime as dt
import json
import logging
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyramid.threadlocal import get_current_request
from pyramid.tweens import EXCVIEW, INGRESS, MAIN

OWN = "casework"
_ROOT = Path(__file__).resolve().parents[2]
FRAMES = 30

access = logging.getLogger("casework.access")


def _plain(value: Any) -> Any:
    """An argument of a message as it may be written: of an exception only its type."""
    return type(value).__name__ if isinstance(value, BaseException) else value


def message_of(record: logging.LogRecord) -> str:
    """The text of a record: ours filled in, other people's bare."""
    if record.name != OWN and not record.name.startswith(f"{OWN}."):
        return str(record.msg) if not isinstance(record.msg, BaseException) else type(record.msg).__name__
    text = str(_plain(record.msg))
    if isinstance(record.args, dict):
        return text % {name: _plain(value) for name, value in record.args.items()}
    return text % tuple(_plain(value) for value in record.args) if record.args else text


def frames_of(tb) -> list[str]:
    """Where an exception passed: file, line, function; of the deepest the last thirty."""
    frames = traceback.extract_tb(tb)[-FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(_ROOT):
        return str(path.relative_to(_ROOT))
    return "/".join(path.parts[-2:])


class JsonFormatter(logging.Formatter):
    """Time in UTC, level, logger, message, number of the request, fields; of an exception type and frames."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message_of(record),
        }
        request = get_current_request()
        if hasattr(request, "id"):
            entry["request"] = request.id
        entry.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0] is not None:
            entry["error"] = f"{record.exc_info[0].__module__}.{record.exc_info[0].__qualname__}"
            entry["frames"] = frames_of(record.exc_info[2])
        return json.dumps(entry, ensure_ascii=True, default=str)


def tween_factory(handler: Callable, registry) -> Callable:
    """One line a request: method, route, status, milliseconds."""

    def tween(request):
        started = time.perf_counter()
        response = handler(request)
        if access.isEnabledFor(logging.INFO):
            route = getattr(request, "matched_route", None)
            access.info("request", extra={"fields": {
                "request": request.id, "method": request.method if request.method.isalpha() else "?",
                "route": route.pattern if route else None, "status": response.status_int,
                "ms": round((time.perf_counter() - started) * 1000, 1),
            }})
        return response

    return tween


def includeme(config) -> None:
    """The access log, under the headers and over everything else."""
    config.add_tween(
        "casework.web.logs.tween_factory", under=("casework.web.headers.tween_factory", INGRESS),
        over=("casework.web.errors.tween_factory", "casework.web.sanity.tween_factory", EXCVIEW, MAIN),
    )
