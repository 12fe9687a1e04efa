"""APScheduler as a clock, and as nothing else: what must outlive a crash is in the store.

- A run that is late is run late (`misfire_grace_time=None`), several late ones are run as one
  (`coalesce`), and no job runs beside itself (`max_instances=1`).
- A hung run would block its job for ever, so every run has a time limit of its own.
- APScheduler cannot wait for coroutines when it shuts down, it cancels them: `stop` pauses the
  scheduler and waits for what runs first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

log = structlog.get_logger()

Job = Callable[[], Awaitable[object]]

EVENTS = {
    EVENT_JOB_ERROR: "job.failed",
    EVENT_JOB_MISSED: "job.missed",
    EVENT_JOB_MAX_INSTANCES: "job.still_running",
}
JITTER = 0.05  # of an interval, so that many bots do not ask at the same instant


class Clock:
    """Runs jobs at intervals, each for the first time at once."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[object]] = set()
        self.scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self.scheduler.add_listener(note, sum(EVENTS))
        # It would say the same as `note`, a second time.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)

    def every(self, seconds: float, name: str, job: Job, *, timeout: float) -> None:
        """Run a job now, and then every so many seconds; one run takes at most `timeout`."""
        self.scheduler.add_job(
            self._bounded,
            IntervalTrigger(seconds=seconds, jitter=seconds * JITTER),
            args=(name, job, timeout),
            id=name,
            name=name,
            replace_existing=True,
            next_run_time=datetime.now(UTC),
        )

    def start(self) -> None:
        """Needs a running event loop."""
        self.scheduler.start()

    async def stop(self, seconds: float) -> None:
        """Begin nothing more, give what runs so many seconds to finish, then cancel it."""
        self.scheduler.pause()
        running = set(self.running)
        if running:
            _, late = await asyncio.wait(running, timeout=seconds)
            if late:
                log.warning("clock.cut_short", jobs=len(late))
        self.scheduler.shutdown(wait=False)
        if running:
            await asyncio.wait(running, timeout=1.0)

    async def _bounded(self, name: str, job: Job, timeout: float) -> None:  # noqa: ASYNC109 - it is the job's, not the caller's
        task = asyncio.current_task()
        assert task is not None
        self.running.add(task)
        try:
            async with asyncio.timeout(timeout):
                await job()
        except TimeoutError:
            log.error("job.timed_out", job=name, seconds=timeout)  # noqa: TRY400 - the traceback says nothing
        finally:
            self.running.discard(task)


def note(event: JobEvent) -> None:
    """Log what APScheduler would say under its own name."""
    if event.code == EVENT_JOB_MAX_INSTANCES:
        # A long run, such as the first one; the next begins when it has ended.
        log.info(EVENTS[event.code], job=event.job_id)
        return
    error = getattr(event, "exception", None)
    if isinstance(error, asyncio.CancelledError):
        return  # `stop` cut it short, and has said so
    exception = (type(error), error, error.__traceback__) if error else None
    log.error(EVENTS[event.code], job=event.job_id, exc_info=exception)
