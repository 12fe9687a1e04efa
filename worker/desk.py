"""A look at the desk: decisions are collected, what was approved leaves, the curator is told.

A publication leaves in steps, each stored before the next: the desk is told that it leaves now
(from then on it lets nobody take the approval back); decisions are read once more, so that one
taken back a moment before still counts; the row is claimed as sending; the gateway is asked; the
answer is stored. What did not leave after all is open to the curator again. Whether one may leave
now, or ever, is for the policy to say. Whoever dies after the claim leaves an unknown outcome, and
whoever comes next asks again under the same key: the gateway looks for the post before it sends
another.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from services.common.rest import BusyError, NotSentError, RefusedError, ServiceError
from services.gateway.client import GatewayClient
from services.gateway.schemas import Outcome, Platform
from services.gateway.wording import compose
from worker.course import gateway_of
from worker.failpoints import reach
from worker.policy import Hold
from worker.run import Run
from worker.settings import WorkerSettings
from worker.store import Store
from worker.store.moves import LeaseLostError
from worker.store.outbox import Due, Sending
from worker.summaries import DeskSummary
from worker.telling import Telling, show_published, tell_outcomes
from worker.troubles import Troubles, delay
from worker.turn import turn_at
from worker.wall_clock import WallClock

log = structlog.get_logger()

DESK = "desk"  # the turn's name
PAGE = 500
# Refusals that are about the text; the others are about an address, a key, an account.
ABOUT_THE_TEXT = frozenset({413, 422})
SWITCHED_OFF = "WORKER_PUBLISH is false: nothing is published"
REHEARSED = (
    "WORKER_DRY_RUN is true: what would have left stays in the outbox, and nobody asks about what "
    "may be out already"
)


def may_answer(settings: WorkerSettings, platform: Platform) -> bool:
    """Whether what a mention asked for is published as a reply to it."""
    return settings.reply and platform.replies != "never"


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
        self.policy = settings.policy
        self.wall_clock = WallClock()
        self.rehearsed: dict[str, datetime] = {}  # keys that a dry run would have sent, and when
        self.holding: Hold | None = None  # why the next approved draft has not left yet
        self._looking = asyncio.Lock()  # a look takes what this worker sends for left by the dead

    async def look(self) -> DeskSummary:
        """One look; what a service does wrong stands in the summary."""
        async with self._looking:
            look = Look(self, self.new_run())
            await look.all_of_it()
        return DeskSummary(
            decisions=look.decisions,
            published=look.published,
            rehearsed=look.rehearsals,
            failed=look.failed,
            seconds=round(look.run.seconds, 3),
            errors=look.troubles.lines(),
            unreached=look.troubles.unreached,
        )


class Look:
    """One look at the desk, on its way."""

    def __init__(self, desk: Desk, run: Run) -> None:
        self.desk = desk
        self.store = desk.store
        self.gateway = desk.gateway
        self.settings = desk.settings
        self.policy = desk.policy
        self.run = run
        self.troubles = Troubles()
        self.upstream = gateway_of(desk.settings)
        self.decisions = self.published = self.failed = self.rehearsals = 0
        self.checked: str | None = None  # the draft on which decisions were read again

    async def all_of_it(self) -> None:
        """Look, unless another worker does, or did within the interval."""
        run, interval = self.run, self.settings.desk_interval
        turn = turn_at(DESK, self.store, run, every=interval, until=run.leased_until)
        async with turn as ours:
            if ours:
                await self._all_of_it()
        self.desk.holding = await self.holding()
        self.run.beat()

    async def _all_of_it(self) -> None:
        await self.recover()
        if await self.collect() and self.settings.publish:
            await self.publish()
        await asyncio.to_thread(self.store.outbox.open_again, self.run.now())
        outcomes, publicity = self.store.outcomes, self.store.publicity
        about = (self.run, self.troubles, self.upstream)
        tell = partial(tell_outcomes, outcomes, self.gateway)
        await Telling(outcomes, tell, *about).all_that_is_owed()
        show = partial(show_published, publicity, self.gateway)
        await Telling(publicity, show, *about).all_that_is_owed()

    async def recover(self) -> None:
        now = self.run.now()
        back = self.desk.wall_clock.set_back(now)
        if back:
            log.warning("clock.set_back", seconds=back.total_seconds())
        found = await asyncio.to_thread(self.store.outbox.recover, self.run.holder, now, back)
        if found:
            log.warning("publications.recovered", count=found)

    async def due(self) -> Due | None:
        """The publication that is next, whether it may leave now or not."""
        look_up, rehearsed = self.store.outbox.due, self.desk.rehearsed
        return await asyncio.to_thread(look_up, self.policy, self.run.now(), rehearsed)

    async def holding(self) -> Hold | None:
        """Why the next approved draft has not left yet; None when none waits."""
        due = await self.due()
        if due is None:
            return Hold(REHEARSED) if self.desk.rehearsed else None
        return due.hold if self.settings.publish else Hold(SWITCHED_OFF)

    async def collect(self, *, fresh: bool = False) -> bool:
        """Read all new decisions, up to this moment when they must be fresh; False when the
        gateway could not be asked."""
        try:
            more = await self._collect_page(fresh=fresh)
            while more:
                more = await self._collect_page(fresh=fresh)
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
            platform = await self.gateway.platform()
            composed = partial(
                compose,
                template=self.policy.template,
                blocked=self.policy.blocked,
                platform=platform,
            )
            answering = platform.origin if may_answer(self.settings, platform) else None
            now, undo = self.run.now(), self.settings.undo
            new = await asyncio.to_thread(
                take, page, since, composed, now, undo, answering=answering
            )
            if new is None:
                return True
            self.decisions += new
            reach("decisions.stored")
        return len(page.decisions) == PAGE and page.cursor != since

    async def publish(self) -> None:
        """Let leave whatever may, until something stands in the way."""
        while not self.run.over:
            due = await self.due()
            if due is None or due.hold is not None:
                return
            if due.objection is not None:
                await self._withhold(due, due.objection)
            elif self.settings.dry_run:
                self._rehearse(due)
            elif not await self._let_leave(due):
                return

    async def _let_leave(self, due: Due) -> bool:
        """One step of a publication; whether there may be more to do."""
        if not due.announced or due.draft_id != self.checked:
            # What may be out already was announced, and needs no asking whether it may leave.
            announced = not due.certain or await self._announce(due)
            if not (announced and await self.collect(fresh=True)):
                return False
            self.checked = due.draft_id
            return True
        sending = await asyncio.to_thread(
            self.store.outbox.claim,
            due,
            self.policy,
            lease=self.run.lease,
            now=self.run.now(),
            until=self.run.leased_until,
        )
        try:
            return sending is not None and await self._send(sending)
        except LeaseLostError as error:
            # Whoever took it asks the gateway what became of it.
            log.warning("publication.lease_lost", error=str(error))
            return False

    async def _withhold(self, due: Due, reason: str) -> None:
        """Tell the curator that the policy lets it leave neither now nor later."""
        if await asyncio.to_thread(self.store.outbox.fail, due, reason, self.run.now()):
            log.info("draft.withheld", draft_id=due.draft_id, reason=reason)
            self.failed += 1

    def _rehearse(self, due: Due) -> None:
        """Say what would leave now, or would be asked about."""
        self.desk.rehearsed[due.key] = self.run.now()
        if due.certain:
            log.info("draft.would_be_published", draft_id=due.draft_id, text=due.text)
            self.rehearsals += 1
        else:
            log.info("draft.would_be_asked_about", draft_id=due.draft_id)

    async def _announce(self, due: Due) -> bool:
        """Tell the desk that it leaves now; stored first, so that a decision which was made
        meanwhile takes the word back, whatever dies in between.
        """
        if not await asyncio.to_thread(self.store.outbox.announce, due):
            return False
        try:
            await self.gateway.mark(due.draft_id, Outcome(state="scheduled"))
        except RefusedError as error:
            if error.status == 404:
                # Whoever removed the draft from the desk does not want it published.
                await self._withhold(due, "the draft is no longer on the desk")
                return True
            return await self._hold_back(due, error)
        except ServiceError as error:
            return await self._hold_back(due, error)
        reach("publication.announced")
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
            answer = await self.gateway.publish(
                sending.text, sending.key, in_reply_to=sending.in_reply_to
            )
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
