"""What leaves the program under a record, and what must stand in it by the text of the matrix."""

from collections.abc import Iterator
from dataclasses import dataclass

from casework.authz.identity import ROLES
from tests.support.world import ENDING, HASH, READ, Placed

from .matrix_text import terms
from .truth import Truth
from .ways import Way

FORMS = ("csv", "package", "pdf")
MEDIA = {"csv": "text/csv", "package": "application/zip", "pdf": "application/pdf"}
PURPOSE = {"purpose": "court", "explanation": "A test of the matrix (fictional)", "save": "save"}
# Cells of the row "Export, print, bulk" that let the list of one record leave.
TAKES = frozenset({"one_record", "own"})


@dataclass(frozen=True)
class Paper:
    """A paper that a form under a record gives.

    `words` are the tables whose words stand in it, with their kinds; `names` a table whose references do; `roles` who
    makes it at all, whatever the matrix gives; `level` what these need.
    """

    at: str
    tail: str
    fields: dict[str, str]
    words: tuple[tuple[str, str], ...] = ()
    names: str | None = None
    roles: tuple[str, ...] = ROLES
    level: str | None = None

    def given(self, way: Way, truth: Truth, placed: Placed, role: str) -> bool:
        """Whether the reader gets it, of a record whose page is there."""
        return way.given(truth, placed, role) and role in self.roles and (
            self.level is None or self.level in truth.levels(placed, role))

    def own_words(self, truth: Truth, placed: Placed) -> set[str]:
        """The words that stand in it for who may see them all."""
        return {word for table, kinds in self.words for record in _of(truth, placed, table)
                for word, found in truth.words_of(record).items() if found.kind in kinds}

    def refs(self, truth: Truth, placed: Placed, role: str) -> set[str]:
        """The references that must stand in it for this reader."""
        return {record.ref for record in _of(truth, placed, self.names) if truth.sees(record, role)}


def _of(truth: Truth, placed: Placed, table: str | None) -> list[Placed]:
    return [placed] if placed.record_type == table else truth.under[placed.id, table]


VALUES = READ + HASH + ENDING
PAPERS = (
    Paper("evidence_item", "/certificate", PURPOSE, (("evidence_item", VALUES), ("custody_event", VALUES)),
          names="evidence_item"),
    Paper("case", "/evidence/exhibit-list", PURPOSE, (("evidence_item", VALUES),), names="evidence_item"),
    Paper("case", "/evidence/labels", {"size": "p62x29", "numbers": "", "skip": "0", "save": "save"},
          names="evidence_item"),
    Paper("support_referral", "/right-to-know", {**PURPOSE, "safe": "true"}, names="support_referral",
          roles=("SW",), level="W"),
)


def papers_of(table: str) -> Iterator[Paper]:
    return (paper for paper in PAPERS if paper.at == table)


def may_take(truth: Truth, role: str) -> bool:
    """Whether the matrix lets a role take the list of one record out."""
    cell = truth.texts["export", role]
    return "A" in {letter for letters, _conditions in terms(cell) for letter in letters} or cell in TAKES
