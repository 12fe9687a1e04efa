"""When an approved draft may leave: least interval, most a day, quiet hours, jitter.

A function of the settings, of what is stored and of the time that is asked about, so that after a
restart, or in another worker, the answer is the same.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.policy.quiet import QuietHours

DAY = timedelta(days=1)
# Less than any spell between quiet hours is worth waiting for, and than the hour that is lived
# through twice when clocks are put back.
MOST_AFTER_QUIET = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an approved draft has not left yet; without `until`, no time will change that."""

    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An approved draft that nothing of its own keeps back from `since` on; before, `why` does."""

    key: str
    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast, and at which hours, publications may leave.

    `jitter` is a part of the interval: each publication waits longer by a length of its own, up
    to that part.
    """

    interval: timedelta
    most_a_day: int
    jitter: float = 0.0
    quiet: QuietHours | None = None

    def hold(self, waiting: Waiting, left: Sequence[datetime], now: datetime) -> Hold | None:
        """What keeps a draft from leaving now, given when others left; None when it may leave."""
        if self.most_a_day == 0:
            return Hold("nothing may leave while WORKER_MOST_A_DAY is 0")
        late = self.interval * self.jitter * share(waiting.key)
        until, why = max(self._times(waiting, sorted(left, reverse=True), late))
        if self.quiet is not None:
            opened = self.quiet.opened(max(now, until))
            if opened > until:
                until, why = self._morning(opened, late), f"quiet hours are {self.quiet}"
        return Hold(why, until) if until > now else None

    def _times(
        self, waiting: Waiting, left: Sequence[datetime], late: timedelta
    ) -> Iterator[tuple[datetime, str]]:
        """From when each rule but the quiet hours would let it leave; `left` is newest first."""
        yield waiting.since, waiting.why
        if left:
            minutes = self.interval.total_seconds() / 60
            why = f"WORKER_MIN_INTERVAL keeps {minutes:g} minutes between two posts"
            yield left[0] + self.interval + late, why
        if len(left) >= self.most_a_day:
            why = f"WORKER_MOST_A_DAY lets {self.most_a_day} leave in 24 hours"
            yield left[self.most_a_day - 1] + DAY + late, why

    def _morning(self, opened: datetime, late: timedelta) -> datetime:
        """When the first one leaves after quiet hours: not on the stroke."""
        assert self.quiet is not None
        moment = opened + min(late, MOST_AFTER_QUIET)
        return opened if self.quiet.cover(moment) else moment


def share(key: str) -> float:
    """A number from 0 to 1 that is a publication's own."""
    return int.from_bytes(hashlib.sha256(f"jitter {key}".encode()).digest()[:6]) / 2**48
