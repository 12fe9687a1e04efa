"""Likes, reposts and replies of what we published, read when it is an hour, a day, a week old.

Some platforms charge for it, so nothing is asked that is not due, and all that is due is asked
with one call. Where the gateway refuses (a budget that is spent), the readings wait; they are
taken late then, and dated as they were.
"""

import asyncio

import structlog

from services.common.rest import ServiceError
from worker.course import Course, gateway_of
from worker.failpoints import reach
from worker.troubles import delay

log = structlog.get_logger()

# As many ids as fit in an address, whatever the platform's are like.
MOST_AT_ONCE = 50


async def read_reception(course: Course) -> None:
    """Ask once about whatever is due; whatever goes wrong stands among the course's troubles."""
    if not course.settings.reception or course.run.over:
        return
    now = course.run.now()
    if not await asyncio.to_thread(course.store.receptions.any_due, now):
        return
    try:
        platform = await course.gateway.platform()
    except ServiceError as error:
        _note(course, error)
        return
    due = await asyncio.to_thread(course.store.receptions.due, platform.origin, now, MOST_AT_ONCE)
    if not due:
        return  # of another platform, which the gateway does not speak with now
    try:
        answer = await course.gateway.receptions([each.remote_id for each in due])
    except ServiceError as error:
        _note(course, error)
        next_at = now + delay(max(each.attempts for each in due), error.retry_after)
        await asyncio.to_thread(course.store.receptions.postpone, due, next_at, now)
        return
    reach("reception.read")
    await asyncio.to_thread(
        course.store.receptions.take,
        due,
        answer.receptions,
        due_at=now,
        now=course.run.now(),
    )
    reach("reception.stored")
    course.run.beat()


def _note(course: Course, error: ServiceError) -> None:
    words = course.troubles.note(gateway_of(course.settings), error)
    log.warning("reception.failed", error=words)
