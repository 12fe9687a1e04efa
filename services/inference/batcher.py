"""The writer's thread: it alone loads the writer and calls it, in batches.

- No wait window: each time the writer is free, it takes whatever is queued, up to a budget of
  sentences. Under load batches fill by themselves; without load nobody waits.
- A batch that fails is halved until the culprit fails alone.
- Stopping drains: nothing new is admitted, what is queued is written.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from model.errors import ModelError, RequestError
from services.common.problems import UnavailableError
from services.inference.backlog import Backlog, Draft, Errand, Job, Timed
from services.inference.measures import Measures, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from model.writer import Request, Result, Topic

log = structlog.get_logger()

LOADING = "loading: the writer's weights are being read; ask again in a moment."
STOPPED = "The service is shutting down: ask again, the next one will answer."
DIED = "The writer's thread died: restart the service."


class SentenceWriter(Protocol):
    """What the service needs of `model.writer.Writer`."""

    @property
    def name(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def genres(self) -> Sequence[str]: ...
    @property
    def topics(self) -> Sequence[Topic]: ...
    def write(self, requests: list[Request]) -> list[Result]: ...
    def interpolate(
        self, start: str, end: str, steps: int, genres: Sequence[str] = ()
    ) -> Sequence[str]: ...
    def reconstruct(self, text: str, genres: Sequence[str] = ()) -> str: ...


class Batcher:
    """Takes jobs from a backlog, batch by batch, until it is stopped.

    `writer` is set once it is ready; other threads may read its names, genres and topics only.
    """

    def __init__(
        self,
        load: Callable[[], SentenceWriter],
        backlog: Backlog,
        measures: Measures,
        *,
        batch_sentences: int,
    ) -> None:
        self.writer: SentenceWriter | None = None
        self.pace = Pace(full=batch_sentences)
        self.being_written = 0  # sentences
        self._load = load
        self._backlog = backlog
        self._measures = measures
        self._budget = batch_sentences
        self._failure = LOADING
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to load the writer; returns at once."""
        self._thread.start()

    def missing(self) -> str | None:
        """Why nothing can be written now, and what to do; None when all is well."""
        if self._backlog.closed:
            return STOPPED
        if self.writer is None:
            return self._failure
        return None if self._thread.is_alive() else DIED

    def stop(self, patience: float) -> None:
        """Write what is queued and stop; what `patience` seconds do not suffice for fails."""
        self._backlog.close()
        self._thread.join(patience)
        for job in self._backlog.abandon():
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(UnavailableError(STOPPED))

    def _run(self) -> None:
        try:
            writer = self._load()
        except ModelError as error:
            self._failure = str(error)
            log.error("writer.unavailable", reason=self._failure)  # noqa: TRY400 - it is no defect
            return
        except Exception as error:
            self._failure = f"The writer could not be loaded ({error}): see the service's log."
            log.exception("writer.unavailable")
            return
        self.writer = writer
        log.info("writer.ready", name=writer.name, revision=writer.revision)
        while jobs := self._backlog.take(self._budget):
            self._serve(writer, jobs)

    def _serve(self, writer: SentenceWriter, jobs: list[Job[Any]]) -> None:
        began = time.monotonic()
        self.being_written = sum(job.sentences for job in jobs)
        self._measures.batch_requests.observe(len(jobs))
        self._measures.batch_sentences.observe(self.being_written)
        self._compute(writer, jobs, began)
        self.pace.note(self.being_written, time.monotonic() - began)
        self.being_written = 0

    def _compute(self, writer: SentenceWriter, jobs: list[Job[Any]], began: float) -> None:
        try:
            values = _values(writer, jobs)
        except Exception as error:  # noqa: BLE001 - handed to the one who asked
            self._blame(writer, jobs, began, error)
            return
        ended = time.monotonic()
        for job, value in zip(jobs, values, strict=True):
            timed = Timed(value, began - job.arrived, ended - began)
            self._measures.queue_seconds.observe(timed.queue_seconds)
            self._measures.model_seconds.observe(timed.model_seconds)
            self._measures.drafted.inc(job.sentences)
            job.future.set_result(timed)

    def _blame(
        self, writer: SentenceWriter, jobs: list[Job[Any]], began: float, error: Exception
    ) -> None:
        """Fail the job that made its batch fail, and write the others."""
        if len(jobs) == 1:
            if not isinstance(error, RequestError):
                self._measures.rejected.labels("failed").inc()
            jobs[0].future.set_exception(error)
            return
        middle = len(jobs) // 2
        self._compute(writer, jobs[:middle], began)
        self._compute(writer, jobs[middle:], began)


def _values(writer: SentenceWriter, jobs: list[Job[Any]]) -> Sequence[object]:
    """What comes of each job: drafts in one call, an errand by itself."""
    drafts = [job.request for job in jobs if isinstance(job, Draft)]
    if not drafts:
        return [job.run(writer) for job in jobs if isinstance(job, Errand)]
    results = writer.write(drafts)
    if len(results) != len(jobs):
        message = f"{len(jobs)} requests got {len(results)} results"
        raise RuntimeError(message)
    return results
