"""Nobody approves their own work: asked of the engine, for every transition there is, and of the acts beside it."""

import re
import uuid
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from casework.authz.access import Access
from casework.authz.identity import Identity
from casework.authz.matrix import load
from casework.authz.models import BreakGlass
from casework.db.base import Base
from casework.exceptions import delegation, glass
from casework.exceptions.models import Delegation
from casework.settings import ROOT
from casework.workflow.engine import SYS, NotAllowed, authors, flows, permitted
from tests.authz.matrix_text import LATER

pytestmark = pytest.mark.one_engine

APPROVING = re.compile("approve|confirm|resolve|refuse_(intervention|closure|override|void|disclosure)|decline_viewing")
# One's own word, not a look at somebody else's work. Each line is a decision.
ALONE = {
    ("prosecution", "confirm_no_conflict"),  # of oneself
    ("match", "confirm_match"),  # each of two owners, for the own side
}
# Rows whose cell asks for two people, and the transition that the second one does.
SECOND = {
    "custody.event": ("evidence", "resolve_discrepancy"), "restricted.material": ("viewing", "approve_viewing"),
    "case.link": ("case_link", "approve"), "users": ("account_change", "approve"),
}


def models() -> dict[str, type]:
    return {m.class_.__flow__: m.class_ for m in Base.registry.mappers if hasattr(m.class_, "__flow__")}


def second_acts():
    """(flow, transition) of everything that says who may not do it."""
    return [(flow.name, t) for flow in flows().values() for t in flow.transitions if t.not_author]


def test_there_are_many(app):
    assert len(second_acts()) > 15


def test_the_engine_refuses_who_did_the_first_act(app, database):
    """Every transition of every flow, each role, with every right that a matrix could give."""
    by_flow, walked = models(), 0
    with database.work(readonly=True, unscoped=1) as db:
        for name, transition in second_acts():
            for role in transition.roles:
                if role == SYS:
                    continue
                for first in transition.not_author:
                    own, other = _person(role, transition.flag), _person(role, transition.flag)
                    record = by_flow[name](created_by_id=own.user_id if first == "created" else uuid.uuid4())
                    for person in (own, other):
                        _may_all(db, person, record, transition)
                    db.info["actors"] = {record.id: [] if first == "created" else [(first, own.user_id)]}
                    with pytest.raises(NotAllowed, match="own work"):
                        permitted(db, own, record, transition, new=False)
                    assert permitted(db, other, record, transition, new=False)
                    walked += 1
    assert walked > 20


def _person(role: str, flag: str | None) -> Identity:
    return Identity(uuid.uuid4(), "A person (fictional)", role, uuid.uuid4(), flags=frozenset({flag} - {None}))


def _may_all(db: Session, person: Identity, record, transition) -> None:
    key = (person.key, type(record), record.id, transition.row)
    db.info.setdefault("access", {})[key] = Access(dict.fromkeys("MRWA", "every right"))


def test_the_work_of_two_is_approved_by_a_third(app, database):
    """Two acts came before, by two people: what follows is the approval of the work of both."""
    record = SimpleNamespace(id=uuid.uuid4(), created_by_id=uuid.uuid4())
    first, last = uuid.uuid4(), uuid.uuid4()
    with database.work(readonly=True, unscoped=1) as db:
        db.info["actors"] = {record.id: [("send_for_review", first), ("finish_further_enquiry", last)]}
        assert authors(db, record, ("send_for_review", "finish_further_enquiry")) >= {first, last}


def test_every_approval_says_who_may_not_give_it(app):
    wrong = {
        (flow.name, t.event) for flow in flows().values() for t in flow.transitions
        if APPROVING.match(t.event) and t.sources and not t.not_author and set(t.roles) != {SYS}
    }
    assert wrong == ALONE


def test_every_cell_for_two_people_has_a_second_act(app):
    matrix = load(ROOT / "etc" / "matrix.csv")
    rows = {row.key for row in matrix.rows.values() for cell in row.cells.values() for term in cell.terms
            if "2" in term.conditions}
    assert rows - LATER - {"retention", "code.lists", "international.request"} <= set(SECOND)
    for flow, event in SECOND.values():
        if flow in flows():
            assert all(t.not_author for t in flows()[flow].by_event(event)), (flow, event)


def test_nobody_decides_their_own_leave_or_reviews_their_own_emergency():
    psu = _person("PSU", None)
    other = Identity(uuid.uuid4(), "Another (fictional)", "PSU", psu.agency_id)
    leave = Delegation(agency_id=psu.agency_id, role="PSU", from_id=psu.user_id, to_id=uuid.uuid4(),
                       created_by_id=psu.user_id)
    assert not delegation.may_decide(psu, leave)
    assert delegation.may_decide(other, leave)
    opened = BreakGlass(user_id=psu.user_id, owner_agency_id=psu.agency_id, owner_role="PSU")
    assert not glass.may_review(psu, opened, None)
    assert glass.may_review(other, opened, None)
