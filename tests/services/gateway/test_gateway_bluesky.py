"""What is read of Bluesky through atproto, against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from services.gateway.timelines.bluesky import BlueskyTimeline
from services.sandbox.feed import built_in
from tests.services.gateway.on_bluesky import intent

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox, StartSandbox
    from tests.services.gateway.on_bluesky import Open


async def test_posts_come_whole(sandbox: Sandbox, bluesky_timeline: BlueskyTimeline) -> None:
    sandbox.say("A sentence about a song & its band.", author="listener")
    page = await bluesky_timeline.posts(None, 10)
    (post,) = page.posts
    assert (post.origin, post.author) == ("bluesky", "listener.bsky.social")
    assert post.text == "A sentence about a song & its band."
    did, _, rkey = post.id.partition("~")
    assert did == post.author_id
    assert post.url == f"https://bsky.test/{did}/{rkey}"
    assert post.created_at == datetime.fromtimestamp(sandbox.clock(), UTC)
    assert page.quota is not None
    assert page.quota.limit == 3000


async def test_a_backlog_comes_in_bounded_answers(
    start_sandbox: StartSandbox, open_bluesky: Open, clock: Clock
) -> None:
    sandbox = start_sandbox(feed_burst=1, feed_interval=1)
    with open_bluesky(sandbox.base) as timeline:
        cursor = (await timeline.posts(None, 500)).cursor
        clock.now += 600
        everything = [post.id for post in (await timeline.posts(None, 1000)).posts]
        read: list[str] = []
        for _ in range(5):
            page = await timeline.posts(cursor, 150)
            assert len(page.posts) <= 150
            assert page.gap is None
            read += [post.id for post in page.posts]
            cursor = page.cursor
    assert len(everything) > 450
    assert sorted(read) == sorted(everything[1:])


async def test_reposts_and_answers_to_others_are_left_out(
    start_sandbox: StartSandbox, open_bluesky: Open
) -> None:
    sandbox = start_sandbox(feed_burst=300, feed_interval=1, seed=7)
    feed = built_in(7)
    kinds = [(feed[number].text, feed[number].kind) for number in range(300)]
    with open_bluesky(sandbox.base) as timeline:
        texts = [post.text for post in (await timeline.posts(None, 1000)).posts]
    assert {kind for _, kind in kinds} == {"post", "reply", "retweet"}
    assert texts == [text for text, kind in kinds if kind == "post"]


async def test_our_own_posts_are_left_out_and_passed_by(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, clock: Clock
) -> None:
    sandbox.say("theirs")
    first = await bluesky_timeline.posts(None, 10)
    clock.now += 1
    await bluesky_timeline.publish(intent("ours"))
    second = await bluesky_timeline.posts(first.cursor, 10)
    assert second.posts == []
    assert second.cursor != first.cursor
    clock.now += 1
    sandbox.say("theirs again")
    third = await bluesky_timeline.posts(second.cursor, 10)
    assert [post.text for post in third.posts] == ["theirs again"]


async def test_posts_of_one_moment_come_once(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline
) -> None:
    cursor, read = None, []
    for number in range(4):
        sandbox.say(f"number {number}")
        page = await bluesky_timeline.posts(cursor, 10)
        cursor = page.cursor
        read += [post.text for post in page.posts]
    assert read == [f"number {number}" for number in range(4)]


async def test_mentions_are_found_once(sandbox: Sandbox, bluesky_timeline: BlueskyTimeline) -> None:
    sandbox.say("@deephypebot what about this song?")
    sandbox.say("nothing for the bot")
    await bluesky_timeline.publish(intent("@deephypebot says its own name"))
    page = await bluesky_timeline.mentions(None, 10)
    assert [post.text for post in page.posts] == ["@deephypebot what about this song?"]
    assert (await bluesky_timeline.mentions(page.cursor, 10)).posts == []


@pytest.mark.parametrize("cursor", ["bluesky.1.1994012345678901234..", "bluesky.1.no-place.x."])
async def test_a_place_that_is_none_begins_anew(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, cursor: str
) -> None:
    sandbox.say("still here")
    page = await bluesky_timeline.posts(cursor, 10)
    assert len(page.posts) == 1
    assert page.gap is not None


async def test_receptions_come_for_what_is_there(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, clock: Clock
) -> None:
    kept = [await bluesky_timeline.publish(intent(f"number {n}", str(n))) for n in range(27)]
    gone = await bluesky_timeline.publish(intent("goes", "gone"))
    await bluesky_timeline.delete(gone.id)
    clock.now += 1800
    ids = [post.id for post in kept]
    receptions = await bluesky_timeline.receptions([gone.id, "no id", *ids])
    assert [each.id for each in receptions] == ids
    assert sum(each.likes for each in receptions) > 0
    assert "goes" not in sandbox.texts()
