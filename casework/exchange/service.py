"""Asking for a disclosure package: who may, for whom, and what is checked before any work begins. Plain values."""

from typing import Any

import pyrage
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.accounts.models import Membership, User
from casework.authz.access import access_to_one
from casework.authz.identity import CHIEF, LIAISON, Identity
from casework.authz.scope import current_matrix
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.evidence import service as evidence
from casework.evidence.models import EvidenceItem
from casework.web.i18n import ZONE, _
from casework.workflow import engine
from casework.workflow.engine import NotAllowed, Problem, Refused
from schemas.exchange import recipient_of
from schemas.types import CHOOSE_AMONG

from . import documents
from .models import DisclosurePackage, PackageJob
from .workflow import WHO

PREFIX = "DP"
MOST = 200  # items in one package: more become packages of their own


def may_disclose(db: Session, identity: Identity, case: Case) -> bool:
    """Whether this person may give evidence of the case out: reads its documents, and exports by row 40, as who
    approves exports of the own agency or who has a version of the file."""
    if identity.role not in WHO or "R" not in access_to_one(db, identity, case, "evidence.file"):
        return False
    cell = current_matrix().cell("export", identity.role)
    return "file_version" in cell.words or "A" in access_to_one(db, identity, case, "export")


def keys_of(recipients: list[dict[str, str]]) -> list[pyrage.x25519.Recipient]:
    """The public keys of recipients as age knows them. Raises pyrage.RecipientError for one mistyped."""
    return [pyrage.x25519.Recipient.from_str(one["key"]) for one in recipients]


def ask(db: Session, identity: Identity, case: Case, data: dict[str, Any]) -> DisclosurePackage:
    """Ask for a package of a case; it is made outside the request. `data` as schemas.exchange.Package has it.

    Raises NotAllowed, Refused.
    """
    if not may_disclose(db, identity, case):
        raise NotAllowed(f"{identity.role} gives no evidence of this case out")
    recipients = []
    for number, line in enumerate(data["recipients"], 1):
        name, key = recipient_of(line)
        recipients.append({"name": name, "key": key})
        try:
            keys_of(recipients[-1:])
        except pyrage.RecipientError:
            raise Refused(Problem(_("The key in line ${number} is mistyped: its last characters do not fit the others.",
                                    mapping={"number": number}), "recipients")) from None
    query = select(EvidenceItem).where(
        EvidenceItem.case_id == case.id, EvidenceItem.id.in_(evidence.ids(data["items"])),
        EvidenceItem.voided_at.is_(None))
    items = list(db.scalars(query.order_by(EvidenceItem.number)))
    if not items or len(items) > MOST:
        raise Refused(Problem(_("Choose between 1 and ${most} items.", mapping={"most": MOST}), "items"))
    files = data.get("files") or []
    if not {one.ref for one in documents.of_case(db, case)[0]}.issuperset(files):
        raise Refused(Problem(CHOOSE_AMONG, "files"))
    package = DisclosurePackage(
        ref=new_ref(db, DisclosurePackage, PREFIX, now().date()), agency_id=identity.agency_id,
        created_by_id=identity.user_id, role=identity.role, case_id=case.id, purpose=data["purpose"],
        explanation=data["explanation"], legal_basis=data["legal_basis"], classification=data["classification"],
        recipients=recipients, items=[item.ref for item in items], files=sorted(files),
    )
    engine.create(db, identity, package, "ask_package")
    db.flush()
    db.add(PackageJob(id=package.id))
    return package


def asker(db: Session, package: DisclosurePackage) -> Identity | None:
    """Who asked for a package, in that role, as of today; None when the account or the role has ended since."""
    today = now().astimezone(ZONE).date()
    query = select(Membership, User).join(User, User.id == Membership.user_id).where(
        User.id == package.created_by_id, User.active.is_(True), Membership.role == package.role,
        Membership.agency_id == package.agency_id, Membership.ended_at.is_(None))
    for membership, user in db.execute(query):
        if membership.in_force(today):
            flags = frozenset(word for word, has in ((CHIEF, membership.chief), (LIAISON, membership.liaison)) if has)
            return Identity(user.id, user.name, package.role, package.agency_id, flags=flags)
    return None
