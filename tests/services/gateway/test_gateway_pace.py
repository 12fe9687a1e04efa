"""The line before a catalogue that may be asked once a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from services.gateway.catalogues.pace import Pace
from services.gateway.vendor_errors import CircuitOpenError, WaitingLineError
from tests.services.gateway.clock import Clock


async def pass_through(
    pace: Pace, check: Callable[[], None] = lambda: None, *, begun: bool = False
) -> None:
    async with pace.turn(check, begun=begun):
        pass


async def test_those_who_stand_in_line_need_no_turn_to_hear_that_nobody_may_ask() -> None:
    pace, reasons = Pace("musicbrainz", 0.5), list[Exception]()

    def check() -> None:
        if reasons:
            raise reasons[0]

    await pass_through(pace, check)
    waiting = [asyncio.ensure_future(pass_through(pace, check)) for _ in range(8)]
    await asyncio.sleep(0)
    reasons.append(CircuitOpenError("musicbrainz", "it is left alone.", retry_after=15))
    started = time.monotonic()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert time.monotonic() - started < 1.0
    assert told == reasons * 8


async def test_a_pause_also_holds_for_those_who_stand_in_line() -> None:
    clock = Clock(0.0)
    pace = Pace("musicbrainz", 1.0, clock, clock.sleep)
    await pass_through(pace)
    waiting = asyncio.ensure_future(pass_through(pace))
    await asyncio.sleep(0)
    pace.pause(4.0)
    await waiting
    assert clock.now >= 4.0


async def test_who_has_begun_goes_before_the_newcomers() -> None:
    """A question of several requests would else be asked again and again, and never get through."""
    pace, order = Pace("musicbrainz", 0.02), list[str]()

    async def call(name: str, *, begun: bool = False) -> None:
        await pass_through(pace, begun=begun)
        order.append(name)

    await pass_through(pace)
    newcomers = [asyncio.ensure_future(call(f"newcomer {number}")) for number in range(4)]
    await asyncio.sleep(0)
    await asyncio.gather(*newcomers, call("begun", begun=True))
    assert order.index("begun") <= 1


async def test_a_long_line_does_not_send_away_who_has_begun() -> None:
    pace = Pace("musicbrainz", 15.0)
    await pass_through(pace)
    waiting = [asyncio.ensure_future(pass_through(pace))]
    await asyncio.sleep(0)
    with pytest.raises(WaitingLineError):
        await pass_through(pace)
    waiting.append(asyncio.ensure_future(pass_through(pace, begun=True)))
    await asyncio.sleep(0)
    assert not waiting[1].done()
    for each in waiting:
        each.cancel()


async def test_the_interval_begins_when_the_answer_is_there() -> None:
    """A request that travelled slowly, and the next that did not, arrive apart all the same."""
    clock = Clock(0.0)
    pace = Pace("musicbrainz", 1.0, clock, clock.sleep)
    answered = asyncio.Event()

    async def ask_slowly() -> None:
        async with pace.turn():
            await answered.wait()

    async def ask_next() -> float:
        async with pace.turn():
            return clock.now

    slow = asyncio.ensure_future(ask_slowly())
    await asyncio.sleep(0)
    clock.now += 10.0  # many intervals
    following = asyncio.ensure_future(ask_next())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not following.done(), "no other is asked meanwhile"
    answered.set()
    await slow
    assert await following == 11.0


async def test_a_caller_who_leaves_the_line_gives_up_the_turn() -> None:
    pace = Pace("musicbrainz", 15.0)
    await pass_through(pace)
    leaving = asyncio.ensure_future(pass_through(pace))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    staying = asyncio.ensure_future(pass_through(pace))
    await asyncio.sleep(0)
    assert not staying.done()  # it waits, instead of being sent away
    staying.cancel()
