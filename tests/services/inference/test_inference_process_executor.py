"""The writer in a process of its own: what becomes of jobs, of errors, and of the process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from operator import methodcaller
from typing import Any

import pytest
from structlog.testing import capture_logs

from model.errors import BundleMissingError, RequestError
from model.request import Request, Result
from services.inference.backlog import FailedError, GivenUpError, Job, Owner
from services.inference.batcher import DIED
from services.inference.launch import launch
from services.inference.loading import load_writer
from services.inference.process_executor import ProcessExecutor
from services.inference.settings import InferenceSettings
from tests.services.inference.employed import load_employed
from tests.services.inference.scripted import IMPOSSIBLE, POISON

pytestmark = pytest.mark.processes

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


def job(seed: int = 0, title: str | None = None, owner: Owner | None = None) -> Job[Result]:
    request = Request(seed=seed, num_samples=1, candidates=1, title=title)
    return Job(methodcaller("compose", request), tokens=2, owner=owner or Owner())


@pytest.fixture
def steps() -> list[int]:
    """Rows of each step."""
    return []


@pytest.fixture
async def executor(steps: list[int], eventually: Eventually) -> AsyncIterator[ProcessExecutor]:
    one = ProcessExecutor(InferenceSettings(queue_tokens=100), load_employed, steps.append)
    assert not one.admit(job()), "nobody is there yet"
    one.start()
    await eventually(lambda: one.missing() is None)
    yield one
    await one.stop(5)
    assert one.tokens == 0


async def done(executor: ProcessExecutor, *jobs: Job[Any]) -> list[Any]:
    """What comes of jobs."""
    admitted = executor.admit(*jobs)
    assert admitted is not None
    outcomes: list[Any] = await asyncio.gather(*admitted, return_exceptions=True)
    return outcomes


async def test_jobs_are_done_and_counted(
    executor: ProcessExecutor, steps: list[int], eventually: Eventually
) -> None:
    owner = Owner()
    outcomes = await done(executor, *(job(seed, owner=owner) for seed in range(20)))
    assert [timed.value.seed for timed in outcomes] == list(range(20))
    assert {timed.writer.revision for timed in outcomes} == {"r1"}
    assert all(timed.queue_seconds >= 0 and timed.model_seconds >= 0 for timed in outcomes)
    assert executor.tokens == 0
    await eventually(lambda: sum(steps) == 20)
    assert executor.facts is not None
    assert executor.facts.match_genres(["shoegaze"]).known == ("shoegaze",)


async def test_an_error_concerns_its_own_job_and_keeps_its_words(
    executor: ProcessExecutor,
) -> None:
    refused, failed, written = await done(
        executor, job(title=IMPOSSIBLE), job(title=POISON), job(seed=3)
    )
    assert isinstance(refused, RequestError)
    assert "give another" in str(refused)
    assert isinstance(failed, FailedError)
    assert "ZeroDivisionError" in str(failed)
    assert written.value.seed == 3


async def test_more_than_fits_is_not_admitted_and_what_is_withdrawn_makes_room(
    executor: ProcessExecutor, steps: list[int], eventually: Eventually
) -> None:
    jobs = [job(seed) for seed in range(50)]
    admitted = executor.admit(*jobs)
    assert admitted
    assert not executor.admit(job())
    for each in jobs:
        executor.withdraw(each)
        executor.withdraw(each)
    assert executor.tokens == 0
    (outcome,) = await done(executor, job(seed=7))
    assert outcome.value.seed == 7
    assert not any(each.done() for each in admitted)
    await eventually(lambda: sum(steps) == 1)  # what was withdrawn at once was never begun


async def test_a_process_that_dies_is_replaced_and_those_who_waited_are_told(
    executor: ProcessExecutor, eventually: Eventually
) -> None:
    with capture_logs() as logs:
        (outcome,) = await done(executor, Job[None](methodcaller("crash"), tokens=2))
        assert executor.missing() == DIED
        assert executor.loading
        assert not executor.admit(job())
    assert isinstance(outcome, GivenUpError)
    assert "again in a moment" in str(outcome)
    assert [entry["event"] for entry in logs] == ["writer.died"]
    await eventually(lambda: executor.missing() is None)
    (outcome,) = await done(executor, job(seed=5))
    assert outcome.value.seed == 5


async def test_a_broken_bundle_is_refused_and_a_good_one_takes_over(
    executor: ProcessExecutor,
) -> None:
    with pytest.raises(BundleMissingError, match="no bundle in x"):
        await executor.reload()
    (before,) = await done(executor, job())
    facts = await executor.reload()
    (after,) = await done(executor, job())
    assert (before.writer.revision, facts.revision, after.writer.revision) == ("r1", "r3", "r3")
    assert executor.facts == facts


async def test_a_reload_is_told_if_the_process_dies_of_it(executor: ProcessExecutor) -> None:
    assert executor.pid is not None
    os.kill(executor.pid, signal.SIGSTOP)  # so that it can't answer before it dies
    reloading = asyncio.create_task(executor.reload())
    await asyncio.sleep(0)
    with capture_logs():
        os.kill(executor.pid, signal.SIGKILL)
        with pytest.raises(GivenUpError, match="started again"):
            await reloading


async def test_stopping_does_what_is_queued_and_admits_nothing_more(
    executor: ProcessExecutor,
) -> None:
    jobs = [job(seed) for seed in range(30)]
    asking = asyncio.create_task(done(executor, *jobs))
    await asyncio.sleep(0)
    await executor.stop(10)
    assert [timed.value.seed for timed in await asking] == list(range(30))
    assert not executor.admit(job())


async def test_signals_are_for_the_service_alone(executor: ProcessExecutor) -> None:
    assert executor.pid is not None
    for each in (signal.SIGINT, signal.SIGTERM):
        os.kill(executor.pid, each)
    (outcome,) = await done(executor, job(seed=9))
    assert outcome.value.seed == 9


async def test_a_writer_without_a_service_ends() -> None:
    launched = launch()
    launched.line.close()
    assert await asyncio.to_thread(launched.process.wait, 30) == 0


async def test_a_process_that_is_stopped_while_it_loads_ends_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.inference.process_executor.GRACE_SECONDS", 60.0)
    launched = launch()
    one = ProcessExecutor(InferenceSettings(), load_writer, lambda _: None, launched=launched)
    one.start()
    await one.stop(0.05)
    assert one.facts is None
    assert launched.process.returncode == 0
