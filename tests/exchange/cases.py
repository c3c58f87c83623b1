"""Random cases of evidence, made through the services that people use. All invented.

`random_case(database, world, seed)` adds one case with up to `items` exhibits to a database that `tests.evidence.world
.build` has filled; the same seed takes the same ways.
"""

import datetime as dt
import random
import uuid
from collections.abc import Callable
from dataclasses import replace

from casework.cases.models import Case
from casework.db.base import now
from casework.db.refs import new_ref
from casework.evidence import images
from casework.evidence.models import EvidenceItem
from casework.workflow.guard import engine_at_work
from tests.evidence.world import SHA, TODAY, Desk, World, grant

KINDS = ("physical", "digital_original", "document", "statement", "provider_return", "online_capture")
DIGITAL = ("digital_original", "provider_return", "online_capture")
AUTHORITIES = ("warrant", "consent", "flagrante", "order", "foreign_answer", "voluntary")
OTHER = "b" * 64
REASON = {"reason": "Both have looked at it together", "kind": "other", "discrepancy": "Something is not as it was"}


def another_case(database, world: World) -> World:
    """The same people around a new case, whose file the prosecutor has."""
    with database.work(unscoped=1) as db:
        with engine_at_work():
            case = Case(ref=new_ref(db, Case, "C", TODAY), agency_id=world.agencies["police"], title="Test",
                        state="enquiry", province="12", lead_agency_id=world.agencies["police"],
                        lead_officer_id=world.who["inv"].user_id, submitted_at=now())
        db.add(case)
        db.flush()
        made = replace(world, case_id=case.id)
        for name in ("inv", "exam", "pro"):
            grant(db, made, name)
    return made


def random_case(database, world: World, seed: int, items: int = 6) -> World:
    """A new case with one to `items` exhibits, each some steps on its way. Gives the world with that case."""
    dice = random.Random(seed)
    made = another_case(database, world)
    for _number in range(dice.randint(1, items)):
        Way(Desk(database, made), dice).walk()
    return made


class Way:
    """One exhibit on its way: what may come next follows from who has it."""

    def __init__(self, desk: Desk, dice: random.Random):
        self.desk, self.dice = desk, dice
        self.digital = False
        self.item = self.seal = None

    def walk(self) -> None:
        self.record()
        for _step in range(self.dice.randint(0, 2)):
            ways = self.open_ways()
            if not ways:
                return
            self.dice.choice(ways)()

    def open_ways(self) -> list[Callable[[], None]]:
        state, has_hash = self.desk.look(self.item, lambda db, i: (i.state, i.hashes_sealed is not None))
        ways = {
            "recorded": [self.put_seal, self.correct, self.report],
            "sealed": [self.store, self.withdraw, self.report],
            "in_storage": [self.examine, self.court, self.move, self.refuse, self.report, self.dispose, self.correct],
            "in_transit": [], "discrepancy": [self.settle],
        }.get(state, [])
        return [*ways, self.verify] if has_hash and state in ("recorded", "sealed") else ways

    def record(self) -> None:
        kind = self.dice.choice(KINDS)
        self.digital = kind in DIGITAL
        about = {
            "kind": kind, "description": f"Exhibit {self.dice.randint(1, 999)}, ភស្តុតាង \"(fictional)\"",
            "authority_type": self.dice.choice(AUTHORITIES), "size": self.dice.choice((None, 0, 2**41)),
            "authority_document": self.dice.choice((None, "W-1/2026", "ដីកា ២")),
            "place": self.dice.choice(("Test street, Phnom Penh (fictional)", None)),
            "seized_at": now() - dt.timedelta(minutes=self.dice.randint(1, 9000)),
            "restricted_material": self.dice.choice(("not_examined", "no")),
            "clock": self.dice.choice((None, "watch")), "why_later": self.dice.choice((None, "No signal at the place")),
        }
        if kind != "physical":
            about |= {"make": None, "model": None, "serial": None, "imei": None, "hashes": None}
        if self.digital:
            about["hashes"] = [{"algorithm": "sha256", "value": SHA, "tool": "sha256sum 9.1"},
                               {"algorithm": "md5", "value": "c" * 32, "tool": None}]
        self.item = self.desk.record("inv", **about)
        if self.dice.random() < 0.7:
            self.put_seal()
            if self.dice.random() < 0.7:
                self.store()

    def put_seal(self) -> None:
        self.seal = f"SEAL-{uuid.UUID(int=self.dice.getrandbits(128)).hex[:12]}"
        self.desk.seal("inv", self.item, self.seal)

    def store(self) -> None:
        self.desk.release("inv", self.item, "store", place="Counter")
        if self.dice.random() < 0.9:
            right = self.dice.random() < 0.85
            self.desk.accept("store", self.item, self.seal if right else "WRONG", location="Room 1/Shelf 2")

    def withdraw(self) -> None:
        self.desk.release("inv", self.item, "store")
        self.desk.do("inv", self.item, "withdraw", reason="The store is closed today")

    def correct(self) -> None:
        who = {"in_storage": "store"}.get(self.desk.look(self.item, lambda db, i: i.state), "inv")
        self.desk.do(who, self.item, "correct", seq=1, remark="The place was the kitchen, not the hall")

    def report(self) -> None:
        self.desk.do("psu", self.item, "report_discrepancy", **REASON)

    def settle(self) -> None:
        self.desk.do("psu", self.item, "propose_resolution", **REASON)
        self.desk.do("store", self.item, "resolve_discrepancy", **REASON)

    def verify(self) -> None:
        self.desk.do("inv", self.item, "verify_hash", value=self.dice.choice((SHA, SHA, OTHER)), tool="sha256sum 9.1")

    def move(self) -> None:
        self.desk.do("store", self.item, "move", location="Room 1 / Shelf 3")

    def refuse(self) -> None:
        self._to_examiner()
        self.desk.do("exam", self.item, "refuse", reason="The request is for another item")

    def _to_examiner(self) -> None:
        self.desk.release("store", self.item, "exam", "examination", authority="Request 7/2026",
                          expected_return=now().date() + dt.timedelta(days=20))

    def examine(self, image: bool | None = None) -> None:
        self._to_examiner()
        self.desk.accept("exam", self.item, self.seal)
        self.desk.do("exam", self.item, "open_seal", reason="To examine what is in it")
        moment = {"tool": "Imager 2.0", "write_blocker": self.dice.random() < 0.7, "started_at": now(),
                  "ended_at": now(), "remark": self.dice.choice((None, "Nothing to add"))}
        if not (self.dice.random() < 0.5 if image is None else image):
            self.desk.do("exam", self.item, "examine", event="image_made" if self.digital else "report_issued",
                         hash_value=SHA if self.digital else None, **moment)
        else:
            self._image(moment)
        if self.dice.random() < 0.5:
            self.desk.do("exam", self.item, "count_labels", baseline=3, nationally_illegal=0, not_illegal=40,
                         not_assessed=0, unable=1, vault_ref="VAULT-0001", minutes=30)

    def _image(self, moment: dict) -> None:
        exam = self.desk.world.who["exam"]
        with self.desk.database.work(identity=exam) as db:
            images.make_image(db, exam, db.get_one(EvidenceItem, self.item), {
                **moment, "source_sha256": SHA, "image_sha256": self.dice.choice((SHA, SHA, OTHER)), "md5": "d" * 32,
                "sha1": None, "description": "Image (fictional)", "size": 2**33, "vault_ref": None,
            })

    def court(self) -> None:
        self.desk.do("store", self.item, "release", purpose="court", outsider="Registrar (fictional)", place="Court",
                     receipt="R-12/2026", authority="Order 3/2026")
        if self.dice.random() < 0.5:
            right = self.dice.random() < 0.7
            self.desk.do("store", self.item, "take_back", seal_before=self.seal if right else "WRONG",
                         condition="intact", location="Room 1/Shelf 2")

    def dispose(self) -> None:
        kind = self.dice.choice(("destroyed", "returned", "retained"))
        if self.desk.look(self.item, lambda db, i: i.restricted_material) == "yes" and kind == "returned":
            kind = "destroyed"
        self.desk.do("pro", self.item, "order_disposition", disposition=kind, authority="J-1/2026")
        self.desk.do("store", self.item, "carry_out", witness=str(self.desk.world.who["psu"].user_id), place="Store",
                     outsider="Owner Fictional", wiping_certificate="WC-1/2026")
        self.desk.do("psu", self.item, "confirm_disposition")
