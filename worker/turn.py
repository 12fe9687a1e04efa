"""A worker's turn at what the workers that share a database do one at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from worker.run import Run
from worker.store import Store


@asynccontextmanager
async def turn_at(
    name: str, store: Store, run: Run, *, every: float, until: datetime
) -> AsyncIterator[bool]:
    """Whether it is this worker's turn, which is nobody else's before the block or `until` ends.

    It is not while another worker is at it, nor when another was within `every` seconds.
    """
    mine = await asyncio.to_thread(
        store.turns.take,
        name,
        run.lease,
        now=run.now(),
        until=until,
        every=timedelta(seconds=every),
    )
    try:
        yield mine
    finally:
        if mine:
            await asyncio.to_thread(store.turns.end, name, run.lease)
