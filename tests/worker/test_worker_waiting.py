"""What the desk is told of a draft that is approved anew and has not left yet: that it waits."""

import pytest

from tests.worker.conftest import Deliver
from tests.worker.outbox import state_of, told
from tests.worker.worker_world import Clock, World
from worker.bot import Bot
from worker.store import Store

UNDO = 20


@pytest.fixture
async def held_up(deliver: Deliver, world: World, clock: Clock) -> Bot:
    """It announced a draft, and the platform was busy."""
    bot = await deliver(undo_seconds=UNDO)
    world.faults["publish"] = [429]
    world.decide("x:1:1")
    await bot.look_at_desk()
    clock.pass_by(UNDO)
    await bot.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled", "waiting"]
    return bot


async def test_what_is_edited_while_it_is_announced_waits(
    deliver: Deliver, world: World, store: Store, clock: Clock
) -> None:
    """Its new words come too late to leave before the quiet hours."""
    bot = await deliver(quiet_hours="12:01-13:00")
    world.decide("x:1:1")

    def edit() -> None:
        world.decide("x:1:1", text="My own words.")
        clock.pass_by(60)

    world.when_called["mark"] = [edit]
    await bot.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled", "waiting"]
    world.decide("x:1:1", "undecided")
    await bot.look_at_desk()
    assert state_of(store) == "cancelled"
    assert told(world, "x:1:1")[-1] == "failed"


async def test_what_is_taken_back_and_approved_again_at_once_waits(
    held_up: Bot, world: World, clock: Clock
) -> None:
    world.decide("x:1:1", "undecided")
    world.decide("x:1:1", text="Milder words.")
    await held_up.look_at_desk()
    assert told(world, "x:1:1") == ["scheduled", "waiting", "waiting"]
    clock.pass_by(UNDO)
    await held_up.look_at_desk()
    assert told(world, "x:1:1")[-2:] == ["scheduled", "published"]


async def test_what_was_told_as_failed_and_is_approved_again_waits(
    held_up: Bot, world: World
) -> None:
    world.decide("x:1:1", "undecided")
    await held_up.look_at_desk()
    assert told(world, "x:1:1")[-1] == "failed"
    world.decide("x:1:1")
    await held_up.look_at_desk()
    assert told(world, "x:1:1")[-1] == "waiting"


async def test_what_nobody_was_told_of_waits_without_a_word(deliver: Deliver, world: World) -> None:
    bot = await deliver(undo_seconds=UNDO)
    world.decide("x:1:1")
    await bot.look_at_desk()
    world.decide("x:1:1", text="My own words.")
    await bot.look_at_desk()
    assert told(world, "x:1:1") == []
