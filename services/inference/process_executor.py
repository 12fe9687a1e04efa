"""The writer in a process of its own, so that neither it nor the event loop waits for the other.

One interpreter runs one thread's Python at a time. On one, each request's parsing and answering
would hold the decoder up between two of its many small operations; on two, a core does each.

- What is admitted is decided here, by the tokens that are out; all else is done over there.
- Orders of one turn of the event loop travel together, under load those of a thousandth of a
  second, and so do the outcomes of a step.
- If the process dies, those who wait are told so and it is started again.
"""

from __future__ import annotations

import asyncio
import pickle
import struct
import time
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import structlog

from services.inference.backlog import GivenUpError, Job, Timed
from services.inference.batcher import DIED, LOADING, STOPPED
from services.inference.executor import Load, Outcomes, Stepped
from services.inference.launch import Launched, launch
from services.inference.messages import (
    Begin,
    Order,
    Orders,
    Progress,
    Reload,
    Reloaded,
    State,
    Stop,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from model.facts import Facts
    from services.inference.settings import InferenceSettings

log = structlog.get_logger()

GRACE_SECONDS = 2.0  # beyond its patience, for it to end
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 30.0  # before it is started again
GATHER_SECONDS = 0.001  # that orders wait for others while the decoder is amid a step
STEADY_SECONDS = 60.0  # after which its death counts as the first
_LENGTH = struct.Struct("!i")  # before each message
IDLE = Progress([], [], rows=0, waiting=0, token_seconds=0.0)


class _Line(asyncio.Protocol):
    """Messages both ways, framed as `multiprocessing.connection` does on the other end."""

    def __init__(self, take: Callable[[object], None], lost: Callable[[], None]) -> None:
        self._take, self._lost = take, lost
        self._received = bytearray()
        self._early = list[bytes]()  # sent before there was a connection
        self._transport: asyncio.Transport | None = None

    async def connect(self, line: socket.socket) -> None:
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=line)

    def send(self, message: object) -> None:
        whole = pickle.dumps(message)
        framed = _LENGTH.pack(len(whole)) + whole
        if self._transport is None:
            self._early.append(framed)
        else:
            self._transport.write(framed)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.writelines(self._early)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            end = _LENGTH.size + length
            if len(self._received) < end:
                return
            message = bytes(self._received[_LENGTH.size : end])
            del self._received[:end]
            self._take(pickle.loads(message))  # noqa: S301 - of this very program

    def connection_lost(self, _: Exception | None) -> None:
        self._lost()


class ProcessExecutor:
    """The writer at the other end of a socket pair."""

    def __init__(
        self,
        settings: InferenceSettings,
        load: Load,
        stepped: Stepped,
        launched: Launched | None = None,
    ) -> None:
        """`launched` is a process that waits to be told what to load, if there is one already."""
        self.tokens = 0
        self._begin = Begin(settings, load)
        self._limit = settings.queue_tokens
        self._stepped = stepped
        self._state = State(LOADING, loading=True, facts=None)
        self._progress = IDLE
        self._waiting: dict[int, tuple[Job[Any], asyncio.Future[Timed[Any]]]] = {}
        self._numbers: dict[Job[Any], int] = {}
        self._fresh_numbers, self._fresh_owners = count(), count()
        self._owners: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._orders, self._withdrawn = list[Order](), list[int]()  # not sent yet
        self._reloading: asyncio.Future[Facts] | None = None
        self._launched = launched
        self._running: Launched | None = None
        self._closed = False
        self._ended = asyncio.Event()
        self._pause = FIRST_PAUSE_SECONDS

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._running is None else self._running.process.pid

    @property
    def facts(self) -> Facts | None:
        return self._state.facts

    @property
    def loading(self) -> bool:
        return self._state.loading

    @property
    def waiting(self) -> int:
        return self._progress.waiting

    @property
    def rows(self) -> int:
        return self._progress.rows

    def missing(self) -> str | None:
        return STOPPED if self._closed else self._state.missing

    def seconds_for(self, tokens: int) -> float:
        return tokens * self._progress.token_seconds

    def admit(self, *jobs: Job[Any]) -> Outcomes | None:
        tokens = sum(job.tokens for job in jobs)
        full = self.tokens and self.tokens + tokens > self._limit
        if full or self.missing() is not None:
            return None
        self.tokens += tokens
        loop, outcomes = asyncio.get_running_loop(), list[asyncio.Future[Timed[Any]]]()
        for job in jobs:
            number = self._numbers[job] = next(self._fresh_numbers)
            outcomes.append(loop.create_future())
            self._waiting[number] = job, outcomes[-1]
            owner = self._owners.setdefault(job.owner, next(self._fresh_owners))
            self._soon_flush()
            self._orders.append(Order(number, owner, job.compose, job.tokens, job.arrived))
        return outcomes

    def withdraw(self, job: Job[Any]) -> None:
        number = self._forget(job)
        if number is None:
            return
        others = [order for order in self._orders if order.number != number]
        if len(others) < len(self._orders):
            self._orders = others  # it was not sent yet
        else:
            self._soon_flush()
            self._withdrawn.append(number)

    def start(self) -> None:
        self._running, self._launched = self._launched or launch(), None
        self._started = time.monotonic()
        self._line = _Line(self._take, self._lost)
        self._line.send(self._begin)
        self._connecting = asyncio.create_task(self._line.connect(self._running.line))

    async def reload(self) -> Facts:
        self._reloading = asyncio.get_running_loop().create_future()
        self._line.send(Reload())
        return await self._reloading

    async def stop(self, patience: float) -> None:
        self._closed = True
        if self._running is None:
            return
        process = self._running.process
        await self._connecting
        self._flush()
        self._line.send(Stop(patience))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), patience + GRACE_SECONDS)
        process.kill()  # if it has not ended by itself
        await asyncio.to_thread(process.wait)
        await self._ended.wait()

    def _soon_flush(self) -> None:
        """Send what this turn of the event loop has brought or, amid a step, the next few too."""
        if self._orders or self._withdrawn:
            return
        wait = GATHER_SECONDS if self._progress.rows else 0.0
        asyncio.get_running_loop().call_later(wait, self._flush)

    def _flush(self) -> None:
        if self._orders or self._withdrawn:
            self._line.send(Orders(self._orders, self._withdrawn))
            self._orders, self._withdrawn = [], []

    def _take(self, message: object) -> None:
        if isinstance(message, Progress):
            self._progress = message
            for rows in message.steps:
                self._stepped(rows)
            for number, outcome in message.outcomes:
                self._settle(number, outcome)
        elif isinstance(message, State):
            self._state = message
        elif isinstance(message, Reloaded) and self._reloading is not None:
            _resolve(self._reloading, message.outcome)

    def _settle(self, number: int, outcome: Timed[Any] | Exception) -> None:
        if number in self._waiting:
            job, future = self._waiting[number]
            self._forget(job)
            _resolve(future, outcome)

    def _forget(self, job: Job[Any]) -> int | None:
        """Its number, if it was not settled."""
        number = self._numbers.pop(job, None)
        if number is not None:
            del self._waiting[number]
            self.tokens -= job.tokens
        return number

    def _lost(self) -> None:
        """The process has ended: tell all who wait and, unless it was told to, start another."""
        loop, lost = asyncio.get_running_loop(), self._running
        assert lost is not None
        self._running, self._progress = None, IDLE
        self._orders, self._withdrawn = [], []
        reason = GivenUpError(STOPPED if self._closed else DIED)
        for number in list(self._waiting):
            self._settle(number, reason)
        if self._reloading is not None:
            _resolve(self._reloading, reason)
        if self._closed:
            self._ended.set()
            return
        self._state = State(DIED, loading=True, facts=None)
        if time.monotonic() - self._started > STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        log.error("writer.died", again_in_seconds=self._pause)
        loop.run_in_executor(None, lost.process.wait)
        loop.call_later(self._pause, self._restart)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def _restart(self) -> None:
        if not self._closed:
            self.start()


def _resolve(future: asyncio.Future[Any], outcome: object) -> None:
    """Give a future its value, or its error, unless it has one."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
