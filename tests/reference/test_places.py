import datetime as dt

import pytest

from casework.reference.agencies import Agencies
from casework.reference.gazetteer import Gazetteer
from casework.reference.table import BadTable

AGENCY = "code,name_en,name_km,abbreviation,type,parent,jurisdiction,valid_from,valid_to,successor\n"


@pytest.fixture(scope="module")
def gazetteer(etc):
    return Gazetteer.load(etc)


@pytest.fixture(scope="module")
def agencies(etc):
    return Agencies.load(etc / "agencies.csv")


def test_all_places_are_there(gazetteer):
    assert len(gazetteer.provinces()) == 25
    assert len(gazetteer.districts()) == 210
    assert sum(len(gazetteer.children(d.code)) for d in gazetteer.districts()) == 1661
    assert gazetteer.get("19").en == "Stung Treng"
    assert gazetteer.get("22").en == "Oddar Meanchey"


def test_codes_stay_text(gazetteer):
    assert gazetteer.has("0102")
    assert not gazetteer.has("102")
    assert not gazetteer.has(102)
    assert not gazetteer.has(None)


def test_names_and_paths(gazetteer):
    assert gazetteer.name("12", "km") == "ភ្នំពេញ"
    assert gazetteer.path("1202", "en") == "Doun Penh, Phnom Penh"
    assert gazetteer.name("99", "en") == "99"
    assert gazetteer.path(None, "en") == ""


def test_urban_is_told_by_khan_and_krong(gazetteer):
    assert gazetteer.urban("1202") is True
    assert gazetteer.urban("171001") is True
    assert gazetteer.urban("1701") is False
    assert gazetteer.urban("12") is None
    assert gazetteer.urban(None) is None


def test_search_in_either_script(gazetteer):
    assert gazetteer.search("battambang")[0].code == "02"
    assert gazetteer.search("កណ្ដាល")[0].code == "08"
    assert gazetteer.search("  ") == []
    assert gazetteer.search("nowhere at all") == []


def test_a_place_without_parent_is_named_with_its_line(etc, tmp_path):
    for name in ("provinces.csv", "communes.csv"):
        (tmp_path / name).write_text((etc / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "districts.csv").write_text("code,en,km,kind\n9901,Nowhere,គ្មាន,srok\n", encoding="utf-8")
    with pytest.raises(BadTable, match=r"districts\.csv:2: '9901' lies in '99'"):
        Gazetteer.load(tmp_path)


def test_agencies(agencies, codes, gazetteer):
    assert agencies.get("ahtjpd").valid_from == dt.date(2002, 1, 1)
    assert agencies.get("accu").successor == "accd"
    for row in agencies:
        assert all(codes.has("agency_types", kind) for kind in row.types), row.code
        assert row.jurisdiction in ("national", "abroad") or gazetteer.has(row.jurisdiction), row.code
    for family in ("ahtjpd", "pros", "court", "dosvy"):
        assert agencies.get(f"{family}.01").jurisdiction == "01"
        assert agencies.get(f"{family}.25").name("km").endswith("ត្បូងឃ្មុំ")
    assert agencies.get("nobody") is None


def test_agencies_of_a_type_exist_on_the_day(agencies):
    police = {row.code for row in agencies.of_type("police", dt.date(2020, 1, 1))}
    assert "accd" in police
    assert "accu" not in police
    assert "accu" in {row.code for row in agencies.of_type("police")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,A,ក,,police,b,national,,,\n", "parent 'b' must stand above"),
        ("a,A,ក,,police,,national,,,z\n", "successor 'z' is not listed"),
        ("a,A,ក,,,,national,,,\n", "type is empty"),
        ("a,A,ក,,police,,national,,,\na,A,ក,,police,,national,,,\n", "second time"),
    ],
)
def test_a_wrong_agency_is_named(table, text, says):
    with pytest.raises(BadTable, match=says):
        Agencies.load(table(AGENCY + text))
