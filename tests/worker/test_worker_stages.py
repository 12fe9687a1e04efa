"""One step over many posts: what goes wrong with one is its own affair, and nobody waits for it."""

import asyncio
import sqlite3
from datetime import timedelta
from typing import Any

import psycopg
import psycopg.errors
import pytest
from sqlalchemy import Row, event, select
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from services.common.database import reading
from services.common.rest import UnreachableError
from tests.worker.worker_world import Clock, World, song_post
from worker.bot import Bot
from worker.course import PARSER, Course
from worker.drafting import Drafting
from worker.listening import Listening
from worker.stages import Stage
from worker.states import PostState
from worker.store.posts import Claimed
from worker.tables import post


async def fail(_: Claimed) -> None:
    message = "the work went wrong"
    raise ValueError(message)


async def test_a_failure_after_the_lease_was_lost_is_somebody_elses(
    bot: Bot, world: World, clock: Clock
) -> None:
    world.post(song_post(1))
    page = await bot.gateway.timeline(None)
    bot.store.timeline.take(page, clock())
    course = Course(bot.store, bot.gateway, bot.inference, bot.settings, bot.cycle.new_run())
    stage = Stage(PostState.STORED, PARSER, course)
    (item,) = await stage.claim(1)
    clock.pass_by(86_400)
    until = clock() + timedelta(hours=1)
    (theirs,) = bot.store.posts.claim(
        PostState.STORED, 1, lease="other/1", now=clock(), until=until
    )
    await stage.attempt(item, fail)
    bot.store.posts.release([theirs])
    (again,) = bot.store.posts.claim(PostState.STORED, 1, lease="a/1", now=clock(), until=until)
    assert (again.attempts, again.faults) == (0, 0)


def course_of(bot: Bot) -> Course:
    return Course(bot.store, bot.gateway, bot.inference, bot.settings, bot.cycle.new_run())


async def take(bot: Bot, world: World, clock: Clock, count: int) -> None:
    world.post(*(song_post(number) for number in range(count)))
    page = await bot.gateway.timeline(None)
    bot.store.timeline.take(page, clock())


async def what_storing_leaves(bot: Bot, world: World, clock: Clock, error: Exception) -> Row[Any]:
    """A post after as many tries as park it, each of which ends with this error."""
    await take(bot, world, clock, 1)

    async def store(_: Claimed) -> None:
        raise error

    for _ in range(bot.settings.most_faults):
        stage = Stage(PostState.STORED, PARSER, course_of(bot))
        (item,) = await stage.claim(1)
        await stage.attempt(item, store)
        clock.pass_by(3600)
    with reading(bot.store.engine) as connection:
        return connection.execute(select(post)).one()


ASKED: tuple[str, dict[str, str]] = "UPDATE post SET body = ?", {"body": "what somebody said"}
FULL = sqlite3.OperationalError("database or disk is full")
ENDED = psycopg.errors.AdminShutdown("terminating connection\nDETAIL: somebody restarted it")
TORN = psycopg.Error("the connection is lost")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperationalError(*ASKED, FULL), "database or disk is full"),
        (OperationalError(*ASKED, ENDED), "terminating connection"),
        (InterfaceError(*ASKED, TORN), "the connection is lost"),
        (DBAPIError(*ASKED, TORN, connection_invalidated=True), "the connection is lost"),
    ],
)
async def test_no_post_is_to_blame_for_an_outage_of_the_database(
    bot: Bot, world: World, clock: Clock, error: DBAPIError, words: str
) -> None:
    left = await what_storing_leaves(bot, world, clock, error)
    assert (left.state, left.faults) == ("stored", 0)
    assert left.last_error == f"the database: {words}"


async def test_what_the_database_refuses_is_parked_without_a_word_of_the_post(
    bot: Bot, world: World, clock: Clock
) -> None:
    refusal = IntegrityError(*ASKED, sqlite3.IntegrityError("NOT NULL constraint failed"))
    left = await what_storing_leaves(bot, world, clock, refusal)
    assert left.state == "parked"
    assert left.last_error == "the database: NOT NULL constraint failed"


async def test_no_lane_waits_for_the_posts_of_another(bot: Bot, world: World, clock: Clock) -> None:
    count = 3 * bot.settings.concurrency
    await take(bot, world, clock, count)
    course, done, last = course_of(bot), list[str](), asyncio.Event()
    stage = Stage(PostState.STORED, PARSER, course)

    async def work(item: Claimed) -> None:
        if item.item_id == "x:1":
            await last.wait()
        done.append(item.item_id)
        if len(done) == count - 1:
            last.set()

    async with asyncio.timeout(10):
        await stage.drain(bot.settings.concurrency, work)
    assert done[-1] == "x:1"
    assert len(set(done)) == count


async def test_the_writer_does_not_wait_for_the_look_ups(
    bot: Bot, world: World, clock: Clock
) -> None:
    await take(bot, world, clock, 2)
    course, drafted = course_of(bot), asyncio.Event()
    await Listening(course).parse_posts()

    class Slow(Drafting):
        async def resolve(self, item: Claimed) -> None:
            if item.item_id == "x:2":
                await drafted.wait()
            await super().resolve(item)

        async def draft(self, item: Claimed) -> None:
            await super().draft(item)
            drafted.set()

    async with asyncio.timeout(10):
        await Slow(course).run()
    assert bot.store.counts().posts == {PostState.DELIVERED: 2}


async def test_a_cycle_without_work_changes_no_post(bot: Bot) -> None:
    await bot.run_cycle()
    said = list[str]()

    def note(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement)

    event.listen(bot.store.engine, "before_cursor_execute", note)
    await bot.run_cycle()
    changed = [each for each in said if not each.startswith(("SELECT", "BEGIN"))]
    # The turn is begun, taken and ended; where reading goes on is noted.
    assert [each.split()[:3] for each in changed] == [
        ["INSERT", "INTO", "turn"],
        ["UPDATE", "turn", "SET"],
        ["UPDATE", "cursor", "SET"],
        ["UPDATE", "turn", "SET"],
    ]


async def test_a_stage_whose_service_is_out_rests_though_a_late_answer_comes(
    bot: Bot, world: World, clock: Clock
) -> None:
    lanes = bot.settings.concurrency
    await take(bot, world, clock, 3 * lanes)
    stage, begun, out = (
        Stage(PostState.STORED, PARSER, course_of(bot)),
        list[str](),
        asyncio.Event(),
    )

    async def work(item: Claimed) -> None:
        begun.append(item.item_id)
        if item.item_id == "x:1":
            await out.wait()
            return
        if len(begun) > lanes:
            out.set()
        raise UnreachableError("nobody answers")

    async with asyncio.timeout(10):
        await stage.drain(lanes, work)
    assert len(begun) == lanes + 1
