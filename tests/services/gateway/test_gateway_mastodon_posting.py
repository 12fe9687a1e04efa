"""Publishing on Mastodon once, finding it again, and how it was received."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine

from services.gateway.publications import Publications, UnsettledError
from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.timelines.timeline import CLOCK_MARGIN
from services.gateway.vendor_errors import (
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
)
from tests.services.gateway.on_mastodon import intent

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox


def shown(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The bot's statuses as the instance shows them, newest first."""
    route = "/mastodon/api/v1/accounts/1000/statuses"
    answer = sandbox.http.get(route, headers={"authorization": "Bearer another"})
    statuses: list[dict[str, Any]] = answer.raise_for_status().json()
    return statuses


async def test_a_published_post_is_found_again(
    sandbox: Sandbox, clock: Clock, mastodon_timeline: MastodonTimeline
) -> None:
    began = datetime.fromtimestamp(clock(), UTC)
    published = await mastodon_timeline.publish(intent("sun-bleached & slow"))
    assert sandbox.texts() == ["sun-bleached & slow"]
    assert published.url == f"{sandbox.base}/mastodon/@deephypebot/{published.id}"
    assert published.created_at == began
    (found,) = await mastodon_timeline.find(intent("sun-bleached  & slow", began))
    assert (found.id, found.reconciled) == (published.id, True)
    assert await mastodon_timeline.find(intent("something else", began)) == []
    later = began + CLOCK_MARGIN + timedelta(minutes=1)
    assert await mastodon_timeline.find(intent("sun-bleached & slow", later)) == []


@pytest.mark.parametrize(
    "text",
    [
        "two lines\nand\n\n\nparagraphs",
        "“Song” by <band> & friends, https://example.org/a?b=c&d='e' #now @friend@example.org",
        "Cafe\u0301 \N{MULTIPLE MUSICAL NOTES} :blobcat: will.i.am",
    ],
)
async def test_what_was_published_is_found_however_the_instance_shows_it(
    clock: Clock, mastodon_timeline: MastodonTimeline, text: str
) -> None:
    wanted = intent(text, datetime.fromtimestamp(clock(), UTC))
    published = await mastodon_timeline.publish(wanted)
    assert [post.id for post in await mastodon_timeline.find(wanted)] == [published.id]


async def test_a_post_is_found_beneath_newer_ones_the_oldest_first(
    clock: Clock, mastodon_timeline: MastodonTimeline
) -> None:
    began = datetime.fromtimestamp(clock(), UTC)
    first = await mastodon_timeline.publish(intent("a warm haze", key="first"))
    for number in range(45):
        await mastodon_timeline.publish(intent(f"number {number}", key=f"{number}"))
    last = await mastodon_timeline.publish(intent("a warm haze", key="last"))
    found = await mastodon_timeline.find(intent("a warm haze", began))
    assert [post.id for post in found] == [first.id, last.id]


@pytest.mark.parametrize("key", ["plain:1", "draft mastodon:17:1", "Schlüssel\r\nX: y"])
async def test_a_key_publishes_once_on_the_instance_itself(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline, key: str
) -> None:
    first, second = [await mastodon_timeline.publish(intent("once", key=key)) for _ in range(2)]
    other = await mastodon_timeline.publish(intent("once", key=f"{key}2"))
    assert first.id == second.id != other.id
    assert sandbox.texts() == ["once", "once"]


async def test_posts_are_seen_by_those_whom_the_settings_name(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    await mastodon_timeline.publish(intent("quietly"))
    assert [status["visibility"] for status in shown(sandbox)] == ["unlisted"]


async def test_a_text_that_is_too_long_is_refused_in_the_instances_words(
    mastodon_timeline: MastodonTimeline,
) -> None:
    with pytest.raises(RefusedByVendorError, match="Text character limit of 500 exceeded"):
        await mastodon_timeline.publish(intent("x" * 501))


async def test_a_deleted_post_has_no_reception(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    kept = await mastodon_timeline.publish(intent("stays", key="1"))
    gone = await mastodon_timeline.publish(intent("goes", key="2"))
    await mastodon_timeline.delete(gone.id)
    await mastodon_timeline.delete(gone.id)
    receptions = await mastodon_timeline.receptions([gone.id, kept.id, "no number"])
    assert [each.id for each in receptions] == [kept.id]
    assert sandbox.texts() == ["stays"]


async def test_receptions_of_many_posts_are_what_the_instance_counts(
    sandbox: Sandbox, clock: Clock, mastodon_timeline: MastodonTimeline
) -> None:
    ids = [
        (await mastodon_timeline.publish(intent(f"number {number}", key=f"{number}"))).id
        for number in range(25)
    ]
    clock.now += 3600
    found = {each.id: each for each in await mastodon_timeline.receptions(ids)}
    assert list(found) == ids
    for status in shown(sandbox):
        received = found[status["id"]]
        counted = [status[f"{name}_count"] for name in ("favourites", "reblogs", "replies")]
        assert [received.likes, received.reposts, received.replies] == counted
    assert any(each.likes for each in found.values())


@pytest.mark.parametrize("fault", ["timeout", "reset"])
async def test_an_answer_lost_after_acceptance_is_published_once(
    engine: Engine,
    clock: Clock,
    sandbox: Sandbox,
    mastodon_timeline: MastodonTimeline,
    fault: str,
) -> None:
    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    publications = Publications(engine, mastodon_timeline, timedelta(seconds=15), now)
    sandbox.plan("mastodon", fault, method="POST", after_commit=True, seconds=60)
    with pytest.raises((SilentVendorError, FailedVendorError)):
        await publications.publish("k1", "a warm haze")
    found = await publications.publish("k1", "a warm haze")
    assert found.reconciled
    assert sandbox.texts() == ["a warm haze"]
    assert await publications.publish("k1", "a warm haze") == found


async def test_a_request_lost_before_acceptance_is_sent_again_once_settled(
    engine: Engine, clock: Clock, sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    publications = Publications(engine, mastodon_timeline, timedelta(seconds=15), now)
    sandbox.plan("mastodon", "reset", method="POST")
    with pytest.raises(FailedVendorError):
        await publications.publish("k1", "a warm haze")
    with pytest.raises(UnsettledError):
        await publications.publish("k1", "a warm haze")
    clock.now += 16
    await publications.publish("k1", "a warm haze")
    assert sandbox.texts() == ["a warm haze"]
