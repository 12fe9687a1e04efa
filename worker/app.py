"""The worker as a service: health, metrics, and the clock that runs its two jobs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI

from services.common.app import create_service
from worker.bot import Bot, open_bot
from worker.clock import Clock
from worker.measures import Measures
from worker.settings import WorkerSettings
from worker.summaries import Summary

DESCRIPTION = (
    "Polls the timeline, finds songs, has drafts written, brings them to the curator and "
    "publishes what was approved. It has no doors but health and metrics."
)


@dataclass(slots=True)
class Errand:
    """A worker that is to leave after so many cycles, those that fail included.

    `report` is told of every cycle that did not; `leave` is called once, after the last.
    """

    cycles: int
    report: Callable[[Summary], None]
    leave: Callable[[], None]
    begun: int = 0
    done: bool = False  # whether the last one went well

    async def go_on(self, bot: Bot) -> None:
        """One more cycle, and after the last one a look at the desk."""
        if self.begun == self.cycles:
            return
        self.begun += 1
        last = self.begun == self.cycles
        try:
            self.report(await bot.run_cycle())
            if last:
                await bot.look_at_desk()
                self.done = True
        finally:
            if last:
                self.leave()


def create_app(settings: WorkerSettings, errand: Errand | None = None) -> FastAPI:
    """The worker for these settings; `app.state.bot` is there once it has started."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_bot(settings, measures=Measures(app.state.registry)) as bot:
            app.state.bot = bot
            app.state.readiness.add("heartbeat", bot.stalled)
            clock = clock_of(bot, errand)
            clock.start()
            try:
                yield
            finally:
                bot.stop.set()
                await clock.stop(settings.shutdown_seconds)

    return create_service(
        settings, title="deephypebot worker", description=DESCRIPTION, lifespan=lifespan
    )


def clock_of(bot: Bot, errand: Errand | None = None) -> Clock:
    """The clock that runs a bot's jobs."""
    cycle = partial(errand.go_on, bot) if errand else bot.run_cycle
    settings, clock = bot.settings, Clock()
    grace = settings.longest_call.total_seconds()
    clock.every(settings.interval, "cycle", cycle, timeout=settings.cycle_timeout + grace)
    clock.every(
        settings.desk_interval,
        "desk",
        bot.look_at_desk,
        timeout=settings.cycle_timeout + grace,
    )
    return clock
