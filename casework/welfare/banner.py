"""What a person reads on every page when over a limit, or working too long without a break. It never blocks work.

Where somebody stands is asked at most once a minute in each process, so that no page becomes slower for it.
"""

import uuid
from typing import Any

from markupsafe import Markup

from casework.db.base import now
from casework.web.i18n import _
from casework.web.render import translate

from .counting import Meter
from .limits import Limits, limits
from .reading import keeps, meter_of

KEPT_SECONDS = 60
MOST = 10_000  # people remembered


def messages(meter: Meter, known: Limits) -> list[Any]:
    """The words for where somebody stands: the highest limit that is reached, then the break, then the shift."""
    found = []
    hours = {"day": known.day_stop // 60, "week": known.week_stop // 60, "warning": known.day_warning // 60}
    if meter.week >= known.week_stop:
        found.append(_("You have counted ${hours} hours of exposure this week. We suggest other work until Monday.",
                       mapping={"hours": hours["week"]}))
    elif meter.today >= known.day_stop:
        found.append(_("You have counted ${hours} hours of exposure today. We suggest other work for the rest of the "
                       "day.", mapping={"hours": hours["day"]}))
    elif meter.today >= known.day_warning:
        found.append(_("You have counted ${hours} hours of exposure today. Plan other work for a while.",
                       mapping={"hours": hours["warning"]}))
    if meter.unbroken >= known.break_after:
        found.append(_("Take a break of ${minutes} minutes.", mapping={"minutes": known.break_length}))
    if meter.shift_ends:
        found.append(_("The last part of the shift is for other work."))
    return found


def forget(registry: Any, person_id: uuid.UUID) -> None:
    """The person has just counted something: ask anew at the next page."""
    registry.setdefault("exposure_meters", {}).pop(person_id, None)


def standing(request) -> Meter:
    """Where the person of a request stands, as of at most a minute ago."""
    kept = request.registry.setdefault("exposure_meters", {})
    person_id, at = request.identity.user_id, now()
    known = kept.get(person_id)
    if known is None or (at - known[0]).total_seconds() > KEPT_SECONDS:
        if len(kept) >= MOST:
            kept.clear()
        known = kept[person_id] = (at, meter_of(request.db, person_id, at))
    return known[1]


def add_notices(event) -> None:
    """Put the words on a page about to be rendered; pages of refusals go without."""
    request = event["request"]
    if request is None or not str(event["renderer_name"]).endswith(".jinja2") or request.exception is not None:
        return
    if request.identity is None or not keeps(request.identity.role):
        return
    found = messages(standing(request), limits())
    if found:
        words = " ".join(translate(request, one) for one in found)
        link = Markup('{} <a class="govuk-link" href="/exposure">{}</a>').format(
            words, translate(request, _("My exposure")))
        event["notices"] = [*event.get("notices", ()), {"kind": "info", "text": link}]
