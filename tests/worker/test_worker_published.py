"""What was published is shown to the curator, once, and again with each reading."""

import pytest
from sqlalchemy import select

from services.common.database import reading
from services.gateway.schemas import PublishedPost
from tests.worker.conftest import OpenBot
from tests.worker.worker_world import Clock, Fault, World, song_post
from worker.bot import Bot
from worker.store import Store
from worker.tables import publicity

HOUR, DAY = 3600, 86_400


async def publish(bot: Bot, world: World) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1", text="my own words")
    await bot.look_at_desk()
    assert len(world.out) == 1


def shown(world: World) -> list[PublishedPost]:
    return [post for posts in world.shown for post in posts]


async def test_a_publication_is_shown_once(bot: Bot, world: World) -> None:
    await publish(bot, world)
    for _ in range(3):
        await bot.look_at_desk()
    (post,) = shown(world)
    assert (post.draft_id, post.title, post.known) == ("x:1:1", "Harbour Lights 1", False)
    assert "my own words" in post.text
    assert post.url == world.outcomes["x:1:1"][-1].url
    assert post.readings == []


async def test_it_is_shown_again_with_each_reading(bot: Bot, world: World, clock: Clock) -> None:
    await publish(bot, world)
    for seconds in (HOUR, DAY):
        clock.pass_by(seconds)
        await bot.run_cycle()
        await bot.look_at_desk()
    first, second, third = shown(world)
    assert [each.known for each in (first, second, third)] == [False, True, True]
    assert [each.hours for each in second.readings] == [1]
    assert [each.hours for each in third.readings] == [1, 24]


@pytest.mark.parametrize("fault", [503, "lost", "dead"])
async def test_it_is_owed_until_the_desk_has_it(
    bot: Bot, world: World, clock: Clock, start: OpenBot, fault: Fault
) -> None:
    world.faults["published"] = [fault]
    await publish(bot, world)
    clock.pass_by(HOUR / 2)
    again = await start()  # what is owed is not in memory
    await again.look_at_desk()
    await again.look_at_desk()
    assert world.met["published"] == [fault]
    assert [each.known for each in shown(world)] == [False] * len(shown(world))
    assert len(shown(world)) == (2 if fault == "lost" else 1)


async def test_what_the_desk_will_never_take_is_not_owed_for_ever(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.faults["published"] = [422]
    await publish(bot, world)
    clock.pass_by(HOUR / 2)
    await bot.look_at_desk()
    assert shown(world) == []
    with reading(store.engine) as connection:
        (row,) = connection.execute(select(publicity)).all()
    assert (row.owed, row.known) == (False, False)
    assert "422" in row.last_error


async def test_one_that_the_desk_will_not_take_keeps_no_other_from_it(
    bot: Bot, world: World, store: Store
) -> None:
    world.faults["published"] = [422, 422]  # both together, then the first of them alone
    world.post(song_post(1), song_post(2))
    await bot.run_cycle()
    for number in (1, 2):
        world.decide(f"x:{number}:1", text=f"my own words, number {number}")
    await bot.look_at_desk()
    assert len(world.out) == 2
    assert [post.draft_id for post in shown(world)] == ["x:2:1"]
    with reading(store.engine) as connection:
        rows = connection.execute(select(publicity).order_by(publicity.c.publication_id)).all()
    assert [(row.owed, row.known) for row in rows] == [(False, False), (False, True)]


async def test_a_reading_that_comes_while_it_is_shown_stays_owed(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await publish(bot, world)
    clock.pass_by(HOUR)
    await bot.run_cycle()
    owed = store.publicity.due(clock.time)
    clock.pass_by(DAY)
    await bot.run_cycle()
    store.publicity.shown(owed)
    (still,) = store.publicity.due(clock.time)
    assert [each.hours for each in still.post.readings] == [1, 24]
