"""Work that is asked of the writer: bounded, counted in tokens, begun in order of arrival.

A token is one piece of one sentence, drawn or read: what the decoder's time goes to, whoever asked.
How many a job takes is foretold from the number of its sentences. The event loop admits and
withdraws, the writer's thread takes and settles; nothing here blocks the former.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from model.composing import Composition
    from services.inference.batcher import SentenceWriter

T = TypeVar("T")


@dataclass(frozen=True)
class Timed(Generic[T]):
    """What came of a job, who made it, and where its time went."""

    value: T
    writer: SentenceWriter
    queue_seconds: float  # until its first row was decoded
    model_seconds: float  # from then on


@dataclass(eq=False)
class Job(Generic[T]):
    """Work that somebody waits for."""

    compose: Callable[[SentenceWriter], Composition[T]]
    tokens: int  # foretold
    arrived: float = field(default_factory=time.monotonic)
    future: Future[Timed[T]] = field(default_factory=Future)


class Backlog:
    """The jobs that wait and those under way, which together hold at most `limit` tokens."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.closed = False
        self._waiting: deque[Job[Any]] = deque()
        self._under_way: set[Job[Any]] = set()
        self._unwanted: list[Job[Any]] = []
        self._tokens = 0
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many jobs the writer has not begun."""
        return len(self._waiting)

    @property
    def tokens(self) -> int:
        """Of all jobs that are not settled."""
        return self._tokens

    def admit(self, *jobs: Job[Any]) -> bool:
        """Queue jobs, all or none: none if they do not fit or the backlog is closed.

        An empty backlog admits any: what is larger than the limit could otherwise never run.
        """
        tokens = sum(job.tokens for job in jobs)
        with self._changed:
            full = self._tokens and self._tokens + tokens > self.limit
            if full or self.closed:
                return False
            self._tokens += tokens
            self._waiting.extend(jobs)
            self._changed.notify()
            return True

    def withdraw(self, job: Job[Any]) -> None:
        """Say that nobody waits for a job any more: it is never begun, or soon stopped."""
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
                self._tokens -= job.tokens
            elif job in self._under_way:
                self._unwanted.append(job)

    def take(self, most: int, *, wait: bool) -> list[Job[Any]]:
        """Jobs to begin, the first that arrived first; none once closed and drained.

        Waits for one, if told to, until the backlog is closed.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._waiting or self.closed)
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._under_way.update(taken)
            return taken

    def unwanted(self) -> list[Job[Any]]:
        """The jobs under way that were withdrawn since this was last asked."""
        with self._changed:
            unwanted, self._unwanted = self._unwanted, []
            return unwanted

    def settle(self, job: Job[Any]) -> None:
        """Forget a job that was taken: it is done, or was stopped."""
        with self._changed:
            if job in self._under_way:
                self._under_way.remove(job)
                self._tokens -= job.tokens

    def close(self) -> None:
        """Admit nothing more; what is queued may still be taken."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def abandon(self) -> list[Job[Any]]:
        """Close, and hand back whatever is not settled."""
        self.close()
        with self._changed:
            left = [*self._under_way, *self._waiting]
            self._under_way.clear()
            self._waiting.clear()
            self._tokens = 0
            return left
