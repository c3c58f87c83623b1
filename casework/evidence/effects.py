"""What a transition does to an item and its chain of custody."""

import datetime as dt
import uuid
from typing import Any

from casework.cases import service as cases
from casework.cases import tasks
from casework.db.base import now
from casework.workflow.engine import Move
from schemas.evidence import MADE

from .chain import append
from .guards import is_sealed, restricted, same_seal
from .models import EvidenceItem
from .places import shelf

LATE = dt.timedelta(hours=24)
FINAL_STATE = {"returned": "returned_owner", "destroyed": "destroyed", "forfeited": "forfeited", "retained": "retained"}
LABELS = ("baseline", "nationally_illegal", "not_illegal", "not_assessed", "unable")
# A step of an examination, and the type of its link in the chain.
STEPS = {
    "image_made": "imaged", "hash_computed": "hash_computed", "report_issued": "report_issued",
    "working_copy_made": "working_copy", "working_copy_destroyed": "copy_destroyed",
}


def stays(move: Move) -> str:
    """Target of what happens without a change of state."""
    return move.from_state


def resumes(move: Move) -> str:
    """Target: where the item stood before it was released or frozen."""
    return move.record.resume_state


def after_release(move: Move) -> str:
    """Target of a release: a court's registry has the item at once, everybody else has to accept it."""
    return "at_court" if move.data.get("purpose") == "court" else "in_transit"


def after_acceptance(move: Move) -> str:
    """Target of an acceptance: the new place, or a discrepancy when the seal is not as released or it came late."""
    if receipt_problem(move) or is_late(move):
        return "discrepancy"
    return place_for(move.record.purpose)


def after_return(move: Move) -> str:
    """Target of an item that comes back from court."""
    if receipt_problem(move):
        return "discrepancy"
    return "in_storage" if move.from_state == "at_court" else move.from_state


def after_relief(move: Move) -> str:
    """Target of an item that is taken over: where it was, unless something is wrong with it."""
    return "discrepancy" if relief_problem(move) else move.from_state


def after_verification(move: Move) -> str:
    """Target of a verification: unchanged when the values are equal."""
    return move.from_state if move.data["value"] == sha256_of(move.record) else "discrepancy"


def after_step(move: Move) -> str:
    """Target of a step of an examination: what was read may differ from what is on record."""
    return "discrepancy" if _differs(move) else move.from_state


def _differs(move: Move) -> bool:
    known = sha256_of(move.record) if move.data["event"] in ("hash_verified", "image_made") else None
    return known is not None and move.data["hash_value"] != known


def after_disposition(move: Move) -> str:
    """Target of a confirmed disposition."""
    return FINAL_STATE[move.record.disposition]


def place_for(purpose: str) -> str:
    """The state of an item that was accepted for a purpose."""
    return "in_examination" if purpose == "examination" else "in_storage"


def receipt_problem(move: Move) -> str | None:
    """What is wrong with the item as the receiver found it: a code of `discrepancy_kind`, or None."""
    condition, value = move.data.get("condition"), move.data.get("hash_after")
    if condition not in ("intact", "number_differs"):
        return "seal_condition"
    if condition != "intact" or not same_seal(move.data.get("seal_before"), move.record.seal):
        return "seal_number"
    return "hash" if value and value != sha256_of(move.record) else None


def relief_problem(move: Move) -> str | None:
    """The same for who takes an item over, which may have no seal."""
    if is_sealed(move.record):
        return receipt_problem(move)
    value = move.data.get("hash_after")
    return "hash" if value and value != sha256_of(move.record) else None


def is_late(move: Move) -> bool:
    """Whether the receiver confirms later than the 24 hours both sides have."""
    return move.at - move.record.released_at > LATE


def sha256_of(item: EvidenceItem) -> str | None:
    """The SHA-256 the item was recorded with."""
    return next((entry["value"] for entry in item.hashes or () if entry["alg"] == "sha256"), None)


def was_recorded(move: Move) -> None:
    """The object is on the account of who recorded it."""
    item, found = move.record, sha256_of(move.record)
    item.holder_id = move.identity.user_id
    append(move.session, move.identity, item, "acquired" if item.kind in MADE else "seized", at=item.seized_at,
           received_by_id=move.identity.user_id, place=item.place, authority=item.authority_document, hash_after=found,
           tool=item.hashes[0]["tool"] if found else None, clock=move.data.get("clock"),
           why_later=move.data.get("why_later"))


def told(move: Move) -> dict[str, Any]:
    """When it happened as somebody says, and by which clock; now by the clock of the program when nobody does."""
    happened = move.data.get("happened_at")
    if happened is None:
        return {"at": move.at}
    return {"at": happened, "clock": move.data.get("clock"), "why_later": move.data.get("why_later")}


def was_sealed(move: Move) -> None:
    """First seal, or a new one after an examination."""
    item = move.record
    before = item.seal
    item.seal, item.seal_witnesses, item.opened = move.data["seal"].strip(), list(move.data["seal_witnesses"]), False
    append(move.session, move.identity, item, "resealed" if before else "sealed", seal_before=before,
           seal_after=item.seal, witnesses=item.seal_witnesses, **told(move))


def was_opened(move: Move) -> None:
    move.record.opened = True
    append(move.session, move.identity, move.record, "opened", at=move.at, seal_before=move.record.seal,
           remark=move.data["reason"])


def was_released(move: Move) -> None:
    """The item waits for its receiver, on the releaser's account; the receiver sees it and its case."""
    item, data = move.record, move.data
    item.authority, item.due_back_on = data.get("authority"), data.get("expected_return")
    if data["purpose"] == "court":
        went_to_court(move)
        return
    membership = data["membership"]
    item.receiver_id, item.receiver_agency_id = membership.user_id, membership.agency_id
    item.released_at, item.resume_state, item.purpose = move.at, move.from_state, data["purpose"]
    append(move.session, move.identity, item, "released", at=move.at, released_by_id=move.identity.user_id,
           received_by_id=membership.user_id, purpose=item.purpose, authority=item.authority,
           place=data.get("place"), seal_before=item.seal)
    for subject in (item, cases.case_of(move.session, item.case_id)):
        grants = cases.grants_on(move.session, subject)
        if not any(g.principal_id == membership.user_id and g.role == membership.role for g in grants):
            cases.assign(move.session, move.identity, subject, role=membership.role, agency_id=membership.agency_id,
                         user_id=membership.user_id, reason=item.ref)
    tasks.happened(move.session, item, "handover_released")


def went_to_court(move: Move) -> None:
    """The registry signs on paper; from then on the item is with it."""
    item, data = move.record, move.data
    item.holder_id, item.holder_name, item.location = None, data["outsider"], data.get("place")
    append(move.session, move.identity, item, "to_court", **told(move), released_by_id=move.identity.user_id,
           outsider=item.holder_name, place=item.location, purpose="court", authority=item.authority,
           seal_before=item.seal, remark=data["receipt"])


def was_accepted(move: Move) -> None:
    """The item is on the receiver's account, unless the seal was not as released: then nothing moved."""
    item, data, problem, late = move.record, move.data, receipt_problem(move), is_late(move)
    if problem:
        freeze(move, problem, **found_seal(move))
        return
    releaser, purpose = item.holder_id, item.purpose
    item.holder_id, item.location = item.receiver_id, shelf(data.get("location"))
    if purpose == "storage":
        item.store_agency_id, item.due_back_on = item.receiver_agency_id, None
    append(move.session, move.identity, item, "received", at=move.at, released_by_id=releaser,
           received_by_id=item.holder_id, place=item.location, purpose=purpose, authority=item.authority,
           seal_before=item.seal, condition=data["condition"], remark=data.get("remark"),
           hash_after=data.get("hash_after"))
    if late:
        item.resume_state = place_for(purpose)
        freeze(move, "late")
    else:
        end_handover(item)
        item.resume_state = None
    tasks.happened(move.session, item, "handover_received")


def was_relieved(move: Move) -> None:
    """Somebody else has the item, whatever is wrong with it: who had it cannot answer for it any more."""
    item, data, problem, when = move.record, move.data, relief_problem(move), told(move)
    both = {"released_by_id": item.holder_id, "received_by_id": move.identity.user_id, "seal_before": item.seal,
            "place": shelf(data.get("location"))}
    append(move.session, move.identity, item, "released", **when, **both, remark=data["receipt"])
    append(move.session, move.identity, item, "received", **when, **both, condition=data.get("condition"),
           remark=data.get("remark"), hash_after=data.get("hash_after"))
    item.holder_id, item.location = move.identity.user_id, both["place"]
    if problem:
        item.resume_state = move.from_state
        freeze(move, problem, **found_seal(move))


def found_seal(move: Move) -> dict[str, str | None]:
    """What the receiver read, for the event of a discrepancy."""
    return {"seal_before": move.data.get("seal_before"), "condition": move.data["condition"],
            "remark": move.data.get("remark")}


def was_refused(move: Move) -> None:
    _not_handed_over(move, "refused")


def was_withdrawn(move: Move) -> None:
    _not_handed_over(move, "withdrawn")


def _not_handed_over(move: Move, kind: str) -> None:
    """The item stays where it was, and the receiver loses what the handover had opened."""
    item = move.record
    append(move.session, move.identity, item, kind, at=move.at, released_by_id=item.holder_id,
           seal_before=item.seal, remark=move.data.get("reason"))
    for subject in (item, cases.case_of(move.session, item.case_id)):
        for grant in cases.grants_on(move.session, subject):
            if grant.principal_id == item.receiver_id and grant.reason == item.ref:
                cases.unassign(move.session, move.identity, grant)
    end_handover(item)
    item.resume_state = None
    tasks.stop(move.session, item, ["H-02"], kind)


def end_handover(item: EvidenceItem) -> None:
    """Nobody is asked to take the item any more."""
    item.receiver_id = item.receiver_agency_id = item.released_at = item.purpose = None


def came_from_court(move: Move) -> None:
    """The custodian has the item again, whatever is wrong with it: the court's registry does not."""
    item, problem = move.record, receipt_problem(move)
    place = shelf(move.data.get("location"))
    append(move.session, move.identity, item, "from_court", **told(move), received_by_id=move.identity.user_id,
           outsider=item.holder_name, seal_before=item.seal, condition=move.data["condition"], place=place)
    item.holder_id, item.holder_name = move.identity.user_id, None
    item.location, item.due_back_on = place, None
    if problem:
        item.resume_state = "in_storage" if move.from_state == "at_court" else move.from_state
        freeze(move, problem, **found_seal(move))


def was_verified(move: Move) -> None:
    _compare(move, move.data["value"], at=move.at, tool=move.data.get("tool"))


def was_examined(move: Move) -> None:
    """A step of the examination, with its tool, times and write blocker; a first SHA-256 becomes the item's own."""
    item, data, step = move.record, move.data, move.data["event"]
    fields = {"at": data["ended_at"], "began_at": data["started_at"], "tool": data["tool"],
              "write_blocker": data["write_blocker"], "remark": data.get("remark")}
    if step == "hash_verified":
        _compare(move, data["hash_value"], **fields)
        return
    append(move.session, move.identity, item, STEPS[step], hash_after=data.get("hash_value"), **fields)
    if data.get("hash_value") and sha256_of(item) is None:
        item.hashes = [*(item.hashes or ()), hash_entry(move.identity, "sha256", data["hash_value"], data["tool"])]
        tasks.happened(move.session, item, "hash_computed")
    elif _differs(move):
        item.resume_state = move.from_state
        freeze(move, "hash")


def was_labelled(move: Move) -> None:
    """How many files bear which label; the minutes count as the examiner's exposure."""
    item, data = move.record, move.data
    item.label_counts = {name: data[name] for name in LABELS if data[name]}
    if restricted(data):
        item.restricted_material = "yes"
        item.vault_ref = data.get("vault_ref") or item.vault_ref
    data["exposure"] = {"activity": "label", "minutes": data["minutes"], "items": sum(item.label_counts.values())}


def was_moved(move: Move) -> None:
    """Another shelf of the same store."""
    item = move.record
    item.location = shelf(move.data["location"])
    append(move.session, move.identity, item, "moved", at=move.at, place=item.location, purpose="storage",
           seal_before=item.seal)


def _compare(move: Move, found: str, **fields) -> None:
    item, known = move.record, sha256_of(move.record)
    append(move.session, move.identity, item, "hash_verified", hash_before=known, hash_after=found, **fields)
    if found == known:
        item.hash_verified_at = move.at
        tasks.happened(move.session, item, "hash_verified")
    else:
        item.resume_state = move.from_state
        freeze(move, "hash")


def hash_entry(identity, algorithm: str, value: str, tool: str | None) -> dict[str, str]:
    """One value of an item's list of hashes."""
    return {"alg": algorithm, "value": value, "at": now().isoformat(timespec="seconds"), "by": str(identity.user_id),
            "tool": tool or ""}


def was_corrected(move: Move) -> None:
    append(move.session, move.identity, move.record, "correction", at=move.at, corrects=move.data["seq"],
           remark=move.data["remark"])


def was_reported(move: Move) -> None:
    if move.from_state != "in_transit":
        move.record.resume_state = move.from_state
    freeze(move, move.data["kind"], remark=move.data["discrepancy"])


def freeze(move: Move, kind: str, **fields) -> None:
    """Write the discrepancy; a handover that was open ends without effect."""
    item = move.record
    item.discrepancy_kind, item.discrepancy = kind, fields.get("remark")
    item.resolution = item.resolution_role = None
    append(move.session, move.identity, item, "discrepancy", at=move.at, cause=kind, **fields)
    end_handover(item)


def was_proposed(move: Move) -> None:
    move.record.resolution = move.data["reason"]
    move.record.resolution_role = move.identity.role


def was_resolved(move: Move) -> None:
    item = move.record
    append(move.session, move.identity, item, "resolved", at=move.at, cause=item.discrepancy_kind,
           remark=item.resolution)
    item.discrepancy = item.discrepancy_kind = item.resolution = item.resolution_role = item.resume_state = None


def was_ordered(move: Move) -> None:
    move.record.disposition = move.data["disposition"]
    move.record.disposition_order = move.data["authority"]


def was_carried_out(move: Move) -> None:
    """Waits for the witness: until then the item counts as held by the custodian."""
    item = move.record
    item.witness_id = uuid.UUID(str(move.data["witness"]))
    item.disposition_to, item.wiping_certificate = move.data.get("outsider"), move.data.get("wiping_certificate")
    item.location = move.data.get("place")


def was_witnessed(move: Move) -> None:
    item = move.record
    given = item.disposition in ("returned", "forfeited")
    append(move.session, move.identity, item, item.disposition, at=move.at, released_by_id=item.holder_id,
           outsider=item.disposition_to if given else None, place=item.location, purpose="disposal",
           authority=item.disposition_order,
           seal_before=item.seal, witnesses=[move.identity.name], remark=item.wiping_certificate)
    if item.disposition != "retained":
        item.holder_id, item.holder_name, item.location = None, item.disposition_to if given else None, None


def was_asked_to_void(move: Move) -> None:
    move.record.void_asked_at = move.at


def was_voided(move: Move) -> None:
    move.record.voided_at = move.at
    append(move.session, move.identity, move.record, "voided", at=move.at, remark=move.data.get("reason"))
