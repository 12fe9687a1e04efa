"""What every run of a job shares: the time, the lease, when to stop, and a sign of life."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

# Between a run's own end and the moment when somebody else may take its work.
MARGIN = timedelta(seconds=60)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Run:
    """One run of a job by one worker; `beat` is called whenever something got done."""

    holder: str
    longest: timedelta
    grace: timedelta = timedelta(0)  # a call that was begun in time may still take so long
    now: Callable[[], datetime] = utc_now
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    beat: Callable[[], None] = lambda: None
    lease: str = field(init=False)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.lease = f"{self.holder}/{secrets.token_hex(8)}"
        self.started = time.monotonic()

    @property
    def over(self) -> bool:
        """Whether nothing new should be begun: told to stop, or out of time."""
        return self.stop.is_set() or self.seconds > self.longest.total_seconds()

    @property
    def leased_until(self) -> datetime:
        """When what this run takes now is anybody's, by the clock as it is now: after a jump of it
        a lease must neither have lapsed already nor seem to be of a wrong clock.
        """
        left = max(self.longest - timedelta(seconds=self.seconds), timedelta(0))
        return self.now() + left + self.grace + MARGIN

    @property
    def call_ends(self) -> datetime:
        """When a call that begins now has surely ended."""
        return self.now() + self.grace + MARGIN

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started
