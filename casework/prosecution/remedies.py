"""How long a decision may be contested, and whether a remedy came in time: rules D-18 of the deadline table."""

import datetime as dt

from casework.cases import clocks
from casework.web.i18n import ZONE

from .models import Prosecution

APPEAL_OF_ORDER, OPPOSITION, APPEAL, APPEAL_GENERAL, CASSATION = "D-18a", "D-18b", "D-18c", "D-18d", "D-18e"


def rules_open(matter: Prosecution, state: str) -> list[str]:
    """The rules whose periods run against the last decision of a matter in `state`."""
    if state == "closing_order_nonsuit":
        return [APPEAL_OF_ORDER]
    if state != "judged" or matter.instance == "cassation":
        return []
    if matter.instance == "appeal":
        return [CASSATION]
    return [APPEAL, APPEAL_GENERAL, *([OPPOSITION] if matter.by_default else [])]


def rule_for(matter: Prosecution, state: str, remedy: str, party: str) -> str | None:
    """The rule that says until when `party` may file `remedy`; None where there is no such remedy."""
    if remedy == "appeal" and state == "judged":
        wanted = APPEAL_GENERAL if party == "general_prosecutor" else APPEAL
    else:
        wanted = {"appeal": APPEAL_OF_ORDER, "opposition": OPPOSITION, "cassation": CASSATION}[remedy]
    return wanted if wanted in rules_open(matter, state) else None


def ends_at(matter: Prosecution, rule_code: str) -> dt.datetime:
    """The end of a period: from the day of the decision, for an opposition from its notification."""
    start = end_of(matter.decided_on)
    if rule_code == OPPOSITION and matter.notified_at is not None:
        start = matter.notified_at
    return clocks.due_time(clocks.rule_of(rule_code), start, None)


def last_end(matter: Prosecution, state: str) -> dt.datetime | None:
    """When the last of the periods that run is over; None when none runs."""
    return max((ends_at(matter, code) for code in rules_open(matter, state)), default=None)


def end_of(day: dt.date) -> dt.datetime:
    """The last second of a day in Phnom Penh."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), ZONE).astimezone(dt.UTC)
