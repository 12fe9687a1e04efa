"""How fast a catalogue may be asked: one request per interval, shared by all callers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.gateway.vendor_errors import WaitingLineError

# A caller whose turn is further away than this is sent away, to come back then.
LONGEST_QUEUE_SECONDS = 20.0


class Pace:
    """Lets one caller through per interval, in the order of their coming.

    Who has begun goes first: else a question of several requests might never get to its last, and
    all of them would be asked again.
    """

    def __init__(
        self,
        vendor: str,
        interval: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.vendor, self.interval = vendor, interval
        self._clock, self._sleep = clock, sleep
        # One newcomer at a time stands at the door, so that those who have begun pass by the rest.
        self.line, self.door = asyncio.Lock(), asyncio.Lock()
        self.in_line, self.next_turn = 0, 0.0

    @asynccontextmanager
    async def turn(
        self, check: Callable[[], None] = lambda: None, *, begun: bool = False
    ) -> AsyncIterator[None]:
        """Wait for one's turn, and ask in the block; the interval begins when that ends.

        However slowly a request travels, the next one arrives an interval later. Raises
        WaitingLineError when the turn is too far away. What `check` raises ends the wait, also for
        those who stand in line: they need no turns.
        """
        check()
        wait = max(0.0, self._pause()) + (0 if begun else self.in_line * self.interval)
        if wait > LONGEST_QUEUE_SECONDS:
            raise WaitingLineError(self.vendor, "too many questions are waiting.", retry_after=wait)
        self.in_line += 1
        try:
            async with self._line(begun=begun):
                check()
                # Again and again: while it sleeps, the vendor may have asked for a pause.
                while (pause := self._pause()) > 0:
                    await self._sleep(pause)
                    check()
                try:
                    yield
                finally:
                    self.pause(self.interval)
        finally:
            self.in_line -= 1

    @asynccontextmanager
    async def _line(self, *, begun: bool) -> AsyncIterator[None]:
        if not self.interval:
            yield
        elif begun:
            async with self.door:
                yield
        else:
            async with self.line, self.door:
                yield

    def pause(self, seconds: float) -> None:
        """Nobody asks for a while."""
        self.next_turn = max(self.next_turn, self._clock() + seconds)

    def _pause(self) -> float:
        return self.next_turn - self._clock()
