"""A worker over a world in memory, with a time that the test moves."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import pytest
import stamina

from services.gateway.client import GatewayClient
from services.inference.client import InferenceClient
from tests.worker.worker_world import Clock, World, song_post
from worker.bot import Bot, open_bot
from worker.settings import WorkerSettings
from worker.store import Store


@pytest.fixture(autouse=True)
def quick_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> WorkerSettings:
    return WorkerSettings(
        data_dir=tmp_path,
        name="test",
        first_run_posts=200,
        num_samples=3,
        min_interval=0,
        jitter=0,
        undo_seconds=0,
        likeness_posts=0,
        concurrency=4,
        gateway_url="http://world",
        inference_url="http://world",
    )


@pytest.fixture
def store(settings: WorkerSettings) -> Iterator[Store]:
    """The database, opened a second time: what a test reads in it is on disk."""
    opened = Store.open(settings.database)
    yield opened
    opened.close()


OpenBot = Callable[..., Awaitable[Bot]]


@pytest.fixture
async def start(world: World, clock: Clock, settings: WorkerSettings) -> AsyncIterator[OpenBot]:
    """Starts a bot; settings may be overridden."""
    async with AsyncExitStack() as stack:

        async def open_one(**overrides: object) -> Bot:
            own = settings.model_copy(update=overrides)
            bot = await stack.enter_async_context(
                open_bot(
                    own,
                    gateway=GatewayClient(
                        own.gateway_url,
                        key=own.key_for(own.gateway_key),
                        transport=world.transport,
                    ),
                    inference=InferenceClient(own.inference_url, transport=world.transport),
                )
            )
            at_our_time(bot, clock)
            return bot

        yield open_one


@pytest.fixture
async def bot(start: OpenBot) -> Bot:
    return await start()


def at_our_time(bot: Bot, clock: Clock) -> None:
    """Let a bot's runs go by the test's time."""
    bot.now = clock
    for job in (bot.cycle, bot.desk):
        assert isinstance(job.new_run, partial)
        job.new_run = partial(job.new_run, now=clock)


@contextmanager
def full_for(writes: str, folder: Path) -> Iterator[None]:
    """The disk is full for these writes to the database in a folder."""
    with closing(sqlite3.connect(folder / "worker.sqlite3")) as file:
        file.execute(
            f"CREATE TRIGGER full BEFORE {writes} BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
        yield
        file.execute("DROP TRIGGER full")


Deliver = Callable[..., Awaitable[Bot]]


@pytest.fixture
async def delivered(bot: Bot, world: World) -> Bot:
    """Two posts whose drafts lie on the desk."""
    world.post(song_post(1), song_post(2))
    await bot.run_cycle()
    return bot


@pytest.fixture
def deliver(start: OpenBot, world: World) -> Deliver:
    """Starts a bot with such settings, and lays drafts for so many posts on the desk."""

    async def delivered(count: int = 2, **overrides: object) -> Bot:
        bot = await start(**overrides)
        first = len(world.posts) + 1
        world.post(*(song_post(number) for number in range(first, first + count)))
        await bot.run_cycle()
        return bot

    return delivered
