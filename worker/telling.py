"""What became of drafts is shown to the curator: every outcome that is owed, all with one call."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.common.rest import ServiceError
from services.gateway.client import GatewayClient
from worker.failpoints import reach
from worker.run import Run
from worker.store.outcomes import Outcomes, Owed
from worker.troubles import Troubles, Upstream, delay


@dataclass(slots=True)
class Telling:
    """Of one look at the desk."""

    outcomes: Outcomes
    gateway: GatewayClient
    run: Run
    troubles: Troubles
    upstream: Upstream

    async def all_that_is_owed(self) -> None:
        """Until nothing is owed any more, or the desk cannot be told."""
        while not self.run.over:
            owed = await asyncio.to_thread(self.outcomes.due, self.run.now())
            if not owed or not await self._tell(owed):
                return

    async def _tell(self, owed: Sequence[Owed]) -> bool:
        """Whether there may be more to tell."""
        outcomes, now = self.outcomes, self.run.now()
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
