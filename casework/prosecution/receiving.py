"""A file that the police submit arrives at the prosecution: as a new matter, or as the answer to instructions."""

from sqlalchemy import select

from casework.authz.scope import unscoped
from casework.cases import file
from casework.cases import service as cases
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.workflow import engine

from .models import Prosecution
from .workflow import STATES

OVER = ("no_processing", "diversion", "final", "enforcement", "closed")
WITH_COURT = STATES[STATES.index("introductory_submission"):]


def on_transition(event: engine.Transitioned) -> None:
    """Subscriber: the submission of a case."""
    move = event.move
    if isinstance(move.record, Case) and event.change.event == "submit":
        receive(move.session, move.record)


def receive(db, case: Case) -> Prosecution:
    """The newest version of the file reaches the office named in the case. Raises Refused when it differs from its
    manifest."""
    version = file.latest(db, case.id)
    matter = running(db, case)
    if matter is None:
        matter = Prosecution(
            ref=new_ref(db, Prosecution, "X", now().date()), agency_id=case.prosecution_agency_id, case_id=case.id,
            file_version_id=version.id, received_at=now(), returns=0, instance="first", by_default=False,
        )
        return engine.create(db, None, matter, "receive")
    engine.apply(db, None, matter, "resubmit", {"file_version_id": version.id})
    if matter.state in WITH_COURT:
        cases.move_case(db, None, case, "charge_entered")
    return matter


def running(db, case: Case) -> Prosecution | None:
    """The matter that the office of the case has already, unless it is over."""
    with unscoped(db, "a file belongs to the matter that runs, whoever sends it"):
        return db.scalars(
            select(Prosecution)
            .where(Prosecution.case_id == case.id, Prosecution.agency_id == case.prosecution_agency_id,
                   Prosecution.state.not_in(OVER))
            .order_by(Prosecution.id.desc()).limit(1)
        ).first()
