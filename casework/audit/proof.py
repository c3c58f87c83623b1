"""The proof of one entry as a file that verifies without us: `casework-verify proof FILE` (docs/verify.md)."""

import base64
from typing import Any

from sqlalchemy import Connection, Row, select

from casework.verifier.casework_verify import check_inclusion
from casework.witness.policy import Policy

from .chain import canonical
from .cosigned import best
from .leaf import hash_of, leaf_data, moment
from .models import AuditEntry, LogLeaf
from .sequencer import Head
from .tree import Tree

FORMAT = "casework-entry/1"
HEADER = "c2sp.org/tlog-proof@v1"


def entry_file(connection: Connection, seq: int, policy: Policy | None = None) -> dict[str, Any]:
    """The proof of the entry with number `seq`: the entry, its body and salt, its leaf, and the leaf's way to the
    newest signed checkpoint that has the cosignatures `policy` wants, else to the newest.
    `casework.audit.chain.canonical` of it is the file.

    Raises LookupError while the entry has no place in the tree, and `Failed` when the log does not prove it.
    """
    row = connection.execute(select(AuditEntry.__table__).where(AuditEntry.seq == seq)).first()
    place = connection.execute(select(LogLeaf.place).where(LogLeaf.entry == seq)).scalar()
    reached = None if place is None else best(connection, policy, place + 1)
    if row is None or reached is None or place >= reached.size:
        raise LookupError(f"entry {seq} has no place in the signed tree yet")
    hashed = hash_of(moment(row.at), row.verb, row.chain, row.number, row.commitment, row.hash)
    return {**entry_part(row), "proof": tlog_proof(Tree(connection), place, hashed, reached)}


def entry_part(row: Row, *, bodies: bool = True) -> dict[str, Any]:
    """An entry without its proof. Without `bodies` what it says stays out, and its commitment stands for it."""
    at = moment(row.at)
    return {
        "format": FORMAT,
        "entry": {
            "chain": str(row.chain), "number": row.number, "at": at, "verb": row.verb,
            "commitment": row.commitment.hex(), "previous": row.previous.hex(), "hash": row.hash.hex(),
        },
        "salt": row.salt.hex() if bodies else None,
        "body": row.body if bodies else None,
        "leaf": leaf_data(at, row.verb, row.chain, row.number, row.commitment, row.hash).decode(),
    }


def tlog_proof(tree: Tree, place: int, hashed: bytes, reached: Head) -> str:
    """The C2SP tlog-proof of the leaf at `place`. Never gives out what it could not verify itself: raises Failed."""
    path = tree.inclusion(place, reached.size)
    check_inclusion(place, reached.size, hashed, path, reached.root)
    lines = [HEADER, f"index {place}", *(base64.b64encode(step).decode() for step in path)]
    return "\n".join(lines) + f"\n\n{reached.note}"


def as_bytes(proof: dict[str, Any]) -> bytes:
    """The file's bytes: canonical JSON and a newline."""
    return canonical(proof).encode() + b"\n"
