"""Flows as data, and the one function that moves a record along its flow."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from translationstring import TranslationStringFactory

from casework.audit.capture import describe
from casework.authz.access import access_to_one, forget_access
from casework.authz.identity import Identity
from casework.db.base import now

from .guard import engine_at_work
from .models import StateChange

_ = TranslationStringFactory("casework")

SYS = "SYS"
WRONG_STATE = _("This cannot be done now: the record has moved on. Open it again to see where it stands.")
REASON_NEEDED = _("Give a reason of at least 10 characters.")


@dataclass(frozen=True)
class Problem:
    """Why a guard refuses: a message for people (a translation string), and the field it is about."""

    message: Any
    field: str | None = None


class Refused(Exception):
    """The transition does not happen; `problems` says what to do."""

    def __init__(self, *problems: Problem):
        super().__init__("; ".join(str(p.message) for p in problems))
        self.problems = problems


class NotAllowed(Exception):
    """This person may not do this; the message is for the log."""


Guard = Callable[["Move"], Problem | None]
Effect = Callable[["Move"], None]


@dataclass
class Move:
    """One transition as it happens: what guards judge and effects work with."""

    session: Session
    identity: Identity | None
    record: Any
    transition: "Transition"
    data: dict[str, Any]
    at: dt.datetime
    from_state: str | None = None


@dataclass(frozen=True)
class Transition:
    """One row of DOMAIN 3.

    sources      states it starts from; () for creation.
    target       the state it ends in, or a function (Move) -> state.
    roles        who; "SYS" for the system.
    level        the level the person needs on `row` (default: the record's own row).
    reason       whether a reason of at least 10 characters is asked for, and the code list it comes with.
    not_author   who created the record, or was the last to do a transition named here, may not do this one.
    fresh        whether a fresh second factor is asked for.
    schema       colander schema class for what the form asks; None asks nothing but the reason.
    confirm      a sentence for the interruption card, when the act is risky.
    """

    event: str
    sources: tuple[str, ...]
    target: str | Callable[[Move], str]
    roles: tuple[str, ...]
    guards: tuple[Guard, ...] = ()
    effects: tuple[Effect, ...] = ()
    level: str = "W"
    row: str | None = None
    reason: str | None = None
    reason_codes: str | None = None
    not_author: tuple[str, ...] = ()
    flag: str | None = None
    fresh: bool = False
    schema: type | None = None
    confirm: Any = None


@dataclass(frozen=True)
class Flow:
    """All transitions of one record type. `states` is the code list of its states."""

    name: str
    states: tuple[str, ...]
    transitions: tuple[Transition, ...]
    final: tuple[str, ...] = ()

    def by_event(self, event: str) -> list[Transition]:
        return [t for t in self.transitions if t.event == event]

    def find(self, event: str, state: str | None) -> Transition | None:
        """The transition for an event from a state (None: creation)."""
        for transition in self.by_event(event):
            if (state is None and not transition.sources) or state in transition.sources:
                return transition
        return None


@dataclass(frozen=True)
class Transitioned:
    """Fired inside the transaction after each transition."""

    move: Move
    change: StateChange


_flows: dict[str, Flow] = {}
_subscribers: list[Callable[[Transitioned], None]] = []


def add_flow(flow: Flow) -> Flow:
    """Register a flow. Raises ValueError when a transition names a state the flow does not have."""
    for transition in flow.transitions:
        targets = () if callable(transition.target) else (transition.target,)
        for state in (*transition.sources, *targets):
            if state not in flow.states:
                raise ValueError(f"flow {flow.name}: no state {state}")
    _flows[flow.name] = flow
    return flow


def flows() -> dict[str, Flow]:
    """All flows by name."""
    return dict(_flows)


def flow_of(record: Any) -> Flow:
    return _flows[record.__flow__]


def subscribe(function: Callable[[Transitioned], None]) -> None:
    """Call `function` after each transition, in its transaction. Registering twice is once."""
    if function not in _subscribers:
        _subscribers.append(function)


def create(
    session: Session, identity: Identity | None, record: Any, event: str, data: dict[str, Any] | None = None
) -> Any:
    """Give a new record its first state and add it to the session."""
    session.add(record)
    apply(session, identity, record, event, data or {})
    return record


def apply(
    session: Session, identity: Identity | None, record: Any, event: str, data: dict[str, Any] | None = None
) -> StateChange:
    """Move `record` by `event`. `identity` None is the system.

    Raises NotAllowed when this person may not, Refused with what to do when a guard says no or the state is wrong.
    """
    flow = flow_of(record)
    state = record.state
    transition = flow.find(event, state)
    if transition is None:
        raise Refused(Problem(WRONG_STATE))
    move = Move(session, identity, record, transition, dict(data or {}), now(), state)
    rule = permitted(session, identity, record, transition, new=state is None)
    problems = [problem for guard in transition.guards if (problem := guard(move)) is not None]
    reason = move.data.get("reason")
    if transition.reason and len((reason or "").strip()) < 10:
        problems.append(Problem(REASON_NEEDED, "reason"))
    if problems:
        raise Refused(*problems)
    target = transition.target(move) if callable(transition.target) else transition.target
    with engine_at_work():
        record.state = target
    change = StateChange(
        record_type=record.__tablename__, record_id=record.id, chain_id=record.audit_chain(),
        case_id=record.id if record.__tablename__ == "case" else getattr(record, "case_id", None),
        event=event, from_state=state, to_state=target,
        actor_id=identity.user_id if identity else None, role=identity.role if identity else SYS,
        agency_id=identity.agency_id if identity else None, at=move.at,
        reason_code=move.data.get("reason_code"), reason=reason,
        guards=[guard.__name__ for guard in transition.guards] or None, rule=rule,
    )
    session.add(change)
    session.info.pop("actors", None)
    describe(session, record, verb=event, rule=rule, **({"reason": reason} if reason else {}))
    for effect in transition.effects:
        effect(move)
    # Stages and assignments may have changed: what this person may do is asked anew.
    forget_access(session)
    for subscriber in _subscribers:
        subscriber(Transitioned(move, change))
    return change


def permitted(session: Session, identity: Identity | None, record: Any, transition: Transition, *, new: bool) -> str:
    """The rule that lets this person do this. Raises NotAllowed."""
    if identity is None:
        if SYS not in transition.roles:
            raise NotAllowed(f"{transition.event} is not the system's to do")
        return SYS
    if identity.role not in transition.roles:
        raise NotAllowed(f"{identity.role} may not {transition.event}")
    if transition.flag and transition.flag not in identity.flags:
        raise NotAllowed(f"{transition.event} needs the flag {transition.flag}")
    if new:
        return f"{identity.role} creates"
    access = access_to_one(session, identity, record, transition.row)
    if transition.level not in access:
        raise NotAllowed(f"{identity.role} has no {transition.level} on this record")
    if transition.not_author and identity.user_id in authors(session, record, transition.not_author):
        raise NotAllowed("nobody approves their own work")
    return access.rule(transition.level)


def authors(session: Session, record: Any, events: tuple[str, ...]) -> set:
    """Who created the record, and who last did each of `events`."""
    found = {record.created_by_id} if "created" in events else set()
    # The buttons of a page ask about one transition after another: the history is read once.
    known = session.info.setdefault("actors", {})
    if record.id not in known:
        query = select(StateChange.event, StateChange.actor_id).where(StateChange.record_id == record.id)
        known[record.id] = session.execute(query.order_by(StateChange.at)).all()
    # The last of each act: what two people did by turns is the work of both.
    found |= set({event: actor for event, actor in known[record.id] if event in events}.values())
    return found - {None}


def may(session: Session, identity: Identity, record: Any, event: str) -> bool:
    """Whether this person could start this transition now, guards aside."""
    transition = flow_of(record).find(event, record.state)
    try:
        return transition is not None and bool(permitted(session, identity, record, transition, new=False))
    except NotAllowed:
        return False


def possible(session: Session, identity: Identity, record: Any) -> list[Transition]:
    """The transitions this person could start now, guards aside: the buttons of the page."""
    found = []
    for transition in flow_of(record).transitions:
        if record.state not in transition.sources or not transition.sources:
            continue
        try:
            permitted(session, identity, record, transition, new=False)
        except NotAllowed:
            continue
        found.append(transition)
    return found
