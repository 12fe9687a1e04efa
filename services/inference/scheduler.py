"""Who is served, and until when: admission, deadlines and cancellation, on the event loop.

What cannot be done before its deadline, at the pace measured lately, is refused at once with 429
and told when to come back. A request whose caller left or whose deadline passed is withdrawn: it is
never begun, or stopped before the decoder's next step.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import TypeVar

from services.common.problems import OverloadedError, TooLargeError, UnavailableError
from services.inference.backlog import Backlog, Job, Timed
from services.inference.batcher import LOADING, SECONDS_TO_LOAD, Batcher, SentenceWriter
from services.inference.measures import Measures

T = TypeVar("T")


class Scheduler:
    """Lets jobs into the backlog, and waits for what the batcher makes of them."""

    def __init__(
        self, batcher: Batcher, backlog: Backlog, measures: Measures, *, deadline_seconds: float
    ) -> None:
        self._batcher = batcher
        self._backlog = backlog
        self._measures = measures
        self._deadline = deadline_seconds
        self.callers = 0  # that wait for an answer

    @property
    def writer(self) -> SentenceWriter:
        """For its names, genres and topics; raises UnavailableError while there is none."""
        missing, writer = self._batcher.missing(), self._batcher.writer
        if missing is None and writer is not None:
            return writer
        self._measures.rejected.labels("unavailable").inc()
        headers = {"Retry-After": str(SECONDS_TO_LOAD)} if self._batcher.loading else {}
        raise UnavailableError(missing or LOADING, headers=headers)

    async def do(self, job: Job[T]) -> Timed[T]:
        """Queue the job and wait for what comes of it; cancelling this withdraws it.

        Raises OverloadedError, UnavailableError, or what the writer raised.
        """
        (outcome,) = await self.do_all([job])
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def do_all(self, jobs: Sequence[Job[T]]) -> list[Timed[T] | BaseException]:
        """Queue jobs, all or none, and wait for what comes of each: its value or its error.

        Raises OverloadedError and UnavailableError where it is that of all.
        """
        self._admit(jobs)
        self.callers += 1
        try:
            async with asyncio.timeout(self._deadline) as limit:
                answers = (asyncio.wrap_future(job.future) for job in jobs)
                return await asyncio.gather(*answers, return_exceptions=True)
        except TimeoutError:
            if limit.expired():
                self._withdraw(jobs)
                raise self._refusal(jobs, "deadline") from None
            raise
        except asyncio.CancelledError:
            self._measures.rejected.labels("disconnected").inc()
            raise
        finally:
            self.callers -= 1
            self._withdraw(jobs)

    def _withdraw(self, jobs: Sequence[Job[T]]) -> None:
        for job in jobs:
            self._backlog.withdraw(job)

    def _admit(self, jobs: Sequence[Job[T]]) -> None:
        self.writer  # noqa: B018 - raises while there is none
        own = self._batcher.pace.seconds_for(_tokens(jobs))
        if own > self._deadline:
            self._measures.rejected.labels("refused").inc()
            raise TooLargeError(
                f"This request alone would take about {own:.0f} s, more than the "
                f"{self._deadline:g} s that a request may take: ask for fewer sentences at a time."
            )
        in_time = self._seconds_ahead(_tokens(jobs)) <= self._deadline
        if not (in_time and self._backlog.admit(*jobs)):
            raise self._refusal(jobs, "overloaded")

    def _seconds_ahead(self, more: int = 0) -> float:
        """How long what is asked for will take, and `more` after it; nothing ahead is no wait."""
        ahead = self._backlog.tokens
        return self._batcher.pace.seconds_for(ahead + more) if ahead else 0.0

    def _refusal(self, jobs: Sequence[Job[T]], reason: str) -> OverloadedError:
        self._measures.rejected.labels(reason).inc()
        wait = max(1, math.ceil(self._seconds_ahead()))
        return OverloadedError(
            f"Too busy: about {self._backlog.tokens} tokens are to be decoded, and the "
            f"{_tokens(jobs)} of this request would not be done within {self._deadline:g} s. "
            f"Ask for fewer sentences, or again in {wait} s.",
            retry_after=wait,
        )


def _tokens(jobs: Sequence[Job[T]]) -> int:
    return sum(job.tokens for job in jobs)
