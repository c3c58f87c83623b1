"""What a view accepts unless it says otherwise: GET and HEAD, each field once, and no writing under a reader's right.

View options: `require_methods` (names), `many` (fields that may come more than once), `read_by_post` (a search or a
reveal that reads by POST because its words must not be in an address), `own_check` (the view changes records, and
each act asks for its own right: a transition by the engine, voiding by its two people, and so on).
"""

from collections.abc import Collection, Iterable

from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPBadRequest, HTTPMethodNotAllowed
from pyramid.interfaces import IRoutesMapper
from pyramid.predicates import RequestMethodPredicate
from pyramid.viewderivers import INGRESS

SAFE = frozenset({"GET", "HEAD"})
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
READING_LEVELS = (":M", ":R")
START, END = "__start__", "__end__"
KINDS = frozenset({"mapping", "sequence", "rename", "ignore"})


def _named(predicates: Iterable) -> set[str]:
    return {method for p in predicates if isinstance(p, RequestMethodPredicate) for method in p.val}


def declared_methods(info) -> frozenset[str]:
    """The methods of the view that `info` describes: what the view, else its route, else nobody declared."""
    methods = set(info.options.get("require_methods") or ()) or _named(info.predicates)
    route_name = info.options.get("route_name")
    if not methods and route_name:
        methods = _named(info.registry.getUtility(IRoutesMapper).get_route(route_name).predicates)
    # GET implies HEAD, as in Pyramid's own predicate.
    return frozenset(methods | {"HEAD"} if "GET" in methods else methods) or SAFE


def route_methods(request) -> frozenset[str]:
    """All methods that some view of the matched route takes; empty when no route matched."""
    route = getattr(request, "matched_route", None)
    if route is None:
        return frozenset()
    return frozenset().union(*request.registry.get("route_methods", {}).get(route.name, ()))


def methods_view(view, info):
    """Answer 405 to a method that the view did not declare; refuse at start what would let a reader write."""
    if info.exception_only:
        return view
    methods = declared_methods(info)
    info.registry.setdefault("route_methods", {}).setdefault(info.options.get("route_name"), set()).add(methods)
    permission = str(info.options.get("permission") or "")
    if permission.endswith(READING_LEVELS) and methods & UNSAFE and not _may_post(info.options):
        raise ConfigurationError(
            f"the view of route {info.options.get('route_name')} takes {', '.join(sorted(methods & UNSAFE))} under "
            f"{permission}: split it, or say read_by_post=True when it changes nothing, own_check=True when each act "
            "asks for its own right"
        )

    def wrapped(context, request):
        if request.method not in methods:
            raise not_allowed(methods)
        return view(context, request)

    return wrapped


def _may_post(options) -> bool:
    """Whether a view under a reader's right says why it takes forms."""
    return bool(options.get("read_by_post") or options.get("own_check"))


methods_view.options = ("require_methods", "read_by_post", "own_check")


def not_allowed(methods: Collection[str]) -> HTTPMethodNotAllowed:
    """405 that says what is allowed."""
    return HTTPMethodNotAllowed(headers=[("Allow", ", ".join(sorted(methods)))])


def duplicate(fields: Iterable[tuple[str, str]], many: Collection[str] = ()) -> str | None:
    """The first field that comes twice where it may come once, or None.

    Deform's forms are flat lists in which `__start__` and `__end__` nest mappings and sequences (peppercorn): in a
    mapping a name comes once, in a sequence names do not matter. Raises ValueError when these do not pair up, or begin
    a part of no known kind.
    """
    seen: list[set[str] | None] = [set()]
    for name, value in fields:
        if name == END:
            seen.pop()
            if not seen:
                raise ValueError("end without start")
            continue
        opens = name == START
        if opens:
            name, _, kind = value.rpartition(":")
            if kind.strip() not in KINDS:
                raise ValueError("a part of no known kind")
        scope = seen[-1]
        # An unnamed part is no field of its mapping.
        if scope is not None and name and name not in many:
            if name in scope:
                return name
            scope.add(name)
        if opens:
            seen.append(set() if kind.strip() == "mapping" else None)
    if len(seen) != 1:
        raise ValueError("start without end")
    return None


def single_values_view(view, info):
    """Answer 400 to a query or form in which a field comes twice: two readers could take two different values."""
    if info.exception_only:
        return view
    many = frozenset(info.options.get("many") or ())

    def wrapped(context, request):
        try:
            twice = duplicate(request.GET.items(), many) or duplicate(request.POST.items(), many)
        except ValueError:
            raise HTTPBadRequest() from None
        if twice is not None:
            raise HTTPBadRequest()
        return view(context, request)

    return wrapped


single_values_view.options = ("many",)


def includeme(config) -> None:
    """Both before the check of the token and before the permission."""
    config.add_view_deriver(methods_view, under=INGRESS, over=("csrf_view", "secured_view"))
    config.add_view_deriver(single_values_view, under="methods_view", over=("csrf_view", "secured_view"))
