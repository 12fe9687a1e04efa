"""Scheduler and batcher together: batches, overload, deadlines, cancellation, isolation, drain."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from model.errors import RequestError
from model.request import Request
from services.common.problems import OverloadedError, UnavailableError
from services.inference.backlog import Draft, Errand
from services.inference.measures import Pace

if TYPE_CHECKING:
    from tests.services.inference.conftest import Rooms

Furnish = Callable[..., "Rooms"]
Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


def draft(seed: int = 0, sentences: int = 1, title: str | None = None) -> Draft:
    return Draft(request=Request(seed=seed, num_samples=1, title=title), sentences=sentences)


async def test_a_lone_job_is_written_at_once(furnish: Furnish) -> None:
    timed = await furnish().scheduler.do(draft(seed=3))
    assert timed.value.seed == 3
    assert timed.queue_seconds >= 0
    assert timed.model_seconds >= 0


async def test_what_queued_while_the_writer_was_busy_is_one_batch(furnish: Furnish) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    others = await rooms.queue(*(draft(seed=seed) for seed in range(10)))
    rooms.writer.release()
    await first
    assert await asyncio.gather(*others) == list(range(10)), "each gets its own answer"
    assert [len(call) for call in rooms.writer.calls] == [1, 10]
    assert rooms.count("inference_batch_requests_count") == 2
    assert rooms.count("inference_sentences_drafted_total") == 11


async def test_a_large_request_does_not_hold_up_small_ones(furnish: Furnish) -> None:
    rooms = furnish(batch=8)
    first = await rooms.occupy()
    jobs = [draft(seed=1), draft(seed=2, sentences=500), draft(seed=3), draft(seed=4)]
    others = await rooms.queue(*jobs)
    rooms.writer.release()
    await asyncio.gather(first, *others)
    assert rooms.seeds_written() == [[999], [1, 3, 4], [2]]


async def test_a_full_queue_is_answered_at_once(furnish: Furnish) -> None:
    rooms = furnish(queue=4)
    first = await rooms.occupy()
    others = await rooms.queue(draft(sentences=3))
    with pytest.raises(OverloadedError, match="3 sentences wait") as caught:
        await rooms.scheduler.do(draft(sentences=2))
    assert int(caught.value.headers["Retry-After"]) >= 1
    assert rooms.count("inference_rejected_total", reason="overloaded") == 1
    rooms.writer.release()
    await asyncio.gather(first, *others)
    assert len(rooms.writer.calls) == 2


async def test_what_cannot_be_done_in_time_is_refused_and_told_when_to_return(
    furnish: Furnish,
) -> None:
    rooms = furnish()
    rooms.batcher.pace.note(sentences=100, seconds=100.0)  # one sentence a second
    first = await rooms.occupy()
    others = await rooms.queue(draft(sentences=7))
    with pytest.raises(OverloadedError) as caught:
        await rooms.scheduler.do(draft(sentences=5))
    assert caught.value.headers["Retry-After"] == "8"  # 7 that wait and 1 being written
    rooms.writer.release()
    await asyncio.gather(first, *others)


async def test_a_request_past_its_deadline_is_answered_and_never_computed(furnish: Furnish) -> None:
    rooms = furnish(deadline=0.3)
    first = await rooms.occupy()
    with pytest.raises(OverloadedError, match=r"within 0\.3 s"):
        await rooms.scheduler.do(draft(seed=5))
    with pytest.raises(OverloadedError):
        await first
    rooms.writer.release()
    await asyncio.to_thread(rooms.batcher.stop, 5)
    assert rooms.seeds_written() == [[999]]
    assert rooms.count("inference_rejected_total", reason="deadline") == 2


async def test_a_cancelled_request_leaves_the_queue_and_is_never_computed(
    furnish: Furnish, eventually: Eventually
) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    leaving, staying = await rooms.queue(draft(seed=1), draft(seed=2))
    leaving.cancel()
    await eventually(lambda: rooms.backlog.jobs == 1)
    rooms.writer.release()
    await asyncio.gather(first, staying)
    assert rooms.seeds_written() == [[999], [2]]
    assert rooms.count("inference_rejected_total", reason="disconnected") == 1


@pytest.mark.parametrize(
    ("title", "error"), [("poison", ZeroDivisionError), ("impossible", RequestError)]
)
async def test_a_bad_request_fails_alone(
    furnish: Furnish, title: str, error: type[Exception]
) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    jobs = [draft(seed=seed, title=title if seed == 6 else None) for seed in range(16)]
    others = await rooms.queue(*jobs)
    rooms.writer.release()
    await first
    outcomes = await asyncio.gather(*others, return_exceptions=True)
    assert isinstance(outcomes.pop(6), error)
    assert outcomes == [seed for seed in range(16) if seed != 6]


async def test_the_writer_goes_on_after_a_failure(furnish: Furnish) -> None:
    rooms = furnish()
    with pytest.raises(ZeroDivisionError):
        await rooms.scheduler.do(draft(title="poison"))
    assert (await rooms.scheduler.do(draft(seed=8))).value.seed == 8
    assert rooms.count("inference_rejected_total", reason="failed") == 1


async def test_errands_are_done_on_the_writers_thread(furnish: Furnish) -> None:
    rooms = furnish()
    errand = Errand(run=lambda _: threading.current_thread().name, sentences=1)
    assert (await rooms.scheduler.do(errand)).value == "writer"


async def test_stopping_writes_what_is_queued_and_admits_nothing_more(
    furnish: Furnish, eventually: Eventually
) -> None:
    rooms = furnish(batch=1)
    first = await rooms.occupy()
    others = await rooms.queue(*(draft(seed=seed) for seed in range(5)))
    stopping = asyncio.create_task(asyncio.to_thread(rooms.batcher.stop, 10))
    await eventually(lambda: rooms.backlog.closed)
    with pytest.raises(UnavailableError):
        await rooms.scheduler.do(draft())
    rooms.writer.release()
    await asyncio.gather(first, stopping)
    assert await asyncio.gather(*others) == [0, 1, 2, 3, 4]


async def test_what_is_not_written_when_patience_ends_is_told_so(furnish: Furnish) -> None:
    rooms = furnish()
    await rooms.occupy()
    (waiting,) = await rooms.queue(draft())
    await asyncio.to_thread(rooms.batcher.stop, 0)
    with pytest.raises(UnavailableError, match="shutting down"):
        await waiting


def test_the_pace_follows_what_was_measured_last() -> None:
    pace = Pace(full=20)
    assert pace.seconds_for(10) == 0
    for _ in range(100):
        pace.note(sentences=10, seconds=1.0)
    for _ in range(100):
        pace.note(sentences=10, seconds=0.1)
    assert pace.seconds_for(100) == pytest.approx(1.0, rel=0.01)


def test_small_batches_say_nothing_of_the_pace_under_load() -> None:
    pace = Pace(full=20)
    pace.note(sentences=9, seconds=9.0)
    assert pace.seconds_for(10) == 0
