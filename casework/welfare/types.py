"""The record types: an entry, which its author alone sees, and a check."""

from casework.authz.access import shown
from casework.records.registry import RecordType
from casework.records.show import summary
from casework.web.i18n import _
from schemas import welfare as asks

from .models import ROW, ExposureLog, WelfareCheck

CODES = {"activity": "exposure_activity", "band": "exposure_band"}


def _summary(request, record) -> dict:
    kind = request.registry["record_types"][record.__tablename__]
    return {"summary": summary(request, kind, shown(request.db, request.identity, record))}


ENTRY = RecordType(
    name="exposure_log", model=ExposureLog, path="exposure", prefix="U", row=ROW, title=_("Entry of exposure"),
    plural=_("My exposure"), list_view=False, voidable=False, extra=_summary, schema=asks.Exposure,
    template="casework:welfare/templates/entry.jinja2", codes=CODES, hidden=("source_id", "running"),
    fields=("day", "activity", "band", "minutes", "case_ref", "voided_at", "why_void"),
    labels={"began": _("Began"), "ended": _("Ended"), "why_void": _("Why it is struck out")},
)

CHECK = RecordType(
    name="welfare_check", model=WelfareCheck, path="welfare", prefix="W", row=ROW, title=_("Welfare check"),
    plural=_("Welfare checks"), list_view=False, voidable=False, extra=_summary,
    template="casework:welfare/templates/check.jinja2", hidden=("threshold", "supervised"),
    fields=("person_id", "week", "created_at", "closed_at", "closed_by_id"),
    labels={"person_id": _("With"), "week": _("For the week from"), "created_at": _("Asked for"),
            "closed_at": _("Closed"), "closed_by_id": _("Recorded by")},
)
