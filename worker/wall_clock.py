"""Notices that the wall clock was set back, by the clock that only goes forward."""

from datetime import datetime, timedelta
from time import monotonic

# Clocks are nudged all the time.
NUDGE = timedelta(seconds=5)
# Nothing waits, and nothing is leased, for so long: what lies further ahead is of a wrong clock.
FARTHEST = timedelta(days=1)


class WallClock:
    """The wall clock, as it was when it was last looked at."""

    def __init__(self) -> None:
        self.seen: tuple[datetime, float] | None = None

    def set_back(self, now: datetime) -> timedelta | None:
        """By how much it was set back since the last look; None when it was not."""
        steady = monotonic()
        seen, self.seen = self.seen, (now, steady)
        if seen is None:
            return None
        back = seen[0] + timedelta(seconds=steady - seen[1]) - now
        return back if back > NUDGE else None
