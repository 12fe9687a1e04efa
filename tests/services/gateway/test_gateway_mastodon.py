"""Mastodon through Mastodon.py, against the sandbox: what is read and sent, what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.vendor_calls import VendorMetrics
from services.gateway.vendor_errors import FailedVendorError, NotDoneError
from tests.services.gateway.on_mastodon import intent, timeline_at

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox, StartSandbox


MakeSettings = Callable[..., GatewaySettings]
OpenApp = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]


async def test_posts_come_whole_and_plain(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    text = "“Song” & <band>\nhttps://example.org/a/long/address/of/some/music?x=1&y=2\n\n@a #b"
    post_id = sandbox.say(text, author="listener")
    page = await mastodon_timeline.posts(None, 10)
    (post,) = page.posts
    assert (post.origin, post.id, post.text) == ("mastodon", post_id, text)
    assert (post.author, post.lang, post.sensitive) == ("listener", "en", False)
    assert post.url == f"{sandbox.base}/mastodon/@listener/{post_id}"
    assert post.created_at == datetime.fromtimestamp(sandbox.clock(), UTC)
    assert page.quota is not None
    assert (page.quota.limit, page.quota.remaining) == (300, 297)


async def test_a_backlog_comes_in_bounded_answers(
    start_sandbox: StartSandbox, metrics: VendorMetrics
) -> None:
    sandbox = start_sandbox(feed_burst=300, feed_interval=1)
    with timeline_at(sandbox.base, metrics) as timeline:
        whole = [post.id for post in (await timeline.posts(None, 500)).posts]
        cursor: str | None = f"mastodon.1.{whole[0]}.."
        read: list[str] = []
        for _ in range(4):
            page = await timeline.posts(cursor, 120)
            assert len(page.posts) <= 120
            assert page.gap is None
            read += [post.id for post in page.posts]
            cursor = page.cursor
    assert len(whole) > 240
    assert sorted(read) == whole[1:]


async def test_boosts_and_answers_to_others_are_left_out(
    start_sandbox: StartSandbox, metrics: VendorMetrics
) -> None:
    sandbox = start_sandbox(feed_burst=200, feed_interval=60)
    with timeline_at(sandbox.base, metrics) as timeline:
        texts = [post.text for post in (await timeline.posts(None, 200)).posts]
    feed = sandbox.texts(by_bot=False)
    others = [text for text in feed if re.match("RT @|@(?!deephypebot)", text)]
    assert {text[0] for text in others} == {"@", "R"}
    assert sorted(texts + others) == sorted(feed)


async def test_our_own_posts_are_left_out_and_yet_read(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    first = sandbox.say("hello")
    own = await mastodon_timeline.publish(intent("ours"))
    page = await mastodon_timeline.posts(None, 10)
    assert [post.id for post in page.posts] == [first]
    assert page.cursor == f"mastodon.1.{own.id}.."


async def test_posts_that_the_instance_no_longer_keeps_are_a_gap(
    start_sandbox: StartSandbox, metrics: VendorMetrics
) -> None:
    sandbox = start_sandbox(feed_burst=1000, feed_interval=1)
    with timeline_at(sandbox.base, metrics) as timeline:
        page = await timeline.posts("mastodon.1.17..", 1000)
    assert page.gap is not None
    assert page.gap.after == "17"
    assert 600 < len(page.posts) <= 800


async def test_a_floor_that_is_no_id_begins_anew(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    post_id = sandbox.say("still here")
    page = await mastodon_timeline.posts("mastodon.1.no-number..", 10)
    assert [post.id for post in page.posts] == [post_id]
    assert page.gap is not None


async def test_a_timeline_that_is_put_together_moves_no_cursor(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    sandbox.say("there")
    sandbox.plan("mastodon", "status", path="/home", status=206, body="[]")
    with pytest.raises(NotDoneError, match="putting the home timeline together") as raised:
        await mastodon_timeline.posts(None, 10)
    assert raised.value.headers["Retry-After"] == "30"
    assert len((await mastodon_timeline.posts(None, 10)).posts) == 1


async def test_mentions_are_read_by_their_notifications(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    asked = sandbox.say("@deephypebot what about this song?")
    sandbox.say("nothing for the bot")
    page = await mastodon_timeline.mentions(None, 10)
    (post,) = page.posts
    assert (post.id, post.text) == (asked, "@deephypebot what about this song?")
    assert page.cursor is not None
    assert asked not in page.cursor
    assert (await mastodon_timeline.mentions(page.cursor, 10)).posts == []
    again = sandbox.say("and this one, @deephypebot?")
    page = await mastodon_timeline.mentions(page.cursor, 10)
    assert [post.id for post in page.posts] == [again]


async def test_many_mentions_come_in_bounded_answers(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    sandbox.say("@deephypebot first")
    cursor = (await mastodon_timeline.mentions(None, 1)).cursor
    ids = [sandbox.say(f"@deephypebot number {number}") for number in range(60)]
    read: list[str] = []
    for _ in range(3):
        page = await mastodon_timeline.mentions(cursor, 25)
        read += [post.id for post in page.posts]
        cursor = page.cursor
    assert sorted(read) == ids


async def test_the_instance_says_how_long_a_post_may_be_and_is_asked_once(
    start_sandbox: StartSandbox, metrics: VendorMetrics
) -> None:
    sandbox = start_sandbox(mastodon_longest=1234)
    with timeline_at(sandbox.base, metrics) as timeline:
        platform = await timeline.platform()
        sandbox.plan("mastodon", "reset", times=10)
        assert await timeline.platform() == platform
    assert (platform.origin, platform.longest, platform.link_length) == ("mastodon", 1234, 23)
    assert (platform.counting, platform.replies, platform.bot_label) == (
        "graphemes",
        "summoned",
        True,
    )


async def test_an_instance_that_does_not_say_is_taken_for_an_ordinary_one(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    sandbox.plan("mastodon", "status", path="/instance", status=404)
    platform = await mastodon_timeline.platform()
    assert (platform.longest, platform.link_length) == (500, 23)


async def test_an_instance_that_is_unwell_is_asked_again(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    sandbox.plan("mastodon", "status", path="/instance", status=503, times=2)
    with pytest.raises(FailedVendorError):
        await mastodon_timeline.platform()
    assert (await mastodon_timeline.platform()).longest == 500


async def test_a_gateway_reads_and_publishes_on_mastodon(
    sandbox: Sandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    sandbox.say("hello")
    made = settings(sandbox.base, timeline="mastodon")
    async with open_app(create_app(made)) as client:
        page = (await client.get("/v1/timeline")).json()
        assert [post["origin"] for post in page["posts"]] == ["mastodon"]
        headers = {"Idempotency-Key": "k1"}
        answer = await client.post("/v1/posts", json={"text": "a warm haze"}, headers=headers)
        assert answer.status_code == 201
    assert sandbox.texts() == ["a warm haze"]


async def test_what_a_gateway_lacks_for_mastodon_is_named(
    settings: MakeSettings, open_app: OpenApp
) -> None:
    made = settings(timeline="mastodon", mastodon_base_url=None, mastodon_access_token=None)
    async with open_app(create_app(made)) as client:
        answer = await client.get("/v1/timeline")
    assert answer.status_code == 503
    assert "Set MASTODON_BASE_URL, MASTODON_ACCESS_TOKEN." in answer.json()["detail"]
