"""Answers to whoever mentioned the bot: replies on every platform, published once as all posts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine

from services.gateway.app import create_app
from services.gateway.publications import KeyReusedError, Publications
from services.gateway.settings import GatewaySettings
from services.gateway.timelines.bluesky import BlueskyTimeline
from services.gateway.timelines.timeline import Intent, Timeline
from services.gateway.timelines.x_documents import says
from services.gateway.vendor_errors import (
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
)

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox

MENTION = "@deephypebot what about Maps by Yeah Yeah Yeahs?"
WORDS = "a warm haze"


@pytest.fixture(params=["x", "mastodon", "bluesky"])
def timeline(request: pytest.FixtureRequest) -> Timeline:
    found: Timeline = request.getfixturevalue(f"{request.param}_timeline")
    return found


@pytest.fixture
def publications(engine: Engine, timeline: Timeline, clock: Clock) -> Publications:
    def now() -> datetime:
        return datetime.fromtimestamp(clock(), UTC)

    return Publications(engine, timeline, timedelta(0), now)


def newest(sandbox: Sandbox) -> dict[str, Any]:
    """What stands on top of the sandbox's timeline."""
    (post,) = sandbox.http.get("/sandbox/posts", params={"limit": 1}).json()
    found: dict[str, Any] = post
    return found


async def mention(timeline: Timeline) -> str:
    """The id of the mention, as the platform gives it."""
    (post,) = (await timeline.mentions(None, 5)).posts
    return post.id


async def test_an_answer_is_a_reply_to_the_mention(
    sandbox: Sandbox, timeline: Timeline, publications: Publications
) -> None:
    asked = sandbox.say(MENTION)
    answered = await mention(timeline)
    first = await publications.publish("k1", WORDS, answered)
    assert newest(sandbox)["reply_to"] == asked
    assert newest(sandbox)["text"].endswith(WORDS)
    assert await publications.publish("k1", WORDS, answered) == first
    assert [each.id for each in await timeline.receptions([first.id])] == [first.id]


async def test_mentions_say_what_they_are(
    sandbox: Sandbox, settings: Callable[..., GatewaySettings], open_app: Callable[..., Any]
) -> None:
    sandbox.say(MENTION)
    async with open_app(create_app(settings(sandbox.base))) as client:
        (mentioned,) = (await client.get("/v1/mentions")).json()["posts"]
        (read,) = (await client.get("/v1/timeline")).json()["posts"]
    assert (mentioned["id"], mentioned["mentions_bot"]) == (read["id"], True)
    assert not read["mentions_bot"]


async def test_an_answer_that_was_lost_on_its_way_back_is_found(
    sandbox: Sandbox, timeline: Timeline, publications: Publications
) -> None:
    sandbox.say(MENTION)
    answered = await mention(timeline)
    sandbox.plan(timeline.origin, "reset", method="POST", after_commit=True)
    with pytest.raises((SilentVendorError, FailedVendorError)):
        await publications.publish("k1", WORDS, answered)
    found = await publications.publish("k1", WORDS, answered)
    assert found.reconciled
    assert found.text == WORDS
    assert len(sandbox.texts()) == 1


async def test_an_answer_that_never_arrived_is_sent_again_as_one(
    sandbox: Sandbox, timeline: Timeline, publications: Publications
) -> None:
    asked = sandbox.say(MENTION)
    answered = await mention(timeline)
    sandbox.plan(timeline.origin, "reset", method="POST")
    with pytest.raises(FailedVendorError):
        await publications.publish("k1", WORDS, answered)
    await publications.publish("k1", WORDS, answered)
    assert newest(sandbox)["reply_to"] == asked
    assert len(sandbox.texts()) == 1


async def test_what_is_gone_cannot_be_answered(
    sandbox: Sandbox, timeline: Timeline, publications: Publications
) -> None:
    gone = await timeline.publish(Intent("gone", "@deephypebot once", datetime.now(UTC)))
    await timeline.delete(gone.id)
    with pytest.raises(RefusedByVendorError):
        await publications.publish("k1", WORDS, gone.id)
    with pytest.raises(RefusedByVendorError):
        await publications.publish("k2", WORDS, "no id of a post")
    assert sandbox.texts() == []


async def test_a_key_answers_one_post(
    sandbox: Sandbox, timeline: Timeline, publications: Publications
) -> None:
    sandbox.say(MENTION)
    await publications.publish("k1", WORDS, await mention(timeline))
    with pytest.raises(KeyReusedError, match="another post"):
        await publications.publish("k1", WORDS)


async def test_an_answer_within_a_thread_keeps_the_thread_s_root(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline
) -> None:
    sandbox.say(MENTION)
    first = await bluesky_timeline.publish(
        Intent("k1", "one", datetime.now(UTC), await mention(bluesky_timeline))
    )
    second = await bluesky_timeline.publish(Intent("k2", "two", datetime.now(UTC), first.id))
    view = await bluesky_timeline._answering(second.id)
    parent = await bluesky_timeline._answering(first.id)
    assert view["root"] == parent["root"]
    assert view["root"]["uri"] != view["parent"]["uri"]


@pytest.mark.parametrize(
    ("shown", "answered", "same"),
    [
        ("@visitor a warm haze", "17", True),
        ("@visitor @friend a warm haze", "17", True),
        ("a warm haze", "17", True),
        ("@visitor a cold haze", "17", False),
        ("@visitor a warm haze", None, False),
    ],
)
def test_x_shows_whom_a_post_answers(shown: str, answered: str | None, same: bool) -> None:
    assert says(shown, Intent("k", WORDS, datetime.now(UTC), answered)) is same
