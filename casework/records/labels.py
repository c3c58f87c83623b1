"""Names of columns on pages: from the type itself, from its schemas, or one of the common ones."""

from typing import Any

from casework.web.i18n import _

COMMON = {
    "ref": _("Reference"), "agency_id": _("Agency"), "created_at": _("Recorded"), "created_by_id": _("Recorded by"),
    "state": _("State"), "kind": _("Kind"), "type": _("Type"), "at": _("When"), "number": _("Number"),
    "due_at": _("Due"), "assignee_id": _("Who"), "title": _("Title"), "province": _("Province"),
    "district": _("District"), "pseudonym": _("Pseudonym"), "role": _("Role"), "sex": _("Sex"), "mask": _("Value"),
    "side": _("Whose"), "lead_officer_id": _("Lead officer"), "lead_agency_id": _("Lead agency"),
    "opened_at": _("Opened"), "risk_to_child": _("Risk to a child"), "received_at": _("Received"),
    "holder_id": _("Held by"), "location": _("Location"), "description": _("Description"), "seal": _("Seal"),
    "voided_at": _("Voided"), "case_id": _("Case"), "legal_hold": _("Legal hold"), "outcome": _("Outcome"),
    "submitted_at": _("Submitted"), "closed_at": _("Closed"), "register_number": _("Register number"),
    "urgency": _("Urgency"), "worker_id": _("Worker"), "prosecutor_id": _("Prosecutor"), "court_id": _("Court"),
    "decided_on": _("Decided on"), "result": _("Result"), "retention_class": _("Retention class"),
    "prosecution_agency_id": _("Prosecution"), "court_agency_id": _("Court"), "support_agency_id": _("Social services"),
    "referral_agency_id": _("Referred by"), "source": _("Source"), "risk_level": _("Risk level"),
}


def label(rt: Any, column: str) -> Any:
    """What to call a column."""
    if column in rt.labels:
        return rt.labels[column]
    known = rt.nodes
    node = known.get(column) or known.get(column.removesuffix("_id"))
    if node is not None:
        return node.title
    return COMMON.get(column, column)


def code_list(rt: Any, column: str) -> str | None:
    """The list a column's codes are of, or None."""
    if column not in rt.known_lists:
        rt.known_lists[column] = _code_list(rt, column)
    return rt.known_lists[column]


def _code_list(rt: Any, column: str) -> str | None:
    if column in rt.codes:
        return rt.codes[column]
    if column == "state":
        return f"{getattr(rt.model, '__flow__', rt.name)}_state"
    for filtered, codes in (f for f in rt.filters if isinstance(f, tuple)):
        if filtered == column:
            return codes
    return getattr(rt.nodes.get(column), "code_list", None)
