"""One declaration per record type: routes, pages, history, search and tests hang on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from sqlalchemy import null, select

from casework.authz.conditions import rows_of
from casework.authz.scope import Scoped
from casework.db.refs import parse_ref


@dataclass(frozen=True)
class RecordType:
    """What the program needs to know of one record type.

    name       the table's name; `state_change.record_type` and the log use it.
    path       segment of the URL: /cases, /cases/{case}/evidence.
    prefix     letters of its references.
    row        the matrix row its pages ask for.
    parent     the type whose page it hangs under; children are looked up through it.
    link       the column that holds the parent's id.
    columns    columns of the list, in order.
    filters    columns the list can be filtered by, each with its code list.
    create     (request, parent, data) -> record, for the generic "new" page; None where a feature has its own.
    schema     what "new" asks; edit_schema what "edit" asks.
    search     S1/S2 text columns that the search finds.
    template   the record's page; it extends records/record.jinja2.
    extra      (request, record) -> dict for the page's template.
    """

    name: str
    model: type
    path: str
    prefix: str
    row: str
    title: Any
    plural: Any
    parent: str | None = None
    link: str = "case_id"
    columns: tuple[str, ...] = ("ref", "created_at")
    filters: tuple[tuple[str, str], ...] = ()
    schema: type | None = None
    edit_schema: type | None = None
    create: Callable[..., Any] | None = None
    edit: Callable[..., Any] | None = None
    search: tuple[str, ...] = ()
    template: str = "casework:records/templates/view.jinja2"
    extra: Callable[..., dict] | None = None
    list_view: bool = True

    @property
    def rows(self) -> list[str]:
        """The matrix rows its records can fall under (more than one for people and notes)."""
        return rows_of(self.model.__scope__)


class Context:
    """What a view works on: the record, its parent, its type. `record` is what permissions are asked of."""

    def __init__(self, record_type: RecordType, record: Any = None, parent: Any = None):
        self.type, self.own, self.parent = record_type, record, parent
        self.record = record if record is not None else parent


def record_type(registry, name: str) -> RecordType:
    """The declaration of a type. Raises KeyError."""
    return registry["record_types"][name]


def pattern(registry_types: dict[str, RecordType], rt: RecordType) -> str:
    """The URL pattern of the list of a type."""
    if rt.parent is None:
        return f"/{rt.path}"
    parent = registry_types[rt.parent]
    return f"{pattern(registry_types, parent)}/{{{parent.name}}}/{rt.path}"


def path_to(request, record: Any, *rest: str) -> str:
    """The path of a record's page, through its owners."""
    rt = record_type(request.registry, record.__tablename__)
    base = f"/{rt.path}/{record.ref}"
    if rt.parent is not None:
        parent_type = record_type(request.registry, rt.parent)
        parent = request.db.get(parent_type.model, getattr(record, rt.link))
        base = path_to(request, parent) + base
    return "/".join((base, *rest))


def locator(types: dict[str, RecordType]):
    """A function (session, ref) -> (record type, id, case id) of the record with this reference, whoever asks:
    for the log only. All None when there is none."""

    def locate(session, ref: str):
        for rt in types.values():
            if ref.startswith(rt.prefix) and ref[len(rt.prefix)].isdigit():
                table = rt.model.__table__
                case = table.c.get("case_id", table.c.id if rt.name == "case" else null())
                row = session.connection().execute(select(table.c.id, case).where(table.c.ref == ref)).first()
                return (rt.name, *row) if row else (None, None, None)
        return None, None, None

    return locate


def _may_see_any(request, rt: RecordType) -> bool:
    identity = request.identity
    matrix = request.registry["matrix"]
    return identity is not None and any(matrix.cell(row, identity.role).may("M") for row in rt.rows)


def _fetch(request, rt: RecordType, text: str, parent: Any) -> Any:
    ref = parse_ref(text)
    if ref is None:
        raise HTTPNotFound()
    query = select(rt.model).where(rt.model.ref == ref)
    if parent is not None:
        query = query.where(getattr(rt.model, rt.link) == parent.id)
    record = request.db.scalars(query).one_or_none()
    if record is None:
        raise HTTPNotFound()
    return record


def factory(types: dict[str, RecordType], rt: RecordType):
    """A route factory that finds the record through its owners, as the person may see them.

    A role that never sees the type gets a context without record, so that it is refused alike for what exists and
    for what does not.
    """

    def make(request) -> Context:
        if not _may_see_any(request, rt):
            return Context(rt)
        parent = None
        if rt.parent is not None:
            parent_type = types[rt.parent]
            parent = factory(types, parent_type)(_Inner(request, parent_type)).own
            if parent is None:
                raise HTTPNotFound()
        text = request.matchdict.get(rt.name)
        return Context(rt, None if text is None else _fetch(request, rt, text, parent), parent)

    return make


class _Inner:
    """The request as the factory of the parent needs it."""

    def __init__(self, request, rt: RecordType):
        self.identity, self.registry, self.db, self.matchdict = (
            request.identity, request.registry, request.db, request.matchdict
        )


def add_record_type(config, rt: RecordType) -> None:
    """Directive: declare a type, add its routes and the generic pages it uses."""
    from . import views

    types = config.registry.setdefault("record_types", {})
    if rt.name in types:
        raise ValueError(f"record type {rt.name} is declared twice")
    if not issubclass(rt.model, Scoped):
        raise ValueError(f"record type {rt.name} is not scoped")
    matrix = config.registry["matrix"]
    for row in rt.rows:
        if row not in matrix.rows:
            raise ValueError(f"record type {rt.name}: the matrix has no row {row}")
    types[rt.name] = rt
    introspectable = config.introspectable("casework record types", rt.name, rt.name, "record type")
    introspectable["record_type"] = rt
    config.action(("record type", rt.name), None, introspectables=(introspectable,))

    base, make = pattern(types, rt), factory(types, rt)
    one = f"{base}/{{{rt.name}}}"
    if rt.list_view:
        config.add_route(f"{rt.name}.list", base, factory=make)
        config.add_view(views.listing, route_name=f"{rt.name}.list", permission=f"{rt.row}:M",
                        renderer="casework:records/templates/list.jinja2", many=views.LIST_KEYS)
    if rt.create is not None:
        config.add_route(f"{rt.name}.new", f"{base}/new", factory=make)
        config.add_view(views.new, route_name=f"{rt.name}.new", permission=f"{rt.row}:W",
                        renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))
    config.add_route(f"{rt.name}.history", f"{one}/history", factory=make)
    config.add_view(views.history, route_name=f"{rt.name}.history", permission=f"{rt.row}:M",
                    renderer="casework:records/templates/history.jinja2")
    if rt.edit_schema is not None:
        config.add_route(f"{rt.name}.edit", f"{one}/edit", factory=make)
        config.add_view(views.edit, route_name=f"{rt.name}.edit", permission=f"{rt.row}:W",
                        renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))
    if hasattr(rt.model, "__flow__"):
        config.add_route(f"{rt.name}.do", f"{one}/do/{{event}}", factory=make)
        config.add_view(views.do, route_name=f"{rt.name}.do", permission=f"{rt.row}:M", read_by_post=True,
                        renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))
    config.add_route(f"{rt.name}.view", one, factory=make)
    config.add_view(views.view, route_name=f"{rt.name}.view", permission=f"{rt.row}:M", renderer=rt.template)


def includeme(config):
    config.registry["record_types"] = {}
    config.registry["locate"] = locator(config.registry["record_types"])
    config.add_directive("add_record_type", add_record_type)
