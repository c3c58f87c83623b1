"""Counting what lies on a shelf by scanning it: what is there, what is not, what belongs elsewhere (DOMAIN 6)."""

import uuid
from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from casework.authz.identity import Identity
from casework.authz.scope import unscoped
from casework.db.base import now
from casework.db.refs import new_ref
from casework.web.i18n import _
from casework.workflow import engine
from casework.workflow.engine import Flow, Move, Problem, Refused, Transition, add_flow

from .models import EvidenceItem
from .places import shelf, within
from .references import reference_in
from .stock_models import Stocktake, StocktakeLine


def own_store(move: Move) -> Problem | None:
    """A store is counted by its own custodians."""
    if move.record.agency_id != move.identity.agency_id:
        return Problem(_("This is the stocktake of another store."))
    return None


def _finished(move: Move) -> None:
    stocktake = move.record
    missing = list(move.session.scalars(_missing(stocktake)))
    for item in missing:
        _line(move.session, stocktake, item.ref, item.id, "missing")
        _freeze(move, item, "missing")
    for item in list(move.session.scalars(_strayed(stocktake))):
        _freeze(move, item, "other")
    move.session.flush()
    counts = counted(move.session, stocktake)
    stocktake.finished_at = move.at
    stocktake.found, stocktake.elsewhere = counts.get("found", 0), counts.get("elsewhere", 0)
    stocktake.missing, stocktake.unknown = counts.get("missing", 0), counts.get("unknown", 0)


def _freeze(move: Move, item: EvidenceItem, kind: str) -> None:
    words = f"{move.record.ref}: {move.record.location}"
    engine.apply(move.session, move.identity, item, "report_discrepancy", {"kind": kind, "discrepancy": words})


FLOW = add_flow(Flow(
    "stocktake",
    states=("open", "finished", "abandoned"),
    final=("finished", "abandoned"),
    transitions=(
        Transition("begin_count", (), "open", ("CUS",)),
        Transition("finish_count", ("open",), "finished", ("CUS",), guards=(own_store,), effects=(_finished,),
                   confirm=_("Every item that should be here and was not scanned becomes a discrepancy and is "
                             "frozen, and so does one that was found here and should be in other hands.")),
        Transition("abandon_count", ("open",), "abandoned", ("CUS",), guards=(own_store,),
                   confirm=_("What was scanned stays on record; nothing else happens.")),
    ),
))


def begin(db: Session, identity: Identity, location: str) -> Stocktake:
    """Begin to count a place of the person's own store. Raises Refused when nothing lies there."""
    place = shelf(location)
    stocktake = Stocktake(
        ref=new_ref(db, Stocktake, "ES", now().date()), agency_id=identity.agency_id, created_by_id=identity.user_id,
        location=place,
    )
    if place is None or not db.scalar(select(func.count(EvidenceItem.id)).where(_expected(stocktake))):
        raise Refused(Problem(_("No item of your store is recorded at this place."), "location"))
    return engine.create(db, identity, stocktake, "begin_count")


def scan(db: Session, identity: Identity, stocktake: Stocktake, texts: Iterable[str]) -> list[StocktakeLine]:
    """Note what was scanned; a second scan of the same changes nothing. A constant number of queries.

    An item that this person may not see counts like a text that is no reference: not known.
    """
    if stocktake.state != "open" or stocktake.agency_id != identity.agency_id:
        raise Refused(Problem(_("This stocktake is over.")))
    # Two who count together: the second waits, and then finds what the first has scanned.
    db.execute(select(Stocktake.id).where(Stocktake.id == stocktake.id).with_for_update())
    read = {(reference_in(text) or text)[:60]: None for text in texts}
    known = set(db.scalars(select(StocktakeLine.text).where(
        StocktakeLine.stocktake_id == stocktake.id, StocktakeLine.text.in_(read))))
    items = {item.ref: item for item in db.scalars(select(EvidenceItem).where(EvidenceItem.ref.in_(read)))}
    expected = set(db.scalars(select(EvidenceItem.ref).where(EvidenceItem.ref.in_(read), _expected(stocktake))))
    made = []
    for text in read:
        if text not in known:
            item = items.get(text)
            result = "found" if text in expected else "elsewhere" if item is not None else "unknown"
            made.append(_line(db, stocktake, text, item and item.id, result))
    return made


def _line(db: Session, stocktake: Stocktake, text: str, item_id: uuid.UUID | None, result: str) -> StocktakeLine:
    line = StocktakeLine(
        stocktake_id=stocktake.id, agency_id=stocktake.agency_id, text=text, item_id=item_id, result=result
    )
    db.add(line)
    return line


def _expected(stocktake: Stocktake) -> ColumnElement:
    return (
        (EvidenceItem.store_agency_id == stocktake.agency_id) & (EvidenceItem.state == "in_storage")
        & within(EvidenceItem.location, stocktake.location)
    )


def _scanned(stocktake: Stocktake, *results: str):
    return select(StocktakeLine.item_id).where(
        StocktakeLine.stocktake_id == stocktake.id, StocktakeLine.result.in_(results))


def _missing(stocktake: Stocktake):
    """What should be here and was not scanned."""
    return select(EvidenceItem).where(
        _expected(stocktake), EvidenceItem.id.not_in(_scanned(stocktake, "found"))
    ).order_by(EvidenceItem.id)


def _strayed(stocktake: Stocktake):
    """What was found here although the record says that somebody else has it."""
    return select(EvidenceItem).where(
        EvidenceItem.id.in_(_scanned(stocktake, "elsewhere")),
        EvidenceItem.state.in_(("recorded", "sealed", "in_examination", "at_court")),
    ).order_by(EvidenceItem.id)


def counted(db: Session, stocktake: Stocktake) -> dict[str, int]:
    """How many lines have which result."""
    query = select(StocktakeLine.result, func.count()).where(StocktakeLine.stocktake_id == stocktake.id)
    return dict(tuple(row) for row in db.execute(query.group_by(StocktakeLine.result)))


def awaited(db: Session, stocktake: Stocktake) -> int:
    """How many items should be at the place."""
    return db.scalar(select(func.count(EvidenceItem.id)).where(_expected(stocktake)))


def places(db: Session, identity: Identity) -> list[tuple[str, int]]:
    """The places of the person's own store at which something lies, and how many items."""
    with unscoped(db, "the shelves of the own store"):
        query = select(EvidenceItem.location, func.count()).where(
            EvidenceItem.store_agency_id == identity.agency_id, EvidenceItem.state == "in_storage",
            EvidenceItem.location.is_not(None),
        )
        return [tuple(row) for row in db.execute(query.group_by(EvidenceItem.location).order_by(EvidenceItem.location))]
