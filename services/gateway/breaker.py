"""A circuit breaker: a vendor that is down is left alone, and one that says when to come is obeyed.

Closed, calls go through. After `FAILURES` failures in a row it opens: nobody asks for a while, and
callers learn at once when to come again. Then it is half open: one caller tries. An answer, even
a refusal, closes it; the failure of that caller doubles the pause, and of no other: those let
through before it opened may all fail at once.

A rate limit is no failure. It is about one kind of call (a `lane`: reading posts, say), and that
lane rests until the vendor's own time, while the others go on. An account that may spend no more
rests altogether.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from services.gateway.vendor_errors import (
    BusyVendorError,
    CircuitOpenError,
    FailedVendorError,
    NotDoneError,
    OutOfCreditError,
    SilentVendorError,
    UnreachableError,
    VendorError,
    WaitingLineError,
)

State = Literal["closed", "half open", "open"]

FAILURES = 5
FIRST_OPEN, LONGEST_OPEN = 15.0, 300.0
DOWN = (FailedVendorError, SilentVendorError, UnreachableError)
EVERY_LANE = ""


@dataclass(frozen=True)
class Rest:
    """A lane that the vendor asked to leave alone, and what it said."""

    until: float
    kind: type[NotDoneError]
    said: str


class Resting(NamedTuple):
    """A lane that is left alone, or every lane."""

    lane: str
    until: datetime
    why: str


@dataclass
class Breaker:
    """The circuit of one vendor; `clock` gives Unix seconds."""

    vendor: str
    clock: Callable[[], float]
    failures: int = 0
    pause: float = FIRST_OPEN
    opens_at: float = 0.0
    trying: bool = False
    rests: dict[str, Rest] = field(default_factory=dict)
    last: str | None = None  # what went wrong last

    @property
    def state(self) -> State:
        if self.failures < FAILURES:
            return "closed"
        return "half open" if self.clock() >= self.opens_at else "open"

    @property
    def resting(self) -> list[Resting]:
        """What is left alone for now, and until when; EVERY_LANE for the vendor as a whole."""
        now = self.clock()
        waits = [(lane, rest.until, rest.said) for lane, rest in self.rests.items()]
        if self.state == "open":
            waits.append((EVERY_LANE, self.opens_at, self.last or ""))
        return [
            Resting(lane, datetime.fromtimestamp(until, UTC), why)
            for lane, until, why in waits
            if until > now
        ]

    def admit(self, lane: str) -> None:
        """Let a call through, or raise what the caller would hear from the vendor."""
        now = self.clock()
        for name in (lane, EVERY_LANE):
            rest = self.rests.get(name)
            if rest is not None and now < rest.until:
                raise rest.kind(self.vendor, rest.said, retry_after=rest.until - now)
            self.rests.pop(name, None)
        if self.state == "closed":
            return
        if self.state == "open" or self.trying:
            wait = max(1.0, self.opens_at - now)
            detail = f"it failed {self.failures} times in a row, and is left alone for now."
            raise CircuitOpenError(self.vendor, detail, retry_after=wait)
        self.trying = True

    def check(self, lane: str) -> None:
        """Raise what `admit` would; the trial of a half open circuit is left to it."""
        trying = self.trying
        self.admit(lane)
        self.trying = trying

    def answered(self) -> None:
        """The vendor is there, whatever it said."""
        self.failures, self.pause, self.trying = 0, FIRST_OPEN, False

    def failed(self, error: VendorError, lane: str) -> None:
        self.last = error.said
        if isinstance(error, DOWN):
            self._count()
            return
        self.answered()
        if isinstance(error, OutOfCreditError):
            self._rest(EVERY_LANE, error)
        elif isinstance(error, BusyVendorError) and not isinstance(error, WaitingLineError):
            self._rest(lane, error)

    def left(self) -> None:
        """The caller went away; nothing was learnt."""
        self.trying = False

    def _count(self) -> None:
        tried, self.trying = self.trying, False
        self.failures += 1
        if tried or self.failures == FAILURES:
            self.opens_at = self.clock() + self.pause
            self.pause = min(2 * self.pause, LONGEST_OPEN)

    def _rest(self, lane: str, error: NotDoneError) -> None:
        if error.retry_after is not None:
            self.rests[lane] = Rest(self.clock() + error.retry_after, type(error), error.said)
