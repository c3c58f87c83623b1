"""How many combinations the tests of access ask about, counted from the lists of what they ask.

    python -m tests.need_to_know.numbers      writes the table in docs/need-to-know.md anew
"""

import re
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from casework.authz.identity import ROLES
from tests.authz.rounds import Rounds
from tests.authz.truth import Truth, truth_of
from tests.authz.ways import ways

PAGE = Path(__file__).parents[2] / "docs" / "need-to-know.md"
TABLE = re.compile(r"(?<=<!-- counted -->\n).*?(?=<!-- end -->)", re.DOTALL)
CHANNELS = {
    "decision": "route x role x state, decided by the route's own factory and the policy",
    "page": "page or form over HTTP: of a record, under a record, or of one's own",
    "history": "history of a record, its comparison and its proofs",
    "list": "list, with the number of its rows, page by page",
    "search": "search by reference and by words",
    "export": "what leaves: histories and the auditor's answers as CSV, PDF and archive; papers for a court or a child",
    "notification": "what tells people by itself: tasks, alarms, panels and banner of the first screen",
    "form": "form sent to a record that is not there for the reader",
}


def count(app, truth: Truth) -> dict[str, int]:
    """Channel to the number of combinations, all roles together."""
    found, under = Counter(), ways(app)
    for role in ROLES:
        found.update(channel for channel, _look in Rounds(truth, role, app).checks())
        found["decision"] += sum(len(under[placed.record_type]) for placed in truth.telling(role))
    return {channel: found[channel] for channel in CHANNELS}


def table(counted: dict[str, int]) -> str:
    """The table of the page."""
    rows = [f"| {CHANNELS[channel]} | {number:,} |" for channel, number in counted.items()]
    return "\n".join(["| what is asked | combinations |", "|---|---:|", *rows,
                      "| **together; over HTTP on PostgreSQL by four of the readers** "
                      f"| **{sum(counted.values()):,}** |", ""])


def write() -> None:
    """Count, and write the table."""
    from tests.support import run
    from tests.support.settled import settle

    run.begin()
    try:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            made = settle(stack, "sqlite", Path(folder))
            counted = count(made.app, truth_of(made.database, made.world))
    finally:
        run.end()
    PAGE.write_text(TABLE.sub(lambda _match: table(counted), PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()
