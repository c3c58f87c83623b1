"""The record types of evidence: what their lists and pages show."""

from sqlalchemy import select
from sqlalchemy.orm import object_session

from casework.authz.access import access_to_one, shown
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.records.registry import RecordType
from casework.records.show import summary
from casework.web.i18n import _
from casework.workflow.engine import possible
from schemas import evidence as asks

from . import guards, viewing
from .chain import ChainProblem, links, problems_of
from .effects import LATE
from .known import hits
from .models import CustodyEvent, EvidenceItem
from .seen_hashes import comparisons, hash_rows, sight
from .vault_models import ViewingRequest

# Guards that only ask who somebody is: a button that they refuse is not shown.
PERSONAL = {
    guards.holds: lambda item, identity: item.holder_id == identity.user_id,
    guards.asked: lambda item, identity: item.receiver_id == identity.user_id,
    guards.is_witness: lambda item, identity: item.witness_id == identity.user_id,
    guards.is_outside: lambda item, identity: item.holder_name is not None,
    guards.relieves_here: lambda item, identity: identity.role == guards.RELIEF.get(item.state, "CUS"),
    guards.holder_is_gone: lambda item, identity: not guards.holder_is_there(object_session(item), item),
    guards.own_store: lambda item, identity: item.store_agency_id == identity.agency_id,
    guards.other_side: lambda item, identity: item.resolution_role not in (None, identity.role),
    guards.asked_to_void: lambda item, identity: item.void_asked_at is not None,
}
MADE_SHOWN, VIEWINGS_SHOWN = 50, 10


def holder(request, row, names) -> str:
    """Who has the item: a person of the program, or somebody outside by name."""
    return row.holder_name or names.of("user_account", row.holder_id)


def item_page(request, item: EvidenceItem) -> dict:
    """What the page of an item shows besides its fields."""
    identity, db = request.identity, request.db
    record = shown(db, identity, item)
    offered = [
        t for t in possible(db, identity, item)
        if all(PERSONAL[g](item, identity) for g in t.guards if g in PERSONAL)
    ]
    events, problems = [], []
    reads_chain = "R" in access_to_one(db, identity, item, "custody.event")
    if reads_chain:
        events = whole_chain(request, item)
        problems = problems_of(db, item, events)
    request.names.want("user_account", [item.receiver_id, item.holder_id])
    return {
        "summary": summary(request, ITEM, record), "transitions": offered, "hashes": hash_rows(request, item),
        "known": hits(db, item) if item.hashes_sealed is not None else [],
        "reads_chain": reads_chain, "events": len(events), "problems": problems,
        "holder": holder(request, record, request.names),
        "receiver": request.names.of("user_account", item.receiver_id),
        "made": _made_from(request, item), "labels": record.label_counts, "late": _is_late(item),
        "may_image": any(t.event == "examine" for t in offered), **_viewings(request, item),
    }


def _made_from(request, item: EvidenceItem) -> list[EvidenceItem]:
    """Images and extracts of this item, and what was found in it."""
    query = select(EvidenceItem).where(EvidenceItem.parent_id == item.id).order_by(EvidenceItem.number)
    return list(request.db.scalars(query.limit(MADE_SHOWN)))


def _is_late(item: EvidenceItem) -> bool:
    return item.state == "in_transit" and now() - item.released_at > LATE


def _viewings(request, item: EvidenceItem) -> dict:
    """The requests to view what is in the vault, for who may know of them, and whether this person may ask."""
    may_ask = item.restricted_material == "yes" and viewing.may_ask(request.db, request.identity, item)
    known = item.restricted_material == "yes" and "M" in access_to_one(
        request.db, request.identity, item, "restricted.material")
    found = []
    if known:
        query = select(ViewingRequest).where(ViewingRequest.item_id == item.id).order_by(ViewingRequest.id.desc())
        found = list(request.db.scalars(query.limit(VIEWINGS_SHOWN)))
        request.names.want("user_account", [one.created_by_id for one in found])
    return {"viewings": found, "may_ask": may_ask, "names": request.names}


def whole_chain(request, item: EvidenceItem) -> list[CustodyEvent]:
    """All events of an item, for who may read its chain: a part of a chain proves nothing."""
    with unscoped(request.db, "who reads the chain of an item reads it whole"):
        return links(request.db, item)


def chain_rows(request, item: EvidenceItem, events: list[CustodyEvent], problems: list[ChainProblem]) -> list[dict]:
    """Each event with the names of who gave, took and recorded it, the hash values it compares, and what is wrong
    there."""
    names, compared = request.names, comparisons(sight(request, item), events)
    names.want("user_account", [u for e in events for u in (e.released_by_id, e.received_by_id, e.created_by_id)])
    names.want("user_account", [item.holder_id])
    return [
        {"event": e, "hashes": compared.get(e.seq), "from": _who(names, e, e.released_by_id, "from_court"),
         "to": _who(names, e, e.received_by_id, "to_court", "returned", "forfeited"),
         "by": names.of("user_account", e.created_by_id),
         "problems": [p.message for p in problems if p.seq == e.seq]}
        for e in events
    ]


def _who(names, event, user_id, *outside: str) -> str:
    """A person of the program, or the one outside who gives or takes in these types of event."""
    return names.of("user_account", user_id) or (event.outsider if event.type in outside else "") or ""


ITEM = RecordType(
    name="evidence_item", model=EvidenceItem, path="evidence", prefix="E", row="evidence.item", parent="case",
    title=_("Evidence item"), plural=_("Evidence"), tab=_("Evidence"), list_view=False, weight=30,
    columns=("ref", "number", "kind", "description", "seal", "state", "holder_id", "location"),
    filters=(("state", "evidence_state"), ("kind", "evidence_kind")), schema=asks.EvidenceItem,
    search=("description", "make", "model"), template="casework:evidence/templates/item.jinja2", extra=item_page,
    fields=("number", "kind", "description", "parent_id", "make", "model", "serial", "imei", "seized_at", "province",
            "place", "seized_from_id", "authority_type", "authority_document", "seal", "seal_witnesses",
            "restricted_material", "vault_ref", "hash_verified_at", "size", "parts", "location", "due_back_on",
            "disposition", "disposition_order"),
    labels={
        "number": _("Number"), "holder_id": _("Held by"), "holder_name": _("Held by"), "location": _("Location"),
        "hash_verified_at": _("Hash value verified"), "due_back_on": _("Expected back on"), "hashes": _("Hash values"),
        "disposition": _("Order"), "disposition_order": _("Reference of the order"), "receiver_id": _("Released to"),
        "released_at": _("Released"), "purpose": _("Purpose"), "authority": _("Authority"),
        "store_agency_id": _("Store"), "receiver_agency_id": _("Agency of the receiver"),
        "resume_state": _("State before"), "discrepancy_kind": _("What is wrong"), "discrepancy": _("Discrepancy"),
        "resolution": _("Resolution"), "resolution_role": _("Proposed by"), "witness_id": _("Witness"),
        "disposition_to": _("Given to"), "wiping_certificate": _("Certificate of wiping"),
        "void_asked_at": _("Asked to void"),
        "label_counts": _("Counts by label"), "chain_seq": _("Events in the chain"),
        "chain_hash": _("End of the chain"),
        "opened": _("Seal is open"), "parent_id": _("Made from or found in"), "seized_from_id": _("Taken from"),
    },
    codes={"disposition": "disposition", "purpose": "custody_purpose", "discrepancy_kind": "discrepancy_kind",
           "resume_state": "evidence_state", "resolution_role": "roles"},
    render={"holder_id": holder}, empty=_("No evidence is recorded here yet."), hidden=("root_id",),
)

EVENT = RecordType(
    name="custody_event", model=CustodyEvent, path="custody", prefix="K", row="custody.event", parent="evidence_item",
    link="item_id", title=_("Custody event"), plural=_("Chain of custody"), list_view=False, voidable=False,
    fields=("seq", "type", "at", "recorded_at", "released_by_id", "received_by_id", "outsider", "place", "purpose",
            "authority", "seal_before", "seal_after", "condition", "tool", "began_at", "write_blocker", "witnesses",
            "cause", "remark", "hash_before", "hash_after", "prev_hash", "hash"),
    labels={
        "seq": _("Number"), "at": _("When"), "recorded_at": _("Recorded"), "released_by_id": _("Released by"),
        "received_by_id": _("Received by"), "outsider": _("Person outside the program"), "place": _("Place"),
        "purpose": _("Purpose"), "authority": _("Authority"), "seal_before": _("Seal before"),
        "seal_after": _("Seal after"), "condition": _("Condition of the seal"), "tool": _("Tool and version"),
        "began_at": _("Began"), "write_blocker": _("Write blocker used"), "witnesses": _("Witnesses"),
        "cause": _("What is wrong"), "remark": _("Remark"), "hash_before": _("SHA-256 on record"),
        "hash_after": _("SHA-256 found"), "prev_hash": _("Hash of the event before"), "hash": _("Hash of this event"),
        "commitment": _("Commitment to the hash values"), "item_id": _("Evidence item"),
    },
    codes={"type": "custody_event_type", "purpose": "custody_purpose", "condition": "seal_condition",
           "cause": "discrepancy_kind"},
)
