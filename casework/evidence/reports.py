"""A tool's report that becomes items: kept while its columns are told apart, then recorded as one. Plain values, never
a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.cases.models import Case
from casework.hashes.formats import Row, Wrong
from casework.hashes.reports import MEANINGS, Table, entries, guess
from casework.records import drafts
from casework.web.i18n import _
from casework.workflow.engine import Problem, Refused
from schemas.evidence import DIGITAL

from . import service
from .effects import LABELS
from .guards import restricted
from .models import EvidenceItem

COMMON = (
    "tool", "kind", "parent", "seized_at", "clock", "why_later", "province", "place", "authority_type",
    "authority_document", "vault_ref",
)
TOLD = 20  # lines named when they are refused


@dataclass(frozen=True)
class Reading:
    """A report as its columns are understood: what can become items, and what is wrong, both by line."""

    rows: list[Row]
    wrong: list[Wrong]
    categories: list[str]


def place(case: Case) -> str:
    """Where a person's report of a case is kept among the drafts: no form's own, so that nothing typed replaces it."""
    return f"/cases/{case.ref}/evidence/report?kept"


def keep(db: Session, identity: Identity, case: Case, table: Table) -> None:
    """Keep a report for who sent it, sealed under this person's key, in place of the one before."""
    drafts.keep(db, identity.user_id, place(case), table.as_json().items())


def kept(db: Session, identity: Identity, case: Case) -> Table | None:
    """The report this person sent last and has not logged."""
    draft = drafts.find(db, identity.user_id, place(case))
    body = dict(draft.body or ()) if draft is not None else {}
    # A browser may save a draft under any name, but of texts alone.
    return Table(**body) if isinstance(body.get("rows"), list) else None


def drop(db: Session, identity: Identity, case: Case) -> None:
    """It was logged: what is left of it are the items."""
    drafts.drop(db, identity.user_id, place(case))


def may_label(db: Session, identity: Identity, case: Case) -> bool:
    """Whether this person may say by which label files of this case go."""
    return "W" in access_to_one(db, identity, case, "label")


def read(table: Table, chosen: Mapping[str, int] | None = None, kind: str | None = None) -> Reading:
    """A dry run. `chosen`: meaning -> number of the column, guessed when None; `kind`: of the items, if it is known."""
    columns = guess(table) if chosen is None else {what: chosen[what] for what in MEANINGS if what in chosen}
    rows, wrong, categories = [], [], {}
    for one in entries(table, columns):
        one = _complete(one, kind)
        (wrong if isinstance(one, Wrong) else rows).append(one)
        if isinstance(one, Row) and one.label:
            categories.setdefault(one.label)
    return Reading(rows, wrong, list(categories))


def _complete(one: Row | Wrong, kind: str | None) -> Row | Wrong:
    """A digital item needs its SHA-256, or at least both older digests."""
    if isinstance(one, Row) and (kind is None or kind in DIGITAL) and not (
            "sha256" in one.digests or {"md5", "sha1"} <= set(one.digests)):
        return Wrong(one.line, "no_sha256")
    return one


def item_of(row: Row, data: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """The values of the item that a row becomes. `data` is what is common to all, `labels` category -> label."""
    values = {**row.digests, **row.perceptual}
    label = labels.get(row.label or "")
    holds = label is not None and restricted(dict.fromkeys(LABELS, 0) | {label: 1})
    return {
        **{name: data.get(name) for name in COMMON}, "description": f"{data['description']} #{row.line}",
        "hashes": [{"algorithm": name, "value": values[name], "tool": data["tool"]} for name in MEANINGS
                   if name in values],
        "size": row.size, "from_report": True,
        # Nobody looked at anything for it: no minutes of exposure are counted.
        "label_counts": {label: 1} if label else None,
        "restricted_material": "yes" if holds else data["restricted_material"],
    }


def log_report(
    db: Session, identity: Identity, case: Case, rows: Iterable[Row], data: Mapping[str, Any], labels: Mapping[str, str]
) -> list[EvidenceItem]:
    """Record the rows of a report as items, in their order: all of them or none. `data` is as schemas.reports
    .ReportItems gives it. Raises NotAllowed, Refused with the lines that stand in the way."""
    service.may_record(db, identity, case)
    labels = labels if may_label(db, identity, case) else {}
    data = {**data, "parent": service.parent_of(db, case, data)}
    number, made, refused = service.next_number(db, case), [], []
    for row in rows:
        item = item_of(row, data, labels)
        try:
            made.append(service.record_one(db, identity, case, item, number + len(made)))
        except Refused as problem:
            refused += [_at_line(row.line, one) for one in problem.problems]
            if len(refused) >= TOLD:
                break
    if refused:
        raise Refused(*refused)
    if not made:
        raise Refused(Problem(_("No line of the report can become an item. Choose what its columns mean.")))
    drop(db, identity, case)
    return made


def _at_line(line: int, problem: Problem) -> Problem:
    return Problem(_("Line ${line}: ${problem}", mapping={"line": line, "problem": problem.message}))
