import datetime as dt
import re

import pytest

from casework.reference.codes import Codes
from casework.reference.table import BadTable

HEAD = "code,en,km,valid_from,valid_to,order\n"
KHMER = re.compile("[\u1780-\u17ff]")
# Names of products and organisations, which Khmer leaves in Latin letters.
LATIN_LISTS = {"platforms", "external_system", "hash_algorithm"}
LATIN_CODES = {("sources", "ncmec"), ("sources", "inhope_iccam")}


def test_every_label_is_in_both_languages(codes):
    for name in codes.names():
        assert codes.list(name), name
        for code in codes.list(name):
            assert code.en
            assert not KHMER.search(code.en), (name, code.code)
            if name not in LATIN_LISTS and (name, code.code) not in LATIN_CODES:
                assert KHMER.search(code.km), (name, code.code)


def test_every_code_is_plain(codes):
    for name in codes.names():
        for code in codes.list(name):
            assert re.fullmatch(r"[A-Za-z0-9_:-]+", code.code), (name, code.code)
            assert len(code.code) <= 60


def test_labels_are_told_apart(codes):
    for name in set(codes.names()) - {"events", "service_subtypes"}:
        for locale in ("en", "km"):
            labels = [code.label(locale) for code in codes.list(name)]
            assert len(set(labels)) == len(labels), (name, locale)


def test_lists_of_the_domain_are_complete(codes):
    assert len(codes.list("countries")) == 249
    assert codes.list("countries")[0].code == "KH"
    assert len(codes.list("conduct")) == 21
    assert len(codes.list("assessment_domains")) == 11
    assert [code.code for code in codes.list("roles")][:13] == (
        ["HOT", "INV", "PSU", "FOR", "CUS", "PRO", "CLK", "SW", "SWS", "PRV", "OVS", "AUD", "ADM"]
    )
    assert len(codes.list("prosecution_state")) == 23
    assert len(codes.list("case_outcome")) == 14


def test_every_subtype_has_its_service(codes):
    for code in codes.list("service_subtypes"):
        assert codes.has("services", code.parent), code.code


def test_label_of_an_unknown_code_is_the_code(codes):
    assert codes.label("sex", "female", "km") == "ស្រី"
    assert codes.label("sex", "female", "en") == "Female"
    assert codes.label("sex", "gone", "km") == "gone"
    assert codes.label("no_such_list", "gone", "km") == "gone"


def test_a_list_that_does_not_exist_is_a_mistake(codes):
    with pytest.raises(KeyError):
        codes.list("no_such_list")
    with pytest.raises(KeyError):
        codes.has("no_such_list", "x")


def test_codes_come_and_go_by_date(table):
    table(HEAD + "old,Old,ចាស់,,2020-12-31,20\nnew,New,ថ្មី,2021-01-01,,10\n", "kinds.csv")
    codes = Codes.load(table("", "x").parent)
    assert [code.code for code in codes.list("kinds")] == ["new", "old"]
    assert [code.code for code in codes.active("kinds", dt.date(2020, 12, 31))] == ["old"]
    assert codes.choices("kinds", "km", dt.date(2021, 1, 1)) == [("new", "ថ្មី")]
    assert codes.has("kinds", "old")
    assert not codes.may_choose("kinds", "old")
    assert codes.may_choose("kinds", "new")
    assert not codes.may_choose("kinds", "other")
    assert not codes.has("kinds", ["old"])


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (HEAD + "a,A,ក,,,10\na,B,ខ,,,20\n", 3, "second time"),
        (HEAD + "a,A,,,,10\n", 2, "km is empty"),
        (HEAD + "a,A,ក,01/02/2020,,10\n", 2, "valid_from"),
        (HEAD + "a,A,ក,,,first\n", 2, "order"),
        (HEAD + "a,A,ក\n", 2, "3 cells, 6 columns"),
        ("code,label\na,A\n", 1, "the columns must be"),
        (HEAD + 'a,"A\n', 2, "unexpected end"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(table, text, line, says):
    path = table(text, "kinds.csv")
    with pytest.raises(BadTable) as caught:
        Codes.load(path.parent)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


def test_an_empty_folder_is_a_mistake(tmp_path):
    with pytest.raises(BadTable):
        Codes.load(tmp_path)
