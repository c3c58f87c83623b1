"""People around one case and its evidence, made without pages. All invented."""

import datetime as dt
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import casework.models  # noqa: F401  maps every table
from casework.accounts.models import Agency, Membership, User
from casework.authz.identity import Identity
from casework.authz.matrix import load
from casework.authz.models import Grant
from casework.authz.scope import use_matrix
from casework.cases import task_flow  # noqa: F401  registers the flow of tasks
from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.evidence import service
from casework.evidence.models import EvidenceItem
from casework.workflow import engine
from casework.workflow.guard import engine_at_work

ETC = Path(__file__).parents[2] / "etc"
TODAY = dt.date(2026, 3, 2)
SHA = "a" * 64
STAFF = {
    "inv": ("INV", "police"), "inv2": ("INV", "police"), "psu": ("PSU", "police"), "exam": ("FOR", "police"),
    "exam2": ("FOR", "police"), "store": ("CUS", "police"), "store2": ("CUS", "other"), "psu2": ("PSU", "other"),
    "pro": ("PRO", "office"), "clerk": ("CLK", "court"), "sw": ("SW", "social"),
}


@dataclass
class World:
    """Ids of what was made: agencies, people (`identities`), memberships and the case, by name."""

    agencies: dict[str, uuid.UUID]
    who: dict[str, Identity]
    membership: dict[str, str]
    case_id: uuid.UUID
    agency_refs: SimpleNamespace | None = None

    def case(self, db) -> Case:
        return db.get_one(Case, self.case_id)


def build(db) -> World:
    """Fill an empty database: a case in enquiry at the police, `inv` and `exam` assigned to it."""
    use_matrix(load(ETC / "matrix.csv"))
    agencies, who, membership = {}, {}, {}
    for name, kind in (("police", "police"), ("other", "police"), ("office", "prosecution"), ("court", "court"),
                       ("social", "social_gov")):
        agency = Agency(code=f"t.{name}", name_en=f"{name.title()} (fictional)", name_km="សាកល្បង", type=kind,
                        active=True)
        db.add(agency)
        agencies[name] = agency.id
    db.flush()
    for name, (role, place) in STAFF.items():
        user = User(login=f"{name}@example.org", name=f"{name.title()} Fictional")
        db.add(user)
        db.flush()
        place_of = Membership(user_id=user.id, agency_id=agencies[place], role=role, valid_from=dt.date(2020, 1, 1))
        db.add(place_of)
        membership[name] = str(place_of.id)
        who[name] = Identity(user.id, user.name, role, agencies[place])
    with engine_at_work():
        case = Case(ref=new_ref(db, Case, "C", TODAY), agency_id=agencies["police"], title="Test", state="enquiry",
                    province="12", lead_agency_id=agencies["police"], lead_officer_id=who["inv"].user_id)
    db.add(case)
    db.flush()
    world = World(agencies, who, membership, case.id)
    for name in ("inv", "exam", "pro", "clerk", "sw"):
        grant(db, world, name)
    db.flush()
    return world


def grant(db, world: World, name: str) -> None:
    """Assign somebody to the case."""
    person = world.who[name]
    db.add(Grant(principal_id=person.user_id, agency_id=person.agency_id, role=person.role, subject_id=world.case_id,
                 subject_type="case", case_id=world.case_id))


def item_data(**changes: Any) -> dict[str, Any]:
    """What the form of a new item gives for a telephone."""
    return {
        "kind": "physical", "description": "Black telephone with a cracked corner", "make": "Example",
        "model": "One", "serial": "SN-0001", "imei": "490154203237518", "seized_at": now() - dt.timedelta(hours=2),
        "province": "12", "place": "Test street, Phnom Penh (fictional)", "authority_type": "warrant",
        "authority_document": "W-1/2026", "restricted_material": "not_examined", **changes,
    }


def digital_data(**changes: Any) -> dict[str, Any]:
    """The same for a provider's answer."""
    return item_data(kind="provider_return", make=None, model=None, serial=None, imei=None,
                     hashes=[{"algorithm": "sha256", "value": SHA, "tool": "sha256sum 9.1"}], **changes)


class Desk:
    """One person at work: each act in a transaction of its own, as a request would be."""

    def __init__(self, database, world: World):
        self.database, self.world = database, world

    def record(self, name: str, **changes: Any) -> uuid.UUID:
        data = digital_data(**changes) if changes.pop("digital", False) else item_data(**changes)
        with self.database.work(identity=self.world.who[name]) as db:
            return service.record_item(db, self.world.who[name], self.world.case(db), data).id

    def do(self, name: str | None, item_id: uuid.UUID, event: str, /, **data: Any) -> str:
        """Apply an event; the new state. `name` None is the system."""
        identity = self.world.who[name] if name else None
        info = {"identity": identity} if identity else {"unscoped": 1}
        with self.database.work(**info) as db:
            item = db.get(EvidenceItem, item_id)
            if item is None:
                raise engine.NotAllowed("not visible")
            engine.apply(db, identity, item, event, data)
            return item.state

    def seal(self, name: str, item_id: uuid.UUID, number: str = "SEAL-001") -> str:
        return self.do(name, item_id, "seal", seal=number, seal_witnesses=["Sok Fictional", "Dara Fictional"])

    def release(self, name: str, item_id: uuid.UUID, to: str, purpose: str = "storage", **data: Any) -> str:
        return self.do(name, item_id, "release", receiver=self.world.membership[to], purpose=purpose, **data)

    def accept(self, name: str, item_id: uuid.UUID, seal: str = "SEAL-001", condition: str = "intact", **data) -> str:
        return self.do(name, item_id, "accept", seal_before=seal, condition=condition, **data)

    def stored(self, number: str = "SEAL-001", **changes: Any) -> uuid.UUID:
        """An item in the custodian's store."""
        item_id = self.record("inv", **changes)
        self.seal("inv", item_id, number)
        self.release("inv", item_id, "store")
        assert self.accept("store", item_id, number, location="Shelf 4") == "in_storage"
        return item_id

    def look(self, item_id: uuid.UUID, function):
        """Something read from the item, whoever may see it."""
        with self.database.work(readonly=True, unscoped=1) as db:
            return function(db, db.get_one(EvidenceItem, item_id))
