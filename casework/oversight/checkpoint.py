"""The log's checkpoint as a page to print, and how its witnesses stand."""

from markupsafe import Markup
from sqlalchemy import Connection

from casework.audit.cosigned import Standing, standings
from casework.audit.paper import printable, public_key
from casework.audit.witness import Refusal, memory_of, refusals
from casework.cases import screens
from casework.web.i18n import _, format_datetime
from casework.web.render import translate
from casework.witness.policy import Policy

ADVICE = (
    _("Whoever keeps this can show later that no entry from before it was changed, removed or added."),
    _("Keep it where the people who run this program cannot reach it: in the signed minutes of a meeting, or in the "
      "safe of another agency."),
    _("The square holds exactly this text. Scanned or typed into a file, it is given to casework-verify by "
      "--checkpoint."),
    _("The fingerprint must be the one that was written down when the log began. If it is another, tell the auditor."),
)
GOOD, BEHIND = _("In time"), _("Not yet the newest")
LATE, FAILED = _("Late by more than a day"), _("Did not answer as it must at the last try")
GRAVE = _("Says that the log was changed or put back")


def page(request) -> dict:
    """The newest checkpoint. That it was taken is in the log."""
    connection = request.db.connection()
    made = printable(connection, public_key(request.registry["settings"]))
    request.audit("audit.checkpoint", size=made["size"] if made else 0)
    words = translate(request, _("Checkpoint of the log as a QR code"))
    return {
        "paper": made, "advice": [translate(request, line) for line in ADVICE],
        "qr": made and Markup(made["qr"].svg_inline(scale=4, border=4, light="#ffffff", title=words)),
        "columns": _columns(request), "rows": _rows(request, connection),
    }


def panel(request) -> dict | None:
    """How the witnesses stand, for the first screen; nothing where there are none."""
    if request.registry["log_policy"] is None:
        return None
    return {
        "title": translate(request, _("Witnesses of the log")), "columns": _columns(request),
        "rows": _rows(request, request.db.connection()), "empty": translate(request, _("No witness is named.")),
    }


def _columns(request) -> list[str]:
    return [translate(request, word) for word in (_("Witness"), _("Entries cosigned"), _("When"), _("State"))]


def _rows(request, connection: Connection) -> list[list[str]]:
    policy: Policy | None = request.registry["log_policy"]
    if policy is None:
        return []
    tries = refusals(memory_of(request.registry["settings"].data))
    return [
        [one.key.name, str(one.size), format_datetime(one.at, request.locale_name),
         translate(request, state(one, tries.get(one.name)))]
        for one in standings(connection, policy)
    ]


def state(standing: Standing, refusal: Refusal | None):
    """How a witness stands, in words; the worst first."""
    if refusal is not None and refusal.grave:
        return GRAVE
    if standing.late:
        return LATE
    if refusal is not None:
        return FAILED
    return BEHIND if standing.behind else GOOD


def includeme(config) -> None:
    config.add_route("audit.checkpoint", "/audit/checkpoint")
    config.add_view(page, route_name="audit.checkpoint", permission="audit.log:R",
                    renderer="casework:oversight/templates/checkpoint.jinja2")
    for role in ("AUD", "ADM"):
        screens.panel(role, panel)
