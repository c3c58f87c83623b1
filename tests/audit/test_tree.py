"""The tree in the database gives the roots and proofs of RFC 6962, and survives who writes to it at once."""

import hashlib
import uuid

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.audit import proof, signer, tiles
from casework.audit.capture import record_event
from casework.audit.chain import Event
from casework.audit.models import LogLeaf, LogNode
from casework.audit.sequencer import CannotExtend, Sequencer, _add_nodes, head, waiting_since
from casework.audit.tree import Tree
from casework.verifier.casework_verify import (
    check_consistency,
    check_inclusion,
    checkpoint_from,
    leaf_hash,
    node_hash,
    note_from,
)


def reference(hashes: list[bytes]) -> bytes:
    """The root as RFC 6962 writes it down."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(reference(hashes[:middle]), reference(hashes[middle:]))


def happen(database, count: int, chains: int = 3) -> None:
    """Write `count` entries, in one transaction."""
    with database.work() as db:
        for number in range(count):
            record_event(db, Event("test", chain=uuid.UUID(int=number % chains + 7), details={"n": number}))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Leaves and nodes of a tree of 70,000, without a log below it."""
    engine = sa.create_engine(f"sqlite:///{tmp_path_factory.mktemp('tree') / 'tree.sqlite'}")
    hashes = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]
    with engine.begin() as connection:
        LogLeaf.__table__.create(connection)
        LogNode.__table__.create(connection)
        done = 0
        for step in (1, 254, 1, 1, 500, 9_000, 60_000, 243):
            fresh = hashes[done : done + step]
            connection.execute(LogLeaf.__table__.insert(), [
                {"place": done + n, "entry": done + n + 1, "hash": hashed} for n, hashed in enumerate(fresh)])
            _add_nodes(connection, done, fresh)
            done += step
    yield engine, hashes[:done]
    engine.dispose()


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_proofs_of_any_two_sizes(large, data):
    engine, hashes = large
    size2 = data.draw(st.integers(1, len(hashes)), "size2")
    size1 = data.draw(st.integers(0, size2), "size1")
    index = data.draw(st.integers(0, size2 - 1), "index")
    with engine.connect() as connection:
        tree = Tree(connection)
        root1, root2 = tree.root(size1), tree.root(size2)
        assert root1 == reference(hashes[:size1])
        check_consistency(size1, size2, root1, root2, tree.consistency(size1, size2))
        check_inclusion(index, size2, hashes[index], tree.inclusion(index, size2), root2)


def test_a_tree_does_not_prove_what_it_does_not_hold(large):
    engine, hashes = large
    with engine.connect() as connection:
        tree = Tree(connection)
        for ask in (lambda: tree.root(len(hashes) + 300), lambda: tree.inclusion(5, 5),
                    lambda: tree.consistency(6, 5), lambda: tree.inclusion(0, 10**9)):
            with pytest.raises(LookupError):
                ask()


def test_entries_get_their_places_and_a_signature(database, sequencer, key):
    assert sequencer.step() is None
    happen(database, 700)
    reached = sequencer.step(limit=300)
    assert reached.size == 300
    assert key.signed().size == 300
    reached = sequencer.catch_up()
    assert reached.size == 700
    with database.engine.connect() as connection:
        assert waiting_since(connection) == (0, None)
        leaves = list(connection.execute(sa.select(LogLeaf.hash).order_by(LogLeaf.place)).scalars())
        assert head(connection).root == reference(leaves)
    note = note_from(reached.note)
    assert note.signed_by(key.key) == 0
    assert checkpoint_from(note.text).root == reached.root
    assert sequencer.step() is None


def test_the_proof_of_one_entry(database, sequencer):
    happen(database, 300)
    with database.engine.connect() as connection, pytest.raises(LookupError):
        proof.entry_file(connection, 5)
    sequencer.catch_up()
    with database.engine.connect() as connection:
        made = proof.entry_file(connection, 5)
        with pytest.raises(LookupError):
            proof.entry_file(connection, 301)
    assert made["entry"]["number"] == 2
    assert made["proof"].startswith("c2sp.org/tlog-proof@v1\nindex 4\n")
    assert proof.as_bytes(made).endswith(b"}\n")


def test_two_sequencers_at_once_make_one_tree(database, key, tmp_path):
    other = signer.load(key.path)
    happen(database, 40)
    turns = [Sequencer(database.engine, key), Sequencer(database.engine, other)]
    for number in range(12):
        turns[number % 2].step(limit=5)
    with database.engine.connect() as connection:
        leaves = list(connection.execute(sa.select(LogLeaf.hash).order_by(LogLeaf.place)).scalars())
        assert head(connection).size == 40
        assert head(connection).root == reference(leaves)


def test_nothing_is_signed_over_a_database_that_was_put_back(database, sequencer, key):
    happen(database, 10)
    sequencer.catch_up()
    key.remember(11, bytes(32))
    with pytest.raises(CannotExtend, match="put back"):
        Sequencer(database.engine, key).step()


def test_nothing_is_signed_over_a_checkpoint_of_another_key(database, sequencer, tmp_path):
    happen(database, 10)
    sequencer.catch_up()
    happen(database, 1)
    stranger = signer.create(tmp_path / "other.key", "casework.example/log-1")
    with pytest.raises(CannotExtend, match="another key"):
        Sequencer(database.engine, stranger).step()


def test_another_tree_of_the_signed_size_is_refused(database, sequencer, key):
    happen(database, 10)
    reached = sequencer.catch_up()
    key.remember(reached.size, bytes(32))
    with pytest.raises(CannotExtend, match="another tree"):
        Sequencer(database.engine, key).step()


def test_the_tiles_hold_what_the_checkpoint_says(database, sequencer, tmp_path):
    folder = tmp_path / "log"
    for count in (10, 300, 1, 5):
        happen(database, count)
        sequencer.catch_up()
        with database.engine.connect() as connection:
            reached = tiles.publish(connection, folder)
        assert tiles.published(folder) == reached.size
    width = 316 - 256
    hashes = (folder / "tile/0/000").read_bytes() + (folder / f"tile/0/001.p/{width}").read_bytes()
    found = [hashes[start : start + 32] for start in range(0, len(hashes), 32)]
    assert reference(found) == reached.root
    bundle = (folder / f"tile/entries/001.p/{width}").read_bytes()
    assert leaf_hash(bundle[2 : 2 + int.from_bytes(bundle[:2], "big")]) == found[256]
    assert not (folder / "tile/0/000.p").exists()
    assert (folder / "tile/1/000.p/1").read_bytes() == reference(found[:256])


def test_paths_of_tiles():
    assert tiles.path_of(0, 5) == "tile/0/005"
    assert tiles.path_of("entries", 1_234_067) == "tile/entries/x001/x234/067"
    assert tiles.path_of(2, 1000, 3) == "tile/2/x001/000.p/3"


def test_a_key_is_never_overwritten_and_not_read_when_others_can(key):
    with pytest.raises(FileExistsError):
        signer.create(key.path, "casework.example/log-2")
    assert signer.load(key.path).key == key.key
    assert "PRIVATE" not in repr(key)
    key.path.chmod(0o644)
    with pytest.raises(signer.LogKeyError, match="0600"):
        signer.load(key.path)
    key.path.chmod(0o600)
    key.path.write_text("PRIVATE+KEY+x+00000000+AAAA\n")
    with pytest.raises(signer.LogKeyError, match="not a key"):
        signer.load(key.path)
