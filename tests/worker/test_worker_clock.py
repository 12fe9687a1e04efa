"""The clock, and the worker as a service."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import structlog
from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from sqlalchemy.exc import IntegrityError

from services.gateway.client import GatewayClient
from services.inference.client import InferenceClient
from tests.worker.conftest import full_for
from tests.worker.worker_world import World, song_post
from worker import bot as bot_module
from worker.app import Errand, create_app
from worker.bot import Bot
from worker.clock import Clock, note
from worker.settings import WorkerSettings
from worker.summaries import Summary


async def nothing() -> None:
    """A job with nothing to do."""


async def test_late_runs_are_run_once_and_never_beside_each_other() -> None:
    clock = Clock()
    clock.every(60, "cycle", nothing, timeout=5)
    clock.scheduler.start(paused=True)
    job = clock.scheduler.get_job("cycle")
    assert job.coalesce is True
    assert job.max_instances == 1
    assert job.misfire_grace_time is None
    assert job.trigger.interval == timedelta(seconds=60)
    assert job.trigger.jitter == 3
    assert job.next_run_time <= datetime.now(UTC)
    clock.scheduler.shutdown()
    await asyncio.sleep(0)


async def test_the_first_run_is_at_once() -> None:
    ran = asyncio.Event()

    async def job() -> None:
        ran.set()

    clock = Clock()
    clock.every(3600, "job", job, timeout=5)
    clock.start()
    async with asyncio.timeout(5):
        await ran.wait()
    await clock.stop(1)


async def test_a_hung_run_is_ended_by_its_own_limit() -> None:
    clock = Clock()
    ended = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with structlog.testing.capture_logs() as logs:
        clock.every(3600, "job", hang, timeout=0.01)
        clock.start()
        async with asyncio.timeout(5):
            await ended.wait()
        await clock.stop(1)
    assert {"event": "job.timed_out", "job": "job", "seconds": 0.01, "log_level": "error"} in logs


async def test_what_runs_is_let_finish() -> None:
    begun, finish = asyncio.Event(), asyncio.Event()
    finished = False

    async def job() -> None:
        nonlocal finished
        begun.set()
        await finish.wait()
        finished = True

    clock = Clock()
    clock.every(3600, "job", job, timeout=60)
    clock.start()
    await begun.wait()
    stopping = asyncio.create_task(clock.stop(5))
    await asyncio.sleep(0)
    finish.set()
    await stopping
    assert finished


async def test_what_does_not_finish_in_time_is_cut_short() -> None:
    begun, cut = asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.set()
            raise

    clock = Clock()
    clock.every(3600, "job", job, timeout=60)
    clock.start()
    await begun.wait()
    with structlog.testing.capture_logs() as logs:
        await clock.stop(0.01)
    assert cut.is_set()
    assert [log["event"] for log in logs] == ["clock.cut_short"]


def test_a_missed_run_is_logged() -> None:
    with structlog.testing.capture_logs() as logs:
        note(JobExecutionEvent(EVENT_JOB_MISSED, "cycle", "default", datetime.now(UTC)))
    assert logs[0]["event"] == "job.missed"
    assert logs[0]["job"] == "cycle"


@pytest.mark.parametrize("door", ["timeline", "decisions"])
async def test_an_errand_ends_though_its_last_cycle_or_look_is_cut_short(
    bot: Bot, world: World, door: str
) -> None:
    reported, left = list[Summary](), list[int]()
    errand = Errand(2, reported.append, lambda: left.append(errand.begun))
    await errand.go_on(bot)
    world.when_called[door].append(asyncio.Event().wait)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await errand.go_on(bot)
    await errand.go_on(bot)
    assert left == [2]
    assert not errand.done
    assert len(reported) == (1 if door == "timeline" else 2)


async def test_an_errand_goes_on_after_a_cycle_that_failed(
    bot: Bot, settings: WorkerSettings
) -> None:
    reported, left = list[Summary](), list[int]()
    errand = Errand(2, reported.append, lambda: left.append(errand.begun))
    with full_for("INSERT ON cursor", settings.data_dir), pytest.raises(IntegrityError):
        await errand.go_on(bot)
    assert (left, errand.done) == ([], False)
    await errand.go_on(bot)
    assert (left, errand.done) == ([2], True)
    assert len(reported) == 1


@pytest.fixture
def wired(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client of the worker reaches the world."""

    def gateway(url: str, **_: object) -> GatewayClient:
        return GatewayClient(url, transport=world.transport)

    def inference(url: str, **_: object) -> InferenceClient:
        return InferenceClient(url, transport=world.transport)

    monkeypatch.setattr(bot_module, "GatewayClient", gateway)
    monkeypatch.setattr(bot_module, "InferenceClient", inference)


@pytest.mark.usefixtures("wired")
async def test_it_serves_while_it_works_and_leaves_after_its_errand(
    world: World, settings: WorkerSettings
) -> None:
    world.post(song_post(1))
    reported: list[Summary] = []
    done = asyncio.Event()
    quick = settings.model_copy(update={"interval": 0.01, "desk_interval": 60.0})
    app = create_app(quick, Errand(2, reported.append, done.set))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://worker")
    async with app.router.lifespan_context(app), client:
        async with asyncio.timeout(20):
            await done.wait()
        ready = await client.get("/readyz")
        metrics = (await client.get("/metrics")).text
        app.state.bot.pulse.at -= 1000
        stalled = await client.get("/readyz")
    assert [summary.cycle for summary in reported] == [1, 2]
    assert ready.status_code == 200
    assert 'worker_drafts{state="delivered"} 3.0' in metrics
    assert 'worker_cycle_yield_total{what="posts"} 1.0' in metrics
    assert "worker_oldest_undelivered_seconds 0.0" in metrics
    assert stalled.status_code == 503
    assert "restart the worker" in stalled.json()["missing"]["heartbeat"]
