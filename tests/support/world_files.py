"""Documents, viewing requests and stocktakes of the world of `tests.support.world`."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from casework.db.refs import new_ref
from casework.evidence.stock_models import Stocktake
from casework.evidence.vault_models import ViewingRequest
from casework.exchange.models import DisclosurePackage
from casework.files.models import ROWS, StoredFile
from casework.hashes.models import HashHit, HashList
from casework.workflow.guard import engine_at_work

DAY = dt.date(2026, 1, 1)


def documents(
    db: Session, word: Callable[[str], str], add: Callable[..., Any], base: dict[str, Any], owners: tuple[Any, ...]
) -> None:
    """A document of each owner: its title is for those who read, its bytes were never there."""
    for owner in owners:
        table = owner.__tablename__
        add(ROWS[table], StoredFile(
            ref=new_ref(db, StoredFile, "J", DAY), owner_type=table, owner_id=owner.id,
            subject_id=getattr(owner, "child_id", base["case_id"]), title=word("r"), name="answer.pdf",
            category="report", media_type="application/pdf", size=10, sha256="0" * 64, declaration=True,
            scan="not_scanned", address=uuid.uuid4().hex * 2, stored=10, slot=b"0" * 60, **base))


def viewing(db: Session, word: Callable[[str], str], add: Callable[..., Any], base: dict[str, Any], item: Any) -> None:
    """A request to look at what an item holds; who may ask and approve reads it."""
    with engine_at_work():
        made = ViewingRequest(ref=new_ref(db, ViewingRequest, "EV", DAY), item_id=item.id, state="requested",
                              purpose=word("m"), authority="Order 1/2026 (fictional)", **base)
    add("restricted.material", made)


def package(db: Session, word: Callable[[str], str], add: Callable[..., Any], base: dict[str, Any]) -> None:
    """A package that was given out: who reads the documents of the case reads to whom, and what for."""
    with engine_at_work():
        made = DisclosurePackage(
            ref=new_ref(db, DisclosurePackage, "DP", DAY), state="expired", role="PSU", purpose="court",
            explanation=word("r"), legal_basis=word("r"), classification="restricted", items=[], documents=0,
            recipients=[{"name": word("r"), "key": "age1"}], manifest_sha256="0" * 64, **base)
    add("evidence.file", made)


def hits(db: Session, word: Callable[[str], str], add: Callable[..., Any], base: dict[str, Any], item: Any) -> None:
    """A list that has the digest of an item."""
    known = HashList(name=word("m"), version=uuid.uuid4().hex, owner="Hotline (fictional)", purpose="material",
                     format="plain", received_on=DAY, file_sha256="0" * 64, entries=1)
    db.add(known)
    db.flush()
    add("hash.value", HashHit(case_id=base["case_id"], agency_id=base["agency_id"], item_id=item.id, list_id=known.id,
                              algorithm="sha256", label=word("r")), without=("u",))


def stocktakes(db: Session, world: Any, author: uuid.UUID) -> None:
    """A count of the store of the readers' police agency, and of one elsewhere."""
    for kind in ("police", "other"):
        with engine_at_work():
            made = Stocktake(ref=new_ref(db, Stocktake, "ES", DAY), agency_id=world.agencies[kind],
                             created_by_id=author, state="open", location=world.word("m"))
        db.add(made)
        db.flush()
        world.place("custody.event", made, frozenset({"g"}) if kind == "police" else frozenset(), agency=kind)
