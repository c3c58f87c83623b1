"""Forms: a colander schema in, HTML out, and back.

Schemas know nothing of widgets. A node's type chooses its widget, and these attributes of the node say more:

    code_list = "channels"     one code of that list: radios up to seven, otherwise a select; several for a Set
    choices = [(value, label)] the same for answers that are no code list; may be a deferred, or a function that gives
                               them when they are needed
    long = True                text of several lines; `rows` says how many
    partial = True             a date whose day, or day and month, may be unknown
    secret = True              a password or code; `autocomplete` says which
    hidden = True              sent along, not shown
    autocomplete, inputmode, width   attributes of a text box; width in characters (2 3 4 5 10 20 30)
    min_len, max_len           of a sequence; grid = True shows it as a table, where `carry` marks the columns that a
                               new row takes over from the last
    compact = True             a select even for few choices
    digest = "sha256"          what the page's script fills in when somebody has the digests of a file taken: md5, sha1,
                               sha256, size, tool; of a sequence of algorithm, value and tool: rows
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

import colander
import deform
import peppercorn
from colander import null
from deform.widget import HiddenWidget
from markupsafe import Markup
from webob.multidict import MultiDict

from casework.web import render, widgets
from casework.web.headers import HASHING_ROUTES, route_of
from casework.web.i18n import _

RADIO_LIMIT = 7
DRAFT_URL = "/draft"
CONTROLS = frozenset({"__formid__", "_charset_", "csrf_token", "version", "draft"})
NUMBERS = (colander.Integer, colander.Float, colander.Decimal)
WIDTHS = (2, 3, 4, 5, 10, 20, 30)

BUTTONS = {
    "save": _("Save"),
    "continue": _("Continue"),
    "send": _("Send"),
    "confirm": _("Confirm"),
    "sign_in": _("Sign in"),
    "search": _("Search"),
}


class Form(deform.Form):
    """A form bound to one request. Made by `make_form`, used once."""

    version = draft = draft_url = None
    hashing = False

    def first_digest(self):
        """The first of the form's own fields that takes a digest, on a page that may take them; None otherwise."""
        return next((child for child in self.children if self.hashing and hasattr(child.schema, "digest")), None)

    def validate(self, controls: Iterable[tuple[str, object]]):
        """The appstruct of posted pairs; raises deform.ValidationFailure."""
        pairs = self.own_controls(controls)
        if not all(isinstance(value, str) for _name, value in pairs):
            raise self.failure(widgets.NOT_UNDERSTOOD)
        return super().validate(pairs)

    def own_controls(self, controls: Iterable[tuple[str, object]]) -> list[tuple[str, object]]:
        """Without the fields that belong to the form and not to its data: token, version, draft, buttons."""
        own = CONTROLS | {button.name for button in self.buttons}
        kept, depth = [], 0
        for name, value in controls:
            depth += (name == peppercorn.START) - (name == peppercorn.END)
            if depth or name not in own:
                kept.append((name, value))
        return kept

    def failure(self, message) -> deform.ValidationFailure:
        """A problem of the form as a whole."""
        error = colander.Invalid(self.schema, message)
        self.widget.handle_error(self, error)
        return deform.ValidationFailure(self, self.cstruct, error)

    def restore(self, controls: Iterable[tuple[str, str]], change: Callable[[dict], dict] | None = None) -> None:
        """Fill in what somebody typed, a draft or a refused form, without judging it. Errors stay as they are. What
        no form of ours has sent is not filled in: a draft may have come with an old token, and was never looked at.
        `change` gets what was typed, by name of the field, and gives what to show."""
        try:
            typed = peppercorn.parse(self.own_controls(controls))
        except ValueError:
            return
        self.set_pstruct(change(typed) if change is not None else typed)

    def render_typed(
        self, controls: Iterable[tuple[str, str]] | MultiDict, change: Callable[[dict], dict] | None = None
    ) -> Markup:
        """The form as it was typed, with the errors that it has by now; `change` as for `restore`."""
        self.restore(getattr(controls, "items", lambda: controls)(), change)
        return Markup(self.render())

    def typed_values(self, controls: Iterable[tuple[str, str]] | MultiDict) -> list[dict]:
        """What was typed into each field, in words: `name`, `title`, `text`."""
        self.restore(getattr(controls, "items", lambda: controls)())
        return [
            {"name": child.name, "title": self.translate(child.title), "text": as_text(child)}
            for child in self.children if not child.widget.hidden
        ]

    def problems(self) -> list[dict]:
        """Items of the error summary: `href` (none for the whole form) and `text`, in order of the page."""
        found = [{"href": None, "text": self.translate(message)} for message in widgets.messages(self)]

        def walk(field, row=""):
            for number, child in enumerate(getattr(field, "sequence_fields", None) or field.children, 1):
                if isinstance(field.widget, widgets.Grid):
                    row = f"{self.translate(_('Row ${number}', mapping={'number': number}))}, "
                title = f"{row}{self.translate(child.title)}"
                for message in widgets.messages(child):
                    found.append({"href": f"#{child.oid}", "text": f"{title}: {self.translate(message)}"})
                if child.widget.category == "structural":
                    walk(child, row)

        walk(self)
        return found


class Renderer:
    """Deform's renderer: our Jinja2 templates, with the names that every page has."""

    def __init__(self, request):
        self.names = render.helpers(request) | {"messages": widgets.messages, "is_group": widgets.is_group}
        self.environment = render.environment(request)
        self.names["parts"] = self.environment.get_template("deform/parts.jinja2").make_module(self.names)
        self.translate = self.names["_"]

    def __call__(self, template: str, **values) -> Markup:
        found = self.environment.get_template(f"deform/{template}.jinja2")
        return Markup(found.render(self.names | values))


def make_form(
    request,
    schema: colander.SchemaNode,
    buttons: Sequence[str | tuple | deform.Button] = ("save",),
    action: str = "",
    draft_key: str | None = None,
    version: int | None = None,
    values: dict | None = None,
    form_id: str = "form",
) -> Form:
    """A form for `schema` (an instance or a class), bound to `request`.

    buttons    names of `BUTTONS`, (name, title) pairs or deform.Button; the first is the main one
    draft_key  token of this form, sent along as `draft`; for who is signed in, what is typed is kept as a draft
    version    of the record when the form was made; sent along as `version` for the check against lost updates
    values     what to fill in: field name to value; None and names the schema lacks are left out
    Raises ValueError when the schema has a field whose name belongs to the form.
    """
    if isinstance(schema, type):
        schema = schema()
    schema = schema.bind(request=request, codes=request.registry.get("codes"), locale=request.locale_name)
    taken = CONTROLS & {child.name for child in schema.children}
    if taken:
        raise ValueError(f"a schema cannot have a field {sorted(taken)[0]}")
    renderer = Renderer(request)
    dress(schema, request, renderer.translate)
    form = Form(
        schema,
        action=action,
        buttons=[as_button(button, renderer.translate) for button in buttons],
        formid=form_id,
        focus="off",
        renderer=renderer,
        counter=request.environ.setdefault("casework.form_counter", itertools.count()),
    )
    form.widget = widgets.WholeForm()
    form.version, form.draft = version, draft_key
    form.draft_url = DRAFT_URL if draft_key and request.identity else None
    form.hashing = route_of(request) in HASHING_ROUTES
    if values:
        form.set_appstruct(as_appstruct(schema, values))
    return form


def handle(
    request,
    form: Form,
    on_valid: Callable[[dict], object],
    values: dict | None = None,
    typed: Iterable[tuple[str, str]] | None = None,
):
    """The whole of a form's view.

    GET shows the form, with the draft `typed` when there is one, otherwise with `values`. POST validates
    `request.POST` and returns what `on_valid(appstruct)` returns; `on_valid` may raise colander.Invalid for
    `form.schema` to refuse. A refused form is shown again with status 422 and nothing of the request is kept in the
    database. Shown means `{"form": markup}`.
    """
    if request.method != "POST":
        if typed:
            form.restore(typed)
        elif values:
            form.set_appstruct(as_appstruct(form.schema, values))
        return {"form": Markup(form.render())}
    try:
        appstruct = form.validate(request.POST.items())
    except deform.ValidationFailure as failure:
        return refused(request, failure)
    try:
        return on_valid(appstruct)
    except colander.Invalid as error:
        form.widget.handle_error(form, error)
        return refused(request, deform.ValidationFailure(form, form.cstruct, error))


def refused(request, failure: deform.ValidationFailure) -> dict:
    """The failed form, with status 422."""
    request.response.status_int = 422
    manager = getattr(request, "tm", None)
    if manager is not None:
        manager.doom()
    return {"form": Markup(failure.render())}


def dress(node: colander.SchemaNode, request, translate: Callable) -> None:
    """Give every node below `node` its widget. `node` is bound, so nothing is shared with other requests."""
    for child in node.children:
        if child.widget is None:
            child.widget = choose(child, request, translate)
        if child.missing_msg is colander.SchemaNode.missing_msg:
            child.missing_msg = missing_message(child)
        if not isinstance(child.widget, widgets.Checkboxes):
            dress(child, request, translate)


def choose(node: colander.SchemaNode, request, translate: Callable):
    """The widget of one node."""
    typ = node.typ
    if getattr(node, "hidden", False):
        return HiddenWidget()
    if callable(getattr(node, "choices", None)) and not widgets.is_multiple(node):
        return widgets.Later(lambda: choice_widget(node, answers(node, request, translate), translate))
    choices = answers(node, request, translate)
    if choices is not None:
        return choice_widget(node, choices, translate)
    if isinstance(typ, colander.Mapping):
        return widgets.Group()
    if isinstance(typ, colander.Sequence):
        kind = widgets.Grid if getattr(node, "grid", False) else widgets.Items
        return kind(min_len=getattr(node, "min_len", None), max_len=getattr(node, "max_len", 100))
    if isinstance(typ, colander.Boolean):
        return widgets.Tick()
    if isinstance(typ, colander.DateTime):
        return widgets.DateTimeParts()
    if isinstance(typ, colander.Date) or getattr(node, "partial", False):
        return widgets.DateParts(partial=getattr(node, "partial", False))
    if getattr(node, "secret", False):
        return widgets.Secret(autocomplete=getattr(node, "autocomplete", "off"))
    if getattr(node, "long", False):
        return widgets.LongText(rows=getattr(node, "rows", 5))
    numeric = isinstance(typ, NUMBERS)
    width = getattr(node, "width", 10 if numeric else None)
    return widgets.Text(
        numeric=numeric,
        inputmode=getattr(node, "inputmode", "numeric" if numeric else None),
        autocomplete=getattr(node, "autocomplete", "off"),
        width=width if width in WIDTHS else None,
    )


def answers(node: colander.SchemaNode, request, translate: Callable) -> list[tuple[str, str]] | None:
    """(value, label) pairs of a node that is a choice, otherwise None."""
    source = node
    if isinstance(node.typ, colander.Sequence) and not hasattr(node, "code_list") and node.children:
        source = node.children[0]
    code_list = getattr(source, "code_list", None)
    if code_list is not None:
        return list(request.registry["codes"].choices(code_list, request.locale_name))
    choices = getattr(source, "choices", None)
    if choices is None:
        return None
    pairs = choices() if callable(choices) else choices
    # What is no msgid is a name of somebody or something, in the reader's language already.
    return [(str(value), label if type(label) is str else translate(label)) for value, label in pairs]


def choice_widget(node: colander.SchemaNode, choices: list[tuple[str, str]], translate: Callable):
    """Checkboxes for several, radios for one of few, otherwise a select."""
    if widgets.is_multiple(node):
        return widgets.Checkboxes(values=choices)
    if len(choices) <= RADIO_LIMIT and not getattr(node, "compact", False):
        empty = [] if node.required else [("", translate(_("No answer")))]
        return widgets.Radios(values=[*choices, *empty])
    return widgets.Choice(values=[("", translate(_("Choose"))), *choices])


def missing_message(node: colander.SchemaNode):
    """What to say when nothing was given: what to do, not only that something is required."""
    if isinstance(node.widget, widgets.Choice | widgets.Radios):
        return _("Choose one of the answers.")
    if isinstance(node.widget, widgets.Checkboxes):
        return _("Choose at least one of the answers.")
    if isinstance(node.widget, widgets.DateParts):
        return _("Write day, month and year.")
    if isinstance(node.widget, widgets.Items):
        return _("Add at least one.")
    return _("This must be filled in.")


def as_button(button: str | tuple | deform.Button, translate: Callable) -> deform.Button:
    """A button from a name, a (name, title) pair or a button."""
    if isinstance(button, deform.Button):
        return button
    name, title = button if isinstance(button, tuple) else (button, BUTTONS[button])
    return deform.Button(name=name, title=translate(title))


def as_text(field) -> str:
    """What a field holds, as words: labels instead of codes, the parts of a group one after another."""
    held = field.cstruct
    if isinstance(field.widget, widgets.Choice | widgets.Checkboxes):
        labels = dict(field.widget.values)
        chosen = held if isinstance(held, tuple | list) else [held]
        return ", ".join(labels[one] for one in chosen if one in labels and one)
    if isinstance(field.widget, widgets.DateParts):
        parts = getattr(field, "typed", None) or field.widget.parts(held)
        return "/".join(parts[name] for name in ("day", "month", "year") if parts[name]) + (
            f" {parts['time']}" if parts.get("time") else ""
        )
    if field.widget.category == "structural":
        inner = getattr(field, "sequence_fields", None) or field.children
        return "; ".join(filter(None, map(as_text, inner)))
    return held if isinstance(held, str) and not isinstance(field.widget, widgets.Secret) else ""


def as_appstruct(node: colander.SchemaNode, value):
    """`value` as colander can serialize it: None is null, and names that the schema lacks are left out."""
    if value is None:
        return null
    if isinstance(node.typ, colander.Mapping):
        return {child.name: as_appstruct(child, value.get(child.name)) for child in node.children}
    if isinstance(node.typ, colander.Sequence) and node.children:
        return [as_appstruct(node.children[0], item) for item in value]
    return value
