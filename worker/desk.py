"""A look at the desk: decisions are collected, what was approved leaves, the curator is told.

A publication leaves in steps, each stored before the next: the desk is told that it leaves now
(from then on it lets nobody take the approval back); decisions are read once more, so that one
taken back a moment before still counts; the row is claimed as sending; the gateway is asked; the
answer is stored. Whoever dies after the claim leaves an unknown outcome, and whoever comes next
asks again under the same key: the gateway looks for the post before it sends another.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import structlog

from services.common.rest import BusyError, NotSentError, RefusedError, ServiceError
from services.gateway.client import GatewayClient
from services.gateway.schemas import Outcome
from worker.course import gateway_of
from worker.failpoints import reach
from worker.run import Run
from worker.settings import WorkerSettings
from worker.store import Store
from worker.store.moves import LeaseLostError
from worker.store.outbox import Due, Pace, Sending
from worker.store.outcomes import Owed
from worker.summaries import DeskSummary
from worker.troubles import Troubles, delay
from worker.turn import turn_at
from worker.wording import compose

log = structlog.get_logger()

DESK = "desk"  # the turn's name
PAGE = 500
# Refusals that are about the text; the others are about an address, a key, an account.
ABOUT_THE_TEXT = frozenset({413, 422})


class Desk:
    """Looks at the desk, one look at a time."""

    def __init__(
        self,
        store: Store,
        gateway: GatewayClient,
        settings: WorkerSettings,
        new_run: Callable[[], Run],
    ) -> None:
        self.store = store
        self.gateway = gateway
        self.settings = settings
        self.new_run = new_run

    async def look(self) -> DeskSummary:
        """One look; what a service does wrong stands in the summary."""
        look = Look(self, self.new_run())
        await look.all_of_it()
        return DeskSummary(
            decisions=look.decisions,
            published=look.published,
            failed=look.failed,
            seconds=round(look.run.seconds, 3),
            errors=look.troubles.lines(),
            unreached=look.troubles.unreached,
        )


class Look:
    """One look at the desk, on its way."""

    def __init__(self, desk: Desk, run: Run) -> None:
        settings = desk.settings
        self.store = desk.store
        self.gateway = desk.gateway
        self.settings = settings
        self.run = run
        self.troubles = Troubles()
        self.upstream = gateway_of(settings)
        self.pace = Pace(timedelta(seconds=settings.min_interval), settings.most_a_day)
        self.decisions = self.published = self.failed = 0
        self.checked: str | None = None  # the draft on which decisions were read again

    async def all_of_it(self) -> None:
        """Look, unless another worker does, or did within the interval."""
        run, interval = self.run, self.settings.desk_interval
        turn = turn_at(DESK, self.store, run, every=interval, until=run.leased_until)
        async with turn as ours:
            if ours:
                await self._all_of_it()
        self.run.beat()

    async def _all_of_it(self) -> None:
        found = await asyncio.to_thread(self.store.outbox.recover, self.run.holder, self.run.now())
        if found:
            log.warning("publications.recovered", count=found)
        if await self.collect() and self.settings.publish:
            await self.publish()
        await self.tell()

    async def collect(self, *, fresh: bool = False) -> bool:
        """Read all new decisions, up to this moment when they must be fresh; False when the
        gateway could not be asked."""
        try:
            more = await self._collect_page(fresh=fresh)
            while more:
                more = await self._collect_page()
        except ServiceError as error:
            log.warning("decisions.failed", error=self.troubles.note(self.upstream, error))
            return False
        return True

    async def _collect_page(self, *, fresh: bool = False) -> bool:
        """Whether there may be more to read."""
        since = await asyncio.to_thread(self.store.decisions.position)
        page = await self.gateway.decisions(since, PAGE, fresh=fresh)
        reach("decisions.read")
        if page.decisions or page.cursor != since:
            take = self.store.decisions.take
            composed = partial(
                compose, template=self.settings.template, platform=await self.gateway.platform()
            )
            new = await asyncio.to_thread(take, page, since, composed, self.run.now())
            if new is None:
                return True
            self.decisions += new
            reach("decisions.stored")
        return len(page.decisions) == PAGE and page.cursor != since

    async def publish(self) -> None:
        """Let leave whatever is due, at the pace that is set, until something stands in the way."""
        outbox = self.store.outbox
        while not self.run.over:
            due = await asyncio.to_thread(outbox.due, self.pace, self.run.now())
            if due is None:
                return
            if not due.announced or due.draft_id != self.checked:
                announced = due.announced or await self._announce(due)
                if not (announced and await self.collect(fresh=True)):
                    return
                self.checked = due.draft_id
                continue
            sending = await asyncio.to_thread(
                outbox.claim,
                due,
                self.pace,
                lease=self.run.lease,
                now=self.run.now(),
                until=self.run.leased_until,
            )
            try:
                if sending is None or not await self._send(sending):
                    return
            except LeaseLostError as error:
                # Whoever took it asks the gateway what became of it.
                log.warning("publication.lease_lost", error=str(error))
                return

    async def _announce(self, due: Due) -> bool:
        try:
            await self.gateway.mark(due.draft_id, Outcome(state="scheduled"))
        except RefusedError as error:
            if error.status == 404:
                # Whoever removed the draft from the desk does not want it published.
                reason = "the draft is no longer on the desk"
                self.failed += await asyncio.to_thread(
                    self.store.outbox.fail, due, reason, self.run.now()
                )
                return True
            return await self._hold_back(due, error)
        except ServiceError as error:
            return await self._hold_back(due, error)
        reach("publication.announced")
        await asyncio.to_thread(self.store.outbox.announce, due)
        return True

    async def _hold_back(self, due: Due, error: ServiceError) -> bool:
        words = self.troubles.note(self.upstream, error)
        next_at = self.run.now() + delay(0, error.retry_after)
        await asyncio.to_thread(self.store.outbox.postpone, due, words, next_at)
        return False

    async def _send(self, sending: Sending) -> bool:
        """Publish, and store what came of it; False when nothing else should be sent now."""
        reach("publication.claimed")
        outbox, now = self.store.outbox, self.run.now
        try:
            answer = await self.gateway.publish(sending.text, sending.key)
        except ServiceError as error:
            await self._settle(sending, error)
            return False
        reach("publication.answered")
        await asyncio.to_thread(outbox.published, sending, answer, now())
        reach("publication.stored")
        self.published += 1
        log.info(
            "draft.published",
            draft_id=sending.draft_id,
            url=answer.url,
            reconciled=answer.reconciled,
        )
        self.run.beat()
        return True

    async def _settle(self, sending: Sending, error: ServiceError) -> None:
        """Store that, and how, publishing did not go through.

        Nothing else is sent in this look, so that a platform which refuses whatever comes costs
        one draft before somebody can see it.
        """
        outbox, now = self.store.outbox, self.run.now()
        words = self.troubles.note(self.upstream, error)
        next_at = now + delay(sending.attempts - 1, error.retry_after)
        refused = error.status in ABOUT_THE_TEXT
        log.warning(
            "draft.refused" if refused else "draft.not_published",
            draft_id=sending.draft_id,
            attempt=sending.attempts,
            error=words,
        )
        if refused:
            await asyncio.to_thread(outbox.refused, sending, error.detail, now)
            self.failed += 1
        elif isinstance(error, BusyError | NotSentError | RefusedError) and error.status != 409:
            if error.retry_after is not None:
                next_at = now + timedelta(seconds=error.retry_after)
            await asyncio.to_thread(outbox.unsent, sending, words, next_at, now)
        else:
            await asyncio.to_thread(outbox.unknown, sending, words, next_at, now)
        reach("publication.stored")

    async def tell(self) -> None:
        """Show the curator every outcome that is owed, all with one call."""
        while not self.run.over:
            owed = await asyncio.to_thread(self.store.outcomes.due, self.run.now())
            if not owed or not await self._tell(owed):
                return

    async def _tell(self, owed: Sequence[Owed]) -> bool:
        """Whether there may be more to tell."""
        outcomes, now = self.store.outcomes, self.run.now()
        try:
            told = await self.gateway.mark_all({each.draft_id: each.outcome for each in owed})
        except ServiceError as error:
            if error.status == 422 and len(owed) > 1:
                # One of them is refused for good: the others need not wait for it.
                for each in owed:
                    if not await self._tell([each]):
                        return False
                return True
            words = self.troubles.note(self.upstream, error)
            if error.status == 422:
                await asyncio.to_thread(outcomes.shown, owed, words)
                return True
            next_at = now + delay(max(each.attempts for each in owed), error.retry_after)
            await asyncio.to_thread(outcomes.postpone, owed, words, next_at)
            return False
        reach("outcome.shown")
        gone = [each for each in owed if each.draft_id in told.missing]
        await asyncio.to_thread(outcomes.shown, [each for each in owed if each not in gone])
        await asyncio.to_thread(outcomes.shown, gone, "the draft is no longer on the desk")
        reach("outcome.stored")
        return True
