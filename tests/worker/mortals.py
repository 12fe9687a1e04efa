"""Workers of a state machine: each lives from job to job until it dies at a failpoint.

All of them share a process, so death is an exception that nothing catches, and what a worker had
in hand when it died is cancelled. They use no threads, so that every history can be repeated.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal, TypeVar

import pytest
import stamina
import structlog

from services.gateway.client import GatewayClient
from services.inference.client import InferenceClient
from tests.worker.conftest import at_our_time
from tests.worker.worker_world import Clock, World
from worker import failpoints
from worker.bot import Bot
from worker.settings import WorkerSettings
from worker.store import Store

T = TypeVar("T")
Job = Literal["cycle", "desk"]

SAMPLES = 2


class DiedError(BaseException):
    """The process is gone: no `except Exception` may catch it."""


@cache
def settings_of(worker: str) -> WorkerSettings:
    return WorkerSettings(
        name=worker,
        first_run_posts=200,
        num_samples=SAMPLES,
        min_interval=0,
        undo_seconds=0,
        likeness_posts=0,
        reply=True,
        most_a_day=1000,
        concurrency=2,
        most_faults=1000,
    )


class Mortals:
    """The workers before one world, on one database; `mortal_lives` makes them die here."""

    dead = False

    def __init__(self, store: Store, world: World, runner: asyncio.Runner) -> None:
        self.store = store
        self.world = world
        self.runner = runner
        self.gateway = GatewayClient("http://world", transport=world.transport)
        self.inference = InferenceClient("http://world", transport=world.transport)
        self.begin_anew()

    def begin_anew(self) -> Clock:
        """Nobody runs yet; the time they will go by."""
        self.clock = Clock()
        self.bots: dict[str, Bot] = {}
        return self.clock

    def do(self, worker: str, job: Job, failpoint: str | None = None) -> bool:
        """A worker does one thing; whether it lives on, or died at the failpoint."""
        failpoints._reached.clear()
        try:
            with dying_at(failpoint):
                self.runner.run(self._alone(worker, job))
        except* DiedError:
            # Whoever ran at that moment is gone; the machine was switched off.
            self.bots.clear()
        lives, Mortals.dead = not Mortals.dead, False
        return lives

    async def _alone(self, worker: str, job: Job) -> None:
        try:
            await self._do(worker, job)
        finally:
            await end_all_others()

    async def _do(self, worker: str, job: Job) -> None:
        bot = self.bots.get(worker) or self._start(worker)
        await (bot.run_cycle() if job == "cycle" else bot.look_at_desk())

    async def meanwhile(self, worker: str, job: Job) -> None:
        """Another worker does one thing while the first one waits for an answer."""
        with dying_at(None):
            await self._do(worker, job)

    def _start(self, worker: str) -> Bot:
        bot = Bot(settings_of(worker), self.store, self.gateway, self.inference)
        at_our_time(bot, self.clock)
        self.bots[worker] = bot
        return bot


@contextmanager
def dying_at(failpoint: str | None) -> Iterator[None]:
    before = os.environ.get(failpoints.VARIABLE, "")
    os.environ[failpoints.VARIABLE] = failpoint or ""
    try:
        yield
    finally:
        os.environ[failpoints.VARIABLE] = before


async def end_all_others() -> None:
    """Whatever a worker still had in hand when it died."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def mortal_lives() -> Iterator[asyncio.Runner]:
    """No threads, no log, no retries within a call, and death instead of an exit."""

    async def at_once(work: Callable[..., T], *given: object, **named: object) -> T:
        if Mortals.dead:
            raise DiedError  # what a process had begun when it died is never written
        return work(*given, **named)

    def die(_: int) -> None:
        Mortals.dead = True
        raise DiedError

    configured = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "to_thread", at_once)
        patch.setattr(os, "_exit", die)
        patch.setenv(failpoints.VARIABLE, "")
        with stamina.set_testing(True, attempts=1), asyncio.Runner() as runner:
            yield runner
    structlog.configure(**configured)
