"""Counts the statements of a request: the program in this process, on the same database and with the same cookies."""

import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from webob import Request

from casework.audit.outbox import MARK

from .bench_browser import Answer, Fields


@dataclass(frozen=True)
class Count:
    """Statements of the page itself, and of the log that is written after it."""

    page: int
    log: int


@dataclass
class InProcess:
    """The same as a `Browser`, without network. `statements` and `log` hold those of the last request."""

    app: Any
    base: str
    cookies: dict[str, str]
    statements: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def __post_init__(self):
        event.listen(self.app.registry["engine"], "before_cursor_execute", self._note)

    def close(self) -> None:
        """Stop counting."""
        event.remove(self.app.registry["engine"], "before_cursor_execute", self._note)

    def _note(self, connection, cursor, statement, parameters, context, executemany) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN", "SET ")):
            (self.log if connection.get_execution_options().get(MARK) else self.statements).append(statement)

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None)

    def post(self, path: str, fields: Fields) -> Answer:
        return self._send("POST", path, fields)

    def _send(self, method: str, path: str, fields: Fields | None) -> Answer:
        request = Request.blank(path, base_url=self.base, method=method, POST=fields)
        request.headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if fields is not None:
            request.headers["Origin"] = self.base
        self.statements.clear()
        self.log.clear()
        started = time.perf_counter()
        response = request.get_response(self.app)
        seconds = time.perf_counter() - started
        return Answer(response.status_int, response.body, dict(response.headers), seconds)

    def count(self, act) -> Count:
        """The statements of the last request of `act(visitor)`, done twice: the first time fills what is kept."""
        act(self)
        act(self)
        return Count(len(self.statements), len(self.log))
