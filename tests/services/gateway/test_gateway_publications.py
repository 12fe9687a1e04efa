"""Publishing once, whatever dies or is lost in between; the platform is the sandbox's X."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, insert, select

from services.common.database import open_migrated, reading, writing
from services.gateway.app import MIGRATIONS
from services.gateway.publications import KeyReusedError, Publications, UnsettledError
from services.gateway.schemas import Platform, Published, Reception, TimelinePage
from services.gateway.spend import Spend
from services.gateway.tables import publication
from services.gateway.timelines.timeline import Intent, Presence
from services.gateway.timelines.x import XKeys, XTimeline
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
)

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox

KEYS = XKeys("key", "secret", "1000-token", "secret")
SETTLE = timedelta(seconds=15)


@pytest.fixture
def now(clock: Clock) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(clock(), UTC)


@pytest.fixture
def publications(
    engine: Engine, x_timeline: XTimeline, now: Callable[[], datetime]
) -> Publications:
    return Publications(engine, x_timeline, SETTLE, now)


def rows(engine: Engine) -> list[tuple[str, str, int]]:
    columns = publication.c.key, publication.c.state, publication.c.attempts
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(select(*columns))]


async def test_a_key_publishes_once_and_replays_its_answer(
    publications: Publications, sandbox: Sandbox
) -> None:
    first = await publications.publish("k1", "a warm haze")
    assert await publications.publish("k1", "a warm haze") == first
    assert sandbox.texts() == ["a warm haze"]


async def test_a_key_holds_for_one_text(publications: Publications, sandbox: Sandbox) -> None:
    await publications.publish("k1", "a warm haze")
    with pytest.raises(KeyReusedError):
        await publications.publish("k1", "a cold haze")
    assert sandbox.texts() == ["a warm haze"]


@pytest.mark.parametrize("fault", ["timeout", "reset"])
async def test_an_answer_lost_after_acceptance_is_found_on_the_timeline(
    publications: Publications, sandbox: Sandbox, fault: str
) -> None:
    sandbox.plan("x", fault, method="POST", after_commit=True, seconds=60)
    with pytest.raises((SilentVendorError, FailedVendorError)):
        await publications.publish("k1", "a warm haze")
    found = await publications.publish("k1", "a warm haze")
    assert found.reconciled
    assert sandbox.texts() == ["a warm haze"]
    assert await publications.publish("k1", "a warm haze") == found


async def test_a_request_lost_before_acceptance_is_sent_again_once_settled(
    publications: Publications, sandbox: Sandbox, clock: Clock, engine: Engine
) -> None:
    sandbox.plan("x", "reset", method="POST")
    with pytest.raises(FailedVendorError):
        await publications.publish("k1", "a warm haze")
    clock.now += 5
    with pytest.raises(UnsettledError) as raised:
        await publications.publish("k1", "a warm haze")
    assert 9 <= int(raised.value.headers["Retry-After"]) <= 11
    assert sandbox.texts() == []
    clock.now += 10
    published = await publications.publish("k1", "a warm haze")
    assert not published.reconciled
    assert sandbox.texts() == ["a warm haze"]
    assert rows(engine) == [("k1", "published", 2)]


async def test_after_a_crash_between_sending_and_storing_the_post_is_found(
    publications: Publications,
    sandbox: Sandbox,
    engine: Engine,
    x_timeline: XTimeline,
    now: Callable[[], datetime],
) -> None:
    crashed_row(engine, "k1", "a warm haze", now())
    accepted = await x_timeline.publish(Intent("other", "a warm haze", now()))
    found = await publications.publish("k1", "a warm haze")
    assert (found.id, found.reconciled) == (accepted.id, True)
    assert sandbox.texts() == ["a warm haze"]


async def test_after_a_crash_before_sending_the_post_is_sent(
    publications: Publications,
    sandbox: Sandbox,
    engine: Engine,
    clock: Clock,
    now: Callable[[], datetime],
) -> None:
    crashed_row(engine, "k1", "a warm haze", now())
    clock.now += 60
    await publications.publish("k1", "a warm haze")
    assert sandbox.texts() == ["a warm haze"]


def crashed_row(engine: Engine, key: str, text: str, at: datetime) -> None:
    with writing(engine) as connection:
        connection.execute(
            insert(publication).values(
                key=key, text=text, state="sending", attempts=1, started_at=at, last_attempt_at=at
            )
        )


async def test_a_refusal_is_final(
    publications: Publications, sandbox: Sandbox, engine: Engine
) -> None:
    said = set()
    for _ in range(2):
        with pytest.raises(RefusedByVendorError, match="too long") as refused:
            await publications.publish("k1", "x" * 281)
        said.add(refused.value.detail)
    assert len(said) == 1
    assert rows(engine) == [("k1", "refused", 1)]
    assert sandbox.texts() == []


async def test_what_was_refused_may_be_published_in_other_words(
    publications: Publications, sandbox: Sandbox, engine: Engine
) -> None:
    """As when a draft is approved once more, as it stands, after the template was changed."""
    with pytest.raises(RefusedByVendorError):
        await publications.publish("k1", "x" * 281)
    first = await publications.publish("k1", "a warm haze")
    assert await publications.publish("k1", "a warm haze") == first
    with pytest.raises(KeyReusedError):
        await publications.publish("k1", "a cold haze")
    assert rows(engine) == [("k1", "published", 1)]
    assert sandbox.texts() == ["a warm haze"]


@pytest.mark.parametrize("status", [402, 403, 429])
async def test_what_was_certainly_not_sent_leaves_no_trace(
    publications: Publications, sandbox: Sandbox, engine: Engine, clock: Clock, status: int
) -> None:
    sandbox.plan("x", "status", method="POST", status=status)
    with pytest.raises(Exception, match="x: "):
        await publications.publish("k1", "a warm haze")
    assert rows(engine) == []
    clock.now += 3600  # the gateway leaves X alone for so long at most
    await publications.publish("k1", "a warm haze")
    assert sandbox.texts() == ["a warm haze"]


async def test_an_unreachable_platform_leaves_no_trace(
    engine: Engine,
    metrics: VendorMetrics,
    spend: Spend,
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port_factory()}"
    timeline = XTimeline(KEYS, base, "https://x.test/{id}", VendorCalls("x", 1.5, metrics), spend)
    with pytest.raises(UnreachableError):
        await Publications(engine, timeline, SETTLE).publish("k1", "a warm haze")
    timeline.close()
    assert rows(engine) == []


async def test_two_calls_at_once_publish_once(publications: Publications, sandbox: Sandbox) -> None:
    calls = [publications.publish("k1", "a warm haze") for _ in range(8)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sandbox.texts() == ["a warm haze"]
    assert sum(isinstance(result, UnsettledError) for result in results) == 7


async def test_two_gateways_on_one_database_send_once(
    engine: Engine, x_timeline: XTimeline, sandbox: Sandbox, now: Callable[[], datetime]
) -> None:
    gateways = [Publications(engine, x_timeline, SETTLE, now) for _ in range(4)]
    calls = [gateway.publish("k1", "a warm haze") for gateway in gateways]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sandbox.texts() == ["a warm haze"]
    assert all(not isinstance(r, Exception) or isinstance(r, UnsettledError) for r in results)


@pytest.mark.postgres
async def test_on_postgres_two_gateways_that_claim_a_key_at_once_send_once(postgres: str) -> None:
    engines = [open_migrated(postgres, MIGRATIONS, "gateway") for _ in range(2)]
    timeline = Counting()
    for number in range(30):
        gateways = [Publications(engine, timeline, SETTLE) for engine in engines]
        calls = [gateway.publish(f"k{number}", "a warm haze") for gateway in gateways]
        results = await asyncio.gather(*calls, return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        assert all(isinstance(error, UnsettledError) for error in failed), failed
    assert sorted(timeline.sent) == sorted(f"k{number}" for number in range(30))
    for engine in engines:
        engine.dispose()


class Counting:
    """A timeline that takes everything, and shows nothing."""

    origin = "x"

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def publish(self, intent: Intent) -> Published:
        self.sent.append(intent.key)
        at = datetime.now(UTC)
        return Published(
            origin="x", id=intent.key, url="https://x.test/1", text=intent.text, created_at=at
        )

    async def find(self, intent: Intent) -> list[Published]:  # noqa: ARG002 - as Timeline has it
        return []

    async def posts(self, after: str | None, limit: int) -> TimelinePage:
        raise NotImplementedError

    async def mentions(self, after: str | None, limit: int) -> TimelinePage:
        raise NotImplementedError

    async def platform(self) -> Platform:
        raise NotImplementedError

    async def present(self, ids: Sequence[str]) -> Presence:
        raise NotImplementedError

    async def receptions(self, ids: Sequence[str]) -> list[Reception]:
        raise NotImplementedError

    async def delete(self, post_id: str) -> None:
        raise NotImplementedError


async def test_the_same_words_said_earlier_by_another_key_are_not_ours(
    publications: Publications, sandbox: Sandbox, engine: Engine
) -> None:
    """X refuses the repetition as a duplicate, and the earlier post must not answer for it."""
    first = await publications.publish("k1", "a warm haze")
    with pytest.raises(RefusedByVendorError, match="duplicate"):
        await publications.publish("k2", "a warm haze")
    assert rows(engine) == [("k1", "published", 1), ("k2", "refused", 1)]
    assert (await publications.publish("k1", "a warm haze")).id == first.id
    assert sandbox.texts() == ["a warm haze"]


class Lagging(XTimeline):
    """A timeline that does not show at first what it has accepted."""

    looks = 0

    async def find(self, intent: Intent) -> list[Published]:
        self.looks += 1
        return [] if self.looks == 1 else await super().find(intent)


@pytest.fixture
def lagging(sandbox: Sandbox, metrics: VendorMetrics, spend: Spend) -> Iterator[Lagging]:
    calls = VendorCalls("x", 1.5, metrics)
    timeline = Lagging(KEYS, f"{sandbox.base}/x", "https://x.test/{id}", calls, spend)
    yield timeline
    timeline.close()


async def test_a_duplicate_of_our_own_lost_attempt_is_reconciled(
    sandbox: Sandbox,
    engine: Engine,
    clock: Clock,
    lagging: Lagging,
    now: Callable[[], datetime],
) -> None:
    crashed_row(engine, "k1", "a warm haze", now())
    accepted = await lagging.publish(Intent("other", "a warm haze", now()))
    clock.now += 60
    found = await Publications(engine, lagging, SETTLE, now).publish("k1", "a warm haze")
    assert (found.id, found.reconciled, lagging.looks) == (accepted.id, True, 2)
    assert sandbox.texts() == ["a warm haze"]


@pytest.mark.parametrize("status", [400, 404])
async def test_a_refused_look_is_no_refusal_of_the_post(
    publications: Publications,
    sandbox: Sandbox,
    engine: Engine,
    now: Callable[[], datetime],
    status: int,
) -> None:
    crashed_row(engine, "k1", "a warm haze", now())
    sandbox.plan("x", "status", method="GET", status=status)
    with pytest.raises(UnsettledError):
        await publications.publish("k1", "a warm haze")
    assert rows(engine) == [("k1", "sending", 1)]


async def test_a_platform_that_is_busy_while_we_look_changes_nothing(
    publications: Publications, sandbox: Sandbox, engine: Engine, now: Callable[[], datetime]
) -> None:
    crashed_row(engine, "k1", "a warm haze", now())
    sandbox.plan("x", "status", method="GET", status=429)
    with pytest.raises(BusyVendorError):
        await publications.publish("k1", "a warm haze")
    assert rows(engine) == [("k1", "sending", 1)]
    assert sandbox.texts() == []
