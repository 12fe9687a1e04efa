"""When a draft may leave: laws that hold for every setting, history and moment."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.policy import Hold, Pace, Waiting
from worker.policy.pace import DAY, share
from worker.policy.quiet import QuietHours

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WHY = "the approval can still be undone"

spans = st.integers(0, 3 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
minutes = st.integers(0, 24 * 60 - 1)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])


def quiet_hours(start: int, end: int, zone: str) -> QuietHours | None:
    hours = (f"{minute // 60}:{minute % 60:02}" for minute in (start, end))
    return None if start == end else QuietHours.of("-".join(hours), zone)


paces = st.builds(
    Pace,
    interval=st.integers(0, 7200).map(lambda seconds: timedelta(seconds=seconds)),
    most_a_day=st.integers(1, 5),
    jitter=st.floats(0, 1),
    quiet=st.none() | st.builds(quiet_hours, minutes, minutes, zones),
)
moments = spans.map(lambda span: NOON + span)
waitings = st.builds(Waiting, key=st.text(), since=moments, why=st.just(WHY))
histories = st.lists(moments, max_size=8)


def waiting(key: str = "a", since: datetime = NOON) -> Waiting:
    return Waiting(key, since, WHY)


def pace(seconds: float = 300, most: int = 50, jitter: float = 0, quiet: str = "") -> Pace:
    hours = QuietHours.of(quiet, "UTC") if quiet else None
    return Pace(timedelta(seconds=seconds), most, jitter, hours)


@given(pace=paces, waiting=waitings, left=histories, now=moments)
def test_what_is_held_may_leave_when_it_was_told_to(
    pace: Pace, waiting: Waiting, left: list[datetime], now: datetime
) -> None:
    hold = pace.hold(waiting, left, now)
    if hold is None:
        return
    assert hold.until is not None
    assert hold.until > now
    assert pace.hold(waiting, left, hold.until) is None


@given(pace=paces, waiting=waitings, left=histories, now=moments)
def test_what_may_leave_breaks_no_rule(
    pace: Pace, waiting: Waiting, left: list[datetime], now: datetime
) -> None:
    if pace.hold(waiting, left, now) is not None:
        return
    assert now >= waiting.since
    assert not (pace.quiet and pace.quiet.cover(now))
    assert all(now >= moment + pace.interval for moment in left)
    assert sum(moment > now - DAY for moment in left) < pace.most_a_day


@given(pace=paces, waiting=waitings, left=histories, now=moments)
def test_the_order_of_the_history_does_not_matter(
    pace: Pace, waiting: Waiting, left: list[datetime], now: datetime
) -> None:
    assert pace.hold(waiting, left, now) == pace.hold(waiting, left[::-1], now)


@given(pace=paces, waiting=waitings, left=histories, now=moments, step=spans)
def test_time_that_passes_never_delays_what_was_told(
    pace: Pace, waiting: Waiting, left: list[datetime], now: datetime, step: timedelta
) -> None:
    """Whoever looks later, or again after a restart, comes to the same moment."""
    hold = pace.hold(waiting, left, now)
    if hold is not None and hold.until is not None and now + step < hold.until:
        assert pace.hold(waiting, left, now + step) == hold


@given(
    pace=paces,
    approvals=st.lists(spans, max_size=12),
    looks=st.lists(st.integers(1, 20_000), max_size=60),
)
def test_a_backlog_leaves_at_the_pace(
    pace: Pace, approvals: list[timedelta], looks: list[int]
) -> None:
    queue = [waiting(str(number), NOON + span) for number, span in enumerate(sorted(approvals))]
    left: list[datetime] = []
    now = NOON
    for step in looks:
        now += timedelta(seconds=step)
        while queue and pace.hold(queue[0], left, now) is None:
            left.append(now)
            queue.pop(0)
    for earlier, later in pairwise(left):
        assert later - earlier >= pace.interval
    for moment in left:
        assert sum(moment - DAY < other <= moment for other in left) <= pace.most_a_day
        assert not (pace.quiet and pace.quiet.cover(moment))


@given(
    interval=st.integers(60, 3600),
    steps=st.lists(
        st.tuples(st.integers(1, 900), st.sampled_from([0, 0, 0, 86_400, 3600, -3600])),
        max_size=80,
    ),
)
def test_a_clock_that_jumps_ahead_costs_one_early_post_a_jump(
    interval: int, steps: list[tuple[int, int]]
) -> None:
    rule, left, passed, now = pace(interval, most=1000), list[datetime](), 0, NOON
    for seconds, jump in steps:
        passed += seconds
        now += timedelta(seconds=seconds + jump)
        while rule.hold(waiting(str(len(left))), left, now) is None:
            left.append(now)
    assert len(left) <= 1 + passed / interval + sum(jump > 0 for _, jump in steps)


@given(st.text())
def test_a_publications_share_is_its_own(key: str) -> None:
    assert 0 <= share(key) < 1
    assert share(key) == share(key)


def test_posts_do_not_leave_on_the_beat() -> None:
    rule = pace(300, jitter=0.5)
    holds = [rule.hold(waiting(str(number)), [NOON], NOON) for number in range(50)]
    waits = {hold.until - NOON for hold in holds if hold and hold.until}
    assert len(waits) == 50
    assert min(waits) >= timedelta(seconds=300)
    assert max(waits) < timedelta(seconds=450)
    assert max(waits) - min(waits) > timedelta(seconds=100)


def test_the_first_of_the_morning_does_not_leave_on_the_stroke() -> None:
    rule = pace(300, jitter=1, quiet="22:00-07:00")
    evening = waiting("a", NOON.replace(hour=23))
    morning = NOON.replace(hour=7) + DAY
    hold = rule.hold(evening, [], morning)
    assert hold is not None
    assert hold.until is not None
    assert SECOND < hold.until - morning < timedelta(seconds=300)
    assert hold.why == "quiet hours are 22:00\u201307:00 UTC"
    assert rule.hold(waiting("a", morning + SECOND), [], morning + SECOND) is None


def test_a_short_day_is_not_waited_past() -> None:
    rule = pace(7200, jitter=1, quiet="12:10-12:00")
    hold = rule.hold(waiting("a", NOON - SECOND), [], NOON - SECOND)
    assert hold is not None
    assert hold.until is not None
    assert NOON <= hold.until < NOON + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("rule", "since", "left", "why"),
    [
        (pace(300), NOON + SECOND, [], WHY),
        (pace(300), NOON, [NOON], "WORKER_MIN_INTERVAL keeps 5 minutes between two posts"),
        (pace(300, 1), NOON, [NOON], "WORKER_MOST_A_DAY lets 1 leave in 24 hours"),
        (pace(300, quiet="11:00-13:00"), NOON, [NOON], "quiet hours are 11:00\u201313:00 UTC"),
    ],
)
def test_the_rule_that_holds_longest_is_told(
    rule: Pace, since: datetime, left: list[datetime], why: str
) -> None:
    hold = rule.hold(waiting("a", since), left, NOON)
    assert hold is not None
    assert hold.why == why


def test_none_a_day_is_none_ever() -> None:
    assert pace(most=0).hold(waiting(), [], NOON) == Hold(
        "nothing may leave while WORKER_MOST_A_DAY is 0"
    )
