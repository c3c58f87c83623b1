"""`casework audit verify`: the log against itself, its tree and signatures, the records, and what the key remembers."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from casework.db.asking import UNSCOPED
from casework.verifier.casework_verify import Checkpoint, Key

from . import guards, verify_records
from .signer import Signed
from .tree import Tree, complete_parts
from .verify_log import Bad, Walk


@dataclass(frozen=True)
class Report:
    """What a verification found. `problem` names the first bad thing in words, `seq` the entry where it is one.

    entries   checked in this run, those that wait for their place (`waiting`) included
    chains    that begin in this run
    size      of the tree, with its `root` in hexadecimal digits
    records   that were compared with the log; None when that was left out
    """

    ok: bool
    entries: int
    chains: int
    problem: str | None = None
    seq: int | None = None
    size: int = 0
    root: str = ""
    waiting: int = 0
    records: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def verify(
    engine: Engine, *, key: Key | None = None, signed: Signed | None = None, since: Checkpoint | None = None,
    records: bool = True,
) -> Report:
    """Verify the log, in memory that does not grow with it.

    `key` is the log's public key: without it signatures are not asked for. `signed` is the largest tree that the key
    signed; `since` a checkpoint up to which an earlier run found everything good: then only what came later is walked.
    `records` also compares every record with the log.
    """
    with _snapshot(engine) as connection:
        begins = signed.begins if signed else 0
        walk, compared, problem = Walk(connection, key, begins=begins), None, None
        try:
            guards.check(connection)
            if since is not None and since.size:
                _agrees(connection, since.size, since.root, "the checkpoint of the last verification")
                walk = Walk(connection, key, since.size, complete_parts(connection, since.size), begins=begins)
            walk.run()
            if signed is not None:
                _agrees(connection, signed.size, signed.root, "what the key signed last")
            compared = verify_records.compare(connection) if records else None
        except Bad as found:
            problem = found
    return Report(
        problem is None, walk.entries + walk.waiting, walk.chains, problem and problem.problem,
        problem and problem.seq, walk.size, walk.root.hex(), walk.waiting, compared,
    )


def _snapshot(engine: Engine) -> Any:
    """A connection that sees one moment, while others go on writing."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ", **{UNSCOPED: True}).connect()
    return engine.execution_options(sqlite_begin="BEGIN").connect()


def _agrees(connection: Connection, size: int, root: bytes, what: str) -> None:
    try:
        found = Tree(connection).root(size)
    except LookupError:
        raise Bad(f"{what} has {size} entries, the log has fewer: it was put back or cut off") from None
    if found != root:
        raise Bad(f"{what} ({size} entries) is over other entries: the log was rewritten")
