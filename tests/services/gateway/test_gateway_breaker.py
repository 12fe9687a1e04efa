"""A vendor that is down is left alone; one that says when to come is obeyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from services.gateway.breaker import EVERY_LANE, FAILURES, FIRST_OPEN, LONGEST_OPEN, Breaker
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CircuitOpenError,
    FailedVendorError,
    OutOfCreditError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
    WaitingLineError,
)

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock


@pytest.fixture
def calls(metrics: VendorMetrics, clock: Clock) -> VendorCalls:
    return VendorCalls("x", 3.0, metrics, clock)


def failing(error: VendorError) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def down() -> FailedVendorError:
    return FailedVendorError("x", "it is unwell.", retry_after=5)


def resting(breaker: Breaker) -> dict[str, float]:
    return {rest.lane: rest.until.timestamp() for rest in breaker.resting}


async def bring_down(calls: VendorCalls) -> None:
    for _ in range(FAILURES):
        with pytest.raises(FailedVendorError):
            await calls.once(failing(down()))


async def test_a_vendor_that_failed_again_and_again_is_not_asked(
    calls: VendorCalls, clock: Clock
) -> None:
    await bring_down(calls)
    asked: list[str] = []
    with pytest.raises(CircuitOpenError) as caught:
        await calls.once(lambda: asked.append("asked"))
    assert asked == []
    assert caught.value.retry_after == FIRST_OPEN
    clock.now += FIRST_OPEN
    await calls.once(lambda: asked.append("asked"))
    assert asked == ["asked"]
    assert calls.breaker.state == "closed"


@pytest.mark.parametrize("kind", [FailedVendorError, SilentVendorError, UnreachableError])
def test_each_way_of_being_down_counts(clock: Clock, kind: type[VendorError]) -> None:
    breaker = Breaker("x", clock)
    for _ in range(FAILURES):
        breaker.failed(kind("x", "no answer."), "home")
    assert breaker.state == "open"


def test_a_refusal_is_an_answer(clock: Clock) -> None:
    breaker = Breaker("x", clock)
    for _ in range(FAILURES - 1):
        breaker.failed(down(), "home")
    breaker.failed(RefusedByVendorError("x", "no."), "home")
    breaker.failed(down(), "home")
    assert breaker.state == "closed"


def test_half_open_one_caller_tries_and_the_others_wait(clock: Clock) -> None:
    breaker = Breaker("x", clock)
    for _ in range(FAILURES):
        breaker.failed(down(), "home")
    clock.now += FIRST_OPEN
    breaker.admit("home")
    with pytest.raises(CircuitOpenError):
        breaker.admit("home")
    breaker.left()  # the one who tried hung up
    breaker.admit("home")


def test_each_failed_try_doubles_the_pause_up_to_a_bound(clock: Clock) -> None:
    breaker = Breaker("x", clock)
    for _ in range(FAILURES):
        breaker.failed(down(), "home")
    pauses = []
    for _ in range(8):
        pauses.append(breaker.opens_at - clock.now)
        clock.now = breaker.opens_at
        breaker.admit("home")
        breaker.failed(down(), "home")
    assert pauses[:3] == [FIRST_OPEN, 2 * FIRST_OPEN, 4 * FIRST_OPEN]
    assert max(pauses) == LONGEST_OPEN


@pytest.mark.parametrize("later", [0.0, 1.0, FIRST_OPEN])
def test_calls_let_through_before_it_opened_do_not_lengthen_the_pause(
    clock: Clock, later: float
) -> None:
    breaker = Breaker("x", clock)
    for _ in range(FAILURES + 3):
        breaker.admit("home")
    for _ in range(FAILURES):
        breaker.failed(SilentVendorError("x", "no answer."), "home")
    opens_at = breaker.opens_at
    clock.now += later
    for _ in range(3):
        breaker.failed(SilentVendorError("x", "no answer."), "home")
    assert breaker.opens_at == opens_at
    assert breaker.pause == 2 * FIRST_OPEN


async def test_a_rate_limit_rests_its_own_lane_until_the_vendors_time(
    calls: VendorCalls, clock: Clock
) -> None:
    busy = BusyVendorError("x", "its rate limit is reached.", retry_after=600)
    with pytest.raises(BusyVendorError):
        await calls.once(failing(busy), "home")
    clock.now += 100
    with pytest.raises(BusyVendorError) as caught:
        await calls.once(lambda: None, "home")
    assert caught.value.retry_after == 500
    await calls.once(lambda: None, "create")
    clock.now += 500
    await calls.once(lambda: None, "home")


def test_a_rate_limit_far_away_is_asked_about_within_the_hour(clock: Clock) -> None:
    breaker = Breaker("x", clock)
    breaker.failed(BusyVendorError("x", "later.", retry_after=1e9), "home")
    clock.now += 3600
    breaker.admit("home")


def test_our_own_line_rests_nobody(clock: Clock) -> None:
    breaker = Breaker("musicbrainz", clock)
    breaker.failed(WaitingLineError("musicbrainz", "too many.", retry_after=30), EVERY_LANE)
    breaker.admit(EVERY_LANE)


def test_an_account_that_may_spend_no_more_rests_altogether(clock: Clock) -> None:
    breaker = Breaker("x", clock)
    breaker.failed(OutOfCreditError("x", "no credits.", retry_after=3600), "home")
    with pytest.raises(OutOfCreditError):
        breaker.admit("create")
    assert resting(breaker) == {EVERY_LANE: clock.now + 3600}


def test_it_is_known_which_lanes_rest_and_until_when(clock: Clock) -> None:
    breaker = Breaker("x", clock)
    breaker.failed(BusyVendorError("x", "enough read.", retry_after=60), "home")
    breaker.failed(BusyVendorError("x", "enough said.", retry_after=90), "create")
    assert [rest.why for rest in breaker.resting] == ["enough read.", "enough said."]
    clock.now += 60
    assert resting(breaker) == {"create": clock.now + 30}
    for _ in range(FAILURES):
        breaker.failed(down(), "home")
    assert resting(breaker) == {"create": clock.now + 30, EVERY_LANE: clock.now + FIRST_OPEN}


async def test_the_state_is_a_metric(
    calls: VendorCalls, metrics: VendorMetrics, clock: Clock
) -> None:
    def level() -> float:
        (family,) = metrics.circuits.collect()
        return family.samples[0].value

    assert level() == 0
    await bring_down(calls)
    assert level() == 2
    clock.now += FIRST_OPEN
    assert level() == 1


async def test_a_check_leaves_the_trial_to_the_one_who_asks(
    calls: VendorCalls, clock: Clock
) -> None:
    await bring_down(calls)
    with pytest.raises(CircuitOpenError):
        calls.breaker.check(EVERY_LANE)
    clock.now += FIRST_OPEN
    calls.breaker.check(EVERY_LANE)
    calls.breaker.admit(EVERY_LANE)
    with pytest.raises(CircuitOpenError):
        calls.breaker.check(EVERY_LANE)
