"""Pages of matching: what shows of a match and of a question, the matches of a case, the week of a unit."""

import datetime as dt
from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from sqlalchemy import func, select

from casework.authz.access import shown
from casework.cases import screens
from casework.db.base import now
from casework.records.forms import run_form
from casework.records.registry import Context
from casework.records.show import summary
from casework.web.i18n import _
from casework.web.render import code_label
from casework.workflow.engine import Refused
from schemas import deconfliction as asks

from . import asking, index
from .models import MatchHit, MatchQuestion

ROWS = 100
OURS = ("identifier_id", "case_id", "referral_id", "question_id", "link_id")  # records of our own, by reference
WEEK = dt.timedelta(days=7)
WORDS = {
    "weak": _("Something of ours may be the same as something of another unit. Which unit it is shows when a "
              "supervisor has confirmed it."),
    "found": _("Another unit holds the same. It has been told as much, and nothing else. A supervisor of each side "
               "names a contact officer, or declines."),
    "noted": _("A unit of the police holds the same. It has been told that we do."),
    "silent": _("Another unit holds the same. It has not been told, because our case answers in silence."),
    "disclosed": _("We have named a contact officer. The other unit has not answered yet."),
    "contact": _("Both units have named a contact officer. Neither sees anything of the other's case."),
    "link_proposed": _("A link is proposed. It shows when a supervisor of each unit has approved it."),
    "linked": _("Both units have approved the link."),
    "declined": _("We have declined. The other unit is not told."),
    "false_positive": _("Marked as no real match."),
    "withdrawn": _("It matches no longer."),
}


def hit_page(request, hit: MatchHit) -> dict:
    """What the state means, and the own side's facts."""
    rt, record = request.registry["record_types"]["match_hit"], shown(request.db, request.identity, hit)
    names = [name for name in rt.fields if record.shows(name)]
    facts = [
        {**one, "value": screens.link(one["value"], f"/go/{one['value']}") if name in OURS else one["value"]}
        for name, one in zip(names, summary(request, rt, record, names), strict=True) if one["value"]
    ]
    return {"summary": facts, "meaning": WORDS[hit.state]}


def question_page(request, question: MatchQuestion) -> dict:
    """The lines, and of each whether another unit holds it, once it was compared."""
    rt, record = request.registry["record_types"]["match_question"], shown(request.db, request.identity, question)
    return {"summary": summary(request, rt, record), "lines": _lines(request, question),
            "answered": question.answered_at is not None}


def _lines(request, question: MatchQuestion) -> list[dict]:
    query = select(MatchHit).where(MatchHit.question_id == question.id).order_by(MatchHit.id)
    found = list(request.db.scalars(query))
    request.names.want("agency", (hit.other_agency_id for hit in found))
    by_line: dict[int, list[dict]] = {}
    for hit in found:
        by_line.setdefault(hit.line, []).append(_row(request, hit))
    return [{**line, "type": code_label(request, "identifier_types", line["type"]),
             "hits": by_line.get(line["line"], [])} for line in question.lines]


def _row(request, hit: MatchHit) -> dict[str, Any]:
    return {
        "ref": hit.ref, "type": code_label(request, "identifier_types", hit.type), "at": hit.created_at,
        "strength": code_label(request, "match_strength", hit.strength),
        "state": code_label(request, "match_state", hit.state),
        "unit": request.names.of("agency", hit.other_agency_id),
    }


def of_case(context: Context, request) -> dict:
    """Matches and questions of a case, and how it takes part."""
    case, db, identity = context.own, request.db, request.identity
    request.audit("view", case, part="matches")
    hits = list(db.scalars(
        select(MatchHit).where(MatchHit.case_id == case.id).order_by(MatchHit.id.desc()).limit(ROWS)))
    questions = list(db.scalars(
        select(MatchQuestion).where(MatchQuestion.case_id == case.id).order_by(MatchQuestion.id.desc()).limit(ROWS)))
    setting = index.setting_of(db, case)
    request.names.want("agency", (hit.other_agency_id for hit in hits))
    request.names.want("user_account", (one.created_by_id for one in questions))
    if setting is not None:
        request.names.want("user_account", [setting.changed_by_id])
    return {
        "case": case, "hits": [_row(request, hit) for hit in hits if hit.state != "weak"],
        "weak": sum(hit.state == "weak" for hit in hits), "may_confirm": identity.role == "PSU",
        "questions": [{"ref": one.ref, "at": one.created_at, "size": one.size,
                       "purpose": code_label(request, "match_purpose", one.purpose),
                       "by": request.names.of("user_account", one.created_by_id), "answered": one.answered_at}
                      for one in questions],
        "setting": setting, "mode": code_label(request, "match_mode", setting.mode if setting else "normal"),
        "set_by": request.names.of("user_account", setting.changed_by_id) if setting else "",
        "may_ask": asking.may_ask(db, identity, case), "may_set": asking.may_set(db, identity, case),
    }


def ask(context: Context, request):
    """A question about identifiers, for who works on the case. The answer comes later, on a page of its own."""
    case = context.own
    if not asking.may_ask(request.db, request.identity, case):
        raise HTTPForbidden("may not ask about matches here")

    def save(data: dict) -> str:
        try:
            question = asking.ask(request.db, request.identity, case, data,
                                  provider_rules=request.registry["provider_rules"])
        except Refused as refused:
            raise Refused(*(asking.plain(request, problem) for problem in refused.problems)) from None
        return f"/match-questions/{question.ref}"

    return run_form(
        request, asks.AskMatches(), title=_("Ask whether others hold the same"), save=save,
        button=_("Send the question"), back=f"/cases/{case.ref}/matches",
        lead=_("Who holds the same is told that your unit asked, and nothing else. The answer comes in two minutes."),
    )


def setting(context: Context, request):
    """How a case takes part; a supervisor of the unit that leads it decides."""
    case, db = context.own, request.db
    known = index.setting_of(db, case)

    def save(data: dict) -> str:
        asking.set_mode(db, request.identity, case, data["mode"], data["reason"], data.get("valid_to"))
        return f"/cases/{case.ref}/matches"

    values = {"mode": known.mode, "valid_to": known.valid_to} if known else {"mode": "normal"}
    return run_form(
        request, asks.MatchSetting(), title=_("How this case takes part in matching"), save=save, values=values,
        back=f"/cases/{case.ref}/matches",
        lead=_("What another unit was told before stays told. Nothing of this shows to another unit."),
    )


def week(request) -> dict:
    """Which units met something of ours in the last seven days, in numbers, for a supervisor (7.9)."""
    number = func.count(MatchHit.id)
    query = (
        select(MatchHit.other_agency_id, MatchHit.type, number)
        .where(MatchHit.agency_id == request.identity.agency_id, MatchHit.created_at > now() - WEEK,
               MatchHit.other_agency_id.is_not(None))
        .group_by(MatchHit.other_agency_id, MatchHit.type).order_by(number.desc(), MatchHit.type)
    )
    found = request.db.execute(query.limit(ROWS)).all()
    request.names.want("agency", (agency_id for agency_id, _type, _number in found))
    return {"rows": [(request.names.of("agency", agency_id), code_label(request, "identifier_types", type), count)
                     for agency_id, type, count in found]}
