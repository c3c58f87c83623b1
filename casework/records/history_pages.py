"""The pages of a record's history: its lines, two moments side by side, the list on paper, the proof of a line."""

from typing import Any
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPForbidden, HTTPNotFound
from pyramid.renderers import render_to_response

from casework.audit.proof import as_bytes, entry_file
from casework.authz.access import access_to_one, shown
from casework.web.download import attachment
from casework.web.i18n import _, format_datetime
from casework.web.render import code_label, translate

from . import handout
from .compare import compare, moments_of
from .frame import expect
from .history import READS, Line, asked_of, lines_of, one_line
from .labels import label
from .moments import number
from .registry import Context, RecordType, path_to

FILTERS = ("verb", "person", "field", "since", "until", "reads")
# Cells of the matrix row "Export, print, bulk" that give the list of one record (the others: labels, files, tables).
TAKES = frozenset({"one_record", "own"})
# What happens with records of every type, besides the events of its flow.
EVERYWHERE = ("create", "update", "view", "read", "denied", "export", "print")
COLUMNS = (
    _("Number"), _("When"), _("Who"), _("Role"), _("Agency"), _("Session"), _("What"), _("Result"), _("Allowed by"),
    _("Reason"), _("Fields"), _("Hash"),
)


def _record(context: Context) -> tuple[RecordType, Any]:
    if context.own is None:
        raise HTTPNotFound()
    return context.type, context.own


def may_take(request) -> bool:
    """Whether this role takes lists out (row 40 of the matrix)."""
    cell = request.registry["matrix"].cell("export", request.identity.role)
    return cell.may("A") or bool(TAKES.intersection(cell.words))


def seen_by(request, record: Any) -> str | None:
    """The rule by which this person sees a record."""
    access = access_to_one(request.db, request.identity, record)
    return next((access.rule(level) for level in "RM" if level in access), None)


def _names(request, rt: RecordType, record: Any) -> dict:
    return {"type": rt, "record": shown(request.db, request.identity, record), "path": path_to(request, record)}


def _kept(request) -> str:
    return urlencode([(name, request.GET[name]) for name in FILTERS if request.GET.get(name)])


def history(context: Context, request) -> dict:
    """Who did what with this record, when, from where, by which rule; old and new as this person may see them."""
    rt, record = _record(context)
    expect(request)
    request.audit("view", record, part="history", rule=seen_by(request, record))
    asked = asked_of(request)
    lines, older = lines_of(request, rt, record, asked)
    names = request.names
    kept = _kept(request)
    return {
        **_names(request, rt, record), "lines": lines, "asked": {name: request.GET.get(name, "") for name in FILTERS},
        "filtered": bool(kept), "kept": kept, "may_take": may_take(request),
        "older": f"?{kept}{'&' if kept else ''}before={older}" if older else None,
        "verbs": verbs_of(request, rt, lines), "people": sorted(
            {(str(line.actor_id), names.of("user_account", line.actor_id)) for line in lines if line.actor_id},
            key=lambda pair: pair[1]),
        "fields": fields_of(request, rt, record),
        "reads": [(value, translate(request, words)) for value, words in READS.items()],
        "users": {line.actor_id: names.of("user_account", line.actor_id) for line in lines if line.actor_id},
        "agencies": {line.agency_id: names.of("agency", line.agency_id) for line in lines if line.agency_id},
    }


def verbs_of(request, rt: RecordType, lines: list[Line]) -> list[tuple[str, str]]:
    """What can happen with records of the type, for the filter, by what it is called."""
    events = {one.event for one in rt.flow.transitions} if rt.flow else set()
    verbs = {*EVERYWHERE, *events, *(line.verb for line in lines)}
    return sorted(((verb, code_label(request, "events", verb)) for verb in verbs), key=lambda pair: pair[1])


def fields_of(request, rt: RecordType, record: Any) -> list[tuple[str, str]]:
    """The fields that this person may see, for the filter, by what they are called."""
    access = shown(request.db, request.identity, record)
    columns = {a.key.removesuffix("_sealed") for a in rt.model.__mapper__.column_attrs} - {"id", "version", "ref"}
    named = {name: label(rt, name) for name in columns if access.shows(name) and name not in rt.hidden}
    return sorted(((name, translate(request, title)) for name, title in named.items() if title != name),
                  key=lambda pair: pair[1])


def moments(context: Context, request) -> dict:
    """The record at two moments."""
    rt, record = _record(context)
    expect(request)
    request.audit("view", record, part="compare", rule=seen_by(request, record))
    found = moments_of(request)
    rows, complete = compare(request, rt, record, *found) if found else ([], True)
    return {**_names(request, rt, record), "moments": found, "rows": rows, "complete": complete,
            "asked": {name: request.GET.get(name, "") for name in ("from", "to")}}


def take(context: Context, request):
    """The lines as PDF or CSV, for a purpose. The list and the log both say by whom, when and what for."""
    rt, record = _record(context)
    if not may_take(request):
        raise HTTPForbidden(f"{request.identity.role} takes no lists out")

    def give(answer: dict):
        asked, limit = asked_of(request), handout.LIMITS[answer["form"]]
        lines, older = lines_of(request, rt, record, asked, limit)
        made = list_of(request, record, lines, older is None)
        response = handout.file_of(request, made, answer, f"history-{record.ref}")
        request.audit(handout.VERBS[answer["form"]], record, rule=seen_by(request, record), part="history",
                      **handout.details(made, answer))
        return response

    shown_form = handout.ask(request, give)
    if not isinstance(shown_form, dict):
        return shown_form
    return {
        **shown_form, "title": _("History of ${ref} as a file", mapping={"ref": record.ref}), "draft": None,
        "lead": _("The file says who made it, when and what for. So does the log."), "confirm": None, "stale": None,
        "back": f"{path_to(request, record)}/history",
    }


def list_of(request, record: Any, lines: list[Line], complete: bool) -> handout.Handout:
    """The lines of a history as a list that leaves."""
    names, locale = request.names, request.locale_name
    names.want("user_account", (line.actor_id for line in lines))
    rows = [
        [
            str(line.seq), format_datetime(line.at, locale),
            names.of("user_account", line.actor_id) or translate(request, _("The system")),
            code_label(request, "roles", line.role), names.of("agency", line.agency_id), line.session,
            code_label(request, "events", line.verb), code_label(request, "results", line.result), line.rule,
            line.reason or "", "; ".join([*line.fields, *(_told(request, change) for change in line.changes)]),
            line.hash,
        ]
        for line in lines
    ]
    facts = [(translate(request, _("Record")), record.ref)]
    for name, title in (("since", _("From")), ("until", _("To"))):
        if request.GET.get(name):
            facts.append((translate(request, title), request.GET[name][:10]))
    return handout.Handout(
        translate(request, _("History of ${ref}", mapping={"ref": record.ref})), facts,
        [translate(request, column) for column in COLUMNS], rows, [line.seq for line in lines], complete,
    )


def _told(request, change: Any) -> str:
    if change.hidden:
        return f"{change.label}: {translate(request, _('Not shown to you'))}"
    return f"{change.label}: {change.old or '–'} > {change.new or '–'}"


def prove(context: Context, request):
    """The proof that a line stands in the log, as a file. What the entry says stays out of it: who opens the proof
    elsewhere may be anybody, and this reader may see no more than the page shows."""
    _rt, record = _record(context)
    seq = number(request.matchdict["seq"])
    row = one_line(request, record, seq) if seq is not None else None
    if row is None:
        raise HTTPNotFound()
    back = f"{path_to(request, record)}/history"
    return proof_of(request, seq, back, lambda: request.audit("prove", record, entry=seq))


def proof_of(request, seq: int, back: str, note) -> Any:
    """The proof of an entry as a download, or a page that says that it has none yet. `note` writes into the log."""
    try:
        found = entry_file(request.db.connection(), seq, request.registry["log_policy"])
    except LookupError:
        return render_to_response(
            "casework:records/templates/unproved.jinja2", {"seq": seq, "back": back}, request=request,
        )
    note()
    # The form of an entry whose body is sealed: the verifier knows it.
    return attachment(f"proof-{seq}.json", as_bytes({**found, "body": None, "salt": None}), "application/json")
