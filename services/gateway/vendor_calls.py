"""Calls to one vendor: through its circuit breaker, against a deadline, counted and timed.

Synchronous SDKs run in threads.

A call whose answer was lost or broken is repeated here, once, where that is safe: an idle
connection that the vendor closed is the usual cause.
"""

import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread
import httpx
import requests
import stamina
import structlog
import urllib3.exceptions
from prometheus_client import CollectorRegistry, Gauge, Histogram

from services.gateway.breaker import EVERY_LANE, Breaker, State
from services.gateway.spend import Spend
from services.gateway.spend_metrics import SpendMetrics
from services.gateway.vendor_errors import (
    FailedVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)

log = structlog.get_logger()

T = TypeVar("T")
Answer = Callable[[], Awaitable[T]]

CONNECT_SECONDS = 5.0
CIRCUIT: tuple[State, ...] = ("closed", "half open", "open")
# Of httpx: nothing has left yet.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.InvalidURL,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
# Threads that one vendor may keep busy; more callers wait for their turn.
THREADS = 8


class VendorMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.seconds = Histogram(
            "vendor_call_duration_seconds",
            "Time a vendor took to answer, by outcome",
            ["vendor", "outcome"],
            registry=registry,
        )
        self.circuits = Gauge(
            "vendor_circuit",
            "A vendor's circuit breaker: 0 closed, 1 half open, 2 open",
            ["vendor"],
            registry=registry,
        )
        self.spend = SpendMetrics()
        registry.register(self.spend)

    def watch(self, breaker: Breaker) -> None:
        self.circuits.labels(breaker.vendor).set_function(lambda: CIRCUIT.index(breaker.state))

    def watch_spend(self, spend: Spend) -> None:
        self.spend.ledgers.append(spend)


class VendorCalls:
    """Runs calls to `vendor`; every failure comes out as a VendorError.

    A `lane` names a kind of call that the vendor counts apart from others.
    """

    def __init__(
        self,
        vendor: str,
        seconds: float,
        metrics: VendorMetrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.vendor = vendor
        self.seconds = seconds
        self.metrics = metrics
        self.clock = clock
        self.breaker = Breaker(vendor, clock)
        metrics.watch(self.breaker)
        self.turns = anyio.CapacityLimiter(THREADS)
        self.threads = anyio.CapacityLimiter(math.inf)

    @property
    def timeout(self) -> tuple[float, float]:
        """Seconds to connect and to wait for data, as `requests` wants them."""
        return min(CONNECT_SECONDS, self.seconds), self.seconds

    @property
    def httpx_timeout(self) -> httpx.Timeout:
        """The same for httpx."""
        connect, patience = self.timeout
        return httpx.Timeout(patience, connect=connect)

    async def read(self, call: Callable[[], T], lane: str = EVERY_LANE) -> T:
        """Run a synchronous call that only reads, or looks before it writes: it may run twice."""
        return await self.repeat(partial(self.once, call, lane))

    async def repeat(self, answer: Answer[T]) -> T:
        """Await a reading call, a second time when its answer was lost or broken."""
        async for attempt in stamina.retry_context(
            on=FailedVendorError,
            attempts=2,
            timeout=self.seconds,
            wait_initial=0.1,
            wait_jitter=0.1,
        ):
            with attempt:
                return await answer()
        raise AssertionError("stamina always returns or raises")  # pragma: no cover

    async def once(self, call: Callable[[], T], lane: str = EVERY_LANE) -> T:
        """Run a synchronous call a single time, whatever comes of it."""
        async with self.turns:
            with self.measured(lane), self.deadline():
                return await anyio.to_thread.run_sync(
                    self.guarded, call, abandon_on_cancel=True, limiter=self.threads
                )

    @contextmanager
    def measured(self, lane: str = EVERY_LANE) -> Iterator[None]:
        """Time the block under what became of it; not even begun where the circuit is open."""
        self.breaker.admit(lane)
        started, outcome = time.perf_counter(), "defect"
        try:
            yield
            outcome = "ok"
            self.breaker.answered()
        except VendorError as error:
            outcome = error.outcome
            self.breaker.failed(error, lane)
            log.info("vendor.failed", vendor=self.vendor, outcome=outcome, why=error.detail)
            raise
        except BaseException:
            self.breaker.left()
            raise
        finally:
            labels = self.metrics.seconds.labels(self.vendor, outcome)
            labels.observe(time.perf_counter() - started)

    @contextmanager
    def deadline(self) -> Iterator[None]:
        """End the block in SilentVendorError when it takes too long.

        Longer than the socket's own patience, so that the better error wins; a vendor that drips
        its answer byte by byte meets this deadline instead.
        """
        try:
            with anyio.fail_after(self.seconds * 1.5):
                yield
        except TimeoutError as error:
            raise self.silent() from error

    def guarded(self, call: Callable[[], T]) -> T:
        """Run a synchronous call in this thread."""
        try:
            return call()
        except requests.RequestException as error:
            raise self.transport_error(error) from error

    def httpx_error(self, error: BaseException | None) -> VendorError:
        """The same for what httpx raises."""
        if isinstance(error, NEVER_SENT):
            return UnreachableError(self.vendor, "cannot be reached.", retry_after=10)
        if isinstance(error, httpx.TimeoutException):
            return self.silent()
        return self._broken(error)

    def _broken(self, error: BaseException | None) -> FailedVendorError:
        detail = f"the connection broke ({type(error).__name__})."
        return FailedVendorError(self.vendor, detail, retry_after=5)

    def silent(self) -> SilentVendorError:
        detail = f"no answer within {self.seconds:g} s (UPSTREAM_TIMEOUT)."
        return SilentVendorError(self.vendor, detail, retry_after=5)

    def transport_error(self, error: requests.RequestException) -> VendorError:
        """Tells a call that was never sent from one whose answer was lost."""
        cause = error.args[0] if error.args else None
        reason = getattr(cause, "reason", None)
        never_sent = isinstance(
            reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
        )
        if never_sent or isinstance(error, requests.ConnectTimeout):
            return UnreachableError(self.vendor, "cannot be reached.", retry_after=10)
        # A body that stops half-way is a ConnectionError to requests, whatever the reason.
        if isinstance(error, requests.Timeout) or isinstance(
            cause, urllib3.exceptions.ReadTimeoutError
        ):
            return self.silent()
        return self._broken(error)
