"""Matching between agencies: questions, answers to a match, how a case takes part (domain analysis 7)."""

from .case import in_future
from .fields import CodeNode, DateNode, LinesNode, OptionNode, RefNode, Strict, TextNode
from .i18n import _

MOST_LINES = 50


class AskMatches(Strict):
    """Identifiers that somebody wants compared, for a case and a purpose."""

    lines = LinesNode(
        max=2000, max_lines=MOST_LINES, title=_("Values"), rows=8,
        description=_("One a line. They are compared and not kept: afterwards only their masks are there."),
    )
    type = CodeNode(
        "identifier_types", exclude=("ip", "perceptual_hash", "other"), missing=None, title=_("Type"),
        description=_("Leave empty to have it recognised."),
    )
    platform = CodeNode("platforms", missing=None, title=_("Platform"),
                        description=_("For accounts, games and groups without it in the line."))
    purpose = CodeNode("match_purpose", title=_("Purpose"))
    reason = TextNode(
        max=500, min=10, multiline=True, title=_("Why you ask"),
        description=_("Your supervisor and the auditor read it. No name of a person."),
    )


class AskSupport(Strict):
    """Identifiers of a child: whether somebody supports the child already."""

    support = RefNode("S", title=_("Reference of your support referral"))
    lines = LinesNode(
        max=2000, max_lines=10, title=_("Values"), rows=4,
        description=_("One a line. They are compared and not kept: afterwards only their masks are there."),
    )
    type = CodeNode(
        "identifier_types", exclude=("ip", "perceptual_hash", "other"), missing=None, title=_("Type"),
        description=_("Leave empty to have it recognised."),
    )
    platform = CodeNode("platforms", missing=None, title=_("Platform"),
                        description=_("For accounts, games and groups without it in the line."))
    reason = TextNode(max=500, min=10, multiline=True, title=_("Why you ask"),
                      description=_("The other unit's supervisor and the auditor read it. No name of a person."))


class DiscloseContact(Strict):
    """Whom the other unit may call."""

    contact = OptionNode("match:contact", title=_("Contact officer"))


class ProposeLink(Strict):
    """What joins the two cases."""

    type = CodeNode("link_type", title=_("Kind of link"))
    basis = TextNode(max=500, min=10, multiline=True, title=_("What it rests on"))


class MatchSetting(Strict):
    """How a case takes part in matching."""

    mode = CodeNode("match_mode", title=_("How this case takes part"))
    valid_to = DateNode(missing=None, validator=in_future, title=_("Until"),
                        description=_("Last day on which its identifiers are compared. Empty: no end."))
    reason = TextNode(max=500, min=10, multiline=True, title=_("Why"))
