"""The backlog: order, bounds, cancellation."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.inference.backlog import Backlog, Job, Owner
from tests.services.inference.scripted import draft


def job(tokens: int) -> Job[Any]:
    return draft(tokens=tokens)


def take(backlog: Backlog, most: int = 100) -> list[Job[Any]]:
    return backlog.take(most, wait=False)


def test_jobs_are_taken_in_order_so_many_at_a_time() -> None:
    backlog, jobs = Backlog(100), [job(2), job(3), job(1)]
    for one in jobs:
        assert backlog.admit(one)
    assert take(backlog, 2) == jobs[:2]
    assert take(backlog, 2) == jobs[2:]
    assert take(backlog) == []


def test_jobs_of_one_call_leave_room_for_others() -> None:
    backlog, owner = Backlog(1000), Owner()
    many, other = [Job(job(1).compose, 1, owner) for _ in range(50)], job(1)
    assert backlog.admit(*many)
    assert backlog.admit(other)
    assert take(backlog, 2) == [many[0], other]
    assert take(backlog) == many[1:]


def test_jobs_are_admitted_all_or_none() -> None:
    backlog = Backlog(10)
    backlog.admit(job(4))
    assert not backlog.admit(job(3), job(4))
    assert backlog.tokens == 4
    assert backlog.admit(job(3), job(3))


def test_what_is_taken_counts_until_it_is_settled() -> None:
    backlog, one = Backlog(5), job(3)
    assert backlog.admit(one)
    take(backlog)
    assert not backlog.admit(job(3))
    assert backlog.admit(job(2))
    backlog.settle(one)
    assert backlog.tokens == 2
    assert backlog.admit(job(3))


def test_an_empty_backlog_admits_a_job_beyond_its_limit() -> None:
    backlog = Backlog(5)
    assert backlog.admit(job(50))
    assert not backlog.admit(job(1))


def test_a_job_withdrawn_before_it_is_begun_frees_its_place_and_is_never_handed_out() -> None:
    backlog, one, other = Backlog(5), job(5), job(5)
    backlog.admit(one)
    backlog.withdraw(one)
    assert backlog.admit(other)
    assert take(backlog) == [other]
    assert backlog.unwanted() == []


def test_a_job_withdrawn_under_way_is_told_once_and_counts_until_it_is_stopped() -> None:
    backlog, one = Backlog(5), job(5)
    backlog.admit(one)
    take(backlog)
    backlog.withdraw(one)
    assert backlog.tokens == 5
    assert backlog.unwanted() == [one]
    assert backlog.unwanted() == []
    backlog.settle(one)
    assert backlog.tokens == 0


def test_a_settled_job_can_be_withdrawn_and_settled_again_without_harm() -> None:
    backlog, one = Backlog(5), job(5)
    backlog.admit(one)
    take(backlog)
    for _ in range(2):
        backlog.settle(one)
        backlog.withdraw(one)
    assert backlog.tokens == 0
    assert backlog.unwanted() == []


def test_a_closed_backlog_admits_nothing_and_is_drained() -> None:
    backlog, one = Backlog(5), job(1)
    backlog.admit(one)
    backlog.close()
    assert not backlog.admit(job(1))
    assert backlog.take(8, wait=True) == [one]
    assert backlog.take(8, wait=True) == []


def test_abandoning_hands_back_what_waits_and_what_is_under_way() -> None:
    backlog, begun, waiting = Backlog(5), job(1), job(1)
    backlog.admit(begun)
    take(backlog)
    backlog.admit(waiting)
    assert backlog.abandon() == [begun, waiting]
    assert backlog.tokens == backlog.waiting == 0


def test_taking_waits_for_work() -> None:
    backlog, one = Backlog(5), job(1)
    waiting = threading.Event()

    def wait() -> list[Job[Any]]:
        waiting.set()
        return backlog.take(8, wait=True)

    with ThreadPoolExecutor() as pool:
        taken = pool.submit(wait)
        assert waiting.wait(5)
        backlog.admit(one)
        assert taken.result(5) == [one]


@given(sizes=st.lists(st.integers(1, 40), max_size=30), most=st.integers(1, 8))
def test_everything_admitted_is_taken_once_in_order(sizes: list[int], most: int) -> None:
    backlog, jobs = Backlog(10_000), [job(size) for size in sizes]
    for one in jobs:
        assert backlog.admit(one)
    taken = []
    while batch := take(backlog, most):
        assert len(batch) <= most
        taken += batch
    assert taken == jobs
    for one in jobs:
        backlog.settle(one)
    assert backlog.tokens == 0
