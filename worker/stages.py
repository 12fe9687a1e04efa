"""One step of the flow over many posts: claimed in batches, worked on side by side.

An error that the post is to blame for counts against it until it is parked. An outage does not:
the post waits, and after as many outages in a row as there are lanes the stage rests until the
next cycle, so that a dead service is not asked once per post.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from worker.course import Course
from worker.states import PostState
from worker.store.moves import LeaseLostError
from worker.store.posts import Claimed
from worker.troubles import Upstream, delay, is_outage

log = structlog.get_logger()

Work = Callable[[Claimed], Awaitable[None]]


class Inflow:
    """Tells a stage that posts may have come into its state, and when no more will come."""

    def __init__(self, *, over: bool = False) -> None:
        self.over = over
        self._news = asyncio.Event()

    def tell(self) -> None:
        self._news.set()

    def end(self) -> None:
        self.over = True
        self._news.set()

    def heard(self) -> None:
        """What was told until now is known: `wait` is for what comes later."""
        self._news.clear()

    async def wait(self) -> None:
        await self._news.wait()


class Line:
    """The posts that the lanes of a stage take one by one.

    Whoever finds it empty claims the next batch, so that no lane waits until others are done.
    """

    def __init__(self, stage: "Stage", batch: int, inflow: Inflow) -> None:
        self.stage = stage
        self.batch = batch
        self.inflow = inflow
        self.posts: deque[Claimed] = deque()
        self.ended = False
        self._turn = asyncio.Lock()

    async def next(self) -> Claimed | None:
        """A post to work on; None when there is none left, or the stage rests."""
        async with self._turn:
            while not (self.posts or self.ended or self.stage.resting):
                over = self.inflow.over
                self.inflow.heard()
                self.posts.extend(await self.stage.claim(self.batch))
                if not self.posts:
                    self.ended = over
                    if not over:
                        await self.inflow.wait()
            return self.posts.popleft() if self.posts and not self.stage.resting else None


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

    async def drain(self, batch: int, work: Work, inflow: Inflow | None = None) -> None:
        """Work on posts until none is left and no more flow in; `batch` are claimed at a time."""
        line = Line(self, batch, inflow or Inflow(over=True))
        async with asyncio.TaskGroup() as lanes:
            for _ in range(self.lanes):
                lanes.create_task(self._lane(line, work))
        if line.posts:
            await asyncio.to_thread(self.course.store.posts.release, line.posts)

    async def _lane(self, line: Line, work: Work) -> None:
        while item := await line.next():
            await self.attempt(item, work)

    async def attempt(self, item: Claimed, work: Work) -> None:
        """Work on one post; whatever goes wrong is stored with it."""
        try:
            await work(item)
            if not self.resting:  # else the other lanes have ended already
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
