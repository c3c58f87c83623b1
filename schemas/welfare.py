"""What is asked when somebody counts exposure: never what was seen (DOMAIN 5.2.31)."""

import datetime as dt

from .fields import BooleanNode, CodeNode, DateNode, DateTimeNode, IntegerNode, RefNode, Strict
from .i18n import _
from .rules import at, needed_when, not_before, one_of_needed, rules

MOST = 12 * 60


class StartExposure(Strict):
    """Start the clock."""

    activity = CodeNode("exposure_activity", title=_("Activity"))
    band = CodeNode("exposure_band", title=_("How many items"))
    case_ref = RefNode(
        "C", missing=None, title=_("Case"), description=_("Only you see it. Leave it empty if you like."),
    )


class Exposure(StartExposure):
    """Minutes of a day, or when it began and ended."""

    day = DateNode(past=True, missing=None, title=_("Day"))
    minutes = IntegerNode(min=1, max=MOST, missing=None, title=_("Minutes"))
    began = DateTimeNode(past=True, missing=None, title=_("Or: began"))
    ended = DateTimeNode(past=True, missing=None, title=_("Ended"))

    def validator(self, node, value):
        rules(
            one_of_needed(("minutes", "began"), _("Give the minutes, or when it began and ended.")),
            needed_when("day", lambda v: v.get("minutes") and not v.get("began")),
            needed_when("ended", lambda v: v.get("began")),
            needed_when("began", lambda v: v.get("ended")),
            not_before("began", "ended"),
            _not_too_long,
        )(node, value)


def _not_too_long(node, value):
    began, ended = value.get("began"), value.get("ended")
    if began and ended and ended - began > dt.timedelta(minutes=MOST):
        raise at(node, "ended", _("One entry is at most twelve hours."))


class ExposureChoices(Strict):
    """What somebody chooses; no reason is asked."""

    unshared = BooleanNode(
        title=_("I keep my counts to myself"),
        description=_("When ticked, your supervisor sees no minutes of yours, and no welfare check is opened."),
    )
    apart = BooleanNode(
        title=_("I do no such work at present"),
        description=_("When ticked, your supervisor sees that you do none. You need give no reason, now or later."),
    )
