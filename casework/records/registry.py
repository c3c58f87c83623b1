"""One declaration per record type: routes, pages, history, search and tests hang on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from sqlalchemy import null, select

from casework.authz import access
from casework.authz.conditions import rows_of
from casework.authz.scope import Scoped
from casework.db.asking import UNSCOPED
from casework.db.refs import parse_ref
from casework.web.i18n import _
from casework.workflow.engine import flows

from .search import index

OVERVIEW = _("Overview")


@dataclass(frozen=True)
class Tab:
    """A page of a framed record that is no list of children: its path, title and permission "<row>:<level>"."""

    path: str
    title: Any
    permission: str
    weight: int = 50


@dataclass(frozen=True)
class RecordType:
    """What the program needs to know of one record type.

    name       the table's name; `state_change.record_type` and the log use it.
    path       segment of the URL: /cases, /cases/{case}/evidence.
    prefix     letters of its references.
    row        the matrix row its pages ask for: one of its own, or another that stands for it.
    parent     the type whose page it hangs under; children are looked up through it.
    link       the column that holds the parent's id.
    columns    columns of the list, in order.
    filters    filters of the list: (column, code list), or `filters.Filter`.
    create     (request, parent, data) -> record, for the generic "new" page; None where a feature has its own.
    schema     what "new" asks; edit_schema what "edit" asks. A function (request, record or None) -> schema where
               it depends on the record.
    values     (record) -> what the edit form is filled with, where it is not the fields of the same names.
    edit       (request, record, data) for the generic "edit" page; the fields of the same names when None.
    search     S1/S2 text columns that the search finds.
    template   the record's page; it extends records/record.jinja2.
    extra      (request, record) -> dict for the page's template.
    fields     columns of the record's page, where its schema does not say it.
    labels     column -> what it is called; codes: column -> code list; render: column -> (request, row, names) ->
               cell, where neither schema nor the common names say it.
    order      SQL order of the list by key: "newest" or "oldest" first.
    inner      events that happen through another record: they have no page here.
    rare       events that the page keeps folded away, behind the usual next steps.
    hidden     columns that no page shows to anybody, history included.
    frame      (request, record) -> dict(ref, title, tags, meta): the bar over this and all that hangs under it.
    tab        title in the sub-navigation of the parent: None for `plural`, "" for none.
    tabs       more pages for the sub-navigation of a framed type.
    overview   title of the record's own page in the sub-navigation.
    when       (owner) -> whether the sub-navigation shows it yet; always when None.
    weight     place in the sub-navigation of the parent, lower first.
    history    the level that its history asks for: R where already the verbs tell what nobody should learn.
    voidable   whether two people may void one by the generic page; for types whose flow has no `void`.
    struck     whether its list keeps what was voided, struck through; other lists leave it out.
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
    filters: tuple[Any, ...] = ()
    schema: Any = None
    edit_schema: Any = None
    values: Callable[..., dict] | None = None
    create: Callable[..., Any] | None = None
    edit: Callable[..., Any] | None = None
    search: tuple[str, ...] = ()
    template: str = "casework:records/templates/view.jinja2"
    extra: Callable[..., dict] | None = None
    list_view: bool = True
    fields: tuple[str, ...] = ()
    labels: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    render: dict[str, Callable[..., Any]] = field(default_factory=dict)
    inner: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    frame: Callable[..., dict] | None = None
    tab: Any = None
    tabs: tuple[Tab, ...] = ()
    overview: Any = OVERVIEW
    when: Callable[[Any], bool] | None = None
    weight: int = 50
    voidable: bool = True
    struck: bool = False
    history: str = "M"
    empty: Any = None

    @property
    def rows(self) -> list[str]:
        """The matrix rows its records can fall under (more than one for people and notes)."""
        return rows_of(self.model.__scope__)

    @property
    def permission(self) -> str:
        """What a permission on its pages names: its row, or all rows its records can fall under."""
        return "|".join(self.rows) if self.row in self.rows else self.row

    @cached_property
    def nodes(self) -> dict[str, Any]:
        """The fields of its schemas by name."""
        found: dict[str, Any] = {}
        for schema in (self.schema, self.edit_schema):
            if isinstance(schema, type):
                found.update({node.name: node for node in schema().children})
        return found

    @cached_property
    def known_lists(self) -> dict[str, str | None]:
        """The code lists of its columns, as far as they were asked for."""
        return {}

    @cached_property
    def flow(self) -> Any:
        """Its flow, or None."""
        return flows().get(getattr(self.model, "__flow__", ""))

    @property
    def tab_title(self) -> Any:
        """Its title in the sub-navigation of its parent, or None."""
        if self.tab is None:
            return self.plural if self.list_view else None
        return self.tab or None

    @property
    def may_be_voided(self) -> bool:
        """Whether the generic page voids its records."""
        return self.voidable and hasattr(self.model, "voided_at") and not (self.flow and self.flow.by_event("void"))

    def make_schema(self, request, record: Any = None, *, edit: bool = False) -> Any:
        """A new schema for a form."""
        schema = self.edit_schema if edit else self.schema
        return schema() if isinstance(schema, type) else schema(request, record)


class Context:
    """What a view works on: the record, its parent, its type. `record` is what permissions are asked of.

    `chain` goes from the outermost owner to the record itself. `unseen` says that the role never sees the type: the
    policy then refuses whatever the view asks for.
    """

    def __init__(
        self, record_type: RecordType, record: Any = None, parent: "Context | None" = None, *, unseen: bool = False
    ):
        self.type, self.own, self.unseen = record_type, record, unseen
        self.parent = parent.own if parent is not None else None
        self.record = record if record is not None else self.parent
        self.chain = [*(parent.chain if parent is not None else ()), (record_type, record)]


def record_type(registry, name: str) -> RecordType:
    """The declaration of a type. Raises KeyError."""
    return registry["record_types"][name]


def pattern(registry_types: dict[str, RecordType], rt: RecordType) -> str:
    """The URL pattern of the list of a type."""
    if rt.parent is None:
        return f"/{rt.path}"
    parent = registry_types[rt.parent]
    return f"{pattern(registry_types, parent)}/{{{parent.name}}}/{rt.path}"


def path_to(request, record: Any) -> str | None:
    """The path of a record's page, through its owners; None where this person may not see one of them."""
    rt = record_type(request.registry, record.__tablename__)
    base = f"/{rt.path}/{record.ref}"
    if rt.parent is None:
        return base
    parent_type = record_type(request.registry, rt.parent)
    parent = request.db.get(parent_type.model, getattr(record, rt.link))
    above = None if parent is None else path_to(request, parent)
    return None if above is None else above + base


def fetch(request, text: str) -> Any:
    """The record with a reference, of whatever type, that this person may see; None for anything else."""
    ref = parse_ref(text)
    for rt in request.registry["record_types"].values() if ref else ():
        if ref.startswith(rt.prefix) and ref[len(rt.prefix)].isdigit() and may_see_any(request, rt):
            return request.db.scalars(select(rt.model).where(rt.model.ref == ref)).one_or_none()
    return None


def locator(types: dict[str, RecordType]):
    """A function (session, ref) -> (record type, id, case id) of the record with this reference, whoever asks:
    for the log only. All None when there is none."""

    def locate(session, ref: str):
        for rt in types.values():
            if ref.startswith(rt.prefix) and ref[len(rt.prefix)].isdigit():
                table = rt.model.__table__
                case = table.c.get("case_id", table.c.id if rt.name == "case" else null())
                query = select(table.c.id, case).where(table.c.ref == ref)
                row = session.connection().execute(query, execution_options={UNSCOPED: True}).first()
                return (rt.name, *row) if row else (None, None, None)
        return None, None, None

    return locate


def may_see_any(request, rt: RecordType) -> bool:
    """Whether the role of this person could see any record of a type."""
    identity = request.identity
    matrix = request.registry["matrix"]
    return identity is not None and any(matrix.cell(row, identity.role).may("M") for row in rt.rows)


def _lineage(types: dict[str, RecordType], rt: RecordType) -> list[RecordType]:
    """The type with those it hangs under, outermost first."""
    found = [rt]
    while found[0].parent is not None:
        found.insert(0, types[found[0].parent])
    return found


def _fetch(request, lineage: list[RecordType], rt: RecordType) -> list[Any]:
    """The records that the address names, outermost first, with one query. Raises HTTPNotFound for what is not
    there or may not be seen; a list of children has none at its end."""
    named = [one for one in lineage if one.name in request.matchdict]
    wanted = {}
    for place, one in enumerate(named):
        ref = parse_ref(request.matchdict[one.name])
        if ref is None:
            raise HTTPNotFound()
        # Permissions on a list of children, or on a new one, are asked of their owner.
        asked = rt.permission.split("|") if one is named[-1] and one is not rt else ()
        link = one.link if place else None
        wanted[access.Wanted(one.model, link, tuple(r for r in asked if r not in one.rows))] = ref
    found = access.fetch(request.db, request.identity, wanted) if wanted else ()
    if found is None:
        raise HTTPNotFound()
    return [*found, *[None] * (len(lineage) - len(found))]


def factory(types: dict[str, RecordType], rt: RecordType):
    """A route factory that finds the record through its owners, as the person may see them.

    A role that never sees the type gets a context without record, so that it is refused alike for what exists and
    for what does not.
    """

    def make(request) -> Context:
        if not may_see_any(request, rt):
            return Context(rt, unseen=True)
        lineage = _lineage(types, rt)
        if not all(may_see_any(request, owner) for owner in lineage):
            raise HTTPNotFound()
        context = None
        for one, record in zip(lineage, _fetch(request, lineage, rt), strict=True):
            context = Context(one, record, context)
        return context

    return make


def add_record_type(config, rt: RecordType) -> None:
    """Directive: declare a type, add its routes and the generic pages it uses."""
    from . import history_pages, views

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

    if rt.search:
        index(rt.model, rt.search)
    base, make = pattern(types, rt), factory(types, rt)
    one = f"{base}/{{{rt.name}}}"
    if rt.list_view:
        config.add_route(f"{rt.name}.list", base, factory=make)
        config.add_view(views.listing, route_name=f"{rt.name}.list", permission=f"{rt.permission}:M",
                        renderer="casework:records/templates/list.jinja2", many=views.filter_names(rt))
    if rt.create is not None:
        config.add_route(f"{rt.name}.new", f"{base}/new", factory=make)
        config.add_view(views.new, route_name=f"{rt.name}.new", permission=f"{rt.permission}:W",
                        renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))
    config.add_route(f"{rt.name}.history", f"{one}/history", factory=make)
    config.add_view(history_pages.history, route_name=f"{rt.name}.history", permission=f"{rt.permission}:{rt.history}",
                    renderer="casework:records/templates/history.jinja2")
    config.add_route(f"{rt.name}.moments", f"{one}/history/compare", factory=make)
    config.add_view(history_pages.moments, route_name=f"{rt.name}.moments", permission=f"{rt.permission}:{rt.history}",
                    renderer="casework:records/templates/compare.jinja2")
    config.add_route(f"{rt.name}.take", f"{one}/history/file", factory=make)
    config.add_view(history_pages.take, route_name=f"{rt.name}.take", permission=f"{rt.permission}:{rt.history}",
                    read_by_post=True, renderer="casework:records/templates/form.jinja2",
                    require_methods=("GET", "POST"))
    config.add_route(f"{rt.name}.prove", f"{one}/history/proof/{{seq}}", factory=make)
    config.add_view(history_pages.prove, route_name=f"{rt.name}.prove", permission=f"{rt.permission}:{rt.history}")
    if rt.edit_schema is not None:
        config.add_route(f"{rt.name}.edit", f"{one}/edit", factory=make)
        config.add_view(views.edit, route_name=f"{rt.name}.edit", permission=f"{rt.permission}:W",
                        renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))
    if hasattr(rt.model, "__flow__"):
        config.add_route(f"{rt.name}.do", f"{one}/do/{{event}}", factory=make)
        config.add_view(views.do, route_name=f"{rt.name}.do", permission=f"{rt.permission}:M", own_check=True,
                        renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))
    if rt.may_be_voided:
        config.add_route(f"{rt.name}.void", f"{one}/void", factory=make)
        config.add_view(views.void, route_name=f"{rt.name}.void", permission=f"{rt.permission}:M", own_check=True,
                        renderer="casework:records/templates/form.jinja2", require_methods=("GET", "POST"))
    config.add_route(f"{rt.name}.view", one, factory=make)
    config.add_view(views.view, route_name=f"{rt.name}.view", permission=f"{rt.permission}:M", renderer=rt.template)


def includeme(config):
    config.registry["record_types"] = {}
    config.registry["locate"] = locator(config.registry["record_types"])
    config.add_directive("add_record_type", add_record_type)
