"""Work that waits for the writer: bounded, in order of arrival, counted in sentences.

One sentence is one row of the decoder, whoever asked for it, so sentences are what is bounded,
batched and timed. The event loop admits and withdraws, the writer's thread takes; nothing here
blocks the former.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from model.writer import Request, Result  # noqa: F401 - the base class below names Result
    from services.inference.batcher import SentenceWriter

T = TypeVar("T")


@dataclass(frozen=True)
class Timed(Generic[T]):
    """What came of a job, and where its time went."""

    value: T
    queue_seconds: float
    model_seconds: float


@dataclass(eq=False, kw_only=True)
class Job(Generic[T]):
    """Work that somebody waits for. Cancelling `future` before it runs means it never runs."""

    batchable: ClassVar[bool] = False

    sentences: int
    arrived: float = field(default_factory=time.monotonic)
    future: Future[Timed[T]] = field(default_factory=Future)


@dataclass(eq=False, kw_only=True)
class Draft(Job["Result"]):
    """Sentences to draft, together with other drafts."""

    batchable: ClassVar[bool] = True

    request: Request


@dataclass(eq=False, kw_only=True)
class Errand(Job[T]):
    """Anything else that the writer can do; it runs by itself."""

    run: Callable[[SentenceWriter], T]


class Backlog:
    """A queue of jobs that holds at most `limit` sentences."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._jobs: list[Job[Any]] = []
        self.closed = False
        self._changed = threading.Condition()

    @property
    def jobs(self) -> int:
        return len(self._jobs)

    @property
    def sentences(self) -> int:
        with self._changed:
            return self._sentences()

    def _sentences(self) -> int:
        return sum(job.sentences for job in self._jobs)

    def admit(self, job: Job[Any]) -> bool:
        """Queue the job, unless it does not fit or the backlog is closed.

        An empty queue admits any job: one larger than the limit could otherwise never run.
        """
        with self._changed:
            full = self._jobs and self._sentences() + job.sentences > self.limit
            if full or self.closed:
                return False
            self._jobs.append(job)
            self._changed.notify()
            return True

    def withdraw(self, job: Job[Any]) -> None:
        """Forget a job that nobody waits for any more; taken ones are left alone."""
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)

    def take(self, budget: int) -> list[Job[Any]]:
        """The next batch, as soon as there is one; empty once closed and drained.

        The first in line always goes, so nothing starves; those behind it that fit into what is
        left of the budget go along, so a large request does not hold up small ones. Jobs whose
        future was cancelled are dropped.
        """
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._jobs or self.closed)
                if not self._jobs:
                    return []
                taken = self._next(budget)
                self._jobs = [job for job in self._jobs if job not in taken]
                if wanted := [job for job in taken if job.future.set_running_or_notify_cancel()]:
                    return wanted

    def _next(self, budget: int) -> list[Job[Any]]:
        first, *others = self._jobs
        taken = [first]
        room = budget - first.sentences
        for job in others if first.batchable else ():
            if job.batchable and job.sentences <= room:
                taken.append(job)
                room -= job.sentences
        return taken

    def close(self) -> None:
        """Admit nothing more; what is queued may still be taken."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def abandon(self) -> list[Job[Any]]:
        """Close, and hand back what was never taken."""
        self.close()
        with self._changed:
            left, self._jobs = self._jobs, []
            return left
