"""What the service needs of whoever employs the writer (`services.inference.process_executor`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from services.inference.backlog import Job, Timed
from services.inference.batcher import SentenceWriter
from services.inference.settings import InferenceSettings

if TYPE_CHECKING:
    from model.facts import Facts

Load = Callable[[InferenceSettings], SentenceWriter]
Stepped = Callable[[int], None]  # called after each step of the decoder, with its rows
Outcomes = Sequence[asyncio.Future[Timed[Any]]]


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

    def admit(self, *jobs: Job[Any]) -> Outcomes | None:
        """Queue jobs, all or none: None if they do not fit or nothing is admitted any more.

        Returns what is to come of each, in their order.
        """

    def withdraw(self, job: Job[Any]) -> None:
        """Say that nobody waits for a job any more: it is never begun, or soon stopped."""

    def start(self) -> None:
        """Begin to load the writer; returns at once."""

    async def reload(self) -> Facts:
        """Load the writer anew and let it begin all jobs from then on; raises what loading does."""

    async def stop(self, patience: float) -> None:
        """Write what is queued and stop; what `patience` seconds do not suffice for fails."""
