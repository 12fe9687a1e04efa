"""Likes, reposts and replies of what we published, read when it is an hour, a day, a week old.

Some platforms charge for it, so nothing is asked that is not due, and what is due is asked with
one call a cycle. Where the gateway refuses (a budget that is spent), the readings wait; they are
taken late then, and dated as they were.
"""

import asyncio

import structlog

from services.common.rest import ServiceError
from worker.course import Course, gateway_of
from worker.failpoints import reach
from worker.troubles import delay
from worker.turn import turn_at

log = structlog.get_logger()

RECEPTION = "reception"  # the turn's name
# So few that a small budget covers them all: what is due would only grow while it does not.
MOST_AT_ONCE = 10


async def read_reception(course: Course) -> None:
    """Ask once about whatever is due, unless another worker is at it."""
    run, store = course.run, course.store
    if not course.settings.reception or run.over:
        return
    try:
        async with turn_at(RECEPTION, store, run, every=0, until=run.call_ends) as ours:
            if ours:
                await _read_reception(course)
    except ServiceError as error:
        words = course.troubles.note(gateway_of(course.settings), error)
        log.warning("reception.failed", error=words)


async def _read_reception(course: Course) -> None:
    """Raises ServiceError, once what was asked about waits."""
    receptions, now = course.store.receptions, course.run.now()
    platform = await course.gateway.platform()
    due = await asyncio.to_thread(receptions.due, platform.origin, now, MOST_AT_ONCE)
    if not due:
        return  # they are of a platform that the gateway does not speak with now
    try:
        answer = await course.gateway.receptions([each.remote_id for each in due])
    except ServiceError as error:
        next_at = now + delay(max(each.attempts for each in due), error.retry_after)
        await asyncio.to_thread(receptions.postpone, due, next_at, now)
        raise
    reach("reception.read")
    read_at = course.run.now()
    await asyncio.to_thread(receptions.take, due, answer.receptions, due_at=now, now=read_at)
    reach("reception.stored")
    course.run.beat()
