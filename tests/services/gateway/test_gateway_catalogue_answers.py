"""What catalogues said, kept in the database and in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, select, text
from structlog.testing import capture_logs

from services.common.database import open_migrated, reading, writing
from services.gateway.app import MIGRATIONS
from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.catalogue import Artist, Track
from services.gateway.catalogues.songs import Songs
from services.gateway.tables import catalogue_answer
from services.gateway.vendor_errors import FailedVendorError

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock


async def test_a_failure_is_not_kept(engine: Engine) -> None:
    answers = Answers(engine)

    async def fail() -> object:
        raise FailedVendorError("spotify", "not now")

    async def ask() -> object:
        return "an answer"

    with pytest.raises(FailedVendorError):
        await answers.get("spotify", "which song?", fail)
    assert await answers.get("spotify", "which song?", ask) == "an answer"


async def test_questions_too_long_for_the_table_stay_apart(engine: Engine) -> None:
    answers = Answers(engine)

    async def one() -> object:
        return "one"

    async def two() -> object:
        return "two"

    assert await answers.get("spotify", "x" * 600 + "1", one) == "one"
    assert await answers.get("spotify", "x" * 600 + "2", two) == "two"


async def test_an_answer_that_cannot_be_stored_is_an_answer(engine: Engine) -> None:
    async def ask() -> object:
        with writing(engine) as connection:
            connection.execute(text("DROP TABLE catalogue_answer"))
        return "an answer"

    answers = Answers(engine)
    with capture_logs() as logs:
        assert await answers.get("spotify", "which song?", ask) == "an answer"
    assert [log["event"] for log in logs] == ["catalogue.not_kept"]
    assert await answers.get("spotify", "which song?", ask) == "an answer"


async def test_expired_answers_are_forgotten(clock: Clock, engine: Engine) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC))

    async def nothing() -> object:
        return None

    async def something() -> object:
        return "an answer"

    await answers.get("spotify", "gone?", nothing)
    await answers.get("spotify", "kept?", something)
    clock.now += timedelta(days=2).total_seconds()
    answers.forget_expired()
    assert questions_in(engine) == ["kept?"]


async def test_answers_are_forgotten_every_day_also_after_a_failure(
    clock: Clock, engine: Engine
) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC))

    async def nothing() -> object:
        return None

    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.now += seconds
        if len(pauses) == 1:
            with writing(engine) as connection:
                connection.execute(text("ALTER TABLE catalogue_answer RENAME TO elsewhere"))
        elif len(pauses) == 2:
            with writing(engine) as connection:
                connection.execute(text("ALTER TABLE elsewhere RENAME TO catalogue_answer"))
        else:
            raise asyncio.CancelledError

    await answers.get("spotify", "gone?", nothing)
    with pytest.raises(asyncio.CancelledError):
        await answers.forget_daily(sleep)
    assert pauses == [timedelta(days=1).total_seconds()] * 3
    assert questions_in(engine) == []


async def test_the_table_does_not_grow_without_bound(clock: Clock, engine: Engine) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC), most_kept=2)

    async def something() -> object:
        return "an answer"

    for number in range(5):
        clock.now += 1
        await answers.get("spotify", f"{number}?", something)
    answers.forget_expired()
    assert questions_in(engine) == ["3?", "4?"]


def questions_in(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(select(catalogue_answer.c.question)))


async def test_memory_does_not_hold_on_to_what_has_expired(clock: Clock, engine: Engine) -> None:
    answers = Answers(engine, clock=lambda: datetime.fromtimestamp(clock(), UTC))
    told = ["a song"]

    async def ask() -> object:
        return told[-1]

    assert await answers.get("spotify", "which song?", ask) == "a song"
    told.append("its new name")
    clock.now += timedelta(days=29).total_seconds()
    assert await answers.get("spotify", "which song?", ask) == "a song"
    clock.now += timedelta(days=2).total_seconds()
    assert await answers.get("spotify", "which song?", ask) == "its new name"


@pytest.mark.postgres
async def test_two_gateways_may_ask_the_same_at_once(postgres: str) -> None:
    engines = [open_migrated(postgres, MIGRATIONS, "gateway") for _ in range(2)]
    both_ask = asyncio.Barrier(2)

    async def ask() -> list[str]:
        await both_ask.wait()
        return ["dream pop"]

    for number in range(10):
        told = [Answers(engine).get("spotify", f"{number}?", ask) for engine in engines]
        assert await asyncio.gather(*told) == [["dream pop"]] * 2
    for engine in engines:
        engine.dispose()


async def test_a_caller_who_leaves_does_not_take_the_answer_along(engine: Engine) -> None:
    catalogue = Slow()
    songs = Songs([catalogue], Answers(engine))
    leaving = asyncio.ensure_future(songs.find("Song", "Artist"))
    staying = asyncio.ensure_future(songs.find("Song", "Artist"))
    await catalogue.asked.wait()
    leaving.cancel()
    catalogue.may_answer.set()
    song = await staying
    assert song is not None
    assert catalogue.questions == 1


class Slow:
    """A catalogue that answers when it is told to."""

    name = "slow"

    def __init__(self) -> None:
        self.asked, self.may_answer, self.questions = asyncio.Event(), asyncio.Event(), 0

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        self.questions += 1
        self.asked.set()
        await self.may_answer.wait()
        return [Track(title, (Artist(artist or ""),))]

    async def genres(self, artist: Artist) -> Sequence[str]:
        return [artist.name]
