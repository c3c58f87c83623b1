"""Work on several exhibits: a search logged in one sitting, an image, labels, a stocktake, a viewing request."""

import re

from .evidence import (
    DIGITAL,
    MADE,
    WITNESSES,
    _canonical,
    _clock,
    _two_witnesses,
    _why_later,
)
from .fields import (
    BooleanNode,
    CodeNode,
    DateTimeNode,
    GazetteerNode,
    IntegerNode,
    Items,
    LinesNode,
    OptionNode,
    Strict,
    TextNode,
)
from .i18n import _
from .rules import at, needed_when, not_before, rules
from .text import fold

ROWS = 50  # of a search, in one sitting
SCANS = 500
LABELS = 240


class SearchRow(Strict):
    """One exhibit of a search. A row with no description and no seal is left out."""

    kind = CodeNode("evidence_kind", exclude=tuple(MADE), title=_("Kind"), compact=True, carry=True)
    description = TextNode(max=500, missing=None, title=_("Description"), width=30)
    place = TextNode(max=200, missing=None, title=_("Found where"), width=20, carry=True)
    make = TextNode(max=80, missing=None, title=_("Make"), width=10)
    model = TextNode(max=80, missing=None, title=_("Model"), width=10)
    serial = TextNode(max=80, missing=None, title=_("Serial number"), width=10)
    imei = TextNode(max=40, missing=None, title=_("IMEI"), width=20)
    seal = TextNode(max=60, missing=None, title=_("Seal number"), width=10)
    sha256 = TextNode(max=100, missing=None, title=_("SHA-256"), width=20)

    def validator(self, node, value):
        if is_blank(value):
            return
        rules(
            needed_when("description", lambda v: len(v.get("description") or "") < 3),
            lambda node, v: _canonical(node, "imei", "imei", v),
            lambda node, v: _canonical(node, "sha256", "sha256", v),
            needed_when("sha256", lambda v: v["kind"] in DIGITAL, _("A digital item needs its SHA-256 value.")),
        )(node, value)


def is_blank(row: dict) -> bool:
    """Whether nothing was said of the exhibit itself."""
    return not any(row.get(name) for name in ("description", "make", "model", "serial", "imei", "seal", "sha256"))


class SearchRows(Items):
    max_len = ROWS
    grid = True
    item = SearchRow(title=_("Item"))


class SearchLog(Strict):
    """All that was taken in one search: what is common to all, and a row for each."""

    seized_at = DateTimeNode(past=True, title=_("Seized or received"))
    clock = _clock()
    why_later = _why_later()
    province = GazetteerNode("province", title=_("Province"))
    place = TextNode(max=200, min=3, title=_("Place"))
    seized_from = OptionNode("persons:any", missing=None, title=_("Taken from"))
    authority_type = CodeNode("authority_type", title=_("Legal authority"))
    authority_document = TextNode(max=120, missing=None, title=_("Reference of the document"))
    restricted_material = CodeNode(
        "restricted_material", exclude=("yes",), title=_("Restricted material on it?"),
        description=_("Restricted material stays in the vault and never comes here."),
    )
    seal_witnesses = LinesNode(
        max=120, max_lines=2, missing=None, title=WITNESSES, description=_("One name a line.")
    )
    sealed_at = DateTimeNode(
        past=True, missing=None, title=_("When they were sealed"), description=_("Leave empty if it happens now.")
    )
    rows = SearchRows(
        title=_("What was taken"),
        description=_("One row an item; empty rows are left out. A table copied from a spreadsheet can be pasted into "
                      "the first cell, in the order of the columns."),
    )
    table = TextNode(
        max=20000, multiline=True, missing=None, title=_("Or paste a table here"),
        description=_("One line an item, its cells separated by tabs or semicolons, in the order of the columns. "
                      "“Take over the table” puts it into the rows above."),
    )

    def validator(self, node, value):
        rules(
            needed_when("authority_document", lambda v: v["authority_type"] in ("warrant", "order", "foreign_answer")),
            needed_when("clock", lambda v: v.get("sealed_at") is not None),
            not_before("seized_at", "sealed_at"),
            _sealed_before_two,
            _something_taken,
        )(node, value)


def _sealed_before_two(node, value):
    sealed = any(row.get("seal") for row in value["rows"])
    _two_witnesses(node, {**value, "seal": "x" if sealed else None})


def _something_taken(node, value):
    if all(is_blank(row) for row in value["rows"]):
        raise at(node, "rows", _("Describe at least one item."))


def rows_of_table(text: str) -> list[list[str]]:
    """The cells of a pasted table: separated by tabs, or by semicolons where there is no tab."""
    lines = [line.strip("\r") for line in text.splitlines()]
    return [[cell.strip() for cell in re.split("\t" if "\t" in text else ";", line)] for line in lines if line.strip()]


def code_of(text: str, choices: list[tuple[str, str]]) -> str | None:
    """The code that a cell names, be it written as the code or as its label; None for another word."""
    folded = fold(text)
    return next((code for code, label in choices if folded in (fold(code), fold(label))), None)


class MakeImage(Strict):
    """A forensic image: what the tool read from the source, and what the image holds when it is read again."""

    description = TextNode(
        max=500, min=3, title=_("Description"), description=_("The carrier of the image: make, number, label."),
    )
    tool = TextNode(max=80, min=2, title=_("Tool and version"))
    write_blocker = BooleanNode(title=_("Write blocker used"))
    started_at = DateTimeNode(past=True, title=_("Began"))
    ended_at = DateTimeNode(past=True, title=_("Ended"))
    source_sha256 = TextNode(max=100, title=_("SHA-256 of the source, as the tool read it"))
    image_sha256 = TextNode(
        max=100, title=_("SHA-256 of the image, read again"),
        description=_("Computed from the finished image. If it differs, the image is frozen as a discrepancy."),
        digest="sha256",
    )
    md5 = TextNode(max=40, missing=None, title=_("MD5 of the image"), digest="md5")
    sha1 = TextNode(max=50, missing=None, title=_("SHA-1 of the image"), digest="sha1")
    size = IntegerNode(min=0, max=10**15 - 1, missing=None, title=_("Size in bytes"), width=20, digest="size")
    vault_ref = TextNode(
        max=80, missing=None, title=_("Vault reference"), width=20,
        description=_("Needed when the source holds restricted material."),
    )

    def validator(self, node, value):
        rules(
            not_before("started_at", "ended_at"),
            lambda node, v: _canonical(node, "source_sha256", "sha256", v),
            lambda node, v: _canonical(node, "image_sha256", "sha256", v),
            lambda node, v: _canonical(node, "md5", "md5", v),
            lambda node, v: _canonical(node, "sha1", "sha1", v),
        )(node, value)


class Labels(Strict):
    """Which items get a label, on which paper."""

    numbers = TextNode(
        max=200, missing=None, title=_("Numbers of the items"), width=20,
        description=_("For example 1-20, 23. Empty: all items of the case."),
    )
    size = CodeNode("label_size", title=_("Paper"))
    skip = IntegerNode(
        max=39, missing=0, title=_("Labels of the first sheet that are used up"),
    )

    def validator(self, node, value):
        if value.get("numbers") and not numbers_of(value["numbers"]):
            raise at(node, "numbers", _("Write numbers and ranges, for example 1-20, 23."))


def numbers_of(text: str) -> list[tuple[int, int]]:
    """First and last of each range that is written; nothing when it cannot be read."""
    found = []
    for part in re.split(r"[,;\s]+", re.sub(r"\s*-\s*", "-", text.translate(_DIGITS)).strip(" ,;")):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            return []
        found.append((int(match[1]), int(match[2] or match[1])))
    return found


_DIGITS = {ord(khmer): str(value) for value, khmer in enumerate("០១២៣៤៥៦៧៨៩")} | {0x2013: "-"}


class Scan(Strict):
    """A reference as it was read from a label."""

    scanned = TextNode(
        max=60, min=1, title=_("Reference"), width=20, description=_("Scan a label, or type its reference.")
    )


class NewStocktake(Strict):
    """Which place is counted: a shelf, or a room or rack with all its shelves."""

    location = TextNode(
        max=120, min=1, title=_("Place to be counted"),
        description=_("A room, rack or shelf as it stands with the items. All shelves below it belong to it."),
    )


class StocktakeScan(Strict):
    """What was scanned, one reference a line."""

    scanned = LinesNode(
        max=60, max_lines=SCANS, title=_("References"), description=_("Scan one label after the other.")
    )


class ViewingRequest(Strict):
    """Why somebody has to look at restricted material, and on which authority."""

    purpose = TextNode(
        max=500, min=10, multiline=True, title=_("Why it must be viewed"),
        description=_("What has to be decided. Never describe the material."),
    )
    authority = TextNode(max=120, min=3, title=_("Authority"), description=_("The request or order this rests on."))


class LogViewing(Strict):
    """That it was viewed, for how long, and how many files."""

    viewed_at = DateTimeNode(past=True, title=_("When the viewing began"))
    minutes = IntegerNode(
        min=1, max=720, title=_("Minutes spent"), description=_("Counted for your own health, never for appraisal.")
    )
    files = IntegerNode(min=0, max=9_999_999, title=_("Files looked at"))
