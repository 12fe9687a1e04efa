"""How vendors count requests.

Fixed windows (X, Mastodon, Bluesky, Google) and a leaking allowance (MusicBrainz, Last.fm).
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True)
class Allowance:
    """What one request was told: whether it may pass, and what is left until `reset` (epoch)."""

    granted: bool
    limit: int
    remaining: int
    reset: int


class Windows:
    """Counts requests per key in windows that open with the first request."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.open: dict[Hashable, tuple[float, int]] = {}

    def take(self, key: Hashable, limit: int, seconds: float) -> Allowance:
        now = self.clock()
        opened, used = self.open.get(key, (now, 0))
        if now >= opened + seconds:
            opened, used = now, 0
        granted = used < limit
        used += granted
        self.open[key] = opened, used
        return Allowance(granted, limit, limit - used, int(opened + seconds))


class Bucket:
    """Allows `rate` requests a second per key on average, and `burst` at once."""

    def __init__(self, clock: Clock, rate: float, burst: int) -> None:
        self.clock, self.rate, self.burst = clock, rate, burst
        self.levels: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable) -> bool:
        """Whether one more request is within the rate; a rate of 0 means no limit."""
        if not self.rate:
            return True
        now = self.clock()
        seen, level = self.levels.get(key, (now, float(self.burst)))
        level = min(self.burst, level + (now - seen) * self.rate)
        granted = level >= 1
        self.levels[key] = now, level - granted
        return granted
