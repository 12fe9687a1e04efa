"""Walking down one of Bluesky's timelines, which know no `since` and sort by the author's clock.

A post is put at the time at which its author says that it was written, but it comes when it has
been carried there, seconds later: below posts that we may have read already. So our places go by
when a post came, the walk goes on below the floor for as long as posts may be on their way, and a
page is held back until what is still to come cannot belong above it.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from services.gateway.schemas import Quota
from services.gateway.timelines.bluesky_documents import (
    ON_ITS_WAY,
    ORIGIN,
    Item,
    instant,
    microseconds,
)
from services.gateway.timelines.reading import Entry, FloorRefusedError, Page

PLACE = re.compile(r"(\d{16})-[\w-]*", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
MILLISECOND = 1000
# The end of a page is where the first of its last few items belong, whatever one of them claims.
LAST_FEW = 3


@dataclass(frozen=True)
class Sheaf:
    """A page as Bluesky gives it."""

    items: Sequence[Item]
    cursor: str | None
    quota: Quota | None


Fetch = Callable[[str | None], Awaitable[Sheaf]]


@dataclass
class Walk:
    """The source of one call; `fetch` reads the page at a cursor of Bluesky's."""

    fetch: Fetch
    held: list[Item] = field(default_factory=list)
    lowest: str | None = None

    async def page(
        self, floor: str | None, until: str | None, token: str | None, size: int
    ) -> Page:
        """Always a whole page, whatever `size`: Bluesky charges nothing."""
        del size
        floor_us, until_us = _microseconds(floor), _microseconds(until)
        if token is None:
            self.held, self.lowest = [], None
        sheaf = await self.fetch(token)
        places = [item.entry.place for item in sheaf.items]
        self.lowest = min([*places, self.lowest] if self.lowest else places, default=None)
        self.held += [
            item
            for item in sheaf.items
            if (floor is None or item.entry.place > floor)
            and (until is None or item.entry.place < until)
        ]
        # What is still to come came at this moment or earlier.
        latest = _end_of(sheaf.items)
        more = sheaf.cursor if latest is None or latest >= (floor_us or 0) else None
        entries = self._released(latest if more else 0)
        return Page(entries, _closer(more, until_us), sheaf.quota)

    def _released(self, latest: int | None) -> tuple[Entry, ...]:
        """What surely belongs above everything to come, newest first."""
        if latest is None:
            return ()
        out = [item for item in self.held if item.place_us > latest]
        self.held = [item for item in self.held if item.place_us <= latest]
        return tuple(sorted((item.entry for item in out), key=lambda e: e.place, reverse=True))

    async def reaches(self, place: str) -> bool:
        """Whether this walk has seen anything as old."""
        return self.lowest is not None and self.lowest <= place

    def is_old(self, place: str) -> bool:
        """Nobody says how far Bluesky reaches back, and its pages have ended early before."""
        del place
        return True

    def rest(self, place: str) -> str:
        """Places go by when a post came."""
        return place


def _end_of(items: Sequence[Item]) -> int | None:
    last = [item.sorted_us for item in items[-LAST_FEW:]]
    return max(last) + ON_ITS_WAY if last else None


def _closer(cursor: str | None, until_us: int | None) -> str | None:
    """The cursor or, where cursors are times, a lower one that still leads to all below `until`."""
    if cursor is None or until_us is None or not TIME.fullmatch(cursor):
        return cursor
    at = until_us + MILLISECOND
    if microseconds(cursor) <= at:
        return cursor
    stamp = instant(at).astimezone(UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")


def _microseconds(place: str | None) -> int | None:
    """Raises FloorRefusedError for a place that is none of ours."""
    if place is None:
        return None
    match = PLACE.fullmatch(place)
    if match is None:
        raise FloorRefusedError(ORIGIN)
    return int(match[1])
