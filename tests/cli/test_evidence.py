"""`casework evidence verify`: says nothing of what is whole, and names each kind of damage that was planted."""

import json

import pytest
from sqlalchemy import select

from casework.audit.models import AuditEntry
from casework.cli import main
from casework.evidence import damaged
from casework.evidence.models import EvidenceItem
from casework.files import fixity
from casework.files.service import Files
from tests.evidence.test_chain import without_guards
from tests.evidence.world import Desk, build
from tests.files.test_fixity import keep, spoil


@pytest.fixture
def desk(database, ini, monkeypatch) -> Desk:
    for name, value in ini.items():
        monkeypatch.setenv("CASEWORK_" + name.removeprefix("casework.").upper(), value)
    monkeypatch.setattr(fixity, "_told", [])
    with database.work() as db:
        world = build(db)
    return Desk(database, world)


def refs(desk) -> tuple[list[str], str]:
    """References of the items and of their case."""
    with desk.database.work(readonly=True, unscoped=1) as db:
        items = list(db.scalars(select(EvidenceItem.ref).order_by(EvidenceItem.id)))
        return items, desk.world.case(db).ref


def verify(capsys, *args: str) -> dict:
    """What the command reports; its exit code has to say the same."""
    code = main(["evidence", "verify", *args, "--json"])
    report = json.loads(capsys.readouterr().out)
    assert code == (1 if report["bad"] else 0)
    return report


def found(report: dict) -> set[tuple]:
    return {(one["ref"], one["what"], one["where"]) for one in report["faults"]}


def test_what_is_whole_and_what_is_damaged(desk, settings, capsys):
    """One exhibit is whole throughout; beside it each kind of damage is found, alone and among all."""
    files = Files.of(settings)
    whole, broken, given, lost = (desk.stored(f"SEAL-{n}", digital=True) for n in range(4))
    keep(desk, files, whole)
    document = keep(desk, files, lost)
    (good, first, second, third), case = refs(desk)
    report = verify(capsys, "--all")
    assert report == {"items": 4, "links": 16, "documents": 2, "bad": 0, "first": None, "faults": []}
    assert verify(capsys, case) == report

    key = {i: i.hex if desk.database.backend == "sqlite" else str(i) for i in (broken, given)}
    without_guards(desk, f"UPDATE custody_event SET place = 'Elsewhere' WHERE seq = 4 AND item_id = '{key[broken]}'")
    with desk.database.superuser() as connection:
        connection.exec_driver_sql(f"UPDATE evidence_item SET holder_id = NULL WHERE id = '{key[given]}'")
    spoil(files, document, desk.database, "changed")
    assert verify(capsys, good)["bad"] == 0
    assert found(verify(capsys, first)) == {(first, "chain", 4), (first, "log", None)}
    assert found(verify(capsys, second)) == {(second, "chain", None), (second, "holder", None), (second, "log", None)}
    assert found(verify(capsys, third)) == {(third, "file", document)}
    report = verify(capsys, "--all")
    assert (report["items"], report["bad"], report["first"]) == (4, 3, first)
    # The damaged document froze its exhibit, and the log has every run.
    assert desk.look(lost, lambda db, i: (i.state, i.discrepancy_kind)) == ("discrepancy", "damaged")
    assert damaged._freeze in fixity._told
    with desk.database.work(readonly=True, unscoped=1) as db:
        assert len(db.scalars(select(AuditEntry).where(AuditEntry.verb == "verify_evidence")).all()) == 7
    assert main(["evidence", "verify", "--all"]) == 1
    said = capsys.readouterr().out
    assert f"{first}: chain 4: This event was altered after it was recorded." in said
    assert f"bad: 3, the first {first}" in said


@pytest.mark.one_engine
def test_links_taken_off_and_forged_behind_the_log(desk, capsys):
    """Who owns the database takes the last link off and mends the item: the log still knows."""
    item = desk.stored()
    (ref,), _case = refs(desk)
    assert verify(capsys, ref)["bad"] == 0
    without_guards(desk, "DELETE FROM custody_event WHERE seq = 4")
    with desk.database.superuser() as connection:
        third = connection.exec_driver_sql("SELECT hash FROM custody_event WHERE seq = 3").scalar()
        connection.exec_driver_sql(f"UPDATE evidence_item SET chain_seq = 3, chain_hash = '{third}', "
                                   "holder_id = (SELECT released_by_id FROM custody_event WHERE seq = 3)")
    assert desk.look(item, lambda db, i: i.chain_seq) == 3
    assert found(verify(capsys, ref)) == {(ref, "log", None)}


@pytest.mark.one_engine
def test_what_there_is_not(desk, capsys):
    assert main(["evidence", "verify", "E26-000000-A"]) == 1
    assert "no exhibit" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["evidence", "verify"])
