"""The tree over the log (RFC 6962) as it lies in the database: any root, any proof, from a few short ranges of rows."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from casework.verifier.casework_verify import EMPTY_ROOT, node_hash

from .models import LogLeaf, LogNode

# Nodes are kept for every 256 of the level below, as C2SP tlog-tiles cuts the tree.
BITS = 8
WIDTH = 1 << BITS


def combine(hashes: Sequence[bytes]) -> bytes:
    """The root over neighbours, as many as a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]


def stored(connection: Connection, level: int, first: int, end: int) -> list[bytes]:
    """The hashes of `level` at the places from `first` to before `end`, in their order. Level 0 are the leaves."""
    if level == 0:
        table = LogLeaf.__table__
        query = select(table.c.hash)
    else:
        table = LogNode.__table__
        query = select(table.c.hash).where(table.c.level == level)
    query = query.where(table.c.place >= first, table.c.place < end).order_by(table.c.place)
    return list(connection.execute(query).scalars())


class Tree:
    """The tree of the first entries. It reads what it needs when asked, in blocks of 256, each once."""

    def __init__(self, connection: Connection):
        self._connection = connection
        self._blocks: dict[tuple[int, int], list[bytes]] = {}

    def root(self, size: int) -> bytes:
        """The root of the first `size` entries. Raises LookupError when there are fewer."""
        return self._over(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that the entry at `index` is in the tree of `size` entries. Raises LookupError outside it."""
        if not 0 <= index < size:
            raise LookupError(f"there is no entry {index} in a tree of {size}")
        proof, start, end = [], 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._over(middle, end))
                end = middle
            else:
                proof.append(self._over(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, size1: int, size2: int) -> list[bytes]:
        """The proof that the tree of `size2` entries begins with that of `size1`. Raises LookupError."""
        if not 0 <= size1 <= size2:
            raise LookupError(f"a tree of {size2} cannot begin with one of {size1}")
        if size1 in (0, size2):
            return []
        proof, start, end, whole = [], 0, size2, True
        while size1 != end:
            middle = start + _split(end - start)
            if size1 <= middle:
                proof.append(self._over(middle, end))
                end = middle
            else:
                proof.append(self._over(start, middle))
                start, whole = middle, False
        if not whole:
            proof.append(self._over(start, end))
        return proof[::-1]

    def _over(self, start: int, end: int) -> bytes:
        """The root over the leaves from `start` to before `end`; `start` is where such a part may begin."""
        count = end - start
        if count & (count - 1) == 0:
            return self.complete(count.bit_length() - 1, start >> (count.bit_length() - 1))
        middle = start + _split(count)
        return node_hash(self._over(start, middle), self._over(middle, end))

    def complete(self, height: int, place: int) -> bytes:
        """The root over 2 ** `height` leaves, the `place`-th such part."""
        level, rest = divmod(height, BITS)
        first = place << rest
        block, offset = divmod(first, WIDTH)
        hashes = self._block(level, block)[offset : offset + (1 << rest)]
        if len(hashes) != 1 << rest:
            raise LookupError("the tree is not that large")
        return combine(hashes)

    def _block(self, level: int, block: int) -> list[bytes]:
        key = level, block
        if key not in self._blocks:
            first = block * WIDTH
            self._blocks[key] = stored(self._connection, level, first, first + WIDTH)
        return self._blocks[key]


def complete_parts(connection: Connection, size: int) -> tuple[bytes, ...]:
    """The roots of the complete parts of the first `size` leaves, the largest first: a `Frontier` begins with them."""
    tree, parts, start = Tree(connection), [], 0
    for height in range(size.bit_length() - 1, -1, -1):
        if size >> height & 1:
            parts.append(tree.complete(height, start >> height))
            start += 1 << height
    return tuple(parts)


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)
