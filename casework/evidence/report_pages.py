"""Pages that take a tool's report and make items of it: the file, then what its columns mean, with a dry run."""

from collections.abc import Iterable, Mapping
from typing import Any

import colander
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther

from casework.authz.access import access_to_one
from casework.files.forms import FileType, FileWidget
from casework.hashes.reports import BYTES, MEANINGS, ROWS, TITLES, NotAReport, Table, guess, read_table
from casework.records import drafts
from casework.records.forms import run_form
from casework.records.registry import Context
from casework.web.i18n import _
from casework.web.render import code_label, translate
from casework.web.uploads import FIELD
from casework.workflow.engine import Problem, Refused
from schemas import exhibits
from schemas.fields import Node, Strict
from schemas.reports import ReportItems
from schemas.types import Text

from . import reports, service

SHOWN, TOLD = 10, 50  # rows of the preview, wrong lines named
SHARED = (*service.REPEATED, "restricted_material")
RECORDING = ("INV", "FOR")
GUESSED = {"baseline": "baseline"}  # categories whose meaning is no matter of opinion
NOT_TAKEN = {
    "not_text": _("This is no text. Reports are taken as CSV, hashdeep, VICS (JSON) or ICSE (CSV)."),
    "too_large": _("A report has at most ${limit} MiB. Divide it.", mapping={"limit": BYTES >> 20}),
    "too_long": _("A report has at most ${limit} lines. Divide it.", mapping={"limit": ROWS}),
    "unknown": _("This is no report of a known kind. Reports are taken as CSV, hashdeep, VICS (JSON) or ICSE (CSV)."),
    "empty": _("There is nothing in this file."),
}
WRONG = {
    "bad_digest": _("This is no hash value of that kind: ${value}"), "no_digest": _("There is no hash value."),
    "bad_number": _("This is no size: ${value}"), "bad_row": _("Cells are missing."),
    "bad_file": _("The file cannot be read from here on."),
    "twice": _("It names the same file as line ${value}."),
    "no_sha256": _("A digital item needs its SHA-256 value, or MD5 and SHA-1 together."),
}


def _writer(context: Context, request):
    case = context.parent
    may = request.identity.role in RECORDING and "W" in access_to_one(
        request.db, request.identity, case, "evidence.item")
    if not may:
        raise HTTPForbidden("may not record evidence in this case")
    return case


def take(context: Context, request):
    """Take the file of a report. It is read here and kept sealed as a draft; no name or path of a file in it is."""
    case, db = _writer(context, request), request.db
    schema = Strict()
    schema.add(colander.SchemaNode(
        FileType(), name=FIELD, title=_("File"), widget=FileWidget(accept=".csv,.txt,.json"),
        missing_msg=_("Choose a file."),
        description=_("CSV with a line of column names, hashdeep, VICS 1.3 or 2.0, or ICSE; at most ${rows} lines and "
                      "${limit} MiB.", mapping={"rows": ROWS, "limit": BYTES >> 20}),
    ))

    def save(data: dict) -> str:
        sent = data[FIELD]
        try:
            table = read_table(b"".join(sent.pieces()) if sent.size <= BYTES else bytes(BYTES + 1))
        except NotAReport as refused:
            raise Refused(Problem(NOT_TAKEN[refused.code], FIELD)) from None
        reports.keep(db, request.identity, case, table)
        return f"/cases/{case.ref}/evidence/report"

    page = run_form(
        request, schema, title=_("Import a tool's report"), button=_("Continue"), save=save,
        back=f"/cases/{case.ref}/evidence",
        lead=_("Nothing is recorded yet. Names and paths of files are left out at once: they may be explicit."),
    )
    if isinstance(page, dict):
        going = reports.kept(db, request.identity, case) is not None
        page["going"] = f"/cases/{case.ref}/evidence/report" if going else None
    return page


def make(context: Context, request):
    """What the columns mean and what the items have in common, with the first of them as they would become."""
    case, db, identity = _writer(context, request), request.db, request.identity
    table = reports.kept(db, identity, case)
    if table is None:
        # It was logged meanwhile, maybe by this very form.
        sent = drafts.already_sent(db, drafts.token_of(request.POST.get("draft")), identity.user_id)
        return HTTPSeeOther(sent or f"/cases/{case.ref}/evidence/report/files/new")
    labels = dict(request.registry["codes"].choices("labels", request.locale_name))
    schema, labelling = ReportItems(), reports.may_label(db, identity, case)
    asked = [what for what in MEANINGS if what != "label" or labelling]
    if not labelling:
        del schema["categories"]
    for what in reversed(asked):
        schema.children.insert(0, _column(what, table))

    def save(data: dict) -> str:
        found = reports.read(table, _chosen(data, asked), data["kind"])
        if found.wrong and not data["leave_out"]:
            raise Refused(Problem(_("${count} lines are wrong. Correct the report, or leave them out.",
                                    mapping={"count": len(found.wrong)}), "leave_out"))
        meant = _labels(data.get("categories") or (), labels)
        reports.log_report(db, identity, case, found.rows, data, meant)
        return f"/cases/{case.ref}/evidence"

    page = run_form(
        request, schema, title=_("Import a tool's report"), button=_("Log these items"), save=save,
        values=_first_values(request, case, table, labels), back=f"/cases/{case.ref}/evidence",
        others={"again": (_("Show again"), lambda typed: typed)},
    )
    if isinstance(page, dict):
        draft = page["draft"].body if page["draft"] is not None else []
        page["preview"] = _preview(request, table, asked, labels, request.POST if request.POST else dict(draft))
        page["again"], page["kept"] = f"/cases/{case.ref}/evidence/report/files/new", reports.place(case)
    return page


def _column(what: str, table: Table) -> Node:
    """Which column holds what."""
    title = {"size": _("Column: size in bytes"), "label": _("Column: category")}.get(
        what, _("Column: ${what}", mapping={"what": TITLES[what]}))
    choices = [(str(at), f"{at + 1}: {name}") for at, name in enumerate(table.columns)]
    return Node(Text(), name=f"column_{what}", title=title, missing=None, choices=choices, compact=True)


def _chosen(data: Mapping[str, Any], asked: Iterable[str]) -> dict[str, int]:
    """Meaning -> column, of what came with a form, validated or not."""
    given = {what: str(data.get(f"column_{what}") or "") for what in asked}
    return {what: int(at) for what, at in given.items() if at.isascii() and at.isdigit() and len(at) < 4}


def _first_values(request, case, table: Table, labels: Mapping[str, str]) -> dict[str, Any] | None:
    if request.method == "POST":
        return None
    last = service.last_by(request.db, request.identity, case)
    shared = {name: getattr(last, name) for name in SHARED} if last is not None else {}
    found = guess(table)
    categories = reports.read(table, found).categories[: exhibits.ROWS]
    return {
        **shared, **{f"column_{what}": str(at) for what, at in found.items()}, "kind": "extract",
        "categories": [f"{one} = {labels.get(GUESSED.get(one, ''), '')}".strip() for one in categories],
    }


def _labels(lines: Iterable[str], labels: Mapping[str, str]) -> dict[str, str]:
    """Category -> label, of lines that say both. Raises Refused for a label that there is not."""
    found, unknown = {}, []
    for line in lines:
        category, _mark, label = (part.strip() for part in line.rpartition("="))
        code = exhibits.code_of(label, list(labels.items())) if label else None
        if label and code is None:
            unknown.append(label)
        elif code is not None:
            found[category] = code
    if unknown:
        words = {"label": unknown[0][:60], "labels": ", ".join(labels.values())}
        raise Refused(Problem(_("There is no label “${label}”. Write one of: ${labels}.", mapping=words), "categories"))
    return found


def _preview(request, table: Table, asked: Iterable[str], labels: Mapping[str, str], typed: Mapping[str, Any]) -> dict:
    """The first items as they would become by what was `typed` so far, and what is wrong with which line."""
    # A column that the report does not have was not chosen on our page: its form says so itself.
    chosen = {what: at for what, at in _chosen(typed, asked).items() if at < len(table.columns)} if typed else None
    kinds = dict(request.registry["codes"].choices("evidence_kind", request.locale_name))
    kind = typed["kind"] if typed.get("kind") in kinds else None
    found = reports.read(table, chosen, kind)
    try:
        meant = _labels((typed.get("categories") or "").splitlines(), labels)
    except Refused:
        meant = {}
    parent = next((words for value, words in request.options("items:parent") if value == typed.get("parent")), "")
    data = {"description": typed.get("description") or "…", "tool": "", "kind": kind or "extract",
            "restricted_material": typed.get("restricted_material")}
    items = [reports.item_of(row, data, meant) for row in found.rows[:SHOWN]]
    return {
        "rows": [[row.line, item["description"], kinds[item["kind"]],
                  code_label(request, "labels", next(iter(item["label_counts"] or ()), None)) or row.label or "",
                  [(code_label(request, "hash_algorithm", one["algorithm"]), one["value"]) for one in item["hashes"]],
                  item["size"], parent] for row, item in zip(found.rows, items, strict=False)],
        "count": len(found.rows), "wrong": len(found.wrong), "left_out": table.left_out,
        "problems": [[one.line, translate(request, WRONG[one.problem], value=one.value)] for one in found.wrong[:TOLD]],
        "shown": SHOWN, "told": TOLD,
    }
