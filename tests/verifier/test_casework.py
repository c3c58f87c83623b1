"""What casework gives out is proved by the verifier, and what a superuser changed behind its back is not."""

import pytest
import sqlalchemy as sa

from casework.audit import signer, tiles
from casework.audit.models import AuditEntry, LogLeaf
from casework.audit.proof import as_bytes, entry_file
from casework.audit.sequencer import Sequencer
from tests.audit.test_tampering import behind_the_back, happen


@pytest.fixture
def key(tmp_path):
    return signer.create(tmp_path / "log.key", "casework.example/log-1")


@pytest.fixture
def given(database, key, tmp_path, verify):
    """A log of 300 entries, published twice: the folder, the checkpoint kept from the first time, and `prove`."""
    folder, kept = tmp_path / "log", tmp_path / "kept"
    sequencer = Sequencer(database.engine, key)
    for count in (250, 50):
        happen(database, count)
        sequencer.catch_up()
        with database.engine.begin() as connection:
            tiles.publish(connection, folder)
        if not kept.exists():
            kept.write_bytes((folder / "checkpoint").read_bytes())

    def prove(*arguments):
        return verify(*arguments, trust=("--key", key.key.text))

    return folder, kept, prove


def proofs(database, folder):
    """The entry files of a few entries."""
    with database.engine.connect() as connection:
        for place in (0, 7, 255, 299):
            seq = connection.execute(sa.select(LogLeaf.entry).where(LogLeaf.place == place)).scalar_one()
            path = folder / f"{place}.entry.json"
            path.write_bytes(as_bytes(entry_file(connection, seq)))
            yield path


def test_what_casework_gives_out_is_proved(database, given, tmp_path):
    folder, kept, prove = given
    report = prove("log", folder, "--checkpoint", kept, "--chains")
    assert (report["exit"], report["log"]["size"], report["kept"]) == (0, 300, [250])
    assert prove("log", folder, "--from", kept)["exit"] == 0
    assert prove("consistency", kept, folder / "checkpoint", "--log", folder)["exit"] == 0
    for path in proofs(database, tmp_path):
        report = prove("proof", path, "--checkpoint", kept, "--log", folder)
        assert (report["exit"], report["kept"]) == (0, [250])


def test_a_superuser_who_edits_a_row_is_found_out(database, given, tmp_path):
    prove = given[2]
    with behind_the_back(database) as connection:
        table = AuditEntry.__table__
        seq = connection.execute(sa.select(LogLeaf.entry).where(LogLeaf.place == 7)).scalar_one()
        body = connection.execute(sa.select(table.c.body).where(table.c.seq == seq)).scalar_one()
        connection.execute(table.update().where(table.c.seq == seq).values(body=body.replace('"n":', '"m":')))
    codes = {path.name: prove("proof", path)["exit"] for path in proofs(database, tmp_path)}
    assert codes == {"0.entry.json": 0, "7.entry.json": 1, "255.entry.json": 0, "299.entry.json": 0}
