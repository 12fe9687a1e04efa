"""What posts said is kept no longer than it may be.

- A post that has come to an end (no song, or decided) is wiped when it is past its time.
- Of every other one the platform is asked once in 20 hours whether it is still there: what its
  author deleted must leave our storage within a day.
- Of posts of another platform than today's nobody can say that: they are left to be finished, and
  wiped when they are past their time, whatever became of them.
- The desk wipes first, then the worker: whoever dies in between has it wiped again.
- One that cannot be looked after is tried again later, and holds up no other.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from services.common.rest import ServiceError
from services.gateway.schemas import Platform, Present
from worker.course import Course, gateway_of
from worker.failpoints import reach
from worker.store.held import DELETED, UNFINISHED, Held
from worker.store.timeline import ASK_AFTER
from worker.troubles import is_outage

log = structlog.get_logger()

BATCH, BATCHES = 100, 50  # posts at a time, and how often in one cycle: the next one goes on
# Until somebody is asked again who did not answer, or not of a post.
PAUSE = timedelta(minutes=15)
NEVER, AT_ONCE = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
UNKNOWN = (
    "of some posts the platform did not say, or its budget did not cover asking, whether they are "
    f"still there: they are asked about again in {PAUSE.seconds // 60} minutes"
)


class Retention:
    """Wipes what is past its time or gone, and says when to ask about the rest again."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.store, self.gateway, self.now = course.store.held, course.gateway, course.run.now
        self.longest = timedelta(days=course.settings.retention_days)

    async def run(self) -> None:
        """Look after the posts whose turn it is."""
        for _ in range(BATCHES):
            if not (posts := await self._claim()):
                return
            on_desk = [each for each in posts if each.on_desk]
            elsewhere = [each for each in posts if not each.on_desk]
            # What never lay on the desk does not wait for a desk that refuses.
            done = [await self._try(some) for some in (elsewhere, on_desk) if some]
            if not all(done):
                return
            self.course.run.beat()

    async def _try(self, posts: Sequence[Held]) -> bool:
        """Look after these; False when a service failed, and they wait."""
        try:
            await self._look_after(posts)
        except Exception as error:  # noqa: BLE001 - whatever a post does to us, the others go on
            outage = is_outage(error)
            if len(posts) > 1 and not outage:
                return await self._one_by_one(posts)
            await self._put_off(posts, error)
            return not outage
        return True

    async def _one_by_one(self, posts: Sequence[Held]) -> bool:
        """Those that cannot be looked after hold up no other; those that a service leaves over
        are taken back by the next cycle."""
        for each in posts:
            if not await self._try([each]):
                return False
        return True

    async def _put_off(self, posts: Sequence[Held], error: Exception) -> None:
        troubles = self.course.troubles
        if is_outage(error) or isinstance(error, ServiceError):
            words = troubles.note(gateway_of(self.course.settings), error)
            log.warning("retention.failed", error=words)
        else:
            (item_id,) = (each.item_id for each in posts)
            kind = type(error).__name__
            troubles.add(f"post {item_id} cannot be looked after ({kind}): see the worker's log")
            log.error("retention.failed", item_id=item_id, exc_info=error)
        later = self.now() + PAUSE
        await asyncio.to_thread(self.store.keep, posts, {each.item_id: later for each in posts})

    async def _claim(self) -> list[Held]:
        run = self.course.run
        if run.over:
            return []
        return await asyncio.to_thread(
            self.store.claim, BATCH, lease=run.lease, now=run.now(), until=run.leased_until
        )

    async def _look_after(self, posts: Sequence[Held]) -> None:
        now, platform = self.now(), await self.gateway.platform()
        past = [each for each in posts if self._end(each, platform) <= now]
        await self._wipe(past, UNFINISHED)
        others = [each for each in posts if each not in past]
        asked = [each for each in others if of(each, platform)]
        said = await self._present([each.id for each in asked])
        left = {*said.ids, *said.unknown}
        gone = [each for each in asked if each.id not in left]
        await self._wipe(gone, DELETED)
        kept = [each for each in others if each not in gone]
        unknown = {each.item_id: now + PAUSE for each in asked if each.id in said.unknown}
        if unknown:
            self.course.troubles.add(UNKNOWN)
        ask_at = {each.item_id: min(now + ASK_AFTER, self._end(each, platform)) for each in kept}
        await asyncio.to_thread(self.store.keep, kept, ask_at | unknown)

    async def _present(self, ids: Sequence[str]) -> Present:
        return await self.gateway.present(ids) if ids else Present(ids=[])

    async def _wipe(self, posts: Sequence[Held], reason: str) -> None:
        if not posts:
            return
        if on_desk := [each.item_id for each in posts if each.on_desk]:
            await self.gateway.forget(on_desk)
            reach("texts.forgotten")
        await asyncio.to_thread(self.store.wipe, posts, self.now(), reason)
        reach("texts.wiped")
        log.info("posts.wiped", count=len(posts), deleted=reason == DELETED)

    def _end(self, post: Held, platform: Platform) -> datetime:
        """When a post is past its time: where asking costs money, as soon as it would be asked
        about. Never, while it is on its way and the platform can be asked."""
        if not post.ended:
            return NEVER if of(post, platform) else post.since + self.longest
        return AT_ONCE if platform.paid else post.since + self.longest


def of(post: Held, platform: Platform) -> bool:
    """Whether the platform can be asked for it."""
    return post.origin == platform.origin
