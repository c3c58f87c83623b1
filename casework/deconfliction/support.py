"""Whether another unit supports a child already: asked by who leads social work, answered with the unit's name (7.4).

Compared in the victims' index alone. Police neither ask nor are asked; the other unit's supervisors hear who asked.
"""

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts.models import Agency
from casework.audit.capture import event_for, record_event
from casework.authz.access import access_to_one, shown
from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.cases import tasks
from casework.crypto.tokens import tokens
from casework.db.base import Base, now
from casework.db.refs import new_ref
from casework.records.forms import run_form
from casework.records.show import summary
from casework.web.i18n import _
from casework.web.render import code_label
from casework.workflow.engine import NotAllowed, Problem, Refused
from schemas.deconfliction import AskSupport
from schemas.identifiers import NO_RULES, ProviderRules

from .asking import Asked, count, plain, read_lines
from .index import victim_purpose
from .models import SupportQuestion, VictimToken

TITLE = "supported_twice"
OVER = ("declined", "closed", "transferred", "voided")


@cache
def _support() -> type:
    """The model of support referrals, a feature beside this one."""
    return next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table.name == "support_referral")


def ask(
    db: Session, identity: Identity, data: Mapping[str, Any], *, provider_rules: ProviderRules = NO_RULES
) -> SupportQuestion:
    """Compare what is known of a child with the victims' index. Raises NotAllowed, Refused."""
    if identity.role != "SWS":
        raise NotAllowed(f"{identity.role} may not ask who supports a child")
    model = _support()
    support = db.scalars(select(model).where(model.ref == data["support"])).one_or_none()
    if support is None or "A" not in access_to_one(db, identity, support):
        raise Refused(Problem(_("There is no such support referral for you."), "support"))
    asked = read_lines(data["lines"], data.get("type"), data.get("platform"), provider_rules)
    count(db, identity, len(asked), SupportQuestion)
    found = _found(db, support, asked)
    question = SupportQuestion(
        ref=new_ref(db, SupportQuestion, "SQ", now().date()), agency_id=identity.agency_id, support_id=support.id,
        case_id=support.case_id, created_by_id=identity.user_id, reason=data["reason"].strip(), size=len(asked),
        lines=[{"line": one.number, "type": one.type, "mask": one.mask,
                "units": sorted({str(_unit(other)) for other in found[one.number]})} for one in asked],
    )
    db.add(question)
    for other in {other.id: other for others in found.values() for other in others}.values():
        _tell(db, identity, other)
    return question


def _found(db: Session, support: Any, asked: list[Asked]) -> dict[int, list[Any]]:
    """Line -> the support of the same child elsewhere that still goes on, with one query for all lines."""
    ring, model = db.info["keyring"], _support()
    by_token = {made: one.number for one in asked for made in tokens(ring, victim_purpose(one.type), one.form)}
    query = (
        select(VictimToken.token, model).join(model, model.child_id == VictimToken.person_id)
        .where(VictimToken.token.in_(by_token), model.id != support.id, model.voided_at.is_(None),
               model.state.not_in(OVER))
        .order_by(model.id)
    )
    found: dict[int, list[Any]] = {one.number: [] for one in asked}
    with unscoped(db, "units that support the child are told, and nothing else"):
        for made, other in db.execute(query):
            if _unit(other) != _unit(support) and other.agency_id != support.agency_id:
                found[by_token[made]].append(other)
    return found


def _unit(support: Any) -> uuid.UUID:
    """Who supports the child: the provider that accepted, else the social agency."""
    return support.provider_agency_id if support.accepted_at is not None else support.agency_id


def _tell(db: Session, identity: Identity, other: Any) -> None:
    """The other unit's log says who asked, and its supervisors have a task: one interview is enough for a child."""
    asker = db.get_one(Agency, identity.agency_id)
    record_event(db, event_for(other, "support_asked_by", {"unit": asker.code}))
    tasks.add_free(db, None, other, TITLE, None, kind="procedural", queue=(other.agency_id, "SWS"), detail=asker.code)


def page(request):
    """The question."""

    def save(data: dict) -> str:
        try:
            question = ask(request.db, request.identity, data, provider_rules=request.registry["provider_rules"])
        except Refused as refused:
            raise Refused(*(plain(request, problem) for problem in refused.problems)) from None
        return f"/supported-already/{question.ref}"

    return run_form(
        request, AskSupport(), title=_("Does another unit support the child?"), save=save,
        button=_("Send the question"),
        lead=_("So that no child is helped twice or must tell twice. You are told the unit, and it is told that you "
               "asked."),
    )


def answer_page(request, question: SupportQuestion) -> dict:
    """The lines with the units of each."""
    rt, record = request.registry["record_types"]["support_question"], shown(request.db, request.identity, question)
    lines = record.lines or []
    request.names.want("agency", (uuid.UUID(unit) for line in lines for unit in line["units"]))
    return {"summary": summary(request, rt, record), "lines": [
        {**line, "type": code_label(request, "identifier_types", line["type"]),
         "units": [request.names.of("agency", uuid.UUID(unit)) for unit in line["units"]]} for line in lines]}
