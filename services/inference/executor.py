"""Where the writer works: beside the service in a process of its own, or on a thread of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from services.inference.backlog import Backlog, Job
from services.inference.batcher import Batcher, SentenceWriter
from services.inference.settings import InferenceSettings

if TYPE_CHECKING:
    from model.facts import Facts

Load = Callable[[InferenceSettings], SentenceWriter]
Stepped = Callable[[int], None]  # called after each step of the decoder, with its rows


class Executor(Protocol):
    """Does jobs. Its methods are called on the event loop, and none of them blocks it."""

    @property
    def facts(self) -> Facts | None:
        """What the writer tells of itself, once it is ready."""

    @property
    def loading(self) -> bool:
        """Whether the writer is still being loaded for the first time."""

    @property
    def tokens(self) -> int:
        """Of all jobs that are not settled."""

    @property
    def waiting(self) -> int:
        """How many jobs the writer has not begun."""

    @property
    def rows(self) -> int:
        """How many rows are being decoded."""

    def missing(self) -> str | None:
        """Why nothing can be written now, and what to do; None when all is well."""

    def seconds_for(self, tokens: int) -> float:
        """How long that many tokens will take; 0 before anything was measured."""

    def admit(self, *jobs: Job[Any]) -> bool:
        """Queue jobs, all or none: none if they do not fit or nothing is admitted any more."""

    def withdraw(self, job: Job[Any]) -> None:
        """Say that nobody waits for a job any more: it is never begun, or soon stopped."""

    def start(self) -> None:
        """Begin to load the writer; returns at once."""

    async def reload(self) -> Facts:
        """Load the writer anew and let it begin all jobs from then on; raises what loading does."""

    async def stop(self, patience: float) -> None:
        """Write what is queued and stop; what `patience` seconds do not suffice for fails."""


class ThreadExecutor:
    """The writer on a thread of this process."""

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

    def admit(self, *jobs: Job[Any]) -> bool:
        return self.backlog.admit(*jobs)

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
