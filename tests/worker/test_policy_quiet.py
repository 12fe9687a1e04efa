"""Quiet hours, by the clocks of many places and on the days when those are changed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.policy.quiet import QuietHours

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001 - below
    lambda moment: moment.replace(tzinfo=UTC)
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc] # hours and minutes only


@pytest.mark.parametrize(
    ("span", "hour", "covered"),
    [
        ("22:00-07:30", 21, False),
        ("22:00-07:30", 22, True),
        ("22:00-07:30", 3, True),
        ("22:00-07:30", 8, False),
        ("12:00\u201313:00", 12, True),
        ("12:00 - 13:00", 13, False),
    ],
)
def test_hours_may_go_over_midnight(span: str, hour: int, covered: bool) -> None:
    assert QuietHours.of(span, "UTC").cover(utc(2026, 5, 1, hour, 0)) is covered


def test_the_clock_of_the_place_counts() -> None:
    quiet = QuietHours.of("22:00-07:00", "Europe/Berlin")
    assert not quiet.cover(utc(2026, 1, 15, 20, 59))
    assert quiet.cover(utc(2026, 1, 15, 21, 0))
    assert quiet.cover(utc(2026, 7, 15, 20, 0))
    assert quiet.opened(utc(2026, 7, 15, 20, 0)) == utc(2026, 7, 16, 5, 0)
    assert quiet.opened(utc(2026, 7, 16, 12, 0)) == utc(2026, 7, 16, 5, 0)


@pytest.mark.parametrize("span", ["22-7", "22:00", "24:00-07:00", "22:60-07:00", "always", "-"])
def test_what_are_no_hours_is_told(span: str) -> None:
    with pytest.raises(ValueError, match="two times such as 22:00-07:30 are needed"):
        QuietHours.of(span, "UTC")


def test_hours_without_an_end_are_told() -> None:
    with pytest.raises(ValueError, match="WORKER_PUBLISH=false"):
        QuietHours.of("07:00-7:00", "UTC")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc", "22:00"])
def test_what_is_no_zone_is_told(zone: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        QuietHours.of("22:00-07:00", zone)


@given(start=minutes, end=minutes, zone=st.sampled_from(ZONES), moment=moments)
@example("22:00", "02:30", "Europe/Berlin", utc(2026, 3, 29, 0, 50))  # the end is left out
@example("22:00", "02:30", "Europe/Berlin", utc(2026, 10, 25, 0, 10))  # and comes twice
@example("22:00", "02:30", "Europe/Berlin", utc(2026, 10, 25, 1, 10))
@example("02:15", "02:45", "Europe/Berlin", utc(2026, 3, 29, 1, 10))
@example("01:30", "02:30", "Europe/Berlin", utc(2026, 3, 29, 0, 45))  # ends as it is 03:00 at once
def test_quiet_ends_within_a_day_and_an_hour_and_not_in_quiet(
    start: str, end: str, zone: str, moment: datetime
) -> None:
    if start == end:
        return
    quiet = QuietHours.of(f"{start}-{end}", zone)
    opened = quiet.opened(moment)
    assert not quiet.cover(opened)
    assert abs(opened - moment) <= timedelta(hours=25)
    assert (opened > moment) is quiet.cover(moment)
    assert quiet.cover(opened - timedelta(microseconds=1))
