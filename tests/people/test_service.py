"""People of a case below the pages: who may add whom, what is computed, what moves."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from casework.authz.access import access_to_one, shown
from casework.authz.scope import unscoped
from casework.cases import service as cases
from casework.people import identifiers, service
from casework.people.models import Address, Identifier, Person
from casework.workflow.engine import NotAllowed, Refused

from .conftest import CHILD, SUSPECT

WITNESS = {"sex": "unknown", "role": "witness", "dob_precision": "unknown"}


@pytest.mark.parametrize(("name", "roles"), [
    ("inv", {"victim", "suspect", "witness", "caregiver", "other"}), ("sw", {"victim"}), ("inv2", set()),
    ("psu", set()), ("for", set()), ("hot", set()), ("pro", set()), ("aud", set()),
])
def test_who_adds_whom(unit, name, roles):
    with unit.database.work(identity=unit.who(name)) as db:
        assert set(service.roles_for(db, unit.who(name), unit.case)) == roles
        for role in service.SCHEMAS:
            if role not in roles:
                with pytest.raises(NotAllowed):
                    service.add_person(db, unit.who(name), unit.case, role, {})


def test_a_prosecutor_adds_suspects_and_witnesses_once_the_file_was_submitted(unit):
    pro = unit.who("pro")
    with unit.work("inv") as (db, _inv, case):
        cases.assign(db, None, case, role="PRO", agency_id=pro.agency_id, user_id=pro.user_id)
    with unit.database.work(identity=pro) as db:
        assert service.roles_for(db, pro, unit.case) == []
    with unit.work("inv") as (db, _inv, case):
        case.submitted_at = case.opened_at
    with unit.work("pro") as (db, pro, case):
        assert set(service.roles_for(db, pro, case)) == {"suspect", "witness", "caregiver", "other"}


def test_who_sees_whom(unit):
    def names(name):
        with unit.database.work(identity=unit.who(name)) as db:
            return {p.pseudonym for p in db.scalars(select(Person))}

    child, suspect = unit.child.pseudonym, unit.suspect.pseudonym
    assert names("inv") == names("psu") == {child, suspect}
    assert names("for") == names("sw") == {suspect}
    for nobody in ("inv2", "hot", "pro", "aud", "sws"):
        assert names(nobody) == set()


def test_a_social_worker_sees_the_relation_and_no_name(unit):
    with unit.work("sw") as (db, sw, _case):
        record = shown(db, sw, db.get_one(Person, unit.suspect.id))
        assert (record.pseudonym, record.relation_to_victim, record.lives_with_child) == (
            unit.suspect.pseudonym, "teacher", True)
        assert (record.family_latin, record.dob, record.suspect_status, record.name) == (None, None, None, None)
        assert not db.info.get("reads")


def test_pseudonyms_carry_the_role_and_nothing_else(unit):
    assert unit.child.pseudonym.startswith("V-")
    assert unit.suspect.pseudonym.startswith("S-")
    assert len(unit.child.pseudonym) == 6
    with unit.work("inv") as (db, inv, case):
        assert service.add_person(db, inv, case, "caregiver", {**WITNESS, "role": "caregiver"}).pseudonym[:2] == "W-"


def test_a_social_worker_keeps_the_child_she_added_and_gets_no_other(unit):
    with unit.work("sw") as (db, sw, case):
        mine = service.add_person(db, sw, case, "victim", {**CHILD, "given_latin": "Another (fictional)"})
        assert "W" in access_to_one(db, sw, mine)
    with unit.database.work(identity=unit.who("sw")) as db:
        assert set(db.scalars(select(Person.id).where(Person.role == "victim"))) == {mine.id}


@pytest.mark.parametrize(("dob", "precision", "expected"), [
    ("2010-06-01", "exact", True), ("2008-03-01", "exact", False), ("2008-03-02", "exact", True),
    ("2008", "year", True), ("2007", "year", False), ("2007-12-31", "estimated", False), (None, "unknown", None),
])
def test_minor_at_the_offence_is_computed_in_favour_of_the_young(unit, dob, precision, expected):
    with unit.work("inv") as (db, inv, case):
        case.offence_from = dt.date(2026, 3, 1)
        person = service.add_person(db, inv, case, "suspect", {**SUSPECT, "dob": dob, "dob_precision": precision})
        assert person.minor_at_offence is expected


def test_another_day_of_the_offence_changes_who_was_a_minor(unit):
    with unit.work("inv") as (db, inv, case):
        person = service.add_person(db, inv, case, "suspect", {**SUSPECT, "dob": "2008-01-01"})
        assert person.minor_at_offence is False
        case.offence_from = dt.date(2025, 12, 31)
        service.offence_moved(db, case)
        assert person.minor_at_offence is True


def test_only_fields_of_the_role_are_taken(unit):
    with unit.work("inv") as (db, inv, case):
        for data in ({"whereabouts": "Somewhere"}, {"pseudonym": "V-XXXX"}, {"case_id": unit.other.id}):
            with pytest.raises(ValueError, match="has no"):
                service.add_person(db, inv, case, "victim", {**CHILD, **data})
        with pytest.raises(ValueError, match="becomes"):
            service.add_person(db, inv, case, "victim", {**CHILD, "role": "suspect"})
        child = db.get_one(Person, unit.child.id)
        with pytest.raises(ValueError, match="becomes"):
            service.edit_person(db, inv, child, {"role": "witness"}, case)


def test_a_guardian_is_of_the_same_case(unit):
    with unit.work("inv") as (db, inv, case):
        other = service.add_person(db, inv, unit.other, "caregiver", {**WITNESS, "role": "caregiver"})
        own = service.add_person(db, inv, case, "caregiver", {**WITNESS, "role": "caregiver"})
        child = db.get_one(Person, unit.child.id)
        with pytest.raises(Refused):
            service.edit_person(db, inv, child, {"guardian": str(other.id)}, case)
        service.edit_person(db, inv, child, {"guardian": str(own.id)}, case)
        assert child.guardian_id == own.id


def test_who_may_not_write_may_not_edit(unit):
    with unit.work("psu") as (db, psu, case), pytest.raises(NotAllowed):
        service.edit_person(db, psu, db.get_one(Person, unit.child.id), {"sex": "other"}, case)


def test_an_edit_that_changes_nothing_leaves_the_ciphertext_alone(unit):
    with unit.work("inv") as (db, inv, case):
        child = db.get_one(Person, unit.child.id)
        before, version = child.family_km_sealed, child.version
        service.edit_person(db, inv, child, CHILD, case)
        db.flush()
        assert (child.family_km_sealed, child.version) == (before, version)


# ---- places

def test_a_childs_place_is_for_who_supports_the_child(unit):
    place = {"kind": "staying", "place": "Invented house 1", "safe": True}
    with unit.work("inv") as (db, inv, _case):
        child = db.get_one(Person, unit.child.id)
        with pytest.raises(NotAllowed):
            service.add_address(db, inv, child, place)
        # A suspect's place is police work.
        service.add_address(db, inv, db.get_one(Person, unit.suspect.id), place)
    with unit.work("sw") as (db, sw, case):
        mine = service.add_person(db, sw, case, "victim", CHILD)
        service.add_address(db, sw, mine, place)
        assert [a.place for a in service.addresses_of(db, sw, mine)] == ["Invented house 1"]
        assert list(service.addresses_of(db, sw, db.get_one(Person, unit.suspect.id))) == []
    with unit.database.work(identity=unit.who("inv")) as db:
        assert db.scalars(select(Address.person_id)).all() == [unit.suspect.id]


def test_a_social_worker_of_the_case_writes_no_place_of_a_child_that_is_not_hers(unit):
    with unit.database.work(identity=unit.who("sw")) as db:
        with unscoped(db, "a test hands over the child"):
            child = db.get_one(Person, unit.child.id)
        assert not service.may_add_address(db, unit.who("sw"), child)


# ---- identifiers

PHONE = {"type": "phone", "value": "012 000 001", "side": "suspect", "reliability": "B"}


def test_an_identifier_is_found_in_any_spelling_and_refused_twice(unit):
    with unit.work("inv") as (db, inv, case):
        first = identifiers.add_identifier(db, inv, case, PHONE)
        assert (first.canonical, first.mask) == ("+85512000001", "+855 *** 01")
        with pytest.raises(Refused) as refused:
            identifiers.add_identifier(db, inv, case, {**PHONE, "value": "+855 12 000 001"})
        assert first.ref in refused.value.problems[0].message.interpolate()
        identifiers.add_identifier(db, inv, case, {**PHONE, "value": "012 000 002"})
        # Another case may hold the same: only the match tells, never a refusal.
        second = identifiers.add_identifier(db, inv, unit.other, PHONE)
        assert second.token == first.token


def test_a_voided_one_stands_in_nobodys_way(unit):
    with unit.work("inv") as (db, inv, case):
        identifiers.add_identifier(db, inv, case, PHONE).voided_at = case.opened_at
        identifiers.add_identifier(db, inv, case, PHONE)


def test_an_ip_address_is_another_sighting_at_another_time(unit):
    def seen(hour):
        at = dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC)
        return {"type": "ip", "value": "203.0.113.7", "observed_from": at, "observed_to": at, "side": "unknown"}

    with unit.work("inv") as (db, inv, case):
        identifiers.add_identifier(db, inv, case, seen(1))
        identifiers.add_identifier(db, inv, case, seen(2))
        with pytest.raises(Refused):
            identifiers.add_identifier(db, inv, case, seen(1))


@pytest.mark.parametrize(("side", "asked", "allowed"), [
    ("suspect", None, True), ("suspect", False, False), ("victim", None, False), ("victim", True, False),
    ("unknown", None, False), ("infrastructure", None, False), ("unknown", True, True),
])
def test_what_may_be_compared(unit, side, asked, allowed):
    with unit.work("inv") as (db, inv, case):
        data = {**PHONE, "side": side, **({} if asked is None else {"match_allowed": asked})}
        assert identifiers.add_identifier(db, inv, case, data).match_allowed is allowed


@pytest.mark.parametrize(("name", "may"), [
    ("inv", True), ("for", True), ("inv2", False), ("psu", False), ("sw", False), ("hot", False), ("pro", False),
])
def test_who_adds_identifiers(unit, name, may):
    with unit.database.work(identity=unit.who(name)) as db:
        if may:
            identifiers.add_identifier(db, unit.who(name), unit.case, PHONE)
        else:
            with pytest.raises(NotAllowed):
                identifiers.add_identifier(db, unit.who(name), unit.case, PHONE)


def test_an_identifier_belongs_to_somebody_of_the_case(unit):
    with unit.work("inv") as (db, inv, case):
        stranger = service.add_person(db, inv, unit.other, "suspect", SUSPECT)
        with pytest.raises(Refused):
            identifiers.add_identifier(db, inv, case, {**PHONE, "belongs_to": str(stranger.id)})
        own = identifiers.add_identifier(db, inv, case, {**PHONE, "belongs_to": str(unit.suspect.id)})
        assert own.belongs_to_id == unit.suspect.id


def test_a_correction_changes_mask_and_token_together(unit):
    with unit.work("inv") as (db, inv, case):
        one = identifiers.add_identifier(db, inv, case, PHONE)
        before = one.token
        identifiers.edit_identifier(db, inv, one, case, {**PHONE, "value": "012 000 009", "match_allowed": False})
        assert (one.mask, one.match_allowed) == ("+855 *** 09", False)
        assert one.token != before


PASTE = ["012 000 003", "hxxps://example[.]org/a", "Somebody@Example.org"]


def test_a_paste_recognises_each_line(unit):
    with unit.work("inv") as (db, inv, case):
        made = identifiers.paste_identifiers(db, inv, case, PASTE, {"side": "suspect", "reliability": "C"})
        assert [(one.type, one.mask) for one in made] == [
            ("phone", "+855 *** 03"), ("url", "e***[.]org/***"), ("email", "s***@e***.org"),
        ]
        assert {one.reliability for one in made} == {"C"}
        assert made[1].value == "https://example.org/a"


def test_a_paste_with_one_wrong_line_adds_none(unit):
    with unit.work("inv") as (db, inv, case):
        known = identifiers.add_identifier(db, inv, case, PHONE)
        lines = ["012 000 001", "012 000 004", "who knows", "+855 12 000 004", "192.0.2.7"]
        judged = identifiers.judge_paste(db, case, lines)
        assert [line.problem is None for line in judged] == [False, True, False, False, False]
        assert known.ref in judged[0].problem.interpolate()
        assert "2" in judged[3].problem.interpolate()
        with pytest.raises(Refused) as refused:
            identifiers.paste_identifiers(db, inv, case, lines, {"side": "unknown"})
        assert len(refused.value.problems) == 4
        assert db.scalar(select(func.count(Identifier.id))) == 1


def test_accounts_of_a_paste_take_their_platform(unit):
    with unit.work("inv") as (db, inv, case):
        made = identifiers.paste_identifiers(
            db, inv, case, ["@one.invented", "two_invented"], {"type": "account", "platform": "facebook",
                                                               "side": "suspect"},
        )
        assert [one.canonical for one in made] == ["facebook/one.invented", "facebook/two_invented"]


@pytest.mark.parametrize(("type", "value", "shown_as"), [
    ("url", "https://example.org/a.b", "hxxps://example[.]org/a.b"), ("domain", "example.org", "example[.]org"),
    ("email", "a.b@example.org", "a[.]b[@]example[.]org"), ("account", "facebook:@one", "facebook:[@]one"),
    ("phone", "012 000 001", "012 000 001"), ("url", None, None),
])
def test_nothing_that_is_shown_can_be_followed(type, value, shown_as):
    assert identifiers.shown_value(type, value) == shown_as
