"""What somebody who leaves has of cases."""

from casework.accounts import leaving
from casework.web.i18n import _

from . import handover, tasks, workflow
from .models import Case, Task


def register() -> None:
    """Say what of a person's is open here."""
    leaving.provide(leaving.Held(
        "cases", _("Cases led"), Case,
        lambda user_id: (Case.lead_officer_id == user_id) & Case.state.in_(workflow.OPEN),
        tell=lambda db, case: handover.hand_over(db, case, (case.lead_agency_id, "PSU")),
    ))
    leaving.provide(leaving.Held(
        "tasks", _("Open tasks"), Task,
        lambda user_id: (Task.assignee_id == user_id) & Task.state.in_(tasks.OPEN),
    ))
