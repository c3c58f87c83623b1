import datetime as dt

import colander
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dates import (
    Date,
    LocalDateTime,
    PartialDate,
    ages_on,
    first_day,
    last_day,
    not_in_future,
    precision,
    today,
)

DAY = colander.SchemaNode(Date())
PARTIAL = colander.SchemaNode(PartialDate())
MOMENT = colander.SchemaNode(LocalDateTime())


@pytest.mark.parametrize(
    "text",
    [
        "27/03/2025", "27-3-2025", "27.03.2025", "2025-03-27", " ២៧/០៣/២០២៥ ", "２７/０３/２０２５",
        {"day": "២៧", "month": "3", "year": "2025"}, dt.date(2025, 3, 27),
    ],
)  # fmt: skip
def test_a_day_as_people_write_it(text):
    assert DAY.deserialize(text) == dt.date(2025, 3, 27)


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2025", "29/02/2025", "2025-13-01", "27/03/25", "March 2025", "2025", "2025-03", "0001-01-01",
        {"day": "1", "month": "", "year": "2025"}, {"day": "x", "month": "1", "year": "2025"}, {"day": 1},
        20250327, ["27/03/2025"], dt.datetime(2025, 3, 27), "٢٧/٠٣/٢٠٢٥",
    ],
)  # fmt: skip
def test_what_is_no_day(text):
    with pytest.raises(colander.Invalid):
        DAY.deserialize(text)


@pytest.mark.parametrize("empty", ["", "  ", {}, {"day": "", "month": " ", "year": ""}, None])
def test_an_empty_day_is_missing(empty):
    assert colander.SchemaNode(Date(), missing=None).deserialize(empty) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2012", "2012"), ("២០១២", "2012"), ("3/2012", "2012-03"), ("2012-03", "2012-03"),
        ("5/3/2012", "2012-03-05"), ({"day": "", "month": "", "year": "2012"}, "2012"),
        ({"day": "", "month": "៣", "year": "2012"}, "2012-03"),
    ],
)  # fmt: skip
def test_a_partial_date_keeps_what_is_known(text, kept):
    assert PARTIAL.deserialize(text) == kept
    assert PARTIAL.deserialize(kept) == kept


@pytest.mark.parametrize("text", ["12", "13/2012", {"day": "5", "month": "", "year": "2012"}, "31/02/2012", "0012"])
def test_what_is_no_partial_date(text):
    with pytest.raises(colander.Invalid):
        PARTIAL.deserialize(text)


def test_what_a_partial_date_can_mean():
    assert [precision(text) for text in ("2012", "2012-02", "2012-02-03")] == ["year", "month", "exact"]
    assert (first_day("2012"), last_day("2012")) == (dt.date(2012, 1, 1), dt.date(2012, 12, 31))
    assert (first_day("2012-02"), last_day("2012-02")) == (dt.date(2012, 2, 1), dt.date(2012, 2, 29))
    assert last_day("2012-12") == dt.date(2012, 12, 31)
    assert first_day("2012-02-03") == last_day("2012-02-03")


def test_ages():
    assert ages_on("2012-03-05", dt.date(2026, 3, 4)) == (13, 13)
    assert ages_on("2012-03-05", dt.date(2026, 3, 5)) == (14, 14)
    assert ages_on("2012", dt.date(2026, 6, 1)) == (13, 14)
    assert ages_on("2012-02-29", dt.date(2026, 2, 28)) == (13, 13)


@pytest.mark.parametrize(
    "text",
    [
        "27/03/2025 14:05", "2025-03-27T14:05", "2025-03-27T07:05:00+00:00", "២៧/០៣/២០២៥ ១៤:០៥",
        {"day": "27", "month": "3", "year": "2025", "time": "14:05"},
        dt.datetime(2025, 3, 27, 7, 5, tzinfo=dt.UTC), dt.datetime(2025, 3, 27, 14, 5),
    ],
)  # fmt: skip
def test_a_moment_is_read_in_phnom_penh_and_kept_in_utc(text):
    moment = MOMENT.deserialize(text)
    assert moment == dt.datetime(2025, 3, 27, 7, 5, tzinfo=dt.UTC)
    assert moment.tzinfo is dt.UTC


@pytest.mark.parametrize(
    "text", ["27/03/2025", "27/03/2025 25:00", "14:05", "2025-03-27Tnoon", 1743033600, {"time": "14:05"}, "T", [1]]
)
def test_what_is_no_moment(text):
    with pytest.raises(colander.Invalid):
        MOMENT.deserialize(text)


def test_the_future_begins_tomorrow_or_in_five_minutes():
    now = dt.datetime.now(dt.UTC)
    for past in (today(), now, now + dt.timedelta(minutes=4), str(today().year)):
        not_in_future(DAY, past)
    for future in (today() + dt.timedelta(days=1), now + dt.timedelta(minutes=6), str(today().year + 1)):
        with pytest.raises(colander.Invalid):
            not_in_future(DAY, future)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)))
def test_every_day_comes_back(day):
    assert DAY.deserialize(DAY.serialize(day)) == day
    assert DAY.deserialize(f"{day:%d/%m/%Y}") == day
