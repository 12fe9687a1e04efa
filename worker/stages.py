"""One step of the flow over many posts: claimed together, worked on side by side.

An error that the post is to blame for counts against it until it is parked. An outage does not:
the post waits, and after as many outages in a row as there are lanes the stage rests until the
next cycle, so that a dead service is not asked once per post.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

import structlog

from worker.course import Course
from worker.states import PostState
from worker.store.moves import LeaseLostError
from worker.store.posts import Claimed
from worker.troubles import Upstream, delay, is_outage

log = structlog.get_logger()

Work = Callable[[Claimed], Awaitable[None]]


class Stage:
    """Takes posts out of one state; what came of them is stored by whoever works on them."""

    def __init__(self, state: PostState, upstream: Upstream, course: Course) -> None:
        self.state = state
        self.upstream = upstream
        self.course = course
        self.run = course.run
        self.lanes = course.settings.concurrency
        self.outages = 0

    @property
    def resting(self) -> bool:
        return self.run.over or self.outages >= self.lanes

    async def claim(self, limit: int) -> list[Claimed]:
        """Up to `limit` posts whose turn it is; none while the stage rests."""
        if self.resting:
            return []
        return await asyncio.to_thread(
            self.course.store.posts.claim,
            self.state,
            limit,
            lease=self.run.lease,
            now=self.run.now(),
            until=self.run.leased_until,
        )

    async def step(self, limit: int, work: Work) -> int:
        """Work on up to `limit` posts; how many were begun. 0 means that none is left for now."""
        posts = await self.claim(limit)
        left: list[Claimed] = []
        queue = iter(posts)
        async with asyncio.TaskGroup() as lanes:
            for _ in range(min(self.lanes, len(posts))):
                lanes.create_task(self._lane(queue, work, left))
        if left:
            await asyncio.to_thread(self.course.store.posts.release, left)
        return len(posts) - len(left)

    async def _lane(self, queue: Iterator[Claimed], work: Work, left: list[Claimed]) -> None:
        for item in queue:
            if self.resting:
                left.append(item)
            else:
                await self.attempt(item, work)

    async def attempt(self, item: Claimed, work: Work) -> None:
        """Work on one post; whatever goes wrong is stored with it."""
        try:
            await work(item)
            self.outages = 0
            self.run.beat()
        except LeaseLostError:
            log.warning("post.lease_lost", item_id=item.item_id)
        except Exception as error:  # noqa: BLE001 - whatever a post does to us, the others go on
            await self.postpone([item], error)

    async def postpone(self, posts: Sequence[Claimed], error: Exception) -> None:
        """Keep posts for another try, or park those that have been to blame too often."""
        outage = is_outage(error)
        self.outages += outage
        words = self.course.troubles.note(self.upstream, error)
        for item in posts:
            try:
                parked = await asyncio.to_thread(
                    self.course.store.posts.postpone,
                    item,
                    words,
                    next_at=self.run.now()
                    + delay(item.attempts, getattr(error, "retry_after", None)),
                    blamed=not outage,
                    most_faults=self.course.settings.most_faults,
                    now=self.run.now(),
                )
            except LeaseLostError:
                log.warning("post.lease_lost", item_id=item.item_id)
                continue
            event = "post.parked" if parked else "post.postponed"
            log.warning(event, item_id=item.item_id, state=self.state.value, error=words)
