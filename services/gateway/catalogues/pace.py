"""How fast a catalogue may be asked: one request per interval, shared by all callers."""

import asyncio
import time

from services.gateway.vendor_errors import WaitingLineError

# A caller whose turn is further away than this is sent away, to come back then.
LONGEST_QUEUE_SECONDS = 20.0


class Pace:
    """Lets one caller through per interval, in the order of their coming."""

    def __init__(self, vendor: str, interval: float) -> None:
        self.vendor, self.interval = vendor, interval
        self.next_turn = 0.0

    async def turn(self) -> None:
        """Wait for one's turn; raises WaitingLineError when it is too far away."""
        now = time.monotonic()
        wait = max(0.0, self.next_turn - now)
        if wait > LONGEST_QUEUE_SECONDS:
            raise WaitingLineError(self.vendor, "too many questions are waiting.", retry_after=wait)
        self.next_turn = now + wait + self.interval
        if wait:
            await asyncio.sleep(wait)

    def pause(self, seconds: float) -> None:
        """Nobody asks for a while."""
        self.next_turn = max(self.next_turn, time.monotonic() + seconds)
