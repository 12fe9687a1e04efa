"""Who is served, and until when: admission, deadlines and cancellation, on the event loop.

What cannot be done before its deadline, at the pace measured lately, is refused at once with 429
and told when to come back. A request whose caller left or whose deadline passed is withdrawn: it is
never begun, or soon stopped.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import TypeVar

from model.errors import RequestError
from model.facts import Facts
from services.common.problems import OverloadedError, TooLargeError, UnavailableError
from services.inference.backlog import GivenUpError, Job, Timed
from services.inference.batcher import LOADING
from services.inference.executor import Executor, Outcomes
from services.inference.measures import Measures

T = TypeVar("T")

SECONDS_TO_LOAD = 2


class Scheduler:
    """Lets jobs in, and waits for what the executor makes of them."""

    def __init__(self, executor: Executor, measures: Measures, *, deadline_seconds: float) -> None:
        self._executor = executor
        self._measures = measures
        self._deadline = deadline_seconds
        self.callers = 0  # that wait for an answer

    @property
    def facts(self) -> Facts:
        """What the writer tells of itself; raises UnavailableError while there is none."""
        missing, facts = self._executor.missing(), self._executor.facts
        if missing is None and facts is not None:
            return facts
        raise self._unavailable(missing or LOADING)

    def _unavailable(self, reason: str) -> UnavailableError:
        self._measures.rejected.labels("unavailable").inc()
        headers = {"Retry-After": str(SECONDS_TO_LOAD)} if self._executor.loading else {}
        return UnavailableError(reason, headers=headers)

    async def do(self, job: Job[T]) -> Timed[T]:
        """Queue the job and wait for what comes of it; cancelling this withdraws it.

        Raises OverloadedError, UnavailableError, or what the writer raised.
        """
        (outcome,) = await self.do_all([job])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def do_all(self, jobs: Sequence[Job[T]]) -> list[Timed[T] | Exception]:
        """Queue jobs, all or none, and wait for what comes of each: its value or its error.

        Raises OverloadedError and UnavailableError where it is that of all.
        """
        outcomes = self._admit(jobs)
        self.callers += 1
        try:
            async with asyncio.timeout(self._deadline) as limit:
                return [self._noted(await _settled(outcome)) for outcome in outcomes]
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
            _hush(outcomes)

    def _noted(self, outcome: Timed[T] | Exception) -> Timed[T] | Exception:
        """What came of a job, measured, and as the caller is told."""
        if isinstance(outcome, Timed):
            self._measures.queue_seconds.observe(outcome.queue_seconds)
            self._measures.model_seconds.observe(outcome.model_seconds)
        elif isinstance(outcome, GivenUpError):
            return self._unavailable(str(outcome))
        elif not isinstance(outcome, RequestError):
            self._measures.rejected.labels("failed").inc()
        return outcome

    def _withdraw(self, jobs: Sequence[Job[T]]) -> None:
        for job in jobs:
            self._executor.withdraw(job)

    def _admit(self, jobs: Sequence[Job[T]]) -> Outcomes:
        self.facts  # noqa: B018 - raises while there is none
        own = self._executor.seconds_for(_tokens(jobs))
        if own > self._deadline:
            self._measures.rejected.labels("refused").inc()
            raise TooLargeError(
                f"This request alone would take about {own:.0f} s, more than the "
                f"{self._deadline:g} s that a request may take: ask for fewer sentences at a time."
            )
        in_time = self._seconds_ahead(_tokens(jobs)) <= self._deadline
        outcomes = self._executor.admit(*jobs) if in_time else None
        if outcomes is None:
            raise self._refusal(jobs, "overloaded")
        return outcomes

    def _seconds_ahead(self, more: int = 0) -> float:
        """How long what is asked for will take, and `more` after it; nothing ahead is no wait."""
        ahead = self._executor.tokens
        return self._executor.seconds_for(ahead + more) if ahead else 0.0

    def _refusal(self, jobs: Sequence[Job[T]], reason: str) -> OverloadedError:
        self._measures.rejected.labels(reason).inc()
        wait = max(1, math.ceil(self._seconds_ahead()))
        return OverloadedError(
            f"Too busy: about {self._executor.tokens} tokens are to be decoded, and the "
            f"{_tokens(jobs)} of this request would not be done within {self._deadline:g} s. "
            f"Ask for fewer sentences, or again in {wait} s.",
            retry_after=wait,
        )


async def _settled(outcome: asyncio.Future[Timed[T]]) -> Timed[T] | Exception:
    try:
        return await outcome
    except Exception as error:  # noqa: BLE001 - handed to the one who asked
        return error


def _hush(outcomes: Outcomes) -> None:
    """Say that errors for which nobody waited any more were seen; asyncio would log them."""
    for outcome in outcomes:
        if outcome.done() and not outcome.cancelled():
            outcome.exception()


def _tokens(jobs: Sequence[Job[T]]) -> int:
    return sum(job.tokens for job in jobs)
