"""Bounded reading that loses nothing.

Platforms show a timeline newest first and let it be read backwards, so a reader that takes only
the newest `limit` posts loses the rest whenever more are waiting. This one walks down from the
newest post; where the limit ends the walk above the floor, the cursor remembers the place, and the
next call walks on from there until it reaches the floor. Only then do newer posts get their turn,
in the same call while the limit allows. Each answer is sorted oldest first.

Every post comes exactly once that was there when reading passed its place. A platform may also put
posts in later, below others that were read (one that was carried from elsewhere stands where it
was written): a source says how low the next floor must rest for their sake, and the cursor
remembers what was given above it.
"""

import time
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from services.gateway.schemas import Gap, Post, Quota, TimelinePage
from services.gateway.timelines.cursor import Cursor, order
from services.gateway.vendor_errors import RefusedByVendorError, VendorError

log = structlog.get_logger()

# The deepest timeline of any platform (X: 3,200 posts) fits in this many full pages.
MOST_PAGES = 35
# A walk that takes longer than this stops with what it has.
PATIENCE_SECONDS = 12.0
# A shorter walk in one call cannot have met the end of a platform's memory.
PAGES_WITHOUT_DOUBT = 5


@dataclass(frozen=True)
class Entry:
    """A post at its place; an edited post keeps its id and moves to a new place.

    Without a post, something stands there that is left out: the cursor passes it by.
    """

    place: str
    post: Post | None


@dataclass(frozen=True)
class Page:
    """One page, newest first; it may be short, or empty, although a next one exists."""

    entries: tuple[Entry, ...] = ()
    next_token: str | None = None
    quota: Quota | None = None


class FloorRefusedError(RefusedByVendorError):
    """The platform does not accept a place as one to read from."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin, "it does not accept the last known post.")


class Source(Protocol):
    """One timeline of a platform, page by page; bounds are exclusive."""

    async def page(
        self, floor: str | None, until: str | None, token: str | None, size: int
    ) -> Page:
        """Raises VendorError, and as one of them FloorRefusedError."""

    async def reaches(self, place: str) -> bool:
        """Whether the platform still shows anything as old as this place; raises VendorError."""

    def is_old(self, place: str) -> bool:
        """Whether the place may be older than what the platform shows."""

    def rest(self, place: str) -> str:
        """The place, or a lower one above which posts may still come in."""


@dataclass
class Reading:
    """One call: walks down, perhaps twice, and becomes an answer."""

    source: Source
    cursor: Cursor
    limit: int
    posts: dict[str, Post] = field(default_factory=dict)
    gap: Gap | None = None
    quota: Quota | None = None
    pages: int = 0
    started: float = field(default_factory=time.monotonic)

    async def answer(self) -> TimelinePage:
        resumed = self.cursor.until is not None
        try:
            landed = await self._walk_down()
            if landed and resumed and self._may_go_on():
                await self._walk_down()
        except FloorRefusedError:
            await self._begin_anew()
        cursor = str(self.cursor) if self.cursor.floor else None
        return TimelinePage(
            posts=self._oldest_first(), cursor=cursor, gap=self.gap, quota=self.quota
        )

    async def _walk_down(self) -> bool:
        """Read towards the floor; whether it was reached.

        A platform that fails half-way does not cost what was read before, unless this is the
        first reading: that one decides what is history, and is all or nothing.
        """
        try:
            return await self._pages_down(self.cursor)
        except FloorRefusedError:
            raise
        except VendorError as error:
            if not self.posts or self.cursor.floor is None:
                raise
            log.warning("timeline.interrupted", origin=self.cursor.origin, why=error.detail)
            return False

    async def _pages_down(self, start: Cursor) -> bool:
        token = None
        while True:
            size = self.limit - len(self.posts)
            page = await self.source.page(start.floor, start.until, token, size)
            self.pages += 1
            self.quota = page.quota or self.quota
            cut = self._take(page.entries)
            token = page.next_token
            if token is None and not cut:
                await self._land(start)
                return True
            if cut or not self._may_go_on():
                break
        if start.floor is None:
            # A first reading takes the newest posts.
            self.cursor = self.cursor.landed()
        return False

    def _take(self, entries: tuple[Entry, ...]) -> bool:
        """Keep entries while there is room; whether some had to stay.

        The newest come first whatever their order was, or one that stays could be older than
        one that was taken, and be lost.
        """
        for entry in sorted(entries, key=lambda entry: order(entry.place), reverse=True):
            if len(self.posts) >= self.limit:
                return True
            top = self.cursor.top or self.source.rest(entry.place)
            self.cursor = replace(self.cursor, top=top, until=entry.place)
            if entry.post is not None and entry.place not in self.cursor.given:
                self.posts.setdefault(entry.post.id, entry.post)
                self.cursor = self.cursor.gave(entry.place)
        return False

    async def _land(self, start: Cursor) -> None:
        if start.floor and await self._lost_sight_of(start):
            reason = "The platform no longer shows posts this old; some may be missing."
            self.gap = Gap(after=start.floor, before=self.cursor.until, reason=reason)
        self.cursor = self.cursor.landed()

    async def _lost_sight_of(self, start: Cursor) -> bool:
        """Whether posts above the floor may have fallen out of the platform's memory."""
        assert start.floor is not None
        if self.cursor.until is None:
            return False  # Nothing came, so there is nothing yet that a gap could precede.
        in_doubt = (
            start.until is not None
            or self.pages > PAGES_WITHOUT_DOUBT
            or self.source.is_old(start.floor)
        )
        return in_doubt and not await self._reaches(start.floor)

    async def _reaches(self, place: str) -> bool:
        try:
            return await self.source.reaches(place)
        except RefusedByVendorError as error:
            # It will be refused the next time too; reading must not wait for it.
            log.warning("timeline.floor_refused", origin=self.cursor.origin, why=error.detail)
            return False

    async def _begin_anew(self) -> None:
        refused, self.cursor = self.cursor, Cursor(self.cursor.origin)
        await self._walk_down()
        oldest = next(iter(self._oldest_first()), None)
        self.gap = Gap(
            after=refused.floor or "",
            before=oldest.id if oldest else None,
            reason="The platform no longer accepts the last known post; reading began anew.",
        )

    def _oldest_first(self) -> list[Post]:
        # Ids grow with time, and so does their length.
        return sorted(self.posts.values(), key=lambda p: (p.created_at, len(p.id), p.id))

    def _may_go_on(self) -> bool:
        return (
            len(self.posts) < self.limit
            and self.pages < MOST_PAGES
            and time.monotonic() - self.started < PATIENCE_SECONDS
        )


async def read(source: Source, origin: str, after: str | None, limit: int) -> TimelinePage:
    """Posts after the cursor, at most `limit`; raises BadRequestError and VendorError."""
    cursor = Cursor(origin) if after is None else Cursor.parse(after)
    if cursor.origin != origin:
        page = await Reading(source, Cursor(origin), limit).answer()
        reason = f"The cursor is of {cursor.origin}; reading of {origin} began anew."
        return page.model_copy(
            update={"gap": Gap(after=cursor.floor or "", before=None, reason=reason)}
        )
    return await Reading(source, cursor, limit).answer()
