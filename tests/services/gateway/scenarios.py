"""What adapters do, one method at a time: how it is called, and what must hold in the end.

A scenario's `act` is the call that meets the fault, as often as it is repeated; `check` is asked
once it came through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from sqlalchemy import Engine

from services.gateway.publications import UnsettledError
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import NotDoneError, SilentVendorError

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox

T = TypeVar("T")

SECONDS, PATIENCE = 0.5, 10.0
LONGEST_CALL = 10.0
BOT = "deephypebot"
numbers = count(1)


@dataclass
class Bench:
    """A running sandbox, and what an adapter needs besides."""

    sandbox: Sandbox
    engine: Engine
    metrics: VendorMetrics
    folder: Path
    account: dict[str, str] = field(default_factory=dict)
    cleanup: AsyncExitStack = field(default_factory=AsyncExitStack)
    controls: dict[object, object] = field(default_factory=dict)

    async def control(self, opened: Callable[[Bench, float], AbstractAsyncContextManager[T]]) -> T:
        """An adapter with patience, used where nothing is wrong; one for all cells."""
        if opened not in self.controls:
            self.controls[opened] = await self.cleanup.enter_async_context(opened(self, PATIENCE))
        return cast("T", self.controls[opened])

    def calls(self, vendor: str, seconds: float) -> VendorCalls:
        return VendorCalls(vendor, seconds, self.metrics, self.sandbox.clock)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.sandbox.clock(), UTC)

    def pass_by(self, seconds: float) -> None:
        self.sandbox.clock.now += seconds


class Scenario(Protocol):
    async def prepare(self) -> None:
        """What comes before the fault."""

    async def act(self) -> None: ...

    async def check(self) -> None: ...


# Opens one at a bench.
OpenScenario = Callable[[Bench], AbstractAsyncContextManager[Scenario]]


async def until_through(scenario: Scenario, bench: Bench, times: int = 20) -> None:
    """Repeat a call as its caller would, an hour later each time, and once more when it came.

    What was cut short comes with the second call, and what came must not come again. A machine
    that others use too may be silent for a moment.
    """
    through = 0
    for _ in range(times):
        bench.pass_by(3600)
        try:
            async with asyncio.timeout(LONGEST_CALL):
                await scenario.act()
        except (NotDoneError, SilentVendorError, UnsettledError):
            continue
        through += 1
        if through == 2:
            return
    raise AssertionError("it never came through, although nothing is wrong any more")
