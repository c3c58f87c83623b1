"""What must be true before an item moves: who has it, who may take it, which seal, which order (DOMAIN 3.6)."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.accounts.models import Membership, User
from casework.authz.scope import unscoped
from casework.cases import recusal
from casework.db.base import now
from casework.web.i18n import ZONE, _, local_time
from casework.workflow.engine import Move, Problem
from schemas.evidence import DIGITAL, MADE
from schemas.hashes import canonical_hash
from schemas.problems import BadIdentifier
from schemas.text import fold

from .chain import verify_chain
from .models import CustodyEvent, EvidenceItem

# Who may be asked to take an item, by the purpose of the handover; and what for, by the state it is released from.
RECEIVERS = {"storage": "CUS", "examination": "FOR"}
FROM_STATE = {
    "sealed": ("storage",), "in_storage": ("storage", "examination", "court"), "in_examination": ("storage",),
}

# Who takes an item over from a holder who is gone, by its state; the custodian of its store otherwise.
RELIEF = {"recorded": "INV", "sealed": "INV", "in_examination": "FOR"}


def same_seal(typed: str | None, known: str | None) -> bool:
    """Whether two seal numbers read alike: case, digits of either script, spaces and hyphens do not count."""
    return _bare(typed) == _bare(known)


def _bare(seal: str | None) -> str:
    return fold(seal or "").replace(" ", "").replace("-", "")


def holds(move: Move) -> Problem | None:
    """Only who has the object may do something with it."""
    if move.record.holder_id != move.identity.user_id:
        return Problem(_("Only the person who has the item may do this."))
    return None


def holder_is_gone(move: Move) -> Problem | None:
    """Who has the item cannot hand it over: a conflict of interest shuts the case to them, or they left the service."""
    if holder_is_there(move.session, move.record):
        return Problem(_("The person who has the item hands it over."))
    return None


def holder_is_there(db: Session, item: EvidenceItem) -> bool:
    """Whether the holder works somewhere today, without a conflict of interest in the case; a court is there."""
    if item.holder_id is None:
        return True
    if recusal.is_recused(db, item.holder_id, item):
        return False
    held = db.scalars(select(Membership).join(User, User.id == Membership.user_id).where(
        Membership.user_id == item.holder_id, User.active.is_(True)))
    today = local_time(now()).date()
    return any(one.in_force(today) for one in held)


def relieves_here(move: Move) -> Problem | None:
    """An item stays where it is: with the investigators, the examiners, or the store that has it."""
    if move.identity.role != RELIEF.get(move.from_state, "CUS"):
        return Problem(_("Somebody of the role that has the item takes it over."))
    return own_store(move) if move.identity.role == "CUS" else None


def seal_is_told(move: Move) -> Problem | None:
    """Of a sealed item, whoever takes it over says how the seal was found."""
    if is_sealed(move.record) and move.data.get("condition") is None:
        return Problem(_("Say how the seal was found."), "condition")
    return None


def is_sealed(item: EvidenceItem) -> bool:
    """Whether the item has a seal that was not opened."""
    return item.seal is not None and not item.opened


def asked(move: Move) -> Problem | None:
    """Only the person it was released to answers a handover."""
    if move.record.receiver_id != move.identity.user_id:
        return Problem(_("This handover was not released to you."))
    return None


def complete(move: Move) -> Problem | None:
    """A new item has what its kind needs, whichever way it came in."""
    item = move.record
    if not (item.description and item.authority_type and item.seized_at and (item.place or item.province)):
        return Problem(_("Say what the item is, and when, where and on which authority it was taken."))
    values = {entry["alg"]: entry["value"] for entry in item.hashes or ()}
    # Some tools' reports know no SHA-256: both older digests together stand for it until the item is hashed here.
    from_report = move.data.get("from_report") and {"md5", "sha1"} <= set(values)
    if item.kind in DIGITAL and "sha256" not in values and not from_report:
        return Problem(_("A digital item needs its SHA-256 value."), "hashes")
    if not all(_is_canonical(*one) for one in values.items()):
        return Problem(_("This is no hash value of that kind."), "hashes")
    if item.kind in MADE and item.parent_id is None:
        return Problem(_("Say which item it was made from."), "parent")
    if item.restricted_material == "yes" and not item.vault_ref:
        return Problem(_("Give the vault reference of restricted material."), "vault_ref")
    if item.seized_at > move.at + dt.timedelta(minutes=5):
        return Problem(_("This cannot lie in the future."), "seized_at")
    return None


def _is_canonical(algorithm: str, value: str) -> bool:
    try:
        return canonical_hash(algorithm, value) == value
    except BadIdentifier:
        return False


def seal_is_free(move: Move) -> Problem | None:
    """No two items of an agency ever bear the same seal number."""
    wanted = (move.data.get("seal") or "").strip()
    if not wanted:
        return Problem(_("Give the number of the seal."), "seal")
    item = move.record
    with unscoped(move.session, "seal numbers are unique in the agency, whoever asks"):
        on_item = select(EvidenceItem.id).where(EvidenceItem.agency_id == item.agency_id, EvidenceItem.seal == wanted)
        in_chain = (
            select(CustodyEvent.id)
            .join(EvidenceItem, EvidenceItem.id == CustodyEvent.item_id)
            .where(EvidenceItem.agency_id == item.agency_id, CustodyEvent.seal_after == wanted)
        )
        taken = move.session.execute(on_item.union_all(in_chain).limit(1)).first()
    if taken is not None:
        return Problem(_("This seal number was used before."), "seal")
    return None


def two_witnesses(move: Move) -> Problem | None:
    """Two names, and neither is the person who seals."""
    names = {fold(name) for name in move.data.get("seal_witnesses") or () if name.strip()}
    if len(names - {fold(move.identity.name)}) < 2:
        return Problem(_("Two witnesses besides you are needed."), "seal_witnesses")
    return None


def seal_is_whole(move: Move) -> Problem | None:
    """What was opened is sealed again before it is handed on."""
    if move.record.opened:
        return Problem(_("The item was opened. Put a new seal on it first."))
    return None


def chain_holds(move: Move) -> Problem | None:
    """An item whose chain does not hold is not handed on: that would bury the gap."""
    if verify_chain(move.session, move.record):
        return Problem(_("The chain of custody does not hold. Report a discrepancy instead."))
    return None


def seal_as_known(move: Move) -> Problem | None:
    """A releaser who reads another number than the one on record has found something to report."""
    typed = move.data.get("seal_before")
    if typed and not same_seal(typed, move.record.seal):
        return Problem(_("This is not the seal on record. Report a discrepancy instead."), "seal_before")
    return None


def receiver_fits(move: Move) -> Problem | None:
    """The receiver works in the role that the purpose asks for, is not the releaser, and has no conflict of interest.

    `receiver` is the id of a membership; what is found is left in `move.data` for the effects. A court receives
    through its registry, on paper.
    """
    purpose, item, data = move.data.get("purpose"), move.record, move.data
    if purpose not in FROM_STATE.get(move.from_state, ()):
        return Problem(_("From here the item cannot go there."), "purpose")
    if purpose not in RECEIVERS:
        if not data.get("outsider"):
            return Problem(_("Say who at the court receives it."), "outsider")
        return None if data.get("receipt") else Problem(_("Somebody without an account signs a receipt."), "receipt")
    if not data.get("receiver"):
        return Problem(_("Choose who receives it."), "receiver")
    membership = move.session.get(Membership, uuid.UUID(str(data["receiver"])))
    today = move.at.astimezone(ZONE).date()
    if membership is None or not membership.in_force(today) or membership.role != RECEIVERS[purpose]:
        return Problem(_("This person cannot take the item for that purpose."), "receiver")
    if membership.user_id == move.identity.user_id:
        return Problem(_("Nobody hands an item to themselves."), "receiver")
    data["membership"] = membership
    return recusal.problem(move.session, membership.user_id, item, "receiver")


def only_paper_is_told_later(move: Move) -> Problem | None:
    """Between people of the program a handover happens when they confirm it."""
    if move.data.get("happened_at") is not None and move.data.get("purpose") in RECEIVERS:
        return Problem(_("Between people of the program the moment is when they confirm."), "happened_at")
    return None


def in_order(move: Move) -> Problem | None:
    """What is said to have happened earlier does not lie before the last event of the chain."""
    happened = move.data.get("happened_at")
    return None if happened is None else _after_last(move, happened, "happened_at")


def _after_last(move: Move, moment: dt.datetime, field: str) -> Problem | None:
    """People tell a moment to the minute: within the minute of the last event it counts as that of the last event."""
    if moment > move.at:
        return Problem(_("This cannot lie in the future."), field)
    query = select(func.max(CustodyEvent.at)).where(CustodyEvent.item_id == move.record.id)
    with unscoped(move.session, "the chain is one, whoever wrote its events"):
        last = move.session.scalar(query)
    if moment < last.replace(second=0, microsecond=0):
        return Problem(_("This lies before the last event of the chain."), field)
    move.data[field] = max(moment, last)
    return None


def due_back_later(move: Move) -> Problem | None:
    """An item cannot be expected back on a day that is over."""
    due = move.data.get("expected_return")
    if due is not None and due < move.at.astimezone(ZONE).date():
        return Problem(_("This day is over."), "expected_return")
    return None


def is_outside(move: Move) -> Problem | None:
    """Somebody outside the program has the item."""
    if move.record.holder_name is None:
        return Problem(_("The item is not at a court."))
    return None


def own_store(move: Move) -> Problem | None:
    """What a store gave to court comes back to that store."""
    if move.record.store_agency_id != move.identity.agency_id:
        return Problem(_("The item goes back to the store it came from."))
    return None


def step_fits(move: Move) -> Problem | None:
    """A step of an examination lies behind the last event of the chain, and compares with a value that is there."""
    problem = _after_last(move, move.data["ended_at"], "ended_at")
    if problem is not None:
        return problem
    if move.data["event"] == "hash_verified":
        return has_sha256(move)
    return None


def vault_is_known(move: Move) -> Problem | None:
    """An item that turns out to hold restricted material needs its place in the vault."""
    if restricted(move.data) and not (move.record.vault_ref_sealed or move.data.get("vault_ref")):
        return Problem(_("Give the vault reference of restricted material."), "vault_ref")
    return None


def restricted(counts: Mapping[str, Any]) -> bool:
    """Whether counts by label say that there is restricted material."""
    return bool(counts["baseline"] or counts["nationally_illegal"])


def event_exists(move: Move) -> Problem | None:
    """A correction names an event of the chain."""
    if not 1 <= move.data["seq"] <= move.record.chain_seq:
        return Problem(_("The chain has no event with this number."), "seq")
    return None


def has_sha256(move: Move) -> Problem | None:
    """There is a value to compare with."""
    if not any(entry["alg"] == "sha256" for entry in move.record.hashes or ()):
        return Problem(_("No SHA-256 was recorded for this item, so there is nothing to compare with."), "value")
    return None


def other_side(move: Move) -> Problem | None:
    """A discrepancy is resolved by the police supervisor and the custodian together: one proposes, the other agrees."""
    if move.record.resolution is None:
        return Problem(_("Nobody has proposed a resolution yet."))
    if move.record.resolution_role == move.identity.role:
        return Problem(_("The resolution needs both the supervisor and the custodian."))
    return None


def asked_to_void(move: Move) -> Problem | None:
    """Two people void: one asks, another agrees."""
    if move.record.void_asked_at is None:
        return Problem(_("Nobody has asked to void this item."))
    return None


def order_is_lawful(move: Move) -> Problem | None:
    """An order names its document; restricted material itself is never given back."""
    if not (move.data.get("authority") or "").strip():
        return Problem(_("Give the reference of the order."), "authority")
    item = move.record
    if move.data.get("disposition") == "returned" and item.restricted_material == "yes" and item.kind != "physical":
        return Problem(_("Restricted material is never given back."), "disposition")
    return None


def carried_out_rightly(move: Move) -> Problem | None:
    """A named receiver for what is given away, and a certificate for a device that may hold restricted material."""
    item = move.record
    given = item.disposition in ("returned", "forfeited")
    if given and not (move.data.get("outsider") or "").strip():
        return Problem(_("Say to whom it was given."), "outsider")
    if item.disposition == "returned" and item.restricted_material != "no" and not move.data.get("wiping_certificate"):
        return Problem(_("A device that may hold restricted material goes back only with a certificate of wiping."),
                       "wiping_certificate")
    witness = uuid.UUID(str(move.data["witness"]))
    if witness == move.identity.user_id:
        return Problem(_("Nobody is witness to their own act."), "witness")
    return None


def is_witness(move: Move) -> Problem | None:
    """The person named as witness confirms, nobody else."""
    if move.record.witness_id != move.identity.user_id:
        return Problem(_("You were not named as the witness."))
    return None
