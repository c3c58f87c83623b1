"""The chain of custody of an exhibit: each event is an action that turns one state of custody into the next.

A state (ProvenanceRecord) has its id by the exhibit and the number of the event that made it. Where an event is lost,
the next one starts from a state that nothing made, and every checker sees that.
"""

import uuid
from collections.abc import Iterable

from casework.evidence.chain import ANSWERS, FIRST, MOVES
from casework.evidence.models import CustodyEvent

from .graph_items import authorizations, exhibit_id
from .graph_material import Exhibit
from .graph_terms import Common, Node, derived, digest, iri, moment, ref, said

NAMED_OUTSIDE = frozenset({"to_court", "from_court", "forfeited"})  # offices; an owner who gets a thing back is not
NOTED = {"correction": "correction", "discrepancy": "discrepancy", "resolved": "resolution"}
_PLAIN = {
    "casework:purpose": "purpose", "casework:sealBefore": "seal_before", "casework:sealAfter": "seal_after",
    "casework:condition": "condition", "casework:cause": "cause", "casework:writeBlocker": "write_blocker",
    "casework:commitment": "commitment",
}


def action_id(event_id: uuid.UUID) -> str:
    return iri("investigative-action", event_id)


def state_id(item_id: uuid.UUID, seq: int) -> str:
    """The state of custody after an event."""
    return iri("provenance-record", derived(item_id, "custody", seq))


def custody_nodes(
    exhibit: Exhibit, common: Common, root: str | None, source: CustodyEvent | None
) -> list[Node]:
    """Action and state for each event, annotations of corrections, discrepancies and gaps. `root` is the exhibit
    number at the beginning of the line; `source` the event of another exhibit that this one was made from."""
    nodes: list[Node] = []
    before, held = None, {}
    for event in exhibit.events:
        action = _action(exhibit, event, before, common, source if event.seq == 1 else None)
        held = _held(event, action, held)
        nodes += [action, _state(exhibit, event, root, held)]
        if event.type in NOTED:
            nodes.append(_note(exhibit, event, common.words))
        before = event
    return [*nodes, *_gaps(exhibit)]


def _action(
    exhibit: Exhibit, event: CustodyEvent, before: CustodyEvent | None, common: Common, source: CustodyEvent | None
) -> Node:
    item, detail = exhibit.item, event.detail
    common.agency(event.agency_id)
    if event.created_by_id is not None:
        common.member(event.created_by_id, event.agency_id)
    informed, used = _from(item.id, event, before, source)
    results = [state_id(item.id, event.seq)]
    if event.seq == 1:
        results.insert(0, exhibit_id(item.id))
    if event.type in NOTED:
        results.append(note_id(event))
    return {
        "@id": action_id(event.id), "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": event.type.replace("_", " ").capitalize(),
        "uco-action:startTime": moment(event.began_at or event.at), "uco-action:endTime": moment(event.at),
        "uco-core:objectCreatedTime": moment(event.recorded_at),
        "uco-action:performer": ref(_performer(event, common))[0], "uco-action:result": ref(*results),
        "casework:exhibit": ref(exhibit_id(item.id))[0], "casework:sequence": event.seq,
        "casework:eventType": event.type, "casework:reference": event.ref, "casework:chainHash": event.hash,
        "casework:previousChainHash": event.prev_hash,
        **{word: getattr(event, name) for word, name in _PLAIN.items() if getattr(event, name) is not None},
        **_people(event, common), **_hashes(exhibit, event),
        **said({
            "uco-core:description": event.remark if common.words and event.type not in NOTED else None,
            "uco-action:object": ref(*used), "case-investigation:wasInformedBy": ref(*informed),
            "uco-action:instrument": ref(*_instruments(event, common)),
            "uco-action:location": ref(*_places(exhibit, event, common)),
            "casework:authorization": ref(*_authority(exhibit, event, common)),
            "casework:clock": detail.clock if detail else None,
            "casework:whyLater": detail.why_later if detail and common.words else None,
        }),
    }


def _from(
    item_id: uuid.UUID, event: CustodyEvent, before: CustodyEvent | None, source: CustodyEvent | None
) -> tuple[list[str], list[str]]:
    """The actions an action follows, and the states of custody it starts from."""
    if event.seq == 1:
        return ([action_id(source.id)], [state_id(source.item_id, source.seq)]) if source else ([], [])
    follows = before is not None and before.seq == event.seq - 1
    return [action_id(before.id)] if follows else [], [state_id(item_id, event.seq - 1)]


def _performer(event: CustodyEvent, common: Common) -> str:
    """Who recorded an event did what it says; where nobody did, this program."""
    return common.person(event.created_by_id) if event.created_by_id else common.system()


def _people(event: CustodyEvent, common: Common) -> Node:
    """Who gave, who took or is asked to, and who was there."""
    outsider = []
    if event.outsider:
        named = event.type in NAMED_OUTSIDE
        outsider = [common.outsider(event.outsider) if named else common.nameless(event.id)]
    giver = [common.person(event.released_by_id)] if event.released_by_id else []
    taker = [common.person(event.received_by_id)] if event.received_by_id else []
    if event.type == "from_court":
        giver = outsider
    elif event.type in MOVES:
        taker = taker or outsider
    witnesses = [common.outsider(name) for name in event.witnesses or ()]
    performer = _performer(event, common)
    present = [one for one in (*giver, *taker, *witnesses) if one != performer]
    return said({
        "casework:releasedBy": ref(*giver),
        "casework:releasedTo" if event.type == "released" else "casework:receivedBy": ref(*taker),
        "casework:witness": ref(*witnesses), "uco-action:participant": ref(*present),
    })


def _hashes(exhibit: Exhibit, event: CustodyEvent) -> Node:
    """The value on record and the one that was found, for who may read hash values."""
    if not exhibit.hashes:
        return {}
    return {
        word: digest(event.id, word, "sha256", value)
        for word, value in (("casework:hashOnRecord", event.hash_before), ("casework:hashFound", event.hash_after))
        if value is not None
    }


def _instruments(event: CustodyEvent, common: Common) -> list[str]:
    tools = [common.tool(event.tool)] if event.tool else []
    return [*tools, common.write_blocker()] if event.write_blocker else tools


def _places(exhibit: Exhibit, event: CustodyEvent, common: Common) -> list[str]:
    province = exhibit.shown.province if event.type in FIRST else None
    return [common.place(event.place, province)] if common.words and (event.place or province) else []


def _authority(exhibit: Exhibit, event: CustodyEvent, common: Common) -> list[str]:
    """The legal basis of the seizure, or the request or order that a later event rests on."""
    if event.type in FIRST:
        return authorizations(exhibit, common)
    return [common.authorization(None, event.authority)] if common.words and event.authority else []


def _held(event: CustodyEvent, action: Node, before: Node) -> Node:
    """Who has the exhibit after an event, who is asked to take it, and under which seal it is."""
    holder = before.get("casework:heldBy") if event.type not in MOVES else action.get("casework:receivedBy")
    asked = None if event.type in ANSWERS else action.get("casework:releasedTo") or before.get("casework:askedOf")
    return said({"casework:heldBy": holder, "casework:askedOf": asked,
                 "casework:sealedWith": event.seal_after or before.get("casework:sealedWith")})


def _state(exhibit: Exhibit, event: CustodyEvent, root: str | None, held: Node) -> Node:
    item = exhibit.item
    return {
        "@id": state_id(item.id, event.seq), "@type": "case-investigation:ProvenanceRecord",
        "case-investigation:exhibitNumber": item.ref, **said({"case-investigation:rootExhibitNumber": root}),
        "uco-core:objectCreatedTime": moment(event.at), "uco-core:object": ref(exhibit_id(item.id)), **held,
    }


def note_id(event: CustodyEvent) -> str:
    return iri("annotation", derived(event.id, "note"))


def _note(exhibit: Exhibit, event: CustodyEvent, words: bool) -> Node:
    """What a correction, a discrepancy or its resolution says, beside what it says it about."""
    about = [exhibit_id(exhibit.item.id)]
    corrected = event.detail.corrects if event.detail else None
    about += [action_id(one.id) for one in exhibit.events if one.seq == corrected]
    return {
        "@id": note_id(event), "@type": "uco-core:Annotation", "uco-core:tag": [NOTED[event.type]],
        "uco-core:object": ref(*about), "uco-core:objectCreatedTime": moment(event.at),
        **said({"uco-core:statement": [
            text for text in (event.cause, event.remark if words else None) if text]}),
    }


def _gaps(exhibit: Exhibit) -> Iterable[Node]:
    """What is wrong with the chain itself, as the certificate says it in red."""
    by_seq = {event.seq: event for event in exhibit.events}
    for place, problem in enumerate(exhibit.problems):
        event = by_seq.get(problem.seq)
        yield {
            "@id": iri("annotation", derived(exhibit.item.id, "problem", place)), "@type": "uco-core:Annotation",
            "uco-core:tag": ["chain-problem"], "uco-core:statement": [problem.message.interpolate()],
            "uco-core:object": ref(exhibit_id(exhibit.item.id), *([action_id(event.id)] if event else [])),
        }
