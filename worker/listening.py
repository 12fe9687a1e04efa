"""From the timeline to songs: posts and cursor are stored together, then every post is parsed."""

import asyncio
from collections.abc import Collection, Sequence

import structlog

from services.common.rest import ServiceError
from services.gateway.schemas import Post
from worker.course import PARSER, Course, gateway_of
from worker.failpoints import reach
from worker.languages import foreign
from worker.mentions import calls, what_is_asked
from worker.songs import FIRM, parse
from worker.stages import Stage
from worker.states import PostState
from worker.store.moves import LeaseLostError
from worker.store.posts import Asked, Claimed, Reading
from worker.store.timeline import TIMELINE
from worker.turn import turn_at

log = structlog.get_logger()

PARSE_BATCH = 500
MOST_CANDIDATES = 3


def read_post(given: Post, *, languages: Collection[str] = (), handle: str = "") -> Reading:
    """The songs that a post may name, or why it names none.

    Languages left empty are all read; `handle` is the bot's own.
    """
    if given.sensitive:
        return Reading((), reason="marked as sensitive")
    if language := foreign(given.lang, languages):
        return Reading((), reason=f"in another language ({language}), by WORKER_LANGUAGES")
    # The timeline may bring a mention before the mentions do.
    asks = given.mentions_bot or calls(given.text, handle)
    found = parse(what_is_asked(given.text, handle) if asks else given.text)
    asked = tuple(
        Asked(song.title, song.artists, guess=song.confidence < FIRM)
        for song in found.candidates
        if song.artists  # a title alone is anybody's song
    )
    if (link := found.link) and (link.service, link.kind) == ("spotify", "track"):
        # Nothing names a song as surely as a link to it.
        linked = Asked(found.title or "", found.artists, spotify_id=link.id)
        return Reading((linked, *asked[:MOST_CANDIDATES]), "spotify link")
    reason = "a title without an artist" if found.title and not asked else found.reason
    return Reading(asked[:MOST_CANDIDATES], found.rule, reason)


class Listening:
    """The first two steps of a cycle."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.stage = Stage(PostState.STORED, PARSER, course)

    async def read_timeline(self) -> None:
        """Store the next page of the timeline, unless another worker did within the interval.

        What is stored already waits for no gateway.
        """
        course, run, interval = self.course, self.course.run, self.course.settings.interval
        turn = turn_at(TIMELINE, course.store, run, every=interval, until=run.call_ends)
        try:
            async with turn as ours:
                if ours:
                    await self._read_timeline()
        except LeaseLostError as error:
            log.warning("timeline.read_by_another", error=str(error))
        except ServiceError as error:
            upstream = gateway_of(course.settings)
            words = course.troubles.note(upstream, error)
            log.warning("timeline.failed", error=words)

    async def _read_timeline(self) -> None:
        course, settings = self.course, self.course.settings
        position = await asyncio.to_thread(course.store.timeline.position)
        limit = settings.limit
        if position is None:
            # The flood of history is left alone: only its newest posts, or only where it ends.
            limit = max(1, settings.first_run_posts)
        page = await course.gateway.timeline(position.cursor if position else None, limit)
        if position is None and not settings.first_run_posts:
            page.posts.clear()
        reach("posts.read")
        course.tally.posts += await asyncio.to_thread(
            course.store.timeline.take, page, course.run.now(), course.run.lease
        )
        reach("posts.stored")
        if page.gap is not None:
            log.warning("timeline.gap", **page.gap.model_dump())
        course.run.beat()

    async def parse_posts(self) -> None:
        while posts := await self.stage.claim(PARSE_BATCH):
            await self._parse(posts)

    async def _parse(self, posts: Sequence[Claimed]) -> None:
        course = self.course
        languages, handle = course.settings.languages, course.settings.handle
        results = await asyncio.to_thread(
            lambda: [(item, try_to_read(item, languages, handle)) for item in posts]
        )
        read = [(item, found) for item, found in results if isinstance(found, Reading)]
        course.tally.songs += await asyncio.to_thread(
            course.store.posts.read, read, course.run.now()
        )
        reach("songs.stored")
        for item, found in results:
            if isinstance(found, Exception):
                await self.stage.postpone([item], found)
        course.run.beat()


def try_to_read(item: Claimed, languages: Collection[str], handle: str) -> Reading | Exception:
    """A post that the parser chokes on must not stop the others."""
    try:
        return read_post(item.post, languages=languages, handle=handle)
    except Exception as error:  # noqa: BLE001 - it is stored with the post
        return error
