import datetime as dt

import pytest

from casework.reference.offences import Offences
from casework.reference.table import BadTable

HEAD = "code,law,article,title_en,title_km,class,valid_from,valid_to,conduct,victim_age_below,confirmed\n"
DAY = dt.date(2024, 6, 1)


@pytest.fixture(scope="module")
def offences(etc):
    return Offences.load(etc / "offences.csv")


def test_conduct_of_the_register_is_conduct_of_the_list(offences, codes):
    for row in offences:
        assert all(codes.has("conduct", conduct) for conduct in row.conduct), row.code


def test_offences_for_a_conduct(offences):
    assert {row.code for row in offences.for_conduct("csam_production", DAY)} == {"tshtse.41.3"}
    assert offences.for_conduct("grooming", DAY) == []
    assert offences.for_conduct("csam_production", dt.date(2007, 1, 1)) == []


def test_an_age_limit_counts_when_the_age_is_known(offences):
    def found(age):
        return {row.code for row in offences.for_conduct("contact_abuse_online_link", DAY, victim_age=age)}

    assert "tshtse.42" in found(14)
    assert "tshtse.42" not in found(15)
    assert "tshtse.42" in found(None)


def test_search_by_article_or_word(offences):
    assert {row.code for row in offences.search("art. 41")} == {"tshtse.41.1", "tshtse.41.2", "tshtse.41.3"}
    assert [row.code for row in offences.search("41 (2)")] == ["tshtse.41.2"]
    assert [row.code for row in offences.search("340")] == ["cc.335"]
    assert [row.code for row in offences.search("extortion")] == ["cc.363"]
    assert offences.search("ជំរិត")
    assert offences.search("extortion", dt.date(2009, 1, 1)) == []
    assert offences.search("") == []


def test_a_new_version_replaces_the_old_one(table):
    path = table(
        HEAD
        + "x.1,Law,1,Old title,ចាស់,misdemeanour,2010-01-01,2026-06-30,grooming,,no\n"
        + "x.1,Law,1,New title,ថ្មី,felony,2026-07-01,,grooming,18,yes\n"
    )
    offences = Offences.load(path)
    assert offences.get("x.1", dt.date(2026, 6, 30)).offence_class == "misdemeanour"
    assert offences.get("x.1", dt.date(2026, 7, 1)).offence_class == "felony"
    assert offences.get("x.1", dt.date(2009, 7, 1)) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x,L,1,T,ក,crime,2010-01-01,,other,,no\n", r":2: class: 'crime' is not one of"),
        ("x,L,1,T,ក,felony,2010-01-01,2009-01-01,other,,no\n", "lies before"),
        ("x,L,1,T,ក,felony,2010-01-01,,other,,no\nx,L,1,T,ក,felony,2012-01-01,,other,,no\n", ":3: two versions"),
        ("x,L,1,T,ក,felony,,,other,,no\n", "valid_from is empty"),
    ],
)
def test_a_wrong_offence_is_named(table, text, says):
    with pytest.raises(BadTable, match=says):
        Offences.load(table(HEAD + text))
