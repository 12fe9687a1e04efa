"""The worker put together: store, clients, both jobs, and what is told of them to the outside.

`Bot.run_cycle` and `Bot.look_at_desk` are the two jobs; each logs its summary, measures, and
pushes a heartbeat to the gateway. One of each may run at a time; in the store they do not run into
each other.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.common.rest import RestClient, ServiceError
from services.gateway.client import GatewayClient
from services.gateway.schemas import Command, Heartbeat, Orders, Publishing
from services.inference.client import InferenceClient
from worker.cycle import Cycle
from worker.desk import Desk
from worker.failpoints import reach
from worker.measures import Measures
from worker.run import Run, utc_now
from worker.settings import WorkerSettings
from worker.states import IllegalTransitionError, PostState
from worker.store import Counts, Store
from worker.summaries import DeskSummary, Summary
from worker.troubles import kinds_of

log = structlog.get_logger()

LONGEST_LOOK = timedelta(seconds=60)
HEARTBEAT_TIMEOUT = 5.0
# Other workers and retention change the counts, too.
COUNTED_EVERY = timedelta(minutes=5)
NEVER = datetime.min.replace(tzinfo=UTC)
STALE_INTERVALS = 3


class Pulse:
    """When the worker last got something done."""

    def __init__(self) -> None:
        self.beat()

    def beat(self) -> None:
        self.at = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self.at


@dataclass
class Bot:
    """Use `open_bot`."""

    settings: WorkerSettings
    store: Store
    gateway: GatewayClient
    inference: InferenceClient
    measures: Measures | None = None
    now: Callable[[], datetime] = utc_now
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    pulse: Pulse = field(default_factory=Pulse)
    counts: Counts = field(default_factory=Counts)
    counted_at: datetime = NEVER
    errors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cycle_seconds: float = 0.0

    def __post_init__(self) -> None:
        settings = self.settings
        new_run = partial(
            Run,
            holder=settings.name,
            now=self.now,
            grace=settings.longest_call,
            stop=self.stop,
            beat=self.pulse.beat,
        )
        longest = timedelta(seconds=settings.cycle_timeout)
        cycle_run = partial(new_run, longest=longest)
        desk_run = partial(new_run, longest=min(longest, LONGEST_LOOK))
        self.cycle = Cycle(self.store, self.gateway, self.inference, settings, cycle_run)
        self.desk = Desk(self.store, self.gateway, settings, desk_run)

    async def run_cycle(self) -> Summary:
        async with self._told("cycle", "cycle"):
            await self._begin()
            summary = await self.cycle.run()
            self.cycle_seconds = summary.seconds
            self.errors["cycle"] = summary.errors
            log.info("cycle.done", **summary.as_json())
            if self.measures is not None:
                self.measures.cycle(summary)
            if summary.eventful or abs(self.now() - self.counted_at) > COUNTED_EVERY:
                await self._recount()
        return summary

    async def look_at_desk(self) -> DeskSummary:
        async with self._told("desk", "look at the desk"):
            await self._begin()
            summary = await self.desk.look()
            self.errors["desk"] = summary.errors
            if summary.eventful:
                log.info("desk.done", **summary.as_json())
                await self._recount()
        return summary

    @asynccontextmanager
    async def _told(self, job: str, name: str) -> AsyncIterator[None]:
        """Tell the gateway how we are after a job, all the more when it failed."""
        try:
            yield
        except BaseException as error:
            words = f"the last {name} failed ({kinds_of(error)}): see the worker's log"
            self.errors[job] = (words,)
            if isinstance(error, Exception):  # else it was cut short, and nothing new is begun
                await self._push_heartbeat()
            raise
        self.pulse.beat()
        await self._push_heartbeat()

    async def _begin(self) -> None:
        """Before every job: its name is this worker's alone, and its clock is everybody's."""
        await asyncio.to_thread(self.store.name.hold, self.settings.name)
        await asyncio.to_thread(self.store.clock.look)

    async def _recount(self) -> None:
        self.counted_at = self.now()
        self.counts = await asyncio.to_thread(self.store.counts)
        if self.measures is not None:
            self.measures.count(self.counts)

    async def _push_heartbeat(self) -> None:
        """Tell the gateway how we are, and do what people ask of us on `/status`.

        Whatever comes of it, the jobs go on: what is not done now is asked for again.
        """
        try:
            orders = await self._tell_gateway()
            if orders.commands:
                await self._obey(orders.commands)
                await self._tell_gateway()
        except (ServiceError, TimeoutError, SQLAlchemyError) as error:
            log.debug("heartbeat.failed", error=str(error))

    async def _obey(self, commands: Sequence[Command]) -> None:
        """Do what was asked; a command that cannot be done holds up those after it, and says so."""
        reach("commands.read")
        try:
            new = await asyncio.to_thread(self.store.commands.obey, commands, self.now())
        except (SQLAlchemyError, IllegalTransitionError) as error:
            log.warning("commands.failed", error=str(error))
            kind = type(error).__name__
            words = f"what was asked on /status could not be done ({kind}): see the worker's log"
            self.errors["commands"] = (words,)
            return
        reach("commands.stored")
        self.errors.pop("commands", None)
        if new:
            await self._recount()

    async def _tell_gateway(self) -> Orders:
        heartbeat = await asyncio.to_thread(self._heartbeat)
        async with asyncio.timeout(HEARTBEAT_TIMEOUT):
            return await self.gateway.put_heartbeat(heartbeat)

    def _heartbeat(self) -> Heartbeat:
        store = self.store
        position = store.timeline.position()
        return Heartbeat(
            worker=self.settings.name,
            at=self.now(),
            interval=self.settings.interval,
            cursor=position.cursor if position else None,
            cycle=self.cycle.number,
            seconds=self.cycle_seconds,
            posts=self.counts.posts,
            drafts=self.counts.drafts,
            publications=self.counts.publications,
            publishing=self._publishing(),
            composing=self.settings.composing,
            errors=[line for lines in self.errors.values() for line in lines],
            parked=store.parked.newest() if self.counts.posts.get(PostState.PARKED) else [],
            paused=store.commands.paused(),
            obeyed=store.commands.obeyed(),
        )

    def _publishing(self) -> Publishing:
        holding = self.desk.holding
        return Publishing(
            mode=self.settings.mode,
            waits=holding and holding.why,
            until=holding and holding.until,
        )

    async def stalled(self) -> str | None:
        """Why the worker is not well; None when it is."""
        most = STALE_INTERVALS * max(self.settings.interval, self.settings.desk_interval)
        # A call that takes its time is no stall.
        most = max(most, self.settings.longest_call.total_seconds())
        if self.pulse.age <= most:
            return None
        return f"Nothing got done for {self.pulse.age:.0f} s: see the log, then restart the worker."


@asynccontextmanager
async def open_bot(
    settings: WorkerSettings,
    *,
    measures: Measures | None = None,
    gateway: GatewayClient | None = None,
    inference: InferenceClient | None = None,
) -> AsyncIterator[Bot]:
    """A bot with its database open and migrated; given clients are used instead of new ones.

    Raises SettingsError when the database cannot be had, or not under this name.
    """
    gateway = gateway or GatewayClient(
        settings.gateway_url,
        key=settings.key_for(settings.gateway_key),
        timeout=settings.gateway_timeout,
    )
    inference = inference or InferenceClient(
        settings.inference_url,
        key=settings.key_for(settings.inference_key),
        timeout=settings.inference_timeout,
    )
    clients: tuple[RestClient, ...] = (gateway, inference)
    async with AsyncExitStack() as stack:
        for client in clients:
            await stack.enter_async_context(client)
        store = await asyncio.to_thread(Store.open, settings.database)
        stack.callback(store.close)
        await asyncio.to_thread(store.name.hold, settings.name)
        await asyncio.to_thread(store.clock.look)
        yield Bot(settings, store, gateway, inference, measures, store.clock)
