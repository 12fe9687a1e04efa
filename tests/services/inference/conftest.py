"""A writer that does as it is told, and services around it: for tests of their mechanics."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from prometheus_client import CollectorRegistry

from model.corpus.genres import GenreMatch
from model.errors import RequestError
from model.request import Request, Result, Sample
from model.topics import Topic
from services.common.health import Readiness
from services.inference.app import create_app
from services.inference.backlog import Backlog, Draft, Timed
from services.inference.batcher import Batcher, SentenceWriter
from services.inference.measures import Measures
from services.inference.scheduler import Scheduler
from services.inference.settings import InferenceSettings

POISON = "poison"
IMPOSSIBLE = "impossible"
PATIENCE = 10.0


class ScriptedWriter:
    """Writes each request's seed; fails for the titles POISON and IMPOSSIBLE; can be held up."""

    name = "scripted"
    revision = "r1"
    genres = ("shoegaze", "dream pop")
    topics = (Topic(0, "strings", ("guitar", "bass"), favoured=True),)

    def __init__(self) -> None:
        self.calls: list[tuple[Request, ...]] = []
        self.busy = threading.Event()
        self._open = threading.Event()
        self._open.set()

    def hold(self) -> None:
        self._open.clear()
        self.busy.clear()

    def release(self) -> None:
        self._open.set()

    def write(self, requests: Sequence[Request]) -> list[Result]:
        self._pass()
        self.calls.append(tuple(requests))
        for request in requests:
            if request.title == POISON:
                raise ZeroDivisionError(POISON)
            if request.title == IMPOSSIBLE:
                raise RequestError("title is impossible; give another")
        return [self._result(request) for request in requests]

    def interpolate(
        self, start: str, end: str, steps: int, genres: Iterable[str] = ()
    ) -> list[str]:
        self._pass()
        return [start, *(f"{step} {list(genres)}" for step in range(steps - 2)), end]

    def reconstruct(self, text: str, genres: Iterable[str] = ()) -> str:
        self._pass()
        return f"{text} {list(genres)}"

    def _pass(self) -> None:
        self.busy.set()
        assert self._open.wait(PATIENCE)

    def _result(self, request: Request) -> Result:
        seed = request.seed or 0
        twin = "twin" if request.include_unrefined else None
        samples = [
            Sample(f"{seed} {i}", -1.0, -2.0, 0.5, 1.0, (0.25, -0.5), twin)
            for i in range(request.num_samples)
        ]
        match = GenreMatch(tuple(g for g in request.genres if g in self.genres), {}, ())
        return Result(seed, match, tuple(samples))


@dataclass
class Rooms:
    """A scheduler and what stands behind it."""

    scheduler: Scheduler
    batcher: Batcher
    backlog: Backlog
    registry: CollectorRegistry
    writer: ScriptedWriter

    async def occupy(self) -> asyncio.Task[Timed[Result]]:
        """Hold the writer up in a first job, so that everything after it queues."""
        self.writer.hold()
        job = Draft(request=Request(seed=999), sentences=1)
        task = asyncio.create_task(self.scheduler.do(job))
        await soon(self.writer.busy.is_set)
        return task

    async def queue(self, *jobs: Draft) -> list[asyncio.Task[int]]:
        """One task per job, all of them in the backlog; each returns its result's seed."""

        async def seed(job: Draft) -> int:
            return (await self.scheduler.do(job)).value.seed

        already = self.backlog.jobs
        tasks = [asyncio.create_task(seed(job)) for job in jobs]
        await soon(lambda: self.backlog.jobs == already + len(jobs))
        return tasks

    def seeds_written(self) -> list[list[int | None]]:
        """By batch."""
        return [[request.seed for request in call] for call in self.writer.calls]

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

    def start(batch: int = 64, queue: int = 1000, deadline: float = PATIENCE) -> Rooms:
        registry = CollectorRegistry()
        measures, backlog = Measures(registry), Backlog(queue)
        batcher = Batcher(lambda: writer, backlog, measures, batch_sentences=batch)
        batchers.append(batcher)
        batcher.start()
        until(lambda: batcher.missing() is None)
        scheduler = Scheduler(batcher, backlog, measures, deadline_seconds=deadline)
        return Rooms(scheduler, batcher, backlog, registry, writer)

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
        app = create_app(told, load or (lambda _: writer))
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://inference") as client,
        ):
            if ready:
                await until_ready(app.state.readiness)
            yield client

    return run
