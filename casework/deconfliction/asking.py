"""Questions that people ask, for a case and a purpose, and how a case takes part.

A question is written down and compared later, by the program: the page that takes it does the same for what nobody
holds, for what somebody holds, and for what somebody holds in silence.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.accounts.models import User
from casework.authz.access import access_to_one
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import ZONE, _
from casework.workflow.engine import NotAllowed, Problem, Refused
from schemas.identifiers import NO_RULES, ProviderRules, canonical, guess, mask, matchable
from schemas.person import with_platform
from schemas.problems import IDENTIFIER_MESSAGES, BadIdentifier
from schemas.urls import refang

from . import index
from .models import ROW, MatchQuestion, MatchSetting
from .rules import rules

ASKERS = ("INV", "PSU")


@dataclass(frozen=True)
class Asked:
    """One line of a question: its number, type, canonical form and mask."""

    number: int
    type: str
    form: str
    mask: str


def may_ask(db: Session, identity: Identity, case: Case) -> bool:
    """Whether this person asks for a case: those of the police who see its matches and read the case."""
    return identity.role in ASKERS and "M" in access_to_one(db, identity, case, ROW) and "R" in access_to_one(
        db, identity, case)


def read_lines(
    lines: Sequence[str], type: str | None, platform: str | None, provider_rules: ProviderRules = NO_RULES
) -> list[Asked]:
    """Each line in its one form, equal ones once. Raises Refused for every line that is nothing to compare."""
    found: dict[tuple[str, str], Asked] = {}
    problems = []
    for number, text in enumerate(lines, 1):
        try:
            kind = type or guess(refang(text))
            if kind is None:
                raise BadIdentifier("type")
            if kind == "ip" or not matchable(kind):
                problems.append(_of_line(number, _("This is not compared by itself: add it to the case.")))
                continue
            form = canonical(kind, with_platform(kind, text.strip(), platform), provider_rules=provider_rules)
        except BadIdentifier as bad:
            problems.append(_of_line(number, IDENTIFIER_MESSAGES[bad.code]))
            continue
        found.setdefault((kind, form), Asked(number, kind, form, mask(kind, form)))
    if problems:
        raise Refused(*problems)
    return list(found.values())


def _of_line(number: int, message: Any) -> Problem:
    return Problem(_("Line ${line}: ${problem}", mapping={"line": number, "problem": message}), "lines")


def plain(request: Any, problem: Problem) -> Problem:
    """A message within a message, in the language of the reader."""
    message, inner = problem.message, (problem.message.mapping or {}).get("problem")
    if inner is None:
        return problem
    words = request.localizer.translate(inner)
    return Problem(_(message, mapping={**message.mapping, "problem": words}), problem.field)


def ask(
    db: Session, identity: Identity, case: Case, data: Mapping[str, Any], *, provider_rules: ProviderRules = NO_RULES
) -> MatchQuestion:
    """Write down a question of `schemas.deconfliction.AskMatches`.

    Raises NotAllowed; Refused for lines that are nothing to compare, and past the number of a day.
    """
    if not may_ask(db, identity, case):
        raise NotAllowed(f"{identity.role} may not ask about matches here")
    asked = read_lines(data["lines"], data.get("type"), data.get("platform"), provider_rules)
    count(db, identity, len(asked))
    question = MatchQuestion(
        ref=new_ref(db, MatchQuestion, "MQ", now().date()), agency_id=identity.agency_id, case_id=case.id,
        created_by_id=identity.user_id, purpose=data["purpose"], reason=data["reason"].strip(), size=len(asked),
        lines=[{"line": one.number, "type": one.type, "mask": one.mask} for one in asked],
    )
    db.add(question)
    db.flush()
    setting = index.setting_of(db, case)
    silent = setting is not None and setting.mode != "normal"
    db.add_all(index.question_lines(db, question, [(one.number, one.type, one.form) for one in asked], silent))
    return question


def count(db: Session, identity: Identity, wanted: int, model: type = MatchQuestion) -> None:
    """Whether this person may ask about so many more today. Raises Refused with whom to turn to."""
    # Two questions at once would both find room: the second waits for the first.
    db.execute(select(User.id).where(User.id == identity.user_id).with_for_update())
    today = dt.datetime.combine(now().astimezone(ZONE).date(), dt.time(), ZONE)
    with unscoped(db, "what this person has asked today, wherever"):
        used = db.scalar(select(func.coalesce(func.sum(model.size), 0)).where(
            model.created_by_id == identity.user_id, model.created_at >= today))
    most = rules().questions_a_day
    if used + wanted > most:
        raise Refused(Problem(_(
            "At most ${most} values a day, and you have asked about ${used}. If it cannot wait, ask your supervisor.",
            mapping={"most": most, "used": used}), "lines"))


def set_mode(
    db: Session, identity: Identity, case: Case, mode: str, reason: str, valid_to: dt.date | None = None
) -> MatchSetting:
    """Say how a case takes part from now on. What others were told before stays told. Raises NotAllowed."""
    if not may_set(db, identity, case):
        raise NotAllowed(f"{identity.role} may not say how this case takes part")
    found = index.setting_of(db, case)
    if found is None:
        found = MatchSetting(case_id=case.id)
        db.add(found)
    found.mode, found.reason, found.valid_to = mode, reason.strip(), valid_to
    found.changed_at, found.changed_by_id = now(), identity.user_id
    db.flush()
    index.put_case(db, case.id)
    return found


def may_set(db: Session, identity: Identity, case: Case) -> bool:
    """Whether this person says how a case takes part."""
    return identity.role == "PSU" and "A" in access_to_one(db, identity, case, ROW)
