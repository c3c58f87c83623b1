import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.reference.calendar import Duration, Holidays
from casework.reference.deadlines import Condition, Rules, due, extended, warnings
from casework.reference.table import BadTable

PHNOM_PENH = ZoneInfo("Asia/Phnom_Penh")


def local(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=PHNOM_PENH)


def test_every_rule_of_the_domain_is_there(rules):
    families = {rule.code.rstrip("abcdefx") for rule in rules}
    assert {f"D-{n:02}" for n in range(1, 27)} <= families


def test_every_word_of_a_rule_is_a_state_or_a_happening(rules, codes):
    for rule in rules:
        for word in (*rule.start, *rule.stop):
            record, _, name = word.partition(":")
            state_list = f"{record}_state"
            is_state = state_list in codes.names() and codes.has(state_list, name)
            assert is_state or codes.has("happenings", word), (rule.code, word)


def test_every_role_and_risk_of_a_rule_is_known(rules, codes):
    for rule in rules:
        assert all(codes.has("roles", role) for role in (*rule.escalate_to, rule.queue_role)), rule.code
        assert all(codes.has("urgency", level) for level in rule.by_risk), rule.code


def test_every_happening_belongs_to_a_rule(rules, codes):
    used = {word for rule in rules for word in (*rule.start, *rule.stop)}
    assert {code.code for code in codes.list("happenings")} <= used


def test_rules_in_no_source_say_so(rules):
    assert rules.get("D-07").confidence == "sourced"
    assert rules.get("D-08a").confidence == "to_confirm"
    assert rules.get("D-08a").kind == "statutory"
    assert rules.get("D-99") is None


def test_triage_in_24_hours_across_midnight(rules):
    start = local("2026-03-05 20:30")
    end = due(rules.get("D-01"), start)
    assert end == local("2026-03-06 20:30")
    assert end.tzinfo is dt.UTC
    assert warnings(rules.get("D-01"), start, end) == [
        local("2026-03-06 08:30"), local("2026-03-06 14:30"), local("2026-03-06 18:06"),
    ]  # fmt: skip


def test_limit_by_risk(rules):
    rule, start = rules.get("D-20a"), local("2026-03-05 20:30")
    assert due(rule, start, risk="high") == local("2026-03-06 20:30")
    assert due(rule, start, risk="medium") == local("2026-03-08 20:30")
    assert due(rule, start, risk="no such level") == due(rule, start) == local("2026-03-12 20:30")


def test_months_end_with_the_month(rules):
    assert due(rules.get("D-15b"), local("2026-01-31 09:00")) == local("2026-02-28 09:00")
    assert due(rules.get("D-13"), local("2026-12-31 00:30")) == local("2027-02-28 00:30")


def test_years_from_a_leap_day(rules):
    assert due(rules.get("D-19b"), local("2024-02-29 00:00")) == local("2029-02-28 00:00")


def test_a_day_is_a_day_of_phnom_penh(rules):
    # 18:00 UTC on the 30th is the 31st in Phnom Penh.
    start = dt.datetime(2026, 1, 30, 18, tzinfo=dt.UTC)
    assert due(rules.get("D-15b"), start) == local("2026-02-28 01:00")


def test_working_days_pass_weekend_and_holiday(rules, etc):
    holidays = Holidays.load(etc / "holidays.csv")
    rule = rules.get("H-03")
    # Friday 30 April 2027, then a weekend; 1 May falls on the Saturday.
    assert due(rule, local("2027-04-30 10:00"), holidays=holidays) == local("2027-05-03 10:00")
    # Wednesday 6 January 2027, then the holiday of the 7th.
    assert due(rule, local("2027-01-06 10:00"), holidays=holidays) == local("2027-01-08 10:00")
    assert due(rule, local("2027-01-06 10:00")) == local("2027-01-07 10:00")


def test_before_a_hearing(rules):
    start = local("2026-03-20 08:00")
    end = due(rules.get("H-04"), start)
    assert end == local("2026-03-06 08:00")
    assert warnings(rules.get("H-04"), start, end) == [end]


def test_at_once_is_due_at_once_and_warns_after(rules):
    rule, start = rules.get("D-10"), local("2026-03-05 20:30")
    end = due(rule, start)
    assert end == start
    assert warnings(rule, start, end) == [start, start + dt.timedelta(hours=1)]


def test_extension(rules):
    end = local("2026-03-05 20:30")
    assert extended(rules.get("D-07"), end) == local("2026-03-06 20:30")
    assert extended(rules.get("D-01"), end) is None


def test_custody_depends_on_age_and_class(rules):
    def started(**facts):
        found = {rule.code for rule in rules.starting("detention:arrived", facts)}
        return found & {"D-07", "D-08a", "D-08b", "D-08c", "D-08d"}

    assert started(age_at_arrest=30, offence_class="felony") == {"D-07"}
    assert started(age_at_arrest=15, offence_class="felony") == {"D-08a"}
    assert started(age_at_arrest=16, offence_class="misdemeanour") == {"D-08d"}
    assert started() == {"D-07", "D-08a", "D-08b", "D-08c", "D-08d"}


def test_starting_and_stopping(rules):
    assert {rule.code for rule in rules.starting("referral:received")} == {"D-01"}
    assert "D-01" in {rule.code for rule in rules.stopping("referral:rejected")}
    assert rules.starting("referral:no_such_event") == []
    assert {r.code for r in rules.starting("prosecution:final_submission_due", {"detained": True})} == {"D-15a"}


@pytest.mark.parametrize(
    ("text", "facts", "fits"),
    [
        ("a=x,y", {"a": "y"}, True),
        ("a=x,y", {"a": "z"}, False),
        ("a=!x", {"a": "x"}, False),
        ("a=!x", {"a": "z"}, True),
        ("a=14..17", {"a": 14}, True),
        ("a=14..17", {"a": 18}, False),
        ("a=..17", {"a": 0}, True),
        ("a=18..", {"a": 17}, False),
        ("a=yes", {"a": True}, True),
        ("a=yes", {"a": False}, False),
        ("a=18..", {}, True),
        ("a=18..", {"a": None}, True),
    ],
)
def test_conditions(text, facts, fits):
    assert Condition.parse(text).fits(facts) is fits


HEAD = (
    "code,title_en,title_km,kind,applies,start,stop,limit,unit,by_risk,warn_at,escalate_to,extendable,extension,"
    "pause_max_hours,queue_role,source,confidence,valid_from\n"
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("X,T,ក,legal,,a:b,a:c,1,hours,,,,none,,,HOT,s,house,\n", ":2: kind"),
        ("X,T,ក,free,,a-b,a:c,1,hours,,,,none,,,HOT,s,house,\n", "start: 'a-b'"),
        ("X,T,ក,free,,a:b,a:c,one,hours,,,,none,,,HOT,s,house,\n", "limit: 'one'"),
        ("X,T,ក,free,,a:b,a:c,1,weeks,,,,none,,,HOT,s,house,\n", "unit: 'weeks'"),
        ("X,T,ក,free,,a:b,a:c,1,hours,high=1w,,,none,,,HOT,s,house,\n", "by_risk"),
        ("X,T,ក,free,,a:b,a:c,1,hours,,half,,none,,,HOT,s,house,\n", "warn_at"),
        ("X,T,ក,free,age,a:b,a:c,1,hours,,,,none,,,HOT,s,house,\n", "applies"),
        ("X,T,ក,free,,a:b,a:c,1,hours,,,,none,24h,,HOT,s,house,\n", "extension"),
        ("X,T,ក,free,,a:b,a:c,1,hours,,,,none,,,HOT,s,surely,\n", "confidence"),
    ],
)
def test_a_wrong_rule_is_named(table, text, says):
    with pytest.raises(BadTable, match=says):
        Rules.load(table(HEAD + text))


def test_holidays_begin_in_their_year(etc):
    holidays = Holidays.load(etc / "holidays.csv")
    assert dt.date(2026, 11, 9) in holidays
    assert dt.date(2004, 10, 29) in holidays
    assert dt.date(2003, 10, 29) not in holidays
    assert dt.date(2026, 11, 10) not in holidays


def test_a_wrong_holiday_is_named(table):
    with pytest.raises(BadTable, match=":2: date"):
        Holidays.load(table("date,name_en,name_km,from_year,comment\n13-45,X,ក,,\n"))


def test_a_start_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        Duration(1, "days").after(dt.datetime(2026, 1, 1))


@given(
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)),
    st.integers(0, 400),
    st.sampled_from(["minutes", "hours", "days", "working_days", "months", "years"]),
)
def test_a_longer_limit_never_ends_earlier(start, number, unit):
    one, more = Duration(number, unit).after(start), Duration(number + 1, unit).after(start)
    assert start <= one <= more
