"""Somebody mentions the bot and names a song: drafted first, and answered where that is allowed."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.common.database import reading
from services.gateway.schemas import Gap, Post, TimelinePage
from tests.worker.conftest import OpenBot
from tests.worker.worker_world import PLATFORM, START, Clock, World, song_post
from worker.bot import Bot
from worker.listening import read_post
from worker.mentions import is_time, what_is_asked
from worker.store import Store
from worker.store.timeline import MENTIONS, Position
from worker.tables import gap, post, publication

ASKED = "@ourbot can you do Pink Moon by Nick Drake?"


def asked_for(store: Store) -> dict[str, bool]:
    with reading(store.engine) as connection:
        return {row.item_id: row.asked for row in connection.execute(select(post))}


def state_of(store: Store) -> str:
    """Of the only post."""
    with reading(store.engine) as connection:
        return str(connection.execute(select(post.c.state)).scalar_one())


@pytest.fixture
async def listener(start: OpenBot, store: Store) -> Bot:
    """A bot called @ourbot that has read mentions before."""
    store.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), START - timedelta(days=1))
    return await start(handle="ourbot", mentions_interval=60.0)


async def test_a_mention_that_names_a_song_is_drafted(
    listener: Bot, world: World, store: Store
) -> None:
    world.mention(ASKED)
    summary = await listener.run_cycle()
    assert (summary.posts, summary.songs, summary.drafts) == (1, 1, 3)
    laid = world.drafts["x:1:1"]
    assert (laid.song.title, laid.song.artists) == ("Pink Moon", ["Nick Drake"])
    assert laid.post.mentions_bot
    assert asked_for(store) == {"x:1": True}


async def test_what_was_asked_for_comes_first_in_every_step(
    start: OpenBot, world: World, store: Store
) -> None:
    store.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), START - timedelta(days=1))
    bot = await start(handle="ourbot", concurrency=1)
    world.post(*(song_post(number) for number in range(3)))
    world.mention('@ourbot "Pink Moon" by Nick Drake')
    await bot.run_cycle()
    assert next(iter(world.seeds)) == "Pink Moon"
    assert next(iter(world.drafts)) == "x:4:1"


async def test_the_first_reading_takes_no_history(bot: Bot, world: World, store: Store) -> None:
    world.mention(ASKED)
    await bot.run_cycle()
    assert asked_for(store) == {}
    assert store.timeline.position(MENTIONS) == Position("1")


async def test_a_post_that_comes_both_ways_is_one_and_asked_for(
    listener: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.post(song_post(1))
    await listener.run_cycle()
    assert asked_for(store) == {"x:1": False}
    world.mentions += world.posts
    clock.pass_by(60)
    assert (await listener.run_cycle()).posts == 0
    assert asked_for(store) == {"x:1": True}
    world.mention(ASKED, on_timeline=True)
    clock.pass_by(60)
    assert (await listener.run_cycle()).posts == 1
    assert asked_for(store) == {"x:1": True, "x:2": True}
    assert len(world.drafts) == 6


async def test_what_turns_out_to_be_a_mention_is_read_once_more(
    start: OpenBot, world: World, store: Store, clock: Clock
) -> None:
    """Whose bot knows no name of its own takes it for prose when the timeline brings it."""
    store.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), START - timedelta(days=1))
    bot = await start(mentions_interval=60.0)
    world.scores["Pink Moon"] = 0.8  # too little for a guess
    world.post("can you do Pink Moon by Nick Drake? @ourbot")
    await bot.run_cycle()
    assert state_of(store) == "no_song"
    world.mentions += world.posts
    clock.pass_by(60)
    await bot.run_cycle()
    assert state_of(store) == "delivered"


async def test_what_waits_for_the_catalogue_and_turns_out_to_be_a_mention_is_read_once_more(
    start: OpenBot, world: World, store: Store, clock: Clock
) -> None:
    store.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), START - timedelta(days=1))
    bot = await start(mentions_interval=60.0)
    world.faults["songs"] = [503]
    world.scores["Pink Moon"] = 0.8  # too little for a guess
    world.post("can you do Pink Moon by Nick Drake? @ourbot")
    await bot.run_cycle()
    assert state_of(store) == "song"
    world.mentions += world.posts
    clock.pass_by(60)
    await bot.run_cycle()
    assert state_of(store) == "delivered"


async def test_a_mention_that_names_no_song_is_not_read_over_and_over(
    listener: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.mention("@ourbot hello")
    for _ in range(2):
        await listener.run_cycle()
        assert state_of(store) == "no_song"
        clock.pass_by(60)
        again = TimelinePage(posts=world.mentions, cursor="1")
        store.timeline.take_mentions(again, clock())
        assert state_of(store) == "no_song"


async def test_mentions_are_read_as_often_as_the_setting_says(
    start: OpenBot, world: World, clock: Clock
) -> None:
    bot = await start(mentions_interval=300.0)
    for _ in range(6):
        await bot.run_cycle()
        clock.pass_by(60)
    assert world.calls["mentions"] == 2
    deaf = await start(mentions_interval=0.0)
    clock.pass_by(86_400)
    await deaf.run_cycle()
    assert world.calls["mentions"] == 2


def test_a_clock_that_was_ahead_holds_nothing_up() -> None:
    assert is_time(Position("1", START + timedelta(days=1)), 60, START)
    assert not is_time(Position("1", START - timedelta(seconds=30)), 60, START)


async def test_a_gap_among_mentions_is_recorded(listener: Bot, world: World, store: Store) -> None:
    world.mention_gap = Gap(after="0", before="1", reason="too old")
    await listener.run_cycle()
    with reading(store.engine) as connection:
        assert connection.scalar(select(gap.c.source)) == MENTIONS


async def test_the_timeline_is_read_though_the_mentions_are_not_to_be_had(
    listener: Bot, world: World
) -> None:
    world.faults["mentions"] = [503]
    world.post(song_post(1))
    summary = await listener.run_cycle()
    assert summary.posts == 1
    assert len(summary.errors) == 1
    world.mention(ASKED)
    assert (await listener.run_cycle()).posts == 1


async def test_a_mention_is_answered_by_a_post_that_stands_alone_unless_told_otherwise(
    listener: Bot, world: World
) -> None:
    world.mention(ASKED)
    await listener.run_cycle()
    world.decide("x:1:1")
    await listener.look_at_desk()
    assert len(world.out) == 1
    assert world.answered == {}


@pytest.fixture
async def answerer(start: OpenBot, store: Store) -> Bot:
    """The same, told to answer."""
    store.timeline.take_mentions(TimelinePage(posts=[], cursor="0"), START - timedelta(days=1))
    return await start(handle="ourbot", reply=True)


@pytest.mark.parametrize("rule", ["allowed", "summoned", "never"])
async def test_a_mention_is_answered_by_a_reply_where_the_platform_allows_it(
    answerer: Bot, world: World, rule: str
) -> None:
    world.platform = PLATFORM.model_copy(update={"replies": rule})
    world.post(song_post(1))
    world.mention(ASKED)
    await answerer.run_cycle()
    for item in ("x:1", "x:2"):
        world.decide(f"{item}:1")
    await answerer.look_at_desk()
    assert len(world.out) == 2
    assert list(world.answered.values()) == ([] if rule == "never" else ["2"])


async def test_a_mention_from_elsewhere_is_not_answered_there(answerer: Bot, world: World) -> None:
    world.platform = PLATFORM.model_copy(update={"origin": "mastodon"})
    world.mention(ASKED)
    await answerer.run_cycle()
    world.decide("x:1:1")
    await answerer.look_at_desk()
    assert len(world.out) == 1
    assert world.answered == {}


async def test_an_answer_that_was_lost_is_asked_about_as_the_same_answer(
    answerer: Bot, world: World, store: Store, clock: Clock
) -> None:
    world.mention(ASKED)
    await answerer.run_cycle()
    world.decide("x:1:1")
    world.faults["publish"] = ["lost"]
    await answerer.look_at_desk()
    clock.pass_by(600)
    await answerer.look_at_desk()
    with reading(store.engine) as connection:
        row = connection.execute(select(publication)).one()
    assert (row.state, row.reconciled, row.in_reply_to) == ("published", True, "1")
    assert list(world.answered.values()) == ["1"]


SONG = ("Pink Moon", ("Nick Drake",))


@pytest.mark.parametrize(
    "text",
    [
        ASKED,
        "@OurBot can you please do Pink Moon by Nick Drake",
        "@ourbot what about Pink Moon by Nick Drake, please?",
        "hey @ourbot play Pink Moon by Nick Drake",
        "Pink Moon by Nick Drake @ourbot",
        "Pink Moon by Nick Drake please @ourbot!",
        "@ourbot@music.example: Nick Drake - Pink Moon",
        "@ourbot have you heard Pink Moon by Nick Drake?",
        '"Pink Moon" by Nick Drake @ourbot thanks',
        "@ourbot, Pink Moon by Nick Drake",
        "@ourbot thoughts on Pink Moon by Nick Drake? thank you",
    ],
)
def test_what_is_asked_for_is_the_song(text: str) -> None:
    mention = Post(
        origin="x", id="1", text=text, author_id="7", created_at=START, mentions_bot=True
    )
    (asked, *_) = read_post(mention, handle="ourbot").candidates
    assert (asked.title, asked.artists) == SONG
    assert not any("ourbot" in " ".join(each.artists).lower() for each in [asked, *_])


def test_a_mention_that_the_timeline_brings_first_is_read_as_one() -> None:
    text = "@ourbot, Pink Moon by Nick Drake"
    given = Post(origin="x", id="1", text=text, author_id="7", created_at=START)
    (asked,) = read_post(given, handle="ourbot").candidates
    assert (asked.title, asked.artists, asked.guess) == (*SONG, False)


@pytest.mark.parametrize(
    "text",
    [
        "@ourbotfan sings Pink Moon",
        "mail me at me@ourbot",
        "RT @ourbot: a warm haze",
        "I do about as well as you do",
        "a song that pleases",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert what_is_asked(text, "ourbot") == text


def test_places_stay() -> None:
    for handle in ("ourbot", ""):
        assert len(what_is_asked(ASKED, handle)) == len(ASKED)
