"""Evidence items and their chain of custody (domain analysis 3.6, 5.2.5, 5.2.6).

An item is described as an object. Material itself is never described, stored or shown: a hash, a label and a
vault reference stand for it.
"""

import datetime as dt

from .fields import (
    BooleanNode,
    CodeNode,
    DateNode,
    DateTimeNode,
    GazetteerNode,
    IntegerNode,
    Items,
    LinesNode,
    OptionNode,
    Strict,
    TextNode,
    reason_from,
)
from .hashes import canonical_hash
from .i18n import _
from .identifiers import canonical
from .problems import IDENTIFIER_MESSAGES, BadIdentifier
from .rules import at, needed_when, not_before, one_of_needed, rules

DIGITAL = frozenset({"digital_original", "forensic_image", "extract", "provider_return", "online_capture"})
MADE = frozenset({"forensic_image", "extract"})  # kinds that are made from another item
LARGEST = 10**15 - 1
LATER = dt.timedelta(hours=24)
SHELF = _("Down to the shelf: room / rack / shelf.")
WITNESSES = _("Two witnesses of the seal")


def _happened():
    return DateTimeNode(
        past=True, missing=None, title=_("When it happened"), description=_("Leave empty if it happens now.")
    )


def _clock():
    return CodeNode("clock_source", missing=None, title=_("Clock that the time was read from"), compact=True)


def _why_later():
    return TextNode(max=200, missing=None, title=_("Why it is recorded later"))


def _told_of_the_past(node, value):
    """A moment in the past says which clock it was read from, and after a day why it is recorded only now."""
    happened = value.get("happened_at")
    rules(
        needed_when("clock", lambda v: happened is not None),
        needed_when("why_later", lambda v: happened is not None and happened < dt.datetime.now(dt.UTC) - LATER),
    )(node, value)


def _canonical(node, field: str, kind: str, value: dict) -> None:
    """Put the canonical form of `field` in its place, or say what is wrong with it."""
    if value.get(field):
        try:
            value[field] = canonical(kind, value[field])
        except BadIdentifier as error:
            raise at(node, field, IDENTIFIER_MESSAGES[error.code]) from None


class Hash(Strict):
    algorithm = CodeNode("hash_algorithm", title=_("Algorithm"))
    value = TextNode(max=400, title=_("Value"))
    tool = TextNode(max=80, missing=None, title=_("Tool and version"))

    def validator(self, node, value):
        try:
            value["value"] = canonical_hash(value["algorithm"], value["value"])
        except BadIdentifier as error:
            raise at(node, "value", IDENTIFIER_MESSAGES[error.code]) from None


class Hashes(Items):
    max_len = 10
    digest = "rows"
    item = Hash(title=_("Hash value"))


class EvidenceItem(Strict):
    """One exhibit, as it is seized, received or recorded."""

    kind = CodeNode("evidence_kind", title=_("Kind"))
    description = TextNode(
        max=500, min=3, multiline=True, title=_("Description"),
        description=_("The object: make, colour, damage. Never what an image shows."),
    )
    parent = OptionNode("items:parent", missing=None, title=_("Made from or found in"))
    make = TextNode(max=80, missing=None, title=_("Make"))
    model = TextNode(max=80, missing=None, title=_("Model"))
    serial = TextNode(max=80, missing=None, title=_("Serial number"))
    imei = TextNode(max=40, missing=None, title=_("IMEI"))
    seized_at = DateTimeNode(past=True, title=_("Seized or received"))
    clock = _clock()
    why_later = _why_later()
    province = GazetteerNode("province", title=_("Province"))
    place = TextNode(max=200, missing=None, title=_("Place"))
    seized_from = OptionNode("persons:any", missing=None, title=_("Taken from"))
    authority_type = CodeNode("authority_type", title=_("Legal authority"))
    authority_document = TextNode(max=120, missing=None, title=_("Reference of the document"))
    seal = TextNode(max=60, missing=None, title=_("Seal number"), width=20)
    seal_witnesses = LinesNode(
        max=120, max_lines=2, missing=None, title=WITNESSES, description=_("One name a line.")
    )
    restricted_material = CodeNode(
        "restricted_material", title=_("Restricted material on it?"),
        description=_("Restricted material stays in the vault and never comes here."),
    )
    vault_ref = TextNode(max=80, missing=None, title=_("Vault reference"), width=20)
    hashes = Hashes(missing=None, title=_("Hash values"))
    size = IntegerNode(min=0, max=LARGEST, missing=None, title=_("Size in bytes"), width=20, digest="size")
    parts = IntegerNode(min=1, max=99999, missing=None, title=_("Number of parts"))

    def validator(self, node, value):
        rules(
            lambda node, v: _canonical(node, "imei", "imei", v),
            needed_when("vault_ref", lambda v: v["restricted_material"] == "yes"),
            needed_when("authority_document", lambda v: v["authority_type"] in ("warrant", "order", "foreign_answer")),
            needed_when("parent", lambda v: v["kind"] in MADE, _("Say which item it was made from.")),
            _digital_has_sha256,
            _two_witnesses,
        )(node, value)


def _digital_has_sha256(node, value):
    algorithms = [item["algorithm"] for item in value.get("hashes") or ()]
    if value["kind"] in DIGITAL and "sha256" not in algorithms:
        raise at(node, "hashes", _("A digital item needs its SHA-256 value."))
    if len(set(algorithms)) < len(algorithms):
        raise at(node, "hashes", _("Give each algorithm once."))


def _two_witnesses(node, value):
    if value.get("seal") and len(set(value.get("seal_witnesses") or ())) != 2:
        raise at(node, "seal_witnesses", _("A seal needs the names of two witnesses."))


class Seal(Strict):
    seal = TextNode(max=60, min=1, title=_("Seal number"), width=20)
    seal_witnesses = LinesNode(
        max=120, max_lines=2, title=WITNESSES, description=_("One name a line.")
    )
    happened_at = _happened()
    clock = _clock()
    why_later = _why_later()

    def validator(self, node, value):
        rules(_two_witnesses, _told_of_the_past)(node, value)


class Release(Strict):
    """One side of a handover; until the receiver accepts, the item stays on the releaser's account."""

    receiver = OptionNode("users:receiver", missing=None, title=_("Receiver"))
    outsider = TextNode(
        max=120, missing=None, title=_("Receiver outside the program"),
        description=_("Name, office and paper shown, for a court or laboratory without accounts."),
    )
    receipt = TextNode(max=120, missing=None, title=_("Number and date of the receiver's receipt on paper"))
    purpose = CodeNode("custody_purpose", exclude=("partner", "disposal"), title=_("Purpose"))
    authority = TextNode(
        max=120, missing=None, title=_("Authority"), description=_("The request or order this rests on.")
    )
    place = TextNode(max=120, title=_("Place of the handover"))
    seal_before = TextNode(max=60, missing=None, title=_("Seal number as it is now"), width=20)
    expected_return = DateNode(missing=None, title=_("Expected back"))
    happened_at = DateTimeNode(
        past=True, missing=None, title=_("When it happened"),
        description=_("For a handover on paper. Leave empty if it happens now."),
    )
    clock = _clock()
    why_later = _why_later()

    def validator(self, node, value):
        rules(
            _told_of_the_past,
            one_of_needed(("receiver", "outsider"), _("Say who receives it.")),
            _one_receiver,
            needed_when("receipt", lambda v: v.get("outsider"), _("Somebody without an account signs a receipt.")),
            needed_when("authority", lambda v: v["purpose"] in ("court", "examination")),
            needed_when("expected_return", lambda v: v["purpose"] == "examination"),
        )(node, value)


class ReleaseSeveral(Release):
    """The same for several items at once."""

    items = OptionNode("items:held", multiple=True, title=_("Items"), insert_before="receiver")


def _one_receiver(node, value):
    if value.get("receiver") and value.get("outsider"):
        raise at(node, "outsider", _("Name one receiver only."))


class Accept(Strict):
    """The other side: what arrived, as it arrived."""

    seal_before = TextNode(
        max=60, missing=None, title=_("Seal number, read again"), width=20,
        description=_("Read it from the item, not from this page."),
    )
    condition = CodeNode("seal_condition", title=_("Condition"))
    location = TextNode(max=120, title=_("Where it is kept"), description=SHELF)
    hash_after = TextNode(max=100, missing=None, title=_("SHA-256 on receipt"))
    remark = TextNode(max=500, multiline=True, missing=None, title=_("Remark"))

    def validator(self, node, value):
        rules(
            lambda node, v: _canonical(node, "hash_after", "sha256", v),
            needed_when("seal_before", lambda v: v["condition"] in ("intact", "broken")),
            needed_when("remark", lambda v: v["condition"] != "intact"),
        )(node, value)


class TakeBack(Accept):
    """What comes back from a court, on paper."""

    happened_at = _happened()
    clock = _clock()
    why_later = _why_later()

    def validator(self, node, value):
        rules(lambda node, v: Accept.validator(self, node, v), _told_of_the_past)(node, value)


class Relieve(Strict):
    """What somebody takes over from who cannot hand it over in the program, and signs for on paper."""

    receipt = TextNode(
        max=120, min=1, title=_("Number and date of the receipt on paper"),
        description=_("Signed by both: who had the item cannot confirm it here."),
    )
    seal_before = TextNode(
        max=60, missing=None, title=_("Seal number, read again"), width=20,
        description=_("Read it from the item, not from this page."),
    )
    condition = CodeNode("seal_condition", missing=None, title=_("Condition"))
    location = TextNode(max=120, title=_("Where it is kept"), description=SHELF)
    hash_after = TextNode(max=100, missing=None, title=_("SHA-256 on receipt"))
    remark = TextNode(max=500, multiline=True, missing=None, title=_("Remark"))
    happened_at = _happened()
    clock = _clock()
    why_later = _why_later()

    def validator(self, node, value):
        rules(
            lambda node, v: _canonical(node, "hash_after", "sha256", v),
            needed_when("seal_before", lambda v: v["condition"] in ("intact", "broken")),
            needed_when("remark", lambda v: v["condition"] not in (None, "intact")),
            _told_of_the_past,
        )(node, value)


class Move(Strict):
    """To another shelf of the same store."""

    location = TextNode(max=120, min=1, title=_("Where it is kept"), description=SHELF)


class LotItem(Strict):
    """One item of several that are accepted together; without an answer it is left for later."""

    seal_before = TextNode(max=60, missing=None, title=_("Seal number, read again"), width=20)
    condition = CodeNode("seal_condition", title=_("Condition"))
    hash_after = TextNode(max=100, missing=None, title=_("SHA-256 on receipt"))
    remark = TextNode(max=500, missing=None, title=_("What is not as it should be"))
    refuse = BooleanNode(title=_("Refuse this item"))

    def validator(self, node, value):
        answered = value.get("seal_before") or value["condition"] == "missing" or value["refuse"]
        rules(
            lambda node, v: _canonical(node, "hash_after", "sha256", v),
            needed_when("remark", lambda v: answered and (v["condition"] != "intact" or v["refuse"])),
            _refused_for_a_reason,
        )(node, value)


def _refused_for_a_reason(node, value):
    if value["refuse"] and len(value.get("remark") or "") < 10:
        raise at(node, "remark", _("Say in at least 10 characters why it is refused."))


class AcceptLot(Strict):
    """Several items accepted at once; the page adds a part for each."""

    location = TextNode(max=120, title=_("Where they are kept"), description=SHELF)


class ExamEvent(Strict):
    """A step of the examination."""

    event = CodeNode("exam_event", title=_("Step"))
    tool = TextNode(max=80, title=_("Tool and version"))
    write_blocker = BooleanNode(title=_("Write blocker used"))
    started_at = DateTimeNode(past=True, title=_("Began"))
    ended_at = DateTimeNode(past=True, title=_("Ended"))
    hash_value = TextNode(max=100, missing=None, title=_("SHA-256"), digest="sha256")
    remark = TextNode(max=500, multiline=True, missing=None, title=_("Remark"))

    def validator(self, node, value):
        rules(
            lambda node, v: _canonical(node, "hash_value", "sha256", v),
            not_before("started_at", "ended_at"),
            needed_when("hash_value", lambda v: v["event"] in ("image_made", "hash_computed", "hash_verified")),
        )(node, value)


class VerifyHash(Strict):
    value = TextNode(max=100, title=_("SHA-256"), digest="sha256")
    tool = TextNode(max=80, missing=None, title=_("Tool and version"), digest="tool")

    def validator(self, node, value):
        _canonical(node, "value", "sha256", value)


class LabelCounts(Strict):
    """Numbers by label, and how long the work took: exposure is counted for the worker's sake."""

    baseline = IntegerNode(max=9_999_999, missing=0, title=_("Baseline"))
    nationally_illegal = IntegerNode(max=9_999_999, missing=0, title=_("Illegal in Cambodia"))
    not_illegal = IntegerNode(max=9_999_999, missing=0, title=_("Not illegal"))
    not_assessed = IntegerNode(max=9_999_999, missing=0, title=_("Not assessed"))
    unable = IntegerNode(max=9_999_999, missing=0, title=_("Unable to assess"))
    vault_ref = TextNode(
        max=80, missing=None, title=_("Vault reference"), width=20,
        description=_("Needed when the item holds restricted material and none is recorded yet."),
    )
    minutes = IntegerNode(
        max=720, title=_("Minutes spent"), description=_("Counted for your own health, never for appraisal.")
    )


class Correct(Strict):
    """A correction is an event of its own; the one that was wrong stays."""

    seq = IntegerNode(min=1, max=99999, title=_("Number of the event"))
    remark = TextNode(max=500, min=10, multiline=True, title=_("How it should read, and why"))


class ReportDiscrepancy(Strict):
    kind = CodeNode("discrepancy_kind", exclude=("late", "chain"), title=_("What is wrong"))
    discrepancy = TextNode(max=2000, min=10, multiline=True, title=_("What does not fit"))


class ResolveDiscrepancy(Strict):
    reason = TextNode(max=2000, min=10, multiline=True, title=_("How it was resolved"))


class OrderDisposition(Strict):
    """The order of a court or prosecutor on one item."""

    disposition = CodeNode("disposition", title=_("Order"))
    authority = TextNode(max=120, min=3, title=_("Reference of the order"))


class CarryOutDisposition(Strict):
    """Done, before a witness; a device goes back only when it has been wiped."""

    witness = OptionNode("users:witness", title=_("Witness"))
    place = TextNode(max=120, title=_("Place"))
    wiping_certificate = TextNode(max=120, missing=None, title=_("Certificate of wiping"))
    outsider = TextNode(max=120, missing=None, title=_("Handed to"))


Void = reason_from("void_reason")
