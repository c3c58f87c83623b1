"""Ages and bands from a date of birth and its precision."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as some

from casework.people.ages import BANDS, Ages, Band, ages_at, band_of, minor

DAYS = some.dates(dt.date(1930, 1, 1), dt.date(2100, 12, 31))
PRECISIONS = some.sampled_from(["exact", "month", "year", "estimated"])


def written(born: dt.date, precision: str) -> str:
    """The date of birth as far as it is known."""
    return born.isoformat()[: {"exact": 10, "month": 7, "year": 4, "estimated": 10}[precision]]


def age(born: dt.date, day: dt.date) -> int:
    """Birthdays that have come by a day, counted one by one."""
    return sum((y, born.month, born.day) <= (day.year, day.month, day.day) for y in range(born.year + 1, day.year + 1))


@given(born=DAYS, day=DAYS, precision=PRECISIONS)
def test_the_true_age_is_always_among_the_possible_ones(born, day, precision):
    if day < born:
        return
    found = ages_at(written(born, precision), precision, day)
    assert found.youngest <= age(born, day) <= found.oldest
    assert found.oldest - found.youngest <= (0 if precision == "exact" else 1)


@given(born=DAYS, day=DAYS, precision=PRECISIONS, bands=some.sampled_from(sorted(BANDS)))
def test_a_band_is_named_only_when_it_is_certain(born, day, precision, bands):
    if day < born:
        return
    found = ages_at(written(born, precision), precision, day)
    band = band_of(found, bands)
    assert band is None or band.holds(age(born, day))
    if precision == "exact":
        assert band is not None


@given(born=DAYS, day=DAYS, precision=PRECISIONS)
def test_nobody_who_may_be_a_child_counts_as_grown_up(born, day, precision):
    if day < born:
        return
    if age(born, day) < 18:
        assert minor(ages_at(written(born, precision), precision, day)) is True
    elif precision == "exact":
        assert minor(ages_at(written(born, precision), precision, day)) is False


@pytest.mark.parametrize("bands", sorted(BANDS))
def test_the_bands_of_a_set_leave_no_age_out_and_none_in_two(bands):
    for years in range(120):
        assert sum(band.holds(years) for band in BANDS[bands]) == 1


def test_the_limits_of_the_law_and_of_the_hotlines():
    def at(years):
        return Ages(years, years)

    assert [band_of(at(years), "law").text for years in (13, 14, 15, 17, 18)] == ["0–13", "14", "15–17", "15–17", "18+"]
    assert [band_of(at(years), "inhope").text for years in (2, 3, 13, 14)] == ["0–2", "3–13", "3–13", "14–17"]
    assert [band_of(at(years), "primero").text for years in (5, 6, 11, 12)] == ["0–5", "6–11", "6–11", "12–17"]


@pytest.mark.parametrize(("dob", "precision", "day"), [
    (None, "unknown", dt.date(2026, 1, 1)), ("2012", "unknown", dt.date(2026, 1, 1)), ("2012", "year", None),
    ("2012-05-09", "exact", dt.date(2012, 5, 8)),
])
def test_without_birth_or_day_there_is_no_age(dob, precision, day):
    found = ages_at(dob, precision, day)
    assert found is None
    assert minor(found) is None
    assert band_of(found, "law") is None


def test_words():
    assert Ages(13, 14).text == "13–14"
    assert Ages(14, 14).text == "14"
    assert Band(18, None).text == "18+"
