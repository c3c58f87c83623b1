"""Record types of matching: the own side of a match, and a question."""

from casework.records.registry import RecordType
from casework.web.i18n import _

from .flow import INNER, RARE
from .models import ROW, MatchHit, MatchQuestion, SupportQuestion
from .pages import hit_page, question_page
from .support import answer_page

HIT = RecordType(
    name="match_hit", model=MatchHit, path="matches", prefix="MH", row=ROW, title=_("Match"), plural=_("Matches"),
    columns=("ref", "type", "strength", "state", "other_agency_id", "case_id", "created_at"),
    filters=(("state", "match_state"), ("type", "identifier_types"), ("strength", "match_strength")),
    fields=("type", "strength", "identifier_id", "case_id", "referral_id", "question_id", "other_agency_id",
            "other_ref", "contact_id", "other_contact_id", "link_id", "created_at", "answered_at"),
    labels={
        "type": _("Kind of identifier"), "strength": _("Strength"), "identifier_id": _("Our identifier"),
        "case_id": _("Our case"), "referral_id": _("Our report"), "question_id": _("Our question"),
        "other_agency_id": _("Other unit"), "other_ref": _("Their reference"), "contact_id": _("Our contact officer"),
        "other_contact_id": _("Their contact officer"), "link_id": _("Link"), "created_at": _("Since"),
        "answered_at": _("Answered"), "line": _("Line"), "alerted_at": _("Coordinator told"),
    },
    codes={"type": "identifier_types", "strength": "match_strength", "state": "match_state"}, inner=INNER, rare=RARE,
    hidden=("alerted_at",), template="casework:deconfliction/templates/hit.jinja2", extra=hit_page, voidable=False,
    empty=_("There are no matches here for you."),
)

QUESTION = RecordType(
    name="match_question", model=MatchQuestion, path="match-questions", prefix="MQ", row=ROW, list_view=False,
    title=_("Question about matches"), plural=_("Questions about matches"),
    fields=("case_id", "purpose", "reason", "created_by_id", "created_at", "answered_at"),
    labels={
        "case_id": _("Case"), "purpose": _("Purpose"), "reason": _("Why it was asked"), "created_by_id": _("Asked by"),
        "created_at": _("Asked"), "answered_at": _("Answered"), "lines": _("Lines"), "size": _("Values"),
    },
    codes={"purpose": "match_purpose"}, template="casework:deconfliction/templates/question.jinja2",
    extra=question_page, voidable=False,
)

SUPPORT = RecordType(
    name="support_question", model=SupportQuestion, path="supported-already", prefix="SQ", row="support.referral",
    list_view=False, title=_("Question about support"), plural=_("Questions about support"),
    fields=("support_id", "reason", "created_by_id", "created_at"),
    labels={"support_id": _("Support referral"), "reason": _("Why it was asked"), "created_by_id": _("Asked by"),
            "created_at": _("Asked"), "lines": _("Lines"), "size": _("Values")},
    template="casework:deconfliction/templates/supported.jinja2", extra=answer_page, voidable=False, history="R",
)
