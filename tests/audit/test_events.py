"""Many entries in one file are proved by the verifier, with what they say and without."""

import json
import uuid

import pytest

from casework.audit.events import events_file
from casework.audit.models import AuditEntry
from casework.verifier import casework_verify
from tests.audit.test_tree import happen


def test_a_chain_as_a_file(database, sequencer, key, tmp_path, capsys):
    happen(database, 700)
    sequencer.catch_up()
    wanted, path = AuditEntry.chain == uuid.UUID(int=8), tmp_path / "chain.events.jsonl"
    for bodies in (True, False):
        with database.engine.connect() as connection:
            path.write_bytes(b"".join(events_file(connection, wanted, bodies=bodies)))
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert lines[0]["count"] == len(lines) - 1 == 233
        assert all((line["body"] is not None) == bodies for line in lines[1:])
        assert casework_verify.main(["events", str(path), "--key", key.key.text]) == 0
    changed = path.read_bytes().replace(b'"number":5', b'"number":6', 1)
    path.write_bytes(changed)
    assert casework_verify.main(["events", str(path), "--key", key.key.text]) == 1
    capsys.readouterr()


def test_what_has_no_place_yet_is_left_out(database, sequencer):
    happen(database, 3)
    wanted = AuditEntry.chain == uuid.UUID(int=7)
    with database.engine.connect() as connection, pytest.raises(LookupError):
        list(events_file(connection, wanted))
    sequencer.catch_up()
    happen(database, 3)
    with database.engine.connect() as connection:
        assert len(list(events_file(connection, wanted))) == 2
        assert len(list(events_file(connection, wanted, only=[1, 2, 3, 4]))) == 2
        with pytest.raises(LookupError):
            list(events_file(connection, wanted, only=[99]))
