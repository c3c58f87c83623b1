"""What the evidence chain costs, part by part: hash values, encryption, look-ups, pages, a large document."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from casework.settings import Settings

from . import bench_files, bench_hashes, bench_items
from .bench import PARTS


@dataclass
class Report:
    """What was measured, by part."""

    parts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether all that does not depend on the machine's speed is as it must be."""
        return all(getattr(part, "ok", True) for part in self.parts.values())

    def as_dict(self) -> dict[str, Any]:
        return {**{name: asdict(part) for name, part in self.parts.items()}, "ok": self.ok}

    def table(self) -> str:
        return "\n".join(part.table() for part in self.parts.values())


def measure(
    settings: Settings, wanted: tuple[str, ...], hashes: int, items: int, mib: int, database_url: str | None
) -> Report:
    """Measure the parts that are wanted, in the order of PARTS."""
    folder, report = Path(tempfile.mkdtemp(prefix="casework-bench-")), Report()
    acts: dict[str, Callable[[], Any]] = {
        "digests": lambda: bench_hashes.digests(folder),
        "encryption": lambda: bench_files.encryption(folder),
        "lookups": lambda: bench_hashes.lookups(folder, hashes),
        "pages": lambda: bench_items.pages(settings, items, database_url),
        "upload": lambda: bench_files.upload(settings, mib),
    }
    try:
        for name in PARTS:
            if name in wanted:
                print(f"  {name}", file=sys.stderr, flush=True)
                report.parts[name] = acts[name]()
        return report
    finally:
        shutil.rmtree(folder, ignore_errors=True)
