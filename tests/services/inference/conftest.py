"""Services around a writer that does as it is told."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from prometheus_client import CollectorRegistry

from model.request import Result
from services.common.health import Readiness
from services.inference.app import create_app
from services.inference.backlog import Backlog, Job, Timed
from services.inference.batcher import Batcher, SentenceWriter
from services.inference.measures import Measures
from services.inference.scheduler import Scheduler
from services.inference.settings import InferenceSettings
from tests.services.inference.scripted import PATIENCE, ScriptedWriter, draft
from tests.services.inference.threaded import ThreadExecutor


@dataclass
class Rooms:
    """A scheduler and what stands behind it."""

    scheduler: Scheduler
    executor: ThreadExecutor
    registry: CollectorRegistry
    writer: ScriptedWriter

    @property
    def batcher(self) -> Batcher:
        return self.executor.batcher

    @property
    def backlog(self) -> Backlog:
        return self.executor.backlog

    async def occupy(self) -> asyncio.Task[Timed[Result]]:
        """Hold the writer up in a first job, so that everything after it queues."""
        self.writer.hold()
        task = asyncio.create_task(self.scheduler.do(draft(seed=999)))
        await soon(self.writer.busy.is_set)
        return task

    async def queue(self, *jobs: Job[Result]) -> list[asyncio.Task[int]]:
        """One task per job, all of them in the backlog; each returns its result's seed."""

        async def seed(job: Job[Result]) -> int:
            return (await self.scheduler.do(job)).value.seed

        already = self.backlog.waiting
        tasks = [asyncio.create_task(seed(job)) for job in jobs]
        await soon(lambda: self.backlog.waiting == already + len(jobs))
        return tasks

    def seeds_written(self) -> list[list[int]]:
        """By step."""
        return [[request.seed for request in batch] for batch in self.writer.engine.batches]

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def writer() -> Iterator[ScriptedWriter]:
    scripted = ScriptedWriter()
    yield scripted
    scripted.release()


@pytest.fixture
async def furnish(writer: ScriptedWriter) -> AsyncIterator[Callable[..., Rooms]]:
    """Starts a scheduler over the scripted writer, and waits until that is loaded."""
    batchers = []

    def start(queue: int = 1000, deadline: float = PATIENCE) -> Rooms:
        registry = CollectorRegistry()
        measures, settings = Measures(registry), InferenceSettings(queue_tokens=queue)
        executor = ThreadExecutor(settings, lambda _: writer, measures.stepped)
        batchers.append(executor.batcher)
        executor.start()
        until(lambda: executor.missing() is None)
        scheduler = Scheduler(executor, measures, deadline_seconds=deadline)
        return Rooms(scheduler, executor, registry, writer)

    yield start
    writer.release()
    for batcher in batchers:
        batcher.stop(PATIENCE)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.001)


async def soon(condition: Callable[[], bool]) -> None:
    """Wait for what another task or thread does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - another thread cannot set an asyncio.Event
            await asyncio.sleep(0.001)


async def until_ready(readiness: Readiness) -> None:
    async with asyncio.timeout(PATIENCE):
        while await readiness.report():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    return soon


Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serve(writer: ScriptedWriter) -> Serve:
    """Runs the app in this process; yields a client once it is ready (or need not be)."""

    @asynccontextmanager
    async def run(
        load: Callable[[InferenceSettings], SentenceWriter] | None = None,
        *,
        ready: bool = True,
        **settings: object,
    ) -> AsyncIterator[httpx.AsyncClient]:
        told = InferenceSettings.model_validate({"shutdown_seconds": PATIENCE, **settings})
        app = create_app(told, load or (lambda _: writer), ThreadExecutor)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://inference") as client,
        ):
            if ready:
                await until_ready(app.state.readiness)
            yield client

    return run
