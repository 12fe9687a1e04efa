"""Posts that link to a track: its id says which song is meant."""

from sqlalchemy import select

from services.common.database import reading
from services.gateway.schemas import Song
from tests.worker.test_worker_cycle import field, states
from tests.worker.worker_world import World
from worker.bot import Bot
from worker.store import Store
from worker.tables import post

ID = "3n3Ppam7vgaVa1iaRUc9Lp"
LINK = f"https://open.spotify.com/track/{ID}?si=1"


def song_of(store: Store) -> tuple[str, list[str]] | None:
    with reading(store.engine) as connection:
        found = connection.scalar(select(post.c.song))
    if found is None:
        return None
    song = Song.model_validate(found)
    return song.title, song.artists


async def test_a_link_alone_names_a_song(bot: Bot, world: World, store: Store) -> None:
    world.linked[ID] = ("Sugar for the Pill", "Slowdive")
    world.post(f"this one, all week {LINK}")
    summary = await bot.run_cycle()
    assert song_of(store) == ("Sugar for the Pill", ["Slowdive"])
    assert states(store) == {"x:1": "delivered"}
    assert field(store, "rule", "x:1") == "spotify link"
    assert (summary.songs, summary.known) == (1, 1)


async def test_a_link_says_more_than_the_words(bot: Bot, world: World, store: Store) -> None:
    world.linked[ID] = ("Sugar for the Pill", "Slowdive")
    world.post(f"Slowdive - Sugar for the Pill {LINK}")
    await bot.run_cycle()
    assert song_of(store) == ("Sugar for the Pill", ["Slowdive"])
    assert world.calls["songs"] == 1


async def test_a_link_that_nobody_knows_leaves_the_words(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(f'"Sugar for the Pill" by Slowdive {LINK}')
    await bot.run_cycle()
    assert song_of(store) == ("Sugar for the Pill", ["Slowdive"])
    assert world.calls["songs"] == 2


async def test_a_link_that_nobody_knows_and_no_words_end_with_a_reason(
    bot: Bot, world: World, store: Store
) -> None:
    world.post(f"this one, all week {LINK}")
    await bot.run_cycle()
    assert states(store) == {"x:1": "unknown_song"}
    assert field(store, "reason", "x:1") == f"no catalogue has spotify:track:{ID}"


async def test_a_link_to_an_album_is_no_song(bot: Bot, world: World, store: Store) -> None:
    world.post(f"this one, all week {LINK.replace('track', 'album')}")
    await bot.run_cycle()
    assert states(store) == {"x:1": "no_song"}
    assert world.calls["songs"] == 0
