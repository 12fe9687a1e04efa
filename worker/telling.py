"""The curator is told what became of drafts, and shown what was published: all that is owed of
either, with few calls."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from services.common.rest import ServiceError
from services.gateway.client import GatewayClient
from worker.failpoints import reach
from worker.run import Run
from worker.store.outcomes import Outcomes, Owed
from worker.store.publicity import OwedPost, Publicity
from worker.troubles import Troubles, Upstream, delay


class Tried(Protocol):
    @property
    def attempts(self) -> int: ...


T = TypeVar("T", bound=Tried)


class Debts(Protocol[T]):
    """What is owed to the curator, as the store keeps it."""

    def due(self, now: datetime) -> Sequence[T]: ...

    def refused(self, owed: Sequence[T], error: str) -> None:
        """The desk will never take them."""

    def postpone(self, owed: Sequence[T], error: str, next_at: datetime) -> None: ...


@dataclass(slots=True)
class Telling(Generic[T]):
    """Of one look at the desk; `tell` asks the gateway, and stores that the desk has it."""

    debts: Debts[T]
    tell: Callable[[Sequence[T]], Awaitable[None]]
    run: Run
    troubles: Troubles
    upstream: Upstream

    async def all_that_is_owed(self) -> None:
        """Until nothing is owed any more, or the desk cannot be told."""
        while not self.run.over:
            owed = await asyncio.to_thread(self.debts.due, self.run.now())
            if not owed or not await self._tell(owed):
                return

    async def _tell(self, owed: Sequence[T]) -> bool:
        """Whether there may be more to tell."""
        try:
            await self.tell(owed)
        except ServiceError as error:
            if error.status == 422 and len(owed) > 1:
                # One of them is refused for good: the others need not wait for it.
                for each in owed:
                    if not await self._tell([each]):
                        return False
                return True
            words = self.troubles.note(self.upstream, error)
            if error.status == 422:
                await asyncio.to_thread(self.debts.refused, owed, words)
                return True
            next_at = self.run.now() + delay(max(each.attempts for each in owed), error.retry_after)
            await asyncio.to_thread(self.debts.postpone, owed, words, next_at)
            return False
        return True


async def tell_outcomes(outcomes: Outcomes, gateway: GatewayClient, owed: Sequence[Owed]) -> None:
    told = await gateway.mark_all({each.draft_id: each.outcome for each in owed})
    reach("outcome.shown")
    gone = [each for each in owed if each.draft_id in told.missing]
    await asyncio.to_thread(outcomes.shown, [each for each in owed if each not in gone])
    await asyncio.to_thread(outcomes.refused, gone, "the draft is no longer on the desk")
    reach("outcome.stored")


async def show_published(
    publicity: Publicity, gateway: GatewayClient, owed: Sequence[OwedPost]
) -> None:
    await gateway.show_published([each.post for each in owed])
    reach("publicity.shown")
    await asyncio.to_thread(publicity.shown, owed)
    reach("publicity.stored")
