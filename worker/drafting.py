"""From songs to drafts before the curator.

- Songs are looked up while others are being drafted, so that neither the catalogue nor the writer
  waits for the other.
- Drafts go to the desk in one call at the end, or every 15 s while a cycle takes longer.
- The seed is made from the post's id: whoever drafts it, and however often, gets the same text.
"""

import asyncio
import hashlib
from collections.abc import Sequence

from services.common.rest import RefusedError
from services.gateway.schemas import Song
from services.gateway.wording import credit
from services.inference.schemas import GenerateRequest
from worker.course import Course, gateway_of, inference_of
from worker.failpoints import reach
from worker.stages import Inflow, Stage
from worker.states import PostState
from worker.store.posts import NO_CATALOGUE, Asked, Claimed, names_song
from worker.troubles import is_outage

BATCH = 5  # posts claimed at a time, per lane
DELIVERY_INTERVAL = 15.0
MOST_DRAFTS_A_CALL = 2000
MOST_NAME = 300  # characters of a title or an artist that a catalogue is asked for
NEAR_EXACT = 0.95  # the match that makes a song of a guess


def seed_of(item_id: str) -> int:
    """The same for the same post, on every machine and for ever."""
    return int.from_bytes(hashlib.sha256(item_id.encode()).digest()[:8], "big") >> 1


def request_for(item: Claimed, num_samples: int) -> GenerateRequest:
    """What to ask the writer for."""
    song = item.known_song
    return GenerateRequest(
        genres=[genre[:100] for genre in song.genres if genre][:32],
        num_samples=num_samples,
        artist=credit(song.artists)[:500],
        title=song.title[:500],
        seed=seed_of(item.item_id),
    )


class Drafting:
    """The last three steps of a cycle."""

    def __init__(self, course: Course) -> None:
        settings = course.settings
        self.course = course
        self.lookups = Stage(PostState.SONG, gateway_of(settings), course)
        self.writing = Stage(PostState.RESOLVED, inference_of(settings), course)
        self.delivery = Stage(PostState.DRAFTED, gateway_of(settings), course)
        self.batch = BATCH * settings.concurrency
        self.resolved = Inflow()

    async def run(self) -> None:
        """Take every post as far as it goes."""
        async with asyncio.TaskGroup() as steps:
            steps.create_task(self._look_up())
            writing = steps.create_task(self.writing.drain(self.batch, self.draft, self.resolved))
            steps.create_task(self._deliver_until(writing))

    async def _look_up(self) -> None:
        try:
            await self.lookups.drain(self.batch, self.resolve)
        finally:
            self.resolved.end()

    async def _deliver_until(self, writing: asyncio.Task[None]) -> None:
        """Deliver what is drafted now and then, and once more when the last draft is there."""
        while not writing.done():
            await asyncio.wait({writing}, timeout=DELIVERY_INTERVAL)
            await self.deliver()

    async def resolve(self, item: Claimed) -> None:
        """Ask the catalogue for the songs that a post may name, the likeliest first."""
        posts, tally, now = self.course.store.posts, self.course.tally, self.course.run.now
        song = await self._first_known(item.candidates)
        reach("catalogue.answered")
        if song is None:
            named = "; ".join(str(asked) for asked in item.candidates)
            await asyncio.to_thread(posts.dismiss, item, f"{NO_CATALOGUE} {named}", now())
        else:
            await asyncio.to_thread(posts.resolve, item, song, now())
            self.resolved.tell()
            tally.songs += not names_song(item.candidates)  # a guess came true
            tally.known += 1
            tally.with_genres += bool(song.genres)
        reach("catalogue.stored")

    async def _first_known(self, candidates: Sequence[Asked]) -> Song | None:
        for asked in candidates:
            song = await self._known(asked)
            if song is not None and (song.score >= NEAR_EXACT or not asked.guess):
                return song
        return None

    async def _known(self, asked: Asked) -> Song | None:
        gateway = self.course.gateway
        try:
            if asked.spotify_id:
                return await gateway.linked_song("spotify", asked.spotify_id)
            artist = credit(asked.artists)[:MOST_NAME] if asked.artists else None
            return await gateway.song(asked.title[:MOST_NAME], artist)
        except RefusedError as error:
            if error.status != 404:
                raise
            return None

    async def draft(self, item: Claimed) -> None:
        """Have the writer draft, and keep all of it at once."""
        course = self.course
        request = request_for(item, course.settings.num_samples)
        answer = await course.inference.generate(request)
        reach("writer.answered")
        if not answer.samples:
            message = "no sentence passed the writer's filters"
            raise ValueError(message)
        # Not `+= await`, which would forget what other lanes add meanwhile.
        count = await asyncio.to_thread(course.store.posts.draft, item, answer, course.run.now())
        course.tally.drafts += count
        reach("drafts.stored")

    async def deliver(self) -> None:
        """Lay every draft that is not there yet before the curator."""
        most = MOST_DRAFTS_A_CALL // self.course.settings.num_samples
        while posts := await self.delivery.claim(most):
            await self._deliver(posts)

    async def _deliver(self, posts: Sequence[Claimed]) -> None:
        """One call for all; where that fails, one call each, to find the one that is poison."""
        try:
            await self._put(posts)
        except Exception as error:  # noqa: BLE001 - drafts may be such that they cannot be sent
            if is_outage(error):
                await self.delivery.postpone(posts, error)
                self.delivery.outages = self.delivery.lanes
                return
            for item in posts:
                await self.delivery.attempt(item, lambda item: self._put([item]))

    async def _put(self, posts: Sequence[Claimed]) -> None:
        store = self.course.store.posts
        drafts = await asyncio.to_thread(store.undelivered, posts)
        await self.course.gateway.put_drafts(
            [draft for item in posts for draft in drafts[item.item_id]]
        )
        reach("desk.answered")
        await asyncio.to_thread(store.deliver, posts, self.course.run.now())
        reach("desk.stored")
        self.course.run.beat()
