"""A document of an item that is found damaged freezes the item, as any other thing that does not fit."""

from sqlalchemy.orm import Session

from casework.authz.scope import unscoped
from casework.files import fixity
from casework.files.models import StoredFile
from casework.workflow import engine

from .models import EvidenceItem
from .workflow import WORKING


def _freeze(db: Session, record: StoredFile) -> None:
    if record.owner_type != "evidence_item":
        return
    with unscoped(db, "the system found it"):
        item = db.get(EvidenceItem, record.owner_id)
    if item is not None and item.state in WORKING:
        text = f"{record.ref}: {record.bad}. The document was read back and is not what was stored."
        engine.apply(db, None, item, "report_discrepancy", {"kind": "damaged", "discrepancy": text})


def register() -> None:
    """Hear of it."""
    fixity.when_bad(_freeze)
