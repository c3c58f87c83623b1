"""The flow of one side of a match (DOMAIN 7.6). Each side has its own; where both have pressed, the program goes on.

    weak --confirm--> found --disclose--> disclosed --(both)--> contact --propose link--> link_proposed --> linked

Level 0 is no row at all, level 1 `found`, level 2 `contact`, level 3 `linked`. A refusal changes the own row alone: the
other side reads what it reads while nobody has answered.
"""

from typing import Any

from casework.authz.scope import unscoped
from casework.cases import clocks, link_flow
from casework.cases.guards import as_uuid
from casework.cases.models import Case, CaseLink
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import SYS, Flow, Move, Problem, Transition, Transitioned, add_flow
from schemas import deconfliction as asks
from schemas.fields import ReasonSchema

from . import hits
from .index import put_case
from .models import MatchHit

STATES = ("weak", "found", "noted", "silent", "disclosed", "contact", "link_proposed", "linked", "declined",
          "false_positive", "withdrawn")
PSU, TEAM = ("PSU",), ("INV", "PSU")
NOT_TOLD = _("The other unit is not told. It reads that no answer has come yet.")


def _answered(move: Move) -> None:
    with unscoped(move.session, "the own clock stops"):
        hits.answered(move.session, move.record)


def _name_contact(move: Move) -> None:
    move.record.contact_id = as_uuid(move.data["contact"])


def _forget_contact(move: Move) -> None:
    move.record.contact_id = None


def both_are_cases(move: Move) -> Problem | None:
    """A link joins two cases; a report becomes part of it when a case came of it."""
    other = _other(move)
    if move.record.case_id is None or other is None or other.case_id is None:
        return Problem(_("A link joins two cases, and one of the two is a report so far."))
    return None


def still_matches(move: Move) -> Problem | None:
    """Both sides are there."""
    return None if _other(move) is not None else Problem(engine.WRONG_STATE)


def _other(move: Move) -> MatchHit | None:
    with unscoped(move.session, "the program knows the other side; nothing of it is shown"):
        return hits.other_of(move.session, move.record)


def _propose(move: Move) -> None:
    """The link names the other side by its reference of the match: the case's shows once both have approved."""
    hit, other = move.record, _other(move)
    with unscoped(move.session, "the two cases that are to be linked"):
        case, there = move.session.get_one(Case, hit.case_id), move.session.get_one(Case, other.case_id)
    link = link_flow.propose_between(
        move.session, move.identity, case, there, other_ref=other.ref, type=move.data["type"], basis=move.data["basis"]
    )
    hit.link_id = link.id


def on_transition(event: Transitioned) -> None:
    """A case that ends or begins anew takes its lines out of the index, or puts them back."""
    if isinstance(event.move.record, Case) and event.change.event in ("close", "void", "reopen"):
        put_case(event.move.session, event.move.record.id)


def owner(hit: MatchHit, rule: Any) -> tuple:
    """The own unit's supervisors answer."""
    return hit.agency_id, rule.queue_role, None


def register() -> None:
    """Take part in what happens to cases, and say who gets the clock."""
    engine.subscribe(on_transition)
    clocks.queue_for("match", owner)


FLOW = add_flow(Flow("match", STATES, final=("linked", "withdrawn"), transitions=(
    Transition("match_found", (), "found", (SYS,)),
    Transition("match_weak", (), "weak", (SYS,)),
    Transition("match_noted", (), "noted", (SYS,)),
    Transition("match_kept", (), "silent", (SYS,)),
    Transition("match_found", ("weak",), "found", (SYS,)),
    Transition("match_released", ("silent",), "found", (SYS,)),
    Transition("match_taken_over", ("noted",), "found", (SYS,)),
    Transition("match_withdrawn", hits.EARLY, "withdrawn", (SYS,), effects=(_answered,)),
    Transition("confirm_match", ("weak",), "found", PSU, level="A", reason="required", schema=ReasonSchema,
               confirm=_("Both units then learn that the other one holds the same, and which unit it is.")),
    Transition("disclose_contact", ("found", "declined"), "disclosed", PSU, level="A", guards=(still_matches,),
               effects=(_name_contact, _answered), schema=asks.DiscloseContact,
               confirm=_("The other unit sees this name when it has named somebody too, and not before.")),
    Transition("exchange_contacts", ("disclosed",), "contact", (SYS,)),
    Transition("decline_match", ("found",), "declined", PSU, level="A", reason="required", effects=(_answered,),
               schema=ReasonSchema, confirm=NOT_TOLD),
    Transition("take_back_contact", ("disclosed",), "declined", PSU, level="A", reason="required",
               effects=(_forget_contact,), schema=ReasonSchema, confirm=NOT_TOLD),
    Transition("false_positive", ("weak", "found", "disclosed", "contact"), "false_positive", PSU, level="A",
               reason="required", effects=(_answered,), schema=ReasonSchema),
    Transition("propose_link", ("contact",), "link_proposed", TEAM, level="M", row="case.link",
               guards=(both_are_cases,), effects=(_propose,), schema=asks.ProposeLink,
               confirm=_("A supervisor of each unit must approve it. Until then neither case shows anything to the "
                         "other.")),
    Transition("link_proposed_there", ("contact",), "link_proposed", (SYS,)),
    Transition("link_approved", ("link_proposed",), "linked", (SYS,)),
    Transition("link_ended", ("link_proposed",), "contact", (SYS,)),
)))

# Steps that are no part of the usual way: the page folds them away.
RARE = ("take_back_contact", "false_positive")
INNER = tuple(sorted({one.event for one in FLOW.transitions if one.roles == (SYS,)}))
LINK_OVER = {"approved": "link_approved", "refused": "link_ended", "withdrawn": "link_ended"}


def link_state(link: CaseLink) -> str | None:
    """What a link's state means for the match it rests on; None while it is proposed."""
    return LINK_OVER.get(link.state)
