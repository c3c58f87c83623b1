"""Logs: one JSON object a line, in ASCII. Messages of exceptions stay out, for they can carry what a form held."""

import datetime as dt
import json
import logging
import traceback
from typing import Any

ACCESS_FORMAT = "%(addr)s %(method)s %(path)s %(protocol)s %(status)d %(dt_ms).1f ms"


class JsonFormatter(logging.Formatter):
    """Time, level, logger, message; of an exception its type and where it passed, never its text."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            entry["exception"] = record.exc_info[0].__qualname__
            frames = traceback.extract_tb(record.exc_info[2])
            entry["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(entry, ensure_ascii=True)


def config(development: bool) -> dict[str, Any]:
    """For `logging.config.dictConfig`: plain lines on one's own machine, JSON elsewhere; both to standard error."""
    handler = {"class": "logging.StreamHandler", "formatter": "plain" if development else "json"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s", "datefmt": "%H:%M:%S"},
            "json": {"()": JsonFormatter},
        },
        "handlers": {"stderr": handler},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            name: {"level": "INFO", "handlers": ["stderr"], "propagate": False}
            for name in ("casework", "_granian", "granian.access")
        },
    }
