"""What was measured, as a table for a terminal and as JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .bench_pages import TARGETS

FIRST_VISIT, LATER_VISIT, SCRIPTS = 120_000, 30_000, 20_000  # bytes, compressed


@dataclass(frozen=True)
class Line:
    """One page: milliseconds of a request at one user and at eight, requests a second, statements, bytes."""

    page: str
    role: str
    what: str
    p50: float
    p95: float
    p50_many: float
    p95_many: float
    rate_one: float
    rate_many: float
    statements: int
    log_statements: int
    size: int
    compressed: int

    @property
    def missed(self) -> list[str]:
        """Which budgets it is over, in words."""
        most_ms, most = TARGETS[self.page]
        found = [f"over {most} statements"] if self.statements > most else []
        return [*found, f"slower than {most_ms} ms"] if self.p50 > most_ms else found


@dataclass
class Report:
    """All lines; memory of the server in MiB; compressed bytes of a case page on a first and on a later visit."""

    cases: int
    database: str
    seed_seconds: float
    memory: float = 0.0
    first_visit: int = 0
    later_visit: int = 0
    scripts: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether statements and bytes keep to their budgets. Time is told and not judged: it is the machine's."""
        return (
            all(line.statements <= TARGETS[line.page][1] for line in self.lines) and self.first_visit <= FIRST_VISIT
            and self.later_visit <= LATER_VISIT and self.scripts <= SCRIPTS
        )

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}

    def table(self, before: dict | None = None) -> str:
        """For a terminal. `before` is an earlier report: then the last column says how much longer p50 is now."""
        earlier = {(x["page"], x["role"], x["what"]): x for x in (before or {}).get("lines", ())}
        head = (f"{'page':<19}{'role':<5}{'':<11}{'p50':>7}{'p95':>7}{'p50x8':>8}{'p95x8':>8}{'/s':>6}{'/sx8':>6}"
                f"{'sql':>5}{'log':>4}{'bytes':>8}{'gz':>7}")
        return "\n".join([
            f"{self.cases} cases on {self.database}; seeded in {self.seed_seconds:.0f} s; server memory "
            f"{self.memory:.0f} MiB",
            f"case page, compressed: first visit {self.first_visit} bytes, later {self.later_visit}, scripts "
            f"{self.scripts}", head,
            *(_row(line, earlier.get((line.page, line.role, line.what))) for line in self.lines),
        ])


def _row(x: Line, before: dict | None) -> str:
    told = list(x.missed)
    if before is not None:
        told.append(f"{x.p50 / before['p50']:.2f} times" if before["p50"] else "")
        if x.statements != before["statements"]:
            told.append(f"{before['statements']} statements before")
    return (f"{x.page:<19}{x.role:<5}{x.what:<11}{x.p50:>7.1f}{x.p95:>7.1f}{x.p50_many:>8.1f}{x.p95_many:>8.1f}"
            f"{x.rate_one:>6.0f}{x.rate_many:>6.0f}{x.statements:>5}{x.log_statements:>4}{x.size:>8}{x.compressed:>7}"
            f"  {', '.join(told)}").rstrip()


def load(path: Path) -> dict[str, Any]:
    """An earlier report, as `--json` wrote it."""
    return json.loads(path.read_text("utf-8"))
