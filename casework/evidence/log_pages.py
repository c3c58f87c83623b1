"""Pages that record items: a whole search in one sitting, and a forensic image."""

from typing import Any

import colander
from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound

from casework.authz.access import access_to_one
from casework.records.forms import run_form
from casework.records.registry import Context, path_to
from casework.web.i18n import _
from schemas import exhibits as asks

from . import service, several
from .images import make_image

BLANK = 5  # rows of an empty form, and that are added at once without a script
SHARED = (*service.REPEATED, "restricted_material", "seal_witnesses")


def search(context: Context, request):
    """All that was taken in one search: a row for each item, everything recorded or nothing."""
    case, schema = context.parent, asks.SearchLog()
    kinds = request.registry["codes"].choices("evidence_kind", request.locale_name)

    def save(data: dict) -> str:
        try:
            several.log_search(request.db, request.identity, case, data)
        except several.RowsRefused as refused:
            raise _at_rows(schema, refused) from None
        return f"/cases/{case.ref}/evidence"

    last = service.last_by(request.db, request.identity, case) if request.method == "GET" else None
    values: dict[str, Any] = {name: getattr(last, name) for name in SHARED} if last is not None else {}
    if values.get("restricted_material") in (None, "yes"):
        values["restricted_material"] = "not_examined"
    values["rows"] = [_blank() for _number in range(BLANK)]
    return run_form(
        request, schema, title=_("Log a search"), save=save, values=values, back=f"/cases/{case.ref}/evidence",
        lead=_("What is common to all items is asked once. Each row becomes an item with a number of its own."),
        others={
            "take_table": (_("Take over the table"), lambda typed: _with_table(typed, kinds)),
            "more_rows": (_("More rows"), _with_more),
        },
    )


def _blank() -> dict[str, str]:
    return {"kind": "physical"}


def _with_more(typed: dict) -> dict:
    return {**typed, "rows": [*_rows(typed), *(_blank() for _number in range(BLANK))][: asks.ROWS]}


def _rows(typed: dict) -> list:
    rows = typed.get("rows")
    return rows[: asks.ROWS] if isinstance(rows, list) else []


def _with_table(typed: dict, kinds: list[tuple[str, str]]) -> dict:
    """The rows that say something, and behind them those of the pasted table; the table is empty then."""
    text = typed.get("table")
    names = [node.name for node in asks.SearchRow().children]
    rows = [row for row in _rows(typed) if isinstance(row, dict) and asks.is_blank(row) is False]
    for cells in asks.rows_of_table(text if isinstance(text, str) else ""):
        row = dict(zip(names, cells, strict=False))
        row["kind"] = asks.code_of(row["kind"], kinds) or row["kind"] or "physical"
        rows.append(row)
    return {**typed, "rows": rows, "table": ""}


def _at_rows(schema: colander.SchemaNode, refused: several.RowsRefused) -> colander.Invalid:
    """What is wrong, at the cells it is about."""
    place = [node.name for node in schema.children].index("rows")
    rows = colander.Invalid(schema.children[place])
    for number, problems in refused.rows.items():
        row_node = schema.children[place].children[0]
        names = [node.name for node in row_node.children]
        row = colander.Invalid(row_node)
        for problem in problems:
            field = {"hashes": "sha256"}.get(problem.field, problem.field)
            if field in names:
                row.add(colander.Invalid(row_node[field], problem.message), names.index(field))
            else:
                row.msg = [*(row.msg or ()), problem.message]
        rows.add(row, number)
    whole = colander.Invalid(schema)
    whole.add(rows, place)
    return whole


def image(context: Context, request):
    """A forensic image of an item, recorded as an item of its own."""
    source = context.own
    if source is None:
        raise HTTPNotFound()
    if request.identity.role != "FOR" or "W" not in access_to_one(request.db, request.identity, source):
        raise HTTPForbidden("only the examiner records an image")

    def save(data: dict) -> str:
        return path_to(request, make_image(request.db, request.identity, source, data))

    return run_form(
        request, asks.MakeImage(), title=_("Record an image of ${ref}", mapping={"ref": source.ref}), save=save,
        back=path_to(request, source), version=source.version,
        lead=_("The image becomes an item of its own, made from this one. Both hash values are compared."),
    )
