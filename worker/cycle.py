"""A cycle: mentions and timeline are read, posts parsed, and songs looked up, drafts written and
delivered; before the drafting, where its time has come, how our own posts were received is read,
and what others said is wiped.

What is to be done is read from the store, so that a cycle takes up what an earlier one left over,
whether that one crashed, ran out of time or met a dead service. What fails beside the drafting does
not hold it up; it is raised when all is done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from services.gateway.client import GatewayClient
from services.inference.client import InferenceClient
from worker.course import Course
from worker.drafting import Drafting
from worker.listening import Listening
from worker.mentions import read_mentions
from worker.reception import read_reception
from worker.retention import Retention
from worker.run import Run
from worker.settings import WorkerSettings
from worker.store import Store
from worker.summaries import Summary


class Steps:
    """Steps that are taken whatever became of those before them."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    async def take(self, step: Awaitable[None]) -> None:
        try:
            await step
        except Exception as error:  # noqa: BLE001 - `end` raises it
            self.errors.append(error)

    def end(self) -> None:
        """Raises ExceptionGroup when a step failed."""
        if self.errors:
            message = "steps of a cycle failed"
            raise ExceptionGroup(message, self.errors)


class Cycle:
    """Runs cycles, one at a time."""

    def __init__(
        self,
        store: Store,
        gateway: GatewayClient,
        inference: InferenceClient,
        settings: WorkerSettings,
        new_run: Callable[[], Run],
    ) -> None:
        self.store = store
        self.gateway = gateway
        self.inference = inference
        self.settings = settings
        self.new_run = new_run
        self.number = 0

    async def run(self) -> Summary:
        """One cycle; what a service does wrong stands in the summary."""
        self.number += 1
        run = self.new_run()
        course = Course(self.store, self.gateway, self.inference, self.settings, run)
        listening, steps = Listening(course), Steps()
        await steps.take(read_mentions(course))
        await listening.read_timeline()
        agenda = await asyncio.to_thread(self.store.agenda, run.holder, run.now())
        if agenda.leftovers:
            await asyncio.to_thread(self.store.posts.take_back, run.holder, run.now())
        if agenda.posts or agenda.leftovers:
            await listening.parse_posts()
        if agenda.receptions:
            await steps.take(read_reception(course))
        # A backlog may keep drafting busy for cycle after cycle; what must go cannot wait for it.
        if agenda.texts:
            await steps.take(Retention(course).run())
        if agenda.posts or agenda.leftovers:
            await steps.take(Drafting(course).run())
        steps.end()
        return Summary(
            cycle=self.number,
            **asdict(course.tally),
            seconds=round(run.seconds, 3),
            errors=course.troubles.lines(),
            unreached=course.troubles.unreached,
            busy=agenda.leftovers or agenda.posts or agenda.texts,
        )
