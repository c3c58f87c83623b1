"""What the program decides about one address for one reader, by the route's own factory and the policy that serves.

No page is made, so that every route can be asked about every record in every state.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.interfaces import IRoutesMapper
from pyramid.request import apply_request_extensions

from tests.authz.truth import Truth
from tests.authz.ways import PLACEHOLDER, Way
from tests.standing import access
from tests.support.settled import Settled
from tests.support.world import Placed

ABSENT, REFUSED, IN = "absent", "refused", "in"


@contextmanager
def asking(settled: Settled, role: str) -> Iterator[Any]:
    """A request of a reader who is signed in, before it has found its route."""
    client = settled.client(role)
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    request = settled.app.request_factory.blank("/", headers={"Cookie": cookies}, environ=client.extra_environ)
    request.registry = settled.app.registry
    apply_request_extensions(request)
    request.tm.begin()
    try:
        assert request.identity.role == role
        yield request
    finally:
        request.tm.abort()
        request._process_finished_callbacks()


def routes_of(app) -> dict[str, Any]:
    """Address, as the reviewed table writes it, to its route."""
    mapper = app.registry.getUtility(IRoutesMapper)
    return {access.PLACEHOLDER.sub(r"{\1}", route.pattern): route for route in mapper.get_routes()}


class Decider:
    """Asks for one reader. What an address names is looked up once for all routes with the same factory."""

    def __init__(self, request: Any, truth: Truth, routes: dict[str, Any]):
        self.request, self.truth, self.routes = request, truth, routes
        self._of: Placed | None = None
        self._contexts: dict[Any, Any] = {}

    def decides(self, way: Way, placed: Placed) -> str:
        """ABSENT, REFUSED or IN."""
        if placed is not self._of:
            self._of, self._contexts = placed, {}
            self.request.db.info.pop("access", None)
            self.request.db.expunge_all()
        route = self.routes[way.address]
        if route.factory not in self._contexts:
            self._contexts[route.factory] = self._found(way, placed, route)
        context = self._contexts[route.factory]
        if context is None:
            return ABSENT
        return IN if self.request.has_permission(f"{'|'.join(way.rows)}:{way.level}", context) else REFUSED

    def _found(self, way: Way, placed: Placed, route: Any) -> Any:
        refs = {one.record_type: one.ref for one in self.truth.chain(placed)}
        self.request.matchdict = {name: refs.get(name, "1") for name in PLACEHOLDER.findall(way.address)}
        try:
            return route.factory(self.request)
        except HTTPNotFound:
            return None


def expected(way: Way, truth: Truth, placed: Placed, role: str) -> str:
    """What the text of the matrix says."""
    if truth.never(way.table, role):
        return REFUSED
    if not way.there(truth, placed, role):
        return ABSENT
    return IN if way.given(truth, placed, role) else REFUSED
