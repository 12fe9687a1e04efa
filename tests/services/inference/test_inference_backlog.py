"""The backlog: order, bounds, fairness, cancellation."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from model.request import Request
from services.inference.backlog import Backlog, Draft, Errand

Draw = Callable[..., Draft]


def job(sentences: int) -> Draft:
    return Draft(request=Request(), sentences=sentences)


def test_takes_all_that_is_queued_at_once_in_order() -> None:
    backlog, jobs = Backlog(100), [job(2), job(3), job(1)]
    for one in jobs:
        assert backlog.admit(one)
    assert backlog.take(budget=10) == jobs
    assert backlog.sentences == 0


def test_small_jobs_overtake_one_that_does_not_fit_the_rest_of_the_budget() -> None:
    backlog, first, large, small = Backlog(100), job(2), job(20), job(3)
    for one in (first, large, small):
        backlog.admit(one)
    assert backlog.take(budget=8) == [first, small]


def test_a_job_beyond_the_budget_goes_alone_when_it_is_first() -> None:
    backlog, large, small = Backlog(100), job(20), job(1)
    for one in (large, small):
        backlog.admit(one)
    assert backlog.take(budget=8) == [large]
    assert backlog.take(budget=8) == [small]


def test_errands_run_by_themselves() -> None:
    backlog = Backlog(100)
    errand = Errand(run=lambda writer: writer.name, sentences=1)
    first, last = job(1), job(1)
    for one in (first, errand, last):
        backlog.admit(one)
    assert backlog.take(budget=8) == [first, last]
    assert backlog.take(budget=8) == [errand]


def test_refuses_what_does_not_fit() -> None:
    backlog = Backlog(5)
    assert backlog.admit(job(3))
    assert not backlog.admit(job(3))
    assert backlog.admit(job(2))


def test_an_empty_backlog_admits_a_job_beyond_its_limit() -> None:
    backlog = Backlog(5)
    assert backlog.admit(job(50))
    assert not backlog.admit(job(1))


def test_a_withdrawn_job_frees_its_place() -> None:
    backlog, one = Backlog(5), job(5)
    backlog.admit(one)
    backlog.withdraw(one)
    assert backlog.admit(job(5))


def test_cancelled_jobs_are_never_handed_out() -> None:
    backlog, cancelled, wanted = Backlog(5), job(1), job(1)
    for one in (cancelled, wanted):
        backlog.admit(one)
    cancelled.future.cancel()
    assert backlog.take(budget=8) == [wanted]


def test_a_closed_backlog_admits_nothing_and_is_drained() -> None:
    backlog, one = Backlog(5), job(1)
    backlog.admit(one)
    backlog.close()
    assert not backlog.admit(job(1))
    assert backlog.take(budget=8) == [one]
    assert backlog.take(budget=8) == []


def test_taking_waits_for_work() -> None:
    backlog, one = Backlog(5), job(1)
    waiting = threading.Event()

    def take() -> list[Draft]:
        waiting.set()
        return [taken for taken in backlog.take(budget=8) if isinstance(taken, Draft)]

    with ThreadPoolExecutor() as pool:
        taken = pool.submit(take)
        assert waiting.wait(5)
        backlog.admit(one)
        assert taken.result(5) == [one]


@given(sizes=st.lists(st.integers(1, 40), max_size=30), budget=st.integers(1, 32))
def test_everything_admitted_is_taken_once_and_nothing_waits_for_ever(
    sizes: list[int], budget: int
) -> None:
    backlog, jobs = Backlog(10_000), [job(size) for size in sizes]
    for one in jobs:
        assert backlog.admit(one)
    backlog.close()
    taken, left = [], list(jobs)
    while batch := backlog.take(budget):
        assert batch[0] is left[0], "the first in line always goes"
        assert len(batch) == 1 or sum(one.sentences for one in batch) <= budget
        left = [one for one in left if one not in batch]
        taken += batch
    assert not left
    assert len(taken) == len(jobs)
