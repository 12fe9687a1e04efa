"""The writer on a thread of this process, where tests can hold it up and look at it."""

import asyncio
from typing import Any

from model.facts import Facts
from services.inference.backlog import Backlog, Job
from services.inference.batcher import Batcher
from services.inference.executor import Load, Outcomes, Stepped
from services.inference.settings import InferenceSettings


class ThreadExecutor:
    """An executor over the batcher that the writer's process has."""

    def __init__(self, settings: InferenceSettings, load: Load, stepped: Stepped) -> None:
        self.backlog = Backlog(settings.queue_tokens)
        self.batcher = Batcher(lambda: load(settings), self.backlog, stepped=stepped)
        self._load = lambda: load(settings)

    @property
    def facts(self) -> Facts | None:
        return None if self.batcher.writer is None else self.batcher.writer.facts

    @property
    def loading(self) -> bool:
        return self.batcher.loading

    @property
    def tokens(self) -> int:
        return self.backlog.tokens

    @property
    def waiting(self) -> int:
        return self.backlog.waiting

    @property
    def rows(self) -> int:
        return self.batcher.active

    def missing(self) -> str | None:
        return self.batcher.missing()

    def seconds_for(self, tokens: int) -> float:
        return self.batcher.pace.seconds_for(tokens)

    def admit(self, *jobs: Job[Any]) -> Outcomes | None:
        futures = [job.future for job in jobs]  # made before the writer's thread may ask for them
        if not self.backlog.admit(*jobs):
            return None
        return [asyncio.wrap_future(future) for future in futures]

    def withdraw(self, job: Job[Any]) -> None:
        self.backlog.withdraw(job)

    def start(self) -> None:
        self.batcher.start()

    async def reload(self) -> Facts:
        writer = await asyncio.to_thread(self._load)
        self.batcher.replace(writer)
        return writer.facts

    async def stop(self, patience: float) -> None:
        await asyncio.to_thread(self.batcher.stop, patience)
