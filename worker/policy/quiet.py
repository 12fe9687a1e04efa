"""Hours of the day in which nothing leaves, by the clock of a place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE, MOMENT = timedelta(minutes=1), timedelta(microseconds=1)
SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-\u2013]\s*([01]?\d|2[0-3]):([0-5]\d)")


def zone_of(name: str) -> ZoneInfo:
    """Raises ValueError for a name that no time zone has."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"'{name}' is no time zone: a name such as Europe/Berlin or UTC is needed"
        raise ValueError(message) from error


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` by the clocks of `zone`, over midnight where `end` is the earlier."""

    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def of(cls, span: str, zone: str) -> Self:
        """From words such as `22:00-07:30`; raises ValueError."""
        match = SPAN.fullmatch(span.strip())
        if match is None:
            message = f"'{span}' are no hours: two times such as 22:00-07:30 are needed"
            raise ValueError(message)
        hour, minute, end_hour, end_minute = map(int, match.groups())
        start, end = time(hour, minute), time(end_hour, end_minute)
        if start == end:
            message = f"'{span}' ends where it begins: leave it empty, or set WORKER_PUBLISH=false"
            raise ValueError(message)
        return cls(start, end, zone_of(zone))

    def __str__(self) -> str:
        return f"{self.start:%H:%M}\u2013{self.end:%H:%M} {self.zone.key}"

    def cover(self, moment: datetime) -> bool:
        local = moment.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def opened(self, moment: datetime) -> datetime:
        """When the quiet around a moment ends; outside of it, when it last ended."""
        today = moment.astimezone(self.zone).date()
        days = (today + timedelta(days=away) for away in (-2, -1, 0, 1, 2))
        ends = sorted(end for day in days for end in self._ends(day))
        if self.cover(moment):
            return next(end for end in ends if end > moment)
        return max(end for end in ends if end <= moment)

    def _ends(self, day: date) -> Iterator[datetime]:
        """When the quiet ends on a day: twice where the clocks are put back over the end, and as
        they are put forward where they skip it.
        """
        local = datetime.combine(day, self.end, self.zone)
        ends = {local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)} | self._change(day)
        for end in ends:
            if self.cover(end - MOMENT) and not self.cover(end):
                yield end

    def _change(self, day: date) -> set[datetime]:
        """The minute in which the clocks of the place are changed on a day, if they are."""
        before = datetime.combine(day, time(), self.zone).astimezone(UTC)
        after = before + timedelta(days=1)
        old = before.astimezone(self.zone).utcoffset()
        if after.astimezone(self.zone).utcoffset() == old:
            return set()
        while after - before > MINUTE:
            middle = before + (after - before) // MINUTE // 2 * MINUTE
            if middle.astimezone(self.zone).utcoffset() == old:
                before = middle
            else:
                after = middle
        return {after}
