"""Work that is asked of the writer: bounded, counted in tokens, begun fairly.

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
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from model.composing import Composition
    from services.inference.batcher import SentenceWriter

T = TypeVar("T")


class GivenUpError(Exception):
    """Nobody will do this job; the message says why, and what to do."""


class FailedError(Exception):
    """The writer's process failed at a job; its log says where."""


@dataclass(frozen=True)
class WriterName:
    """Which writer it was."""

    name: str
    revision: str


@dataclass(frozen=True)
class Timed(Generic[T]):
    """What came of a job, who made it, and where its time went."""

    value: T
    writer: WriterName
    queue_seconds: float  # until its first row was decoded
    model_seconds: float  # from then on


class Owner:
    """Whoever asked; to be told from others by identity alone."""


@dataclass(eq=False)
class Job(Generic[T]):
    """Work that somebody waits for."""

    compose: Callable[[SentenceWriter], Composition[T]]  # one that can be pickled
    tokens: int  # foretold
    owner: object = field(default_factory=Owner)  # one for all jobs of a call
    arrived: float = field(default_factory=time.monotonic)

    @cached_property
    def future(self) -> Future[Timed[T]]:
        """What is to come of it. To be asked for before it is admitted, by whoever will wait."""
        return Future()


class Backlog:
    """The jobs that wait and those under way, which together hold at most `limit` tokens."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.closed = False
        self._waiting: dict[object, deque[Job[Any]]] = {}  # by owner, who came first first
        self._turn = 0  # of the jobs that were taken
        self._under_way: set[Job[Any]] = set()
        self._unwanted: list[Job[Any]] = []
        self._tokens = 0
        self._woken = False
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many jobs the writer has not begun."""
        with self._changed:
            return sum(map(len, self._waiting.values()))

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
            for job in jobs:
                self._waiting.setdefault(job.owner, deque()).append(job)
            self._changed.notify()
            return True

    def withdraw(self, job: Job[Any]) -> None:
        """Say that nobody waits for a job any more: it is never begun, or soon stopped."""
        with self._changed:
            own = self._waiting.get(job.owner, ())
            if job in own:
                self._remove(job)
                self._tokens -= job.tokens
            elif job in self._under_way:
                self._unwanted.append(job)

    def take(self, most: int, *, wait: bool) -> list[Job[Any]]:
        """Jobs to begin: in turn of the owner who came first and of the one with the fewest.

        Waits for one, if told to, until the backlog is closed or `wake` is called.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._waiting or self.closed or self._woken)
            self._woken = False
            taken: list[Job[Any]] = []
            while self._waiting and len(taken) < most:
                job = self._next()
                self._remove(job)
                taken.append(job)
            self._under_way.update(taken)
            return taken

    def wake(self) -> None:
        """Let whoever waits for work look around."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

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
            waiting = [job for jobs in self._waiting.values() for job in jobs]
            left = [*self._under_way, *waiting]
            self._under_way.clear()
            self._waiting.clear()
            self._tokens = 0
            return left

    def _next(self) -> Job[Any]:
        self._turn += 1
        if self._turn % 2:
            return next(iter(self._waiting.values()))[0]
        return min(self._waiting.values(), key=len)[0]

    def _remove(self, job: Job[Any]) -> None:
        own = self._waiting[job.owner]
        own.remove(job)
        if not own:
            del self._waiting[job.owner]
