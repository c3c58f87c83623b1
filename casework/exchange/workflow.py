"""The flow of a disclosure package: asked for by a person, made by the system, fetched for some days, then gone but for
its record and the receipt."""

import datetime as dt

from casework.web.i18n import _
from casework.workflow.engine import SYS, Flow, Move, Problem, Transition, add_flow
from schemas.exchange import Receipt

from .models import PackageJob

# Who gives evidence out by the matrix (row 40): the supervisor of the police, and the prosecutor.
WHO = ("PSU", "PRO")
KEPT = dt.timedelta(days=3)


def of_own_agency(move: Move) -> Problem | None:
    """A package is the business of the agency that gives it out."""
    if move.record.agency_id != move.identity.agency_id:
        return Problem(_("Only the agency that made the package can do this."))
    return None


def _done_with(move: Move) -> None:
    """Nothing is to be done for the package any more: whoever is at it stops when it looks next."""
    job = move.session.get(PackageJob, move.record.id)
    if job is not None:
        move.session.delete(job)


def _finish(move: Move) -> None:
    package, data = move.record, move.data
    package.until = move.at + KEPT
    for name in ("documents", "left_out", "size", "stored", "manifest_sha256", "slot"):
        setattr(package, name, data[name])


def _fail(move: Move) -> None:
    move.record.problem = move.data["problem"]


def _expire(move: Move) -> None:
    move.record.slot = None  # with its key the package is gone, wherever its bytes still lie


def _receive(move: Move) -> None:
    move.record.received_on, move.record.receipt = move.data["received_on"], move.data["receipt"]


FLOW = add_flow(Flow(
    "package",
    states=("waiting", "ready", "failed", "cancelled", "expired"),
    final=("failed", "cancelled"),
    transitions=(
        Transition("ask_package", (), "waiting", WHO),
        Transition("finish_package", ("waiting",), "ready", (SYS,), effects=(_finish, _done_with)),
        Transition("fail_package", ("waiting",), "failed", (SYS,), effects=(_fail, _done_with)),
        Transition("cancel_package", ("waiting",), "cancelled", WHO, level="R", guards=(of_own_agency,),
                   effects=(_done_with,)),
        Transition("expire_package", ("ready",), "expired", (SYS,), effects=(_expire,)),
        Transition("receive_package", ("ready", "expired"), lambda move: move.from_state, WHO, level="R",
                   guards=(of_own_agency,), effects=(_receive,), schema=Receipt),
    ),
))
