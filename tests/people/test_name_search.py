"""Search by name and by identifier over encrypted values: who finds whom, by which spelling, and what stays unsaid."""

import json

import pytest
from sqlalchemy import select, text

from casework.audit.models import AuditEntry
from casework.authz.scope import unscoped
from casework.crypto.models import DataKey
from casework.people import identifiers, names, service
from casework.people.models import NameToken, Person
from tests.cases.counting import statements
from tests.support.searching import by_name, search

from .conftest import CHILD

SECTION = "main ul.govuk-list a"


def found(page) -> list[str]:
    return [link.text for link in page.html.select(SECTION)]


def hits(unit, who: str, words: str) -> dict[str, bool]:
    """The pseudonyms found by a person, and whether each is spelled alike."""
    identity = unit.who(who)
    with unit.database.work(identity=identity, readonly=True) as db:
        return {hit.text: bool(hit.same) for hit in by_name(db, identity, words)}


@pytest.mark.parametrize("words", [
    "Sok Chantha", "sok chantha", "Chantha Sok", "SOKCHANTHA", "Sok", "chantha", "សុខ ចាន់ថា", "ចាន់ថា សុខ", "សុខចាន់ថា",
    "Sokh Chanta", "Sokh Chan Tha",  # ph/p, th/t, kh/k, final h
    "ច\u17b6ន់ថ\u17b6",  # the same signs as whole letters
    "សុខ\u200bចាន់ថា", "ស\u17bb\u17bbខ",  # an invisible space, a sign typed twice
])
def test_spellings_and_orders_of_one_name(unit, words):
    assert hits(unit, "inv", words)[unit.child.pseudonym] is True


@pytest.mark.parametrize("words", ["Sauk Chandha", "សុក ចន្ថា", "Suk Chintha"])
def test_what_only_sounds_alike_is_said_to_be_so(unit, words):
    assert hits(unit, "inv", words)[unit.child.pseudonym] is False


@pytest.mark.parametrize("typed", ["ក្រៅស្រី", "ស្រី​ក្រៅ"])
def test_orders_in_which_khmer_is_typed(unit, typed):
    with unit.work("inv") as (db, inv, case):
        # The subscript ro before the other one, as many keyboards put it.
        child = service.add_person(db, inv, case, "victim", {**CHILD, "family_km": "ស្រី", "given_km": "ក្រៅ"})
    assert child.pseudonym in hits(unit, "inv", typed)


@pytest.mark.parametrize("words", ["So", "Chan", "ចាន់", "សុ", "Sok Chan", "S", "", "%", "Sok Dara"])
def test_the_beginning_of_a_name_finds_nothing(unit, words):
    assert unit.child.pseudonym not in hits(unit, "inv", words)


def test_only_who_reads_the_name_finds_by_it(unit):
    sees = {who: unit.child.pseudonym in hits(unit, who, "Sok Chantha") for who in unit.accounts}
    # The social worker is assigned to the case, and to none of its children.
    assert {who for who, does in sees.items() if does} == {"inv", "psu"}


def test_a_changed_name_is_found_by_the_new_one_only(unit):
    with unit.work("inv") as (db, inv, case):
        person = db.scalars(select(Person).where(Person.id == unit.child.id)).one()
        service.edit_person(db, inv, person, {"given_km": "វណ្ណា", "given_latin": "Vanna"}, case)
    assert unit.child.pseudonym in hits(unit, "inv", "Sok Vannak".removesuffix("k"))
    assert unit.child.pseudonym not in hits(unit, "inv", "Chantha")


def test_a_voided_or_erased_person_is_not_found(unit):
    with unit.database.work() as db, unscoped(db, "test"):
        db.get(DataKey, unit.child.id).wrapped = None
        names.write(db, [db.get(Person, unit.child.id)])
        assert db.scalars(select(NameToken).where(NameToken.person_id == unit.child.id)).all() == []
    assert hits(unit, "inv", "Chantha") == {}


def test_no_plain_part_of_a_name_is_kept(unit):
    with unit.database.superuser() as connection:
        rows = repr(connection.execute(text("SELECT * FROM name_token")).all()).lower()
        texts = repr(connection.execute(text("SELECT * FROM search_text")).all()).lower()
    for part in ("sok", "chantha", "សុខ", "skcnt"):
        assert part not in rows
        assert part not in texts


def test_tokens_of_one_name_differ_between_people(unit):
    with unit.work("inv") as (db, inv, case):
        others = [service.add_person(db, inv, case, "victim", CHILD) for _number in range(8)]
    with unit.database.work(readonly=True) as db:
        made = {one.id: set(db.scalars(select(NameToken.token).where(NameToken.person_id == one.id))) for one in others}
    assert len(set(map(frozenset, made.values()))) > 1
    assert len(hits(unit, "inv", "Sok Chantha")) == 9


def test_the_page_names_pseudonyms_and_the_log_keeps_no_words(app, unit):
    page = search(unit.browser(app, "inv"), "Chantha Sok")
    assert found(page) == [unit.child.ref]
    assert unit.child.pseudonym in page.text
    assert "Spelled alike" in page.text
    with unit.database.work(readonly=True) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.verb == "search")).one()
    assert entry.actor_id == unit.accounts["inv"].user_id
    assert json.loads(entry.body)["also"] == [unit.child.ref]
    for part in ("chantha", "sok"):
        assert part not in entry.body.lower()


def test_who_may_not_read_is_answered_as_if_there_were_nobody(app, unit):
    browser = unit.browser(app, "inv2")
    one, other = search(browser, "Chantha"), search(browser, "Nobodys")
    assert one.html.find("main").text.replace("Chantha", "") == other.html.find("main").text.replace("Nobodys", "")


def test_as_many_queries_for_a_name_as_for_none(app, unit):
    browser = unit.browser(app, "inv")
    search(browser, "warm")
    with statements(app.registry["engine"]) as few:
        search(browser, "Nobodys")
    with unit.work("inv") as (db, inv, case):
        for _number in range(5):
            service.add_person(db, inv, case, "victim", CHILD)
    with statements(app.registry["engine"]) as many:
        search(browser, "Chantha")
    assert abs(len(many) - len(few)) <= 1  # the cases' references


def test_an_identifier_is_found_by_its_value_in_any_form(app, unit):
    with unit.work("inv") as (db, inv, case):
        phone = identifiers.add_identifier(db, inv, case, {"type": "phone", "value": "012 000 011"})
    for typed in ("+85512000011", "012-000-011", "០១២០០០០១១"):
        assert found(search(unit.browser(app, "inv"), typed)) == [phone.ref]
    assert found(search(unit.browser(app, "inv"), "01200001")) == []
    assert found(search(unit.browser(app, "inv2"), "012000011")) == []
