"""One step over many posts: what goes wrong with one is its own affair, and nobody waits for it."""

import asyncio
from datetime import timedelta

from sqlalchemy import event

from services.common.rest import UnreachableError
from tests.worker.worker_world import Clock, World, song_post
from worker.bot import Bot
from worker.course import PARSER, Course
from worker.drafting import Drafting
from worker.listening import Listening
from worker.stages import Stage
from worker.states import PostState
from worker.store.posts import Claimed


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
