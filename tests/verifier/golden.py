"""Writes checkpoints, proofs, growth and a log for Go's library to check (tests/data/go/main.go says how)."""

import sys
from pathlib import Path

from tests.verifier.made import LOG, Log

SIZES = (1, 2, 3, 7, 8, 255, 256, 257, 300)


def write(folder: Path) -> None:
    """Fill `folder`, always with the same bytes."""
    log = Log(300)
    folder.mkdir(parents=True, exist_ok=True)
    log.write(folder / "log")
    put(folder, "vkey", f"{LOG.vkey}\n")
    for size in SIZES:
        put(folder, f"checkpoint-{size}", log.checkpoint(size))
        for index in sorted({0, size // 2, size - 1}):
            put(folder, f"leaf-{index}", log.leaves[index].decode())
            put(folder, f"proof-{size}-{index}", log.proof(index, size))
        for old in SIZES[: SIZES.index(size)]:
            put(folder, f"growth-{old}-{size}", log.growth(old, size))


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
