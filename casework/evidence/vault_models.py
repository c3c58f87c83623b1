"""ViewingRequest: who may look at restricted material in the vault, and that it was done. The material is not here."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped

from casework.audit.models import Audited
from casework.authz.conditions import Scope
from casework.authz.scope import Scoped
from casework.db.base import S1, S2, Base, Record, col
from casework.workflow.guard import Stateful


class ViewingRequest(Record, Scoped, Stateful, Audited, Base):
    """One person asks, a second one approves, and who has looked says for how long (matrix row 17)."""

    __tablename__ = "viewing_request"
    __flow__ = "viewing"
    __scope__ = Scope(row="restricted.material", subjects=("item_id", "case_id"))

    case_id: Mapped[uuid.UUID] = col(S1, ForeignKey("case.id"), meta=True)
    item_id: Mapped[uuid.UUID] = col(S1, ForeignKey("evidence_item.id"), meta=True)
    state: Mapped[str] = col(S1, String(20), meta=True)
    # Level A is all that those who ask and approve have on row 17, so what they must read counts as metadata.
    purpose: Mapped[str] = col(S2, String(500), meta=True)
    authority: Mapped[str] = col(S2, String(120), meta=True)
    decided_by_id: Mapped[uuid.UUID | None] = col(S1, ForeignKey("user_account.id"), meta=True)
    decided_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    until: Mapped[dt.datetime | None] = col(S1, meta=True)  # an approval holds this long
    viewed_at: Mapped[dt.datetime | None] = col(S1, meta=True)
    minutes: Mapped[int | None] = col(S2, meta=True)
    files: Mapped[int | None] = col(S2, meta=True)  # how many were looked at

    __table_args__ = (
        Index("ix_viewing_request_item_id_id", "item_id", "id"),
        Index("ix_viewing_request_case_id_state", "case_id", "state"),
        Index("ix_viewing_request_agency_id_state", "agency_id", "state", "id"),
        Index("ix_viewing_request_state_id", "state", "id"),
    )
