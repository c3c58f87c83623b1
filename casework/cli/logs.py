"""Where the logs go: standard error, as casework.web.logs writes them; plain lines on one's own machine."""

from typing import Any

from casework.web.logs import JsonFormatter


def config(development: bool) -> dict[str, Any]:
    """For `logging.config.dictConfig`. Requests are logged in production only, by route, never by address."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s", "datefmt": "%H:%M:%S"},
            "json": {"()": JsonFormatter},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain" if development else "json"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "casework": {"level": "INFO"},
            "casework.access": {"level": "WARNING" if development else "INFO"},
            "_granian": {"level": "WARNING" if development else "INFO"},
        },
    }
