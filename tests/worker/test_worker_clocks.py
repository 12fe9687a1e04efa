"""Publishing by clocks that are set back, or that others have."""

from datetime import timedelta

import pytest

from services.gateway.schemas import Outcome
from tests.worker.conftest import Deliver, OpenBot
from tests.worker.worker_world import START, Clock, World, song_post
from worker.wall_clock import WallClock

HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that only goes forward: the test's, without its jumps."""
    steady = Clock()

    def monotonic() -> float:
        return (steady() - START).total_seconds()

    monkeypatch.setattr("worker.wall_clock.monotonic", monotonic)
    return steady


async def test_a_clock_set_back_does_not_stop_publishing(
    deliver: Deliver, world: World, clock: Clock, steady: Clock
) -> None:
    bot = await deliver(3, min_interval=300)
    clock.pass_by(30 * DAY)  # a wrong clock
    for number in (1, 2, 3):
        world.decide(f"x:{number}:1")
    await bot.look_at_desk()
    assert len(world.out) == 1
    clock.pass_by(100)
    steady.pass_by(100)
    clock.pass_by(-30 * DAY)
    await bot.look_at_desk()
    assert len(world.out) == 1
    clock.pass_by(199)
    steady.pass_by(199)
    await bot.look_at_desk()
    assert len(world.out) == 1
    clock.pass_by(1)
    steady.pass_by(1)
    await bot.look_at_desk()
    assert len(world.out) == 2


async def test_the_time_to_undo_outlives_a_clock_set_back(
    deliver: Deliver, world: World, clock: Clock, steady: Clock
) -> None:
    bot = await deliver(undo_seconds=60)
    world.decide("x:1:1")
    await bot.look_at_desk()
    clock.pass_by(-5 * HOUR)
    await bot.look_at_desk()
    for seconds in (59, 1):
        assert world.out == []
        clock.pass_by(seconds)
        steady.pass_by(seconds)
        await bot.look_at_desk()
    assert len(world.out) == 1


async def test_a_worker_that_begins_after_the_clock_was_set_back_publishes_too(
    deliver: Deliver, start: OpenBot, world: World, clock: Clock
) -> None:
    bot = await deliver(min_interval=300)
    clock.pass_by(400 * DAY)
    world.decide("x:1:1")
    world.decide("x:2:1")
    await bot.look_at_desk()
    assert len(world.out) == 1
    clock.pass_by(-400 * DAY)
    bot = await start(min_interval=300)
    await bot.look_at_desk()
    assert len(world.out) == 1
    clock.pass_by(HOUR)
    await bot.look_at_desk()
    assert len(world.out) == 2


async def test_another_workers_clock_is_not_taken_for_a_wrong_one(
    deliver: Deliver, start: OpenBot, world: World, clock: Clock
) -> None:
    """Theirs is an hour ahead: were that mended, both would publish at every look."""
    bot = await deliver(5, min_interval=300, name="ahead")
    for number in range(1, 6):
        world.decide(f"x:{number}:1")
    clock.pass_by(HOUR)
    await bot.look_at_desk()
    other = await start(min_interval=300, name="behind")
    for _ in range(5):
        clock.pass_by(-HOUR)
        await other.look_at_desk()
        clock.pass_by(HOUR)
        await bot.look_at_desk()
        clock.pass_by(10)
    assert len(world.out) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seconds", [2 * DAY, -2 * DAY])
async def test_lanes_do_not_go_on_taking_each_others_posts_when_the_clock_jumps(
    start: OpenBot, world: World, clock: Clock, seconds: int
) -> None:
    bot = await start(concurrency=2)
    world.post(*(song_post(number) for number in range(12)))
    world.when_called["generate"] = [lambda: clock.pass_by(seconds)]
    await bot.run_cycle()
    await bot.run_cycle()
    # Those that were claimed before it jumped ahead are anybody's, and written once more at most.
    assert 12 <= sum(map(len, world.seeds.values())) < 24
    assert len(world.drafts) == 36


async def test_what_the_desk_is_owed_does_not_wait_for_a_wrong_clock(
    deliver: Deliver, world: World, clock: Clock
) -> None:
    bot = await deliver()
    clock.pass_by(30 * DAY)  # a wrong clock

    def refuse_the_next(_: str, outcome: Outcome) -> None:
        if outcome.state == "scheduled":
            world.faults["mark"].append(503)

    world.when_marked.append(refuse_the_next)
    world.decide("x:1:1")
    await bot.look_at_desk()
    assert [each.state for each in world.outcomes["x:1:1"]] == ["scheduled"]
    clock.pass_by(-30 * DAY)
    await bot.look_at_desk()
    assert [each.state for each in world.outcomes["x:1:1"]] == ["scheduled", "published"]


def test_a_clock_that_is_nudged_was_not_set_back(clock: Clock, steady: Clock) -> None:
    watched = WallClock()
    assert watched.set_back(clock()) is None
    clock.pass_by(-4)
    assert watched.set_back(clock()) is None
    clock.pass_by(HOUR)
    assert watched.set_back(clock()) is None
    clock.pass_by(-HOUR)
    steady.pass_by(60)
    assert watched.set_back(clock()) == timedelta(seconds=HOUR + 60)
