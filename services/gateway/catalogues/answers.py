"""Answers that catalogues gave, kept until they expire; "there is none" is an answer too.

Identical questions that are asked while the first is still on its way share its answer.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NoReturn

import structlog
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from services.common.database import inserting, reading, writing
from services.gateway.tables import catalogue_answer

log = structlog.get_logger()

QUESTION_LENGTH = 500
# Answers that are also kept in memory, the least recently used dropped first.
REMEMBERED = 10_000
# Answers in the table, those that expire first dropped first.
MOST_KEPT = 500_000
DAY_SECONDS = 86_400.0

Json = Any


@dataclass(frozen=True)
class Lifetimes:
    """How long answers hold: what is known rarely changes, what is missing may be added."""

    known: timedelta = timedelta(days=30)
    missing: timedelta = timedelta(days=1)


@dataclass
class Answers:
    engine: Engine
    lifetimes: Lifetimes = Lifetimes()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    most_kept: int = MOST_KEPT
    memory: OrderedDict[tuple[str, str], tuple[Json, datetime]] = field(default_factory=OrderedDict)
    flights: dict[tuple[str, str], asyncio.Task[Json]] = field(default_factory=dict)

    async def get(self, catalogue: str, question: str, ask: Callable[[], Awaitable[Json]]) -> Json:
        """The kept answer, or that of `ask` (JSON; None or [] says that there is none)."""
        key = (catalogue, _short(question))
        held = self.memory.get(key)
        if held is not None and held[1] > self.clock():
            self.memory.move_to_end(key)
            return held[0]
        flight = self.flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(self._look_up(key, ask))
            self.flights[key] = flight
            flight.add_done_callback(partial(self._landed, key))
        # Whoever leaves early must not take the answer away from the others.
        return await asyncio.shield(flight)

    def _landed(self, key: tuple[str, str], flight: asyncio.Task[Json]) -> None:
        self.flights.pop(key, None)
        if not flight.cancelled():
            flight.exception()  # Asked for even when everybody who waited has left.

    async def _look_up(self, key: tuple[str, str], ask: Callable[[], Awaitable[Json]]) -> Json:
        kept = await asyncio.to_thread(self._load, key)
        if kept is None:
            answer = await ask()
            kept = answer, self.clock() + self._lifetime(answer)
            await self._keep(key, *kept)
        self.memory[key] = kept
        while len(self.memory) > REMEMBERED:
            self.memory.popitem(last=False)
        return kept[0]

    async def _keep(self, key: tuple[str, str], answer: Json, expires_at: datetime) -> None:
        """Store an answer; one that cannot be stored is an answer all the same."""
        try:
            await asyncio.to_thread(self._store, key, answer, expires_at)
        except SQLAlchemyError as error:
            log.warning("catalogue.not_kept", catalogue=key[0], error=type(error).__name__)

    def _lifetime(self, answer: Json) -> timedelta:
        return self.lifetimes.known if answer else self.lifetimes.missing

    def _load(self, key: tuple[str, str]) -> tuple[Json, datetime] | None:
        columns = catalogue_answer.c
        mine = (columns.catalogue == key[0]) & (columns.question == key[1])
        with reading(self.engine) as connection:
            row = connection.execute(select(catalogue_answer).where(mine)).one_or_none()
        if row is None or row.expires_at <= self.clock():
            return None
        return row.answer, row.expires_at

    def forget_expired(self) -> None:
        """Drop what no longer holds, and what there is too much of."""
        expiry = catalogue_answer.c.expires_at
        with writing(self.engine) as connection:
            connection.execute(delete(catalogue_answer).where(expiry <= self.clock()))
            kept = connection.scalar(select(func.count()).select_from(catalogue_answer)) or 0
            if kept > self.most_kept:
                ordered = select(expiry).order_by(expiry.desc())
                last = connection.scalar(ordered.offset(self.most_kept).limit(1))
                connection.execute(delete(catalogue_answer).where(expiry <= last))

    async def forget_daily(
        self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> NoReturn:
        """Keep the table small in a process that runs for years."""
        while True:
            await sleep(DAY_SECONDS)
            try:
                await asyncio.to_thread(self.forget_expired)
            except SQLAlchemyError as error:
                log.warning("catalogue.not_forgotten", error=type(error).__name__)

    def _store(self, key: tuple[str, str], answer: Json, expires_at: datetime) -> None:
        """Keep it, also where another gateway asked the same at the same time."""
        catalogue, question = key
        kept = {"answer": answer, "expires_at": expires_at}
        with writing(self.engine) as connection:
            added = inserting(connection, catalogue_answer).values(
                catalogue=catalogue, question=question, **kept
            )
            known = catalogue_answer.primary_key
            connection.execute(added.on_conflict_do_update(index_elements=known, set_=kept))


def _short(question: str) -> str:
    """The question as a key; one too long for the column ends in its digest.

    PostgreSQL takes neither null characters nor lone surrogates.
    """
    question = question.replace("\0", " ").encode(errors="replace").decode()
    if len(question) <= QUESTION_LENGTH:
        return question
    digest = hashlib.sha256(question.encode()).hexdigest()
    return f"{question[: QUESTION_LENGTH - len(digest)]}{digest}"
