"""One step over many posts: what goes wrong with one is its own affair."""

from datetime import timedelta

from tests.worker.worker_world import Clock, World, song_post
from worker.bot import Bot
from worker.course import PARSER, Course
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
