"""What people ask of the worker on /status: done once, whatever happens in between."""

from datetime import timedelta
from typing import Literal

import pytest
from sqlalchemy import func, select, update

from services.common.database import reading, writing
from services.gateway.schemas import Command
from tests.worker.conftest import OpenBot
from tests.worker.worker_world import START, Clock, World, song_post
from worker.bot import Bot
from worker.settings import WorkerSettings
from worker.states import PostState
from worker.store import Store
from worker.store.parked import MOST_SHOWN, MOST_WORDS
from worker.store.timeline import post_row
from worker.tables import post

SOON = START + timedelta(hours=1)


def states(store: Store) -> dict[str, str]:
    with reading(store.engine) as connection:
        return {row.item_id: row.state for row in connection.execute(select(post))}


async def parked(bot: Bot, world: World, clock: Clock, *numbers: int) -> None:
    """These posts have failed too often; the catalogue is well again."""
    titles = {number: f"Poison {number}" for number in numbers}
    world.post(*(song_post(number, title) for number, title in titles.items()))
    world.poison_titles.update(titles.values())
    for _ in range(bot.settings.most_faults):
        await bot.run_cycle()
        clock.pass_by(3600)
    world.poison_titles.clear()


async def test_the_heartbeat_tells_of_parked_posts(bot: Bot, world: World, clock: Clock) -> None:
    await parked(bot, world, clock, 1)
    (told,) = world.heartbeats[-1].parked
    assert (told.item_id, told.step) == ("x:1", "song")
    assert "the catalogue chokes" in told.error


async def test_a_retry_gives_one_post_another_try(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await parked(bot, world, clock, 1, 2)
    world.ask("retry", "x:2")
    await bot.look_at_desk()
    assert states(store) == {"x:1": "parked", "x:2": "song"}
    assert [each.item_id for each in world.heartbeats[-1].parked] == ["x:1"]
    await bot.run_cycle()
    assert states(store) == {"x:1": "parked", "x:2": "delivered"}


async def test_a_retry_of_all_gives_every_post_another_try(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await parked(bot, world, clock, 1, 2)
    world.ask("retry")
    await bot.look_at_desk()
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered", "x:2": "delivered"}


async def test_a_retry_of_what_is_not_parked_is_done_and_does_nothing(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(song_post(1))
    world.ask("retry", "x:1")
    world.ask("retry", "x:nowhere")
    await bot.run_cycle()
    assert states(store) == {"x:1": "delivered"}
    assert world.heartbeats[-1].obeyed == 2


async def test_nothing_leaves_while_publishing_is_paused(
    bot: Bot, world: World, clock: Clock
) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    world.ask("pause")
    await bot.look_at_desk()
    world.decide("x:1:1")
    await bot.look_at_desk()
    assert world.out == []
    assert world.heartbeats[-1].paused
    world.ask("resume")
    await bot.look_at_desk()
    assert not world.heartbeats[-1].paused
    clock.pass_by(60)
    await bot.look_at_desk()
    assert len(world.out) == 1


async def test_what_may_have_left_is_not_sent_again_while_publishing_is_paused(
    bot: Bot, world: World, clock: Clock
) -> None:
    world.post(song_post(1))
    await bot.run_cycle()
    world.decide("x:1:1")
    world.faults["publish"] = [503]
    world.ask("pause")
    await bot.look_at_desk()
    before = world.calls["publish"]
    clock.pass_by(3600)
    await bot.look_at_desk()
    assert world.calls["publish"] == before == 1


async def test_a_pause_outlives_the_worker(
    start: OpenBot, world: World, settings: WorkerSettings
) -> None:
    world.ask("pause")
    await (await start()).look_at_desk()
    again = await start(name="another")
    await again.look_at_desk()
    assert world.heartbeats[-1].paused
    assert world.heartbeats[-1].worker != settings.name


async def test_a_lost_answer_repeats_nothing(bot: Bot, world: World) -> None:
    world.ask("pause")
    world.faults["heartbeat"] = ["lost"]
    await bot.look_at_desk()
    world.ask("resume")
    await bot.look_at_desk()
    assert not world.heartbeats[-1].paused
    assert world.heartbeats[-1].obeyed == 2


def test_an_answer_that_comes_late_takes_nothing_back(store: Store) -> None:
    kinds: list[Literal["pause", "resume"]] = ["pause", "resume"]
    given = [Command(id=number, kind=kind) for number, kind in enumerate(kinds, 7)]
    assert store.commands.obey(given, START) == 2
    assert store.commands.obey(given[:1], START) == 0
    assert not store.commands.paused()


@pytest.mark.parametrize("length", [0, MOST_WORDS * 3])
def test_what_is_told_of_parked_posts_is_bounded(store: Store, world: World, length: int) -> None:
    given = world.post(*(song_post(number) for number in range(MOST_SHOWN + 5)))
    with writing(store.engine) as connection:
        for number, each in enumerate(given):
            changes = {
                "state": PostState.PARKED,
                "parked_from": PostState.SONG,
                "last_error": "e" * length or None,
                "changed_at": START + timedelta(seconds=number),
            }
            connection.execute(post.insert().values(post_row(each, START) | changes))
    told = store.parked.newest()
    assert len(told) == MOST_SHOWN
    assert told[0].item_id == f"x:{len(given)}"
    assert {len(each.error) for each in told} == {min(length, MOST_WORDS)}
    assert store.parked.retry_all(SOON) == len(given)
    with reading(store.engine) as connection:
        left = select(func.count()).where(post.c.state == PostState.PARKED)
        assert connection.scalar(left) == 0


@pytest.mark.parametrize(
    ("found", "song"),
    [
        ({}, None),
        ({"candidates": [{"title": "Hurt", "artists": []}]}, "“Hurt”"),
        ({"candidates": [{"title": "", "artists": [], "spotify_id": "1"}]}, None),
        ({"song": {"title": "Hurt", "artists": ["A", "B"]}}, "“Hurt” by A and B"),
    ],
)
def test_a_parked_post_is_told_by_its_song_and_not_by_its_words(
    store: Store, world: World, found: dict[str, object], song: str | None
) -> None:
    (given,) = world.post(song_post(1))
    given.url = "https://x.example/1"
    state = {"state": PostState.PARKED, "parked_from": PostState.SONG}
    with writing(store.engine) as connection:
        connection.execute(post.insert().values(post_row(given, START) | state | found))
    (told,) = store.parked.newest()
    assert (told.song, told.url) == (song, given.url)
    assert given.text not in told.model_dump_json()


async def test_a_command_that_cannot_be_done_is_told(
    bot: Bot, world: World, store: Store, clock: Clock
) -> None:
    await parked(bot, world, clock, 1)
    with writing(store.engine) as connection:
        connection.execute(update(post).values(parked_from="decided"))
    world.ask("retry", "x:1")
    world.ask("pause")
    await bot.look_at_desk()
    (words,) = (line for line in world.heartbeats[-1].errors if "/status" in line)
    assert "could not be done (IllegalTransitionError)" in words
    with writing(store.engine) as connection:
        connection.execute(update(post).values(parked_from="song"))
    await bot.look_at_desk()
    assert not [line for line in world.heartbeats[-1].errors if "/status" in line]
    assert world.heartbeats[-1].paused
