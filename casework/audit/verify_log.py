"""Proves the entries against themselves, their chains, the tree and its signatures, in one walk in the tree's order.

Rows are read as the driver gives them and checked without objects of ours: this runs over every entry there is.
"""

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder
from sqlalchemy import Connection, select, text

from casework.verifier.casework_verify import Failed, Frontier, Key, Malformed, checkpoint_from, note_from

from .leaf import chain_pseudonym, quoted
from .log_rows import reading
from .models import LogCheckpoint
from .sequencer import settled_at
from .tree import BITS, stored

_sha256 = hashlib.sha256
START = bytes(32)
CHECKPOINTS = 1_000  # read at a time
NODES = 500  # compared at a time
CHAINS = 100_000  # heads of chains kept at hand; of others the entry before is looked up


class Bad(Exception):
    """The log is not whole. `seq` is the first bad entry, where it is one."""

    def __init__(self, problem: str, seq: int | None = None):
        super().__init__(problem)
        self.problem, self.seq = problem, seq


class _Kept(dict):
    """What a function made of a value: looked up in half the time that `lru_cache` takes, five times for each entry."""

    def __init__(self, make: Callable[[Any], Any], most: int):
        super().__init__()
        self._make, self._most = make, most

    def __missing__(self, value: Any) -> Any:
        if len(self) >= self._most:
            self.clear()
        made = self[value] = self._make(value)
        return made


def _dashed(digits: str | None) -> str | None:
    """An id in its usual form; SQLite keeps 32 digits."""
    if digits is None or len(digits) != 32:
        return digits
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_ids = _Kept(_dashed, 65_536)
_verbs = _Kept(quoted, 512)


class _Said(Struct, gc=False):
    """What a body says of what columns repeat. The rest of it is not read: its commitment was compared."""

    verb: str | None = None
    result: str | None = None
    record_type: str | None = None
    record_id: str | None = None
    case_id: str | None = None
    actor_id: str | None = None
    agency_id: str | None = None


_said = Decoder(_Said).decode


class Walk:
    """One walk over the log from `size` entries on, whose tree has `parts`. Counts what it checked.

    Checkpoints over more than `begins` entries must be signed by `key`; those before, by a key that it took over from.
    """

    def __init__(
        self, connection: Connection, key: Key | None, size: int = 0, parts: tuple[bytes, ...] = (), *, begins: int = 0
    ):
        self._connection, self._key, self._begins = connection, key, begins
        self._frontier = Frontier(size, parts)
        # By the chain's id as the driver gives it: last number, last hash, the same in digits, id, name in the tree.
        self._heads: dict[str, tuple[int, bytes, str, str, str]] = {}
        self._start = size
        self.entries = self.waiting = self.chains = 0

    @property
    def size(self) -> int:
        """How many entries the tree has, as far as the walk came."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        return self._frontier.root()

    def run(self) -> None:
        """Check everything. Raises Bad at the first thing that is wrong."""
        with reading(self._connection) as self._rows:
            self._walk()

    def _walk(self) -> None:
        checkpoints = self._checkpoints()
        wanted = next(checkpoints, None)
        nodes: list[tuple[int, int, bytes]] = []
        for rows in self._rows.placed(self.size):
            start = 0
            while start < len(rows):
                end = len(rows) if wanted is None else min(len(rows), start + wanted.size - self.size)
                self._place(rows[start:end], nodes)
                start = end
                if wanted is not None and wanted.size == self.size:
                    self._signed(wanted)
                    wanted = next(checkpoints, None)
            if len(nodes) >= NODES:
                self._compare(nodes)
                nodes.clear()
        self._compare(nodes)
        if wanted is not None:
            raise Bad(f"the log has {self.size} entries with a place, a checkpoint was signed over {wanted.size}: "
                      "entries at its end are missing")
        self._end()
        self._wait()
        self._compare_heads()

    def _place(self, rows: list, nodes: list) -> None:
        """Put entries at the tree's end, as `Frontier.append` does, noting the nodes of 256, 65,536, ... leaves that
        become complete."""
        parts, size, entry_of = self._frontier.parts, self._frontier.size, self._entry
        try:
            for row in rows:
                place, leaf, entry = row[0], row[1], row[2]
                if place != size:
                    raise Bad(f"place {size} of the tree is missing")
                if row[3] is None:
                    raise Bad(f"entry {entry} is missing: the tree has it at place {place}", entry)
                try:
                    found = entry_of(row)
                except Bad as bad:
                    raise Bad(f"{bad.problem} (place {place} of the tree)", bad.seq) from None
                if found != leaf:
                    raise Bad(f"entry {entry}: it is not the one that was put at place {place} of the tree", entry)
                size += 1
                height = 0
                while place & 1:
                    found = _sha256(b"\x01" + parts.pop() + found).digest()
                    place >>= 1
                    height += 1
                    if not height % BITS:
                        nodes.append((height // BITS, place, found))
                parts.append(found)
        finally:
            self.entries += size - self._frontier.size
            self._frontier.size = size

    def _entry(self, row) -> bytes:
        """Check one entry against its body and its chain; the hash of its leaf."""
        (_place, _leaf, seq, chain, number, at, body, salt, commitment, previous, hash_,
         actor, agency, case, record, kind, result, verb) = row
        if _sha256(salt + body).digest() != commitment:
            raise Bad(f"entry {seq}: its body was changed", seq)
        try:
            said = _said(body)
        except MsgspecError:
            raise Bad(f"entry {seq}: its body was changed", seq) from None
        if not (said.verb == verb and said.result == result and said.record_type == kind
                and said.actor_id == _ids[actor] and said.agency_id == _ids[agency]
                and said.case_id == _ids[case] and said.record_id == _ids[record]):
            raise Bad(f"entry {seq}: a column of it was changed", seq)
        last_number, last_hash, last_digits, name, pseudonym = (
            self._heads.get(chain) or self._begin(chain, number, seq))
        if number != last_number + 1:
            raise Bad(f"entry {seq}: expected number {last_number + 1} of its chain, found {number}: "
                      "an entry is missing or added", seq)
        if previous != last_hash:
            raise Bad(f"entry {seq}: it does not follow the entry before it", seq)
        at, commitment, digits = at.replace(" ", "T") + "+00:00", commitment.hex(), hash_.hex()
        link = (f'{{"at":"{at}","chain":"{name}","commitment":"{commitment}","number":{number},'
                f'"previous":"{last_digits}","v":1}}')
        if _sha256(link.encode()).digest() != hash_:
            raise Bad(f"entry {seq}: its hash is wrong", seq)
        self._heads[chain] = (number, hash_, digits, name, pseudonym)
        data = (f'{{"at":"{at}","chain":"{pseudonym}","commitment":"{commitment}","hash":"{digits}",'
                f'"number":{number},"v":1,"verb":{_verbs[verb]}}}')
        return _sha256(b"\x00" + data.encode()).digest()

    def _begin(self, chain: str, number: int, seq: int) -> tuple[int, bytes, str, str, str]:
        """What there is to know of a chain that is not at hand, before its entry `number`."""
        if len(self._heads) >= CHAINS:
            for old in list(islice(self._heads, CHAINS // 10)):
                del self._heads[old]
        name = _dashed(chain)
        if number == 1:
            self.chains += 1
            return 0, START, START.hex(), name, chain_pseudonym(name)
        found = self._connection.execute(
            text("""SELECT e.number, e.hash FROM audit_entry e JOIN log_leaf l ON l.entry = e.seq
                 WHERE e.chain = :chain AND e.number = :number AND l.place < :place"""),
            {"chain": self._id(name), "number": number - 1, "place": self._frontier.size},
        ).first()
        if found is None:
            raise Bad(f"entry {seq}: the entry before it in its chain is missing", seq)
        return found.number, found.hash, found.hash.hex(), name, chain_pseudonym(name)

    def _id(self, chain: str) -> str:
        return chain.replace("-", "") if self._connection.dialect.name == "sqlite" else chain

    def _checkpoints(self) -> Iterator:
        """What was signed over more entries than the walk begins with, in order, a few at a time."""
        table, size = LogCheckpoint.__table__, self._start
        while found := self._connection.execute(
            select(table).where(table.c.size > size).order_by(table.c.size).limit(CHECKPOINTS)
        ).all():
            yield from found
            size = found[-1].size

    def _signed(self, checkpoint) -> None:
        frontier = self._frontier
        if frontier.root() != checkpoint.root or b"".join(frontier.parts) != checkpoint.parts:
            raise Bad(f"the checkpoint over {checkpoint.size} entries was signed over others")
        try:
            note = note_from(checkpoint.note)
            stated = checkpoint_from(note.text)
            by_key = (self._key is None or checkpoint.size <= self._begins
                      or note.signed_by(self._key) is not None)
        except (Failed, Malformed) as problem:
            raise Bad(f"the checkpoint over {checkpoint.size} entries: {problem}") from None
        if not by_key:
            raise Bad(f"the checkpoint over {checkpoint.size} entries is not signed by the log's key")
        if (stated.size, stated.root) != (checkpoint.size, checkpoint.root):
            raise Bad(f"the checkpoint over {checkpoint.size} entries says something else than its columns")

    def _compare(self, nodes: list[tuple[int, int, bytes]]) -> None:
        """Nodes as they were found against nodes as they are kept."""
        for level in {level for level, _place, _hash in nodes}:
            made = [(place, hashed) for of, place, hashed in nodes if of == level]
            first, end = made[0][0], made[-1][0] + 1
            kept = stored(self._connection, level, first, end)
            if [hashed for _place, hashed in made] != [bytes(hashed) for hashed in kept]:
                raise Bad(f"the tree between its leaves and its root was changed, at level {level}, from {first} on")

    def _end(self) -> None:
        """Nothing may stand behind the tree's end."""
        count = self._connection.execute(text("SELECT count(*) FROM log_node WHERE place >= :size >> (8 * level)"),
                                         {"size": self.size}).scalar()
        if count:
            raise Bad("the tree has nodes behind its end")
        last = self._connection.execute(text("SELECT max(size) FROM log_checkpoint")).scalar() or 0
        if last != self.size:
            raise Bad(f"{self.size} entries have a place, the last checkpoint was signed over {last}")

    def _wait(self) -> None:
        """Entries that have no place yet follow the same rules. A walk from a checkpoint on looks for them among those
        that came since: one put among older ones is found by the walk over all."""
        for rows in self._rows.waiting(settled_at(self._connection, self._start) if self._start else 0):
            for row in rows:
                self._entry(row)
            self.waiting += len(rows)

    def _compare_heads(self) -> None:
        """Each chain ends where its head says."""
        if self._start == 0:
            self._compare_all_heads()
            return
        ends = [(name, (number, last)) for number, last, _digits, name, _pseudonym in self._heads.values()]
        for start in range(0, len(ends), 500):
            self._compare_some(dict(ends[start : start + 500]))

    def _compare_all_heads(self) -> None:
        wrong = text("""SELECT h.chain, h.number FROM audit_head h
            LEFT JOIN audit_entry e ON e.chain = h.chain AND e.number = h.number
            WHERE h.number > 0 AND (e.seq IS NULL OR e.hash <> h.hash) LIMIT 1""")
        found = self._connection.execute(wrong).first()
        if found:
            raise Bad(f"chain {found.chain}: its head says {found.number}: entries at its end are missing or changed")
        # Chains were walked without a gap and no head points behind its chain's end: so all point to the ends when
        # they count as many entries as there are. Only else is each entry asked.
        counted = self._connection.execute(text("SELECT coalesce(sum(number), 0) FROM audit_head")).scalar()
        if counted == self.entries + self.waiting:
            return
        behind = text("""SELECT e.seq FROM audit_entry e LEFT JOIN audit_head h ON h.chain = e.chain
            WHERE h.chain IS NULL OR e.number > h.number ORDER BY e.seq LIMIT 1""")
        seq = self._connection.execute(behind).scalar()
        raise Bad(f"entry {seq}: it stands behind the end of its chain", seq)

    def _compare_some(self, ends: dict[str, tuple[int, bytes]]) -> None:
        marks = {f"c{n}": self._id(name) for n, name in enumerate(ends)}
        query = text(f"SELECT chain, number, hash FROM audit_head WHERE chain IN ({', '.join(':' + m for m in marks)})")
        found = {_dashed(str(row.chain)): (row.number, bytes(row.hash))
                 for row in self._connection.execute(query, marks)}
        for name, end in ends.items():
            if found.get(name) != end:
                raise Bad(f"chain {name}: its head does not say where it ends")
