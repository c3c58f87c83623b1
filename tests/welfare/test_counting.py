"""Days, weeks, breaks, thresholds: on entries alone, with the limits of the file."""

import datetime as dt

import pytest

from casework.reference.table import BadTable
from casework.settings import ROOT
from casework.web.i18n import ZONE
from casework.welfare.banner import messages
from casework.welfare.counting import Entry, Meter, by_band, crossed, meter, minutes_between, monday
from casework.welfare.figures import Share
from casework.welfare.limits import Limits

FILE = ROOT / "etc" / "exposure.csv"
LIMITS = Limits.load(FILE)
MONDAY = dt.date(2026, 3, 2)


def at(hour, minute=0, day=MONDAY):
    return dt.datetime.combine(day, dt.time(hour, minute), ZONE)


def entry(minutes, day=0, band="few", began=None):
    ended = began + dt.timedelta(minutes=minutes) if began else None
    return Entry(MONDAY + dt.timedelta(days=day), minutes, band, began, ended)


@pytest.mark.parametrize(("entries", "reached"), [
    ([], None),
    ([entry(119)], None),
    ([entry(60), entry(60)], "day_warning"),
    ([entry(60), entry(60, day=1)], None),
    ([entry(239)], "day_warning"),
    ([entry(120), entry(120)], "day_stop"),
    ([entry(100, day=day) for day in range(7)], None),
    ([entry(103, day=day) for day in range(7)], "week_stop"),
    ([entry(239, day=day) for day in range(3)], "day_warning"),
    ([entry(240, day=day) for day in range(3)], "week_stop"),
])
def test_thresholds(entries, reached):
    assert crossed(entries, LIMITS) == reached


def test_an_hour_without_a_break_shows_and_ten_minutes_end_it():
    first, second = entry(30, began=at(9)), entry(31, began=at(9, 35))
    assert meter([first, second], at(10, 6), LIMITS).unbroken == 61
    assert meter([first, second], at(10, 16), LIMITS).unbroken == 0
    late = entry(31, began=at(9, 40))
    assert meter([first, late], at(10, 11), LIMITS).unbroken == 31
    assert meter([entry(90)], at(10), LIMITS).unbroken == 0  # when it was is not known


def test_today_is_not_the_week():
    found = meter([entry(30), entry(40, day=1)], at(12, day=MONDAY + dt.timedelta(days=1)), LIMITS)
    assert (found.today, found.week) == (40, 70)


@pytest.mark.parametrize(("hour", "shows"), [(15, False), (16, True), (17, False)])
def test_the_last_hour_of_the_shift_shows_while_the_clock_runs(hour, shows):
    running = Entry(MONDAY, 5, "few", at(14), None, running=True)
    assert meter([running], at(hour, 30), LIMITS).shift_ends is shows
    assert meter([entry(5, began=at(14))], at(hour, 30), LIMITS).shift_ends is False


@pytest.mark.parametrize(("found", "words"), [
    (Meter(today=119), []), (Meter(today=120), ["Plan other work"]), (Meter(today=240), ["rest of the day"]),
    (Meter(today=240, week=720), ["until Monday"]), (Meter(unbroken=60), ["Take a break"]),
    (Meter(today=120, unbroken=60), ["Plan other work", "Take a break"]),
])
def test_the_words(found, words):
    said = messages(found, LIMITS)
    assert len(said) == len(words)
    assert all(word in one for word, one in zip(words, said, strict=True))


def test_small_things():
    assert by_band([entry(5), entry(6), entry(7, band="tens")]) == {"few": 11, "tens": 7}
    assert minutes_between(at(9), at(9)) == 1
    assert minutes_between(at(9), at(9, 1) + dt.timedelta(seconds=1)) == 2
    assert monday(dt.date(2026, 3, 8)) == MONDAY


@pytest.mark.parametrize(("part", "whole", "percent"), [
    (0, 4, None), (0, 5, 0), (3, 20, None), (5, 20, 25), (18, 20, None), (20, 20, 100), (0, 0, None),
])
def test_small_numbers_stay_hidden(part, whole, percent):
    assert Share(part, whole).percent == percent


@pytest.mark.parametrize(("old", "new"), [
    ("day_stop,240", "day_stop,0"), ("day_stop,240,minutes", "day_stop,240,hours"), ("week_stop,720,minutes,yes\n", ""),
    ("break_after", "brake_after"), ("17:00", "5 pm"), ("break_length,10,minutes,", "break_length,10,minutes,yes"),
])
def test_a_wrong_file_stops_the_start(tmp_path, old, new):
    path = tmp_path / "exposure.csv"
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadTable, match=r"exposure\.csv"):
        Limits.load(path)
