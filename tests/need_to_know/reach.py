"""What one reader reaches of a handful of records: levels by record, as the program gives them."""

import uuid
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select

from casework.authz.access import access_to
from casework.authz.identity import Identity
from casework.db.base import Base
from tests.support.databases import Database
from tests.support.world import Placed

Reach = dict[uuid.UUID, frozenset[str]]
MODELS = {m.class_.__tablename__: m.class_ for m in Base.registry.mappers}


def reach(database: Database, identity: Identity, placed: Iterable[Placed]) -> Reach:
    """Record to levels. What a list holds and what a single look-up gives must be the same records."""
    found: Reach = {}
    with database.work(readonly=True, identity=identity) as db:
        for table, ids in by_table(placed).items():
            model = MODELS[table]
            listed = set(db.scalars(select(model.id).where(model.id.in_(ids))))
            asked = access_to(db, identity, model, ids)
            levels = {key: frozenset(access.rules) for key, access in asked.items() if access.rules}
            assert listed == set(levels), table
            found.update(levels)
    return found


def by_table(placed: Iterable[Placed]) -> dict[str, list[uuid.UUID]]:
    found = defaultdict(list)
    for one in placed:
        found[one.record_type].append(one.id)
    return found


def within(smaller: Reach, larger: Reach) -> bool:
    """No record and no level is in the smaller that is not in the larger."""
    return all(levels <= larger.get(key, frozenset()) for key, levels in smaller.items())
