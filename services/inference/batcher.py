"""The writer's thread: it alone drives the writer, one decoder step at a time.

- No wait window: between any two steps what has arrived joins, and what has ended leaves.
- A job that fails, fails alone; one whose client has left is stopped before the next step.
- A new writer takes over between two steps: what the old one has begun, it ends.
- Stopping drains: nothing new is admitted, what is queued is written.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from model.errors import ModelError
from services.inference.backlog import Backlog, GivenUpError, Job, Timed, WriterName
from services.inference.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from model.composing import Composer, Composition, Task
    from model.facts import Facts
    from model.request import Request, Result

log = structlog.get_logger()

LOADING = "loading: the writer's weights are being read; ask again in a moment."
STOPPED = "The service is shutting down: ask again, the next one will answer."
DIED = "The writer died and is being started again: ask again in a moment."

STARTED_AT_A_TIME = 8  # jobs between two steps, so that those under way are not held up
MOST_CALLERS = 64  # whose rows wait for slots; the jobs of others are begun later


class SentenceWriter(Protocol):
    """What the service needs of `model.writer.Writer`."""

    @property
    def facts(self) -> Facts: ...
    @property
    def composer(self) -> Composer: ...
    def compose(self, request: Request) -> Composition[Result]: ...
    def homotopy(
        self, start: str, end: str, steps: int, genres: Iterable[str] = ()
    ) -> Composition[list[str]]: ...
    def reconstruction(self, text: str, genres: Iterable[str] = ()) -> Composition[str]: ...


@dataclass(eq=False)
class _Shift:
    """A writer and the jobs that it has begun."""

    writer: SentenceWriter
    under_way: dict[Job[Any], Task[Any]] = field(default_factory=dict)
    _jobs: dict[Task[Any], Job[Any]] = field(default_factory=dict)

    def start(self, job: Job[Any]) -> None:
        task = self.writer.composer.start(job.compose(self.writer), job.owner)
        self.under_way[job], self._jobs[task] = task, job

    def cancel(self, job: Job[Any]) -> None:
        task = self.under_way.pop(job, None)
        if task is not None:
            del self._jobs[task]
            self.writer.composer.cancel(task)

    def step(self) -> list[tuple[Job[Any], Task[Any]]]:
        """Take a step; the jobs that have ended, and their tasks."""
        tasks = [task for task in self.writer.composer.step() if task in self._jobs]
        ended = [(self._jobs.pop(task), task) for task in tasks]
        for job, _ in ended:
            del self.under_way[job]
        return ended


class Batcher:
    """Does the jobs of a backlog until it is stopped.

    `writer` is set once it is ready; other threads may read its facts only. On its own thread it
    calls `changed` when that, or what is `missing`, has changed, and `stepped` with the number of
    rows after each step of the decoder.
    """

    def __init__(
        self,
        load: Callable[[], SentenceWriter],
        backlog: Backlog,
        *,
        changed: Callable[[], None] = lambda: None,
        stepped: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.writer: SentenceWriter | None = None
        self.pace = Pace()
        self.active = 0  # rows that are being decoded
        self._load = load
        self._backlog = backlog
        self._changed = changed
        self._stepped = stepped
        self._failure = LOADING
        self._shifts: list[_Shift] = []  # the one that begins jobs last
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to load the writer; returns at once."""
        self._thread.start()

    def missing(self) -> str | None:
        """Why nothing can be written now, and what to do; None when all is well."""
        if self._failure == DIED:
            return DIED
        if self._backlog.closed:
            return STOPPED
        return self._failure if self.writer is None else None

    @property
    def loading(self) -> bool:
        """Whether the writer is still being loaded for the first time."""
        return self.writer is None and self._failure == LOADING

    def replace(self, writer: SentenceWriter) -> None:
        """Let another writer, loaded and warm, begin all jobs from now on."""
        self.writer = writer
        self._changed()
        self._backlog.wake()

    def stop(self, patience: float) -> None:
        """Write what is queued and stop; what `patience` seconds do not suffice for fails."""
        self._backlog.close()
        self._thread.join(patience)
        self._abandoned = True
        self._give_up(STOPPED)

    def _run(self) -> None:
        self._load_first()
        self._changed()
        try:
            while self._turn():
                pass
        except Exception:
            self._failure = DIED
            log.exception("writer.died")
        finally:
            self._give_up(DIED if self._failure == DIED else STOPPED)
            self._changed()

    def _load_first(self) -> None:
        """Load the writer; if that can't be done, a later one may still replace it."""
        try:
            self.writer = self._load()
        except ModelError as error:
            self._failure = str(error)
            log.error("writer.unavailable", reason=self._failure)  # noqa: TRY400 - it is no defect
        except Exception as error:
            self._failure = f"The writer could not be loaded ({error}): see the service's log."
            log.exception("writer.unavailable")
        else:
            facts = self.writer.facts
            log.info("writer.ready", name=facts.name, revision=facts.revision)

    def _turn(self) -> bool:
        """Begin what has arrived and take a step; false when there is nothing left to do."""
        composers = [shift.writer.composer for shift in self._shifts]
        busy = any(composer.busy for composer in composers)
        crowded = sum(composer.callers for composer in composers) >= MOST_CALLERS
        jobs = self._backlog.take(0 if crowded else STARTED_AT_A_TIME, wait=not busy)
        if self._abandoned or (self._backlog.closed and not (busy or jobs)):
            return False
        began, before = time.monotonic(), self._decoded()
        self._begin(jobs)
        self._forget(self._backlog.unwanted())
        self._step()
        rows = self._decoded() - before
        self.pace.note(rows, time.monotonic() - began)
        self._stepped(rows)
        self._shifts = [
            shift for shift in self._shifts if shift.under_way or shift.writer is self.writer
        ]
        return True

    def _decoded(self) -> int:
        return sum(shift.writer.composer.decoded for shift in self._shifts)

    def _give_up(self, reason: str) -> None:
        for job in self._backlog.abandon():
            with suppress(InvalidStateError):  # it was answered, or nobody waits
                job.future.set_exception(GivenUpError(reason))

    def _begin(self, jobs: Sequence[Job[Any]]) -> None:
        writer = self.writer
        if not jobs:
            return
        assert writer is not None, "nothing is admitted before"
        if not self._shifts or self._shifts[-1].writer is not writer:
            self._shifts.append(_Shift(writer))
            self.pace.telling = max(1, min(self.pace.telling, writer.composer.slots // 2))
        for job in jobs:
            try:
                wanted = job.future.set_running_or_notify_cancel()
            except (InvalidStateError, RuntimeError):  # given up meanwhile
                wanted = False
            if not wanted:
                self._backlog.settle(job)
                continue
            self._shifts[-1].start(job)

    def _forget(self, unwanted: Iterable[Job[Any]]) -> None:
        for job in unwanted:
            for shift in self._shifts:
                shift.cancel(job)
            self._backlog.settle(job)

    def _step(self) -> None:
        """Move every row of every writer on by one piece, and hand out what has ended."""
        for shift in self._shifts:
            for job, task in shift.step():
                self._settle(job, task, shift.writer)
        self.active = sum(shift.writer.composer.active for shift in self._shifts)

    def _settle(self, job: Job[Any], task: Task[Any], writer: SentenceWriter) -> None:
        ended = time.monotonic()
        entered = task.entered or ended
        self._backlog.settle(job)
        try:
            value = task.result()
        except Exception as error:  # noqa: BLE001 - handed to the one who asked
            with suppress(InvalidStateError):  # given up meanwhile
                job.future.set_exception(error)
            return
        facts = writer.facts
        maker = WriterName(facts.name, facts.revision)
        with suppress(InvalidStateError):
            job.future.set_result(Timed(value, maker, entered - job.arrived, ended - entered))
