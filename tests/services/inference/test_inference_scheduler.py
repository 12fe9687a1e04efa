"""Scheduler and batcher together: batches, overload, deadlines, cancellation, isolation, drain."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from model.errors import RequestError
from services.common.problems import OverloadedError, TooLargeError, UnavailableError
from services.inference.backlog import Owner
from services.inference.batcher import DIED
from services.inference.pace import Pace
from tests.services.inference.scripted import ScriptedWriter, draft

if TYPE_CHECKING:
    from tests.services.inference.conftest import Rooms

Furnish = Callable[..., "Rooms"]
Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


async def test_a_lone_job_is_written_at_once(furnish: Furnish) -> None:
    timed = await furnish().scheduler.do(draft(seed=3))
    assert timed.value.seed == 3
    assert timed.queue_seconds >= 0
    assert timed.model_seconds >= 0


async def test_what_arrived_while_the_writer_was_busy_is_decoded_side_by_side(
    furnish: Furnish, eventually: Eventually
) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    others = await rooms.queue(*(draft(seed=seed) for seed in range(8)))
    rooms.writer.release()
    await first
    assert await asyncio.gather(*others) == list(range(8)), "each gets its own answer"
    assert [len(batch) for batch in rooms.seeds_written()] == [1, 8]
    await eventually(lambda: rooms.count("inference_tokens_total") == 9)
    assert rooms.count("inference_batch_rows_count") == 2


async def test_a_large_request_does_not_hold_up_a_small_one(furnish: Furnish) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    others = await rooms.queue(draft(seed=1, rows=300), draft(seed=2))
    rooms.writer.release()
    await asyncio.gather(first, *others)
    assert rooms.seeds_written()[1].count(2) == 1
    assert len(rooms.seeds_written()) > 4


async def test_a_full_queue_is_answered_at_once(furnish: Furnish) -> None:
    rooms = furnish(queue=5)
    first = await rooms.occupy()
    others = await rooms.queue(draft(tokens=3))
    with pytest.raises(OverloadedError, match="about 4 tokens are to be decoded") as caught:
        await rooms.scheduler.do(draft(tokens=2))
    assert int(caught.value.headers["Retry-After"]) >= 1
    assert rooms.count("inference_rejected_total", reason="overloaded") == 1
    rooms.writer.release()
    await asyncio.gather(first, *others)
    assert len(rooms.seeds_written()) == 2


async def test_what_cannot_be_done_in_time_is_refused_and_told_when_to_return(
    furnish: Furnish,
) -> None:
    rooms = furnish(deadline=10.0)
    rooms.batcher.pace.note(tokens=100, seconds=100.0)  # one token a second
    first = await rooms.occupy()
    others = await rooms.queue(draft(tokens=7))
    with pytest.raises(OverloadedError) as caught:
        await rooms.scheduler.do(draft(tokens=5))
    assert caught.value.headers["Retry-After"] == "8"  # 7 that wait and 1 under way
    rooms.writer.release()
    await asyncio.gather(first, *others)


async def test_what_could_never_be_done_in_time_is_refused_even_by_an_idle_service(
    furnish: Furnish,
) -> None:
    rooms = furnish(deadline=5)
    rooms.batcher.pace.note(tokens=100, seconds=100.0)
    with pytest.raises(TooLargeError, match="alone would take about 6 s"):
        await rooms.scheduler.do(draft(tokens=6))
    assert (await rooms.scheduler.do(draft(tokens=4))).value.seed == 0


async def test_the_pace_is_learnt_from_full_steps(furnish: Furnish, eventually: Eventually) -> None:
    rooms = furnish()
    assert rooms.batcher.pace.seconds_for(1) == 0
    await rooms.scheduler.do(draft(rows=200))
    await eventually(lambda: rooms.batcher.pace.seconds_for(1) > 0)


async def test_a_call_of_many_jobs_does_not_hold_up_another_caller(furnish: Furnish) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    owner = Owner()
    many = [replace(draft(seed=seed), owner=owner) for seed in range(100)]
    others = await rooms.queue(*many, draft(seed=500))
    rooms.writer.release()
    await asyncio.gather(first, *others)
    assert 500 in rooms.seeds_written()[1]


async def test_a_writer_that_dies_is_told_from_one_that_stops(
    furnish: Furnish, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = furnish()

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rooms.batcher, "_step", fail)
    with capture_logs() as logs, pytest.raises(UnavailableError, match="died"):
        await rooms.scheduler.do(draft())
    assert rooms.batcher.missing() == DIED
    assert [entry["event"] for entry in logs] == ["writer.died"]


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


async def test_an_error_that_nobody_waits_for_any_more_is_not_logged(
    furnish: Furnish, eventually: Eventually
) -> None:
    complaints = list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    rooms = furnish(deadline=0.3)
    first = await rooms.occupy()
    slow, wrong = draft(seed=1), draft(seed=2)
    calling = asyncio.create_task(rooms.scheduler.do_all([slow, wrong]))
    await eventually(lambda: rooms.backlog.waiting == 2)
    wrong.future.set_exception(RequestError("no such genre"))
    with pytest.raises(OverloadedError):
        await calling
    await asyncio.gather(first, return_exceptions=True)
    del calling, wrong
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
    rooms.writer.release()


async def test_a_cancelled_request_leaves_the_queue_and_is_never_computed(
    furnish: Furnish, eventually: Eventually
) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    leaving, staying = await rooms.queue(draft(seed=1), draft(seed=2))
    leaving.cancel()
    await eventually(lambda: rooms.backlog.waiting == 1)
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


async def test_a_request_cancelled_under_way_is_not_decoded_any_further(
    furnish: Furnish, eventually: Eventually
) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    (leaving,) = await rooms.queue(draft(seed=1, rows=200))
    rooms.writer.engine.hold_after_next()
    rooms.writer.release()
    await first
    await eventually(lambda: len(rooms.seeds_written()) == 2)
    leaving.cancel()
    await asyncio.wait([leaving])
    rooms.writer.release()
    assert (await rooms.scheduler.do(draft(seed=3))).value.seed == 3
    assert sum(batch.count(1) for batch in rooms.seeds_written()) <= 2 * rooms.writer.engine.slots


async def test_a_new_writer_takes_over_while_the_old_one_ends_what_it_began(
    furnish: Furnish,
) -> None:
    rooms = furnish()
    first = await rooms.occupy()
    newer = ScriptedWriter("r2")
    rooms.batcher.replace(newer)
    (later,) = await rooms.queue(draft(seed=2))
    rooms.writer.release()
    assert (await first).writer.revision == "r1"
    assert await later == 2
    assert [[request.seed for request in batch] for batch in newer.engine.batches] == [[2]]


async def test_stopping_writes_what_is_queued_and_admits_nothing_more(
    furnish: Furnish, eventually: Eventually
) -> None:
    rooms = furnish()
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
    pace = Pace()
    assert pace.seconds_for(10) == 0
    for _ in range(1000):
        pace.note(tokens=100, seconds=1.0)
    for _ in range(1000):
        pace.note(tokens=100, seconds=0.1)
    assert pace.seconds_for(1000) == pytest.approx(1.0, rel=0.01)


def test_small_steps_say_nothing_of_the_pace_under_load() -> None:
    pace = Pace()
    pace.note(tokens=9, seconds=9.0)
    assert pace.seconds_for(10) == 0
