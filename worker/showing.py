"""What was published is shown to the curator, and how it was received: all that is owed, with few
calls."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.common.rest import ServiceError
from services.gateway.client import GatewayClient
from worker.failpoints import reach
from worker.run import Run
from worker.store.publicity import OwedPost, Publicity
from worker.troubles import Troubles, Upstream, delay


@dataclass(slots=True)
class Showing:
    """Of one look at the desk."""

    publicity: Publicity
    gateway: GatewayClient
    run: Run
    troubles: Troubles
    upstream: Upstream

    async def all_that_is_owed(self) -> None:
        """Until nothing is owed any more, or the desk cannot be told."""
        while not self.run.over:
            owed = await asyncio.to_thread(self.publicity.due, self.run.now())
            if not owed or not await self._show(owed):
                return

    async def _show(self, owed: Sequence[OwedPost]) -> bool:
        """Whether there may be more to show."""
        try:
            await self.gateway.show_published([each.post for each in owed])
        except ServiceError as error:
            words = self.troubles.note(self.upstream, error)
            if error.status == 422:
                await asyncio.to_thread(self.publicity.refused, owed, words)
                return True
            next_at = self.run.now() + delay(max(each.attempts for each in owed), error.retry_after)
            await asyncio.to_thread(self.publicity.postpone, owed, words, next_at)
            return False
        reach("publicity.shown")
        await asyncio.to_thread(self.publicity.shown, owed)
        reach("publicity.stored")
        return True
