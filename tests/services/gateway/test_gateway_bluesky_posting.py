"""Publishing on Bluesky once, finding it again, taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from services.gateway.publications import Publications, UnsettledError
from services.gateway.timelines.bluesky import BlueskyTimeline
from services.gateway.timelines.bluesky_documents import record_key
from services.gateway.vendor_errors import (
    DuplicateError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
)
from tests.services.gateway.on_bluesky import ASKED_AT, intent, record

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox


async def test_what_is_published_has_its_links_and_tags_marked(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline
) -> None:
    text = "Süß — hear https://example.org/a?b=c, and #dreampop."
    published = await bluesky_timeline.publish(intent(text))
    assert published.url == f"https://bsky.test/{published.id.replace('~', '/')}"
    written = record(sandbox, published.id.partition("~")[2])
    assert (written["text"], written["langs"]) == (text, ["en"])
    marked = [
        text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        for facet in written["facets"]
    ]
    assert marked == ["https://example.org/a?b=c", "#dreampop"]


async def test_one_intent_is_one_post(sandbox: Sandbox, bluesky_timeline: BlueskyTimeline) -> None:
    published = await bluesky_timeline.publish(intent("once"))
    with pytest.raises(DuplicateError):
        await bluesky_timeline.publish(intent("once"))
    assert sandbox.texts() == ["once"]
    (found,) = await bluesky_timeline.find(intent("once"))
    assert (found.id, found.url, found.reconciled) == (published.id, published.url, True)
    assert found.created_at == published.created_at


async def test_the_same_words_for_another_intent_are_another_post(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline
) -> None:
    first = await bluesky_timeline.publish(intent("twice", "one"))
    assert await bluesky_timeline.find(intent("twice", "two")) == []
    second = await bluesky_timeline.publish(intent("twice", "two"))
    assert sandbox.texts() == ["twice", "twice"]
    assert first.id != second.id


async def test_another_post_under_our_key_is_not_ours(bluesky_timeline: BlueskyTimeline) -> None:
    await bluesky_timeline.publish(intent("these words"))
    assert await bluesky_timeline.find(intent("other words")) == []


def test_keys_sort_by_when_the_post_was_asked_for() -> None:
    keys = [
        record_key(intent("words", str(n), ASKED_AT + timedelta(microseconds=n))) for n in range(50)
    ]
    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {13}


@pytest.mark.parametrize("fault", ["accept-then-timeout", "accept-then-reset", "half"])
async def test_an_answer_lost_after_acceptance_publishes_once(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, engine: Engine, fault: str
) -> None:
    publications = Publications(engine, bluesky_timeline, timedelta(0))
    sandbox.plan("bluesky", fault, path="createRecord", seconds=60)
    with pytest.raises((SilentVendorError, FailedVendorError)):
        await publications.publish("k1", "a warm haze")
    found = await publications.publish("k1", "a warm haze")
    assert found.reconciled
    assert sandbox.texts() == ["a warm haze"]
    assert await publications.publish("k1", "a warm haze") == found


async def test_a_request_lost_before_acceptance_is_sent_again_once_settled(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, engine: Engine
) -> None:
    sandbox.plan("bluesky", "reset", path="createRecord")
    cautious = Publications(engine, bluesky_timeline, timedelta(minutes=1))
    with pytest.raises(FailedVendorError):
        await cautious.publish("k1", "a warm haze")
    with pytest.raises(UnsettledError):
        await cautious.publish("k1", "a warm haze")
    published = await Publications(engine, bluesky_timeline, timedelta(0)).publish(
        "k1", "a warm haze"
    )
    assert not published.reconciled
    assert sandbox.texts() == ["a warm haze"]


async def test_deleting_what_is_gone_is_no_error(bluesky_timeline: BlueskyTimeline) -> None:
    published = await bluesky_timeline.publish(intent("goes"))
    for _ in range(2):
        await bluesky_timeline.delete(published.id)


@pytest.mark.parametrize("post_id", ["did:plc:abc~3mfabcdefgh22", "17", "at://did:plc:abc/x/y"])
async def test_what_is_not_ours_is_not_deleted(
    bluesky_timeline: BlueskyTimeline, post_id: str
) -> None:
    with pytest.raises(RefusedByVendorError, match="no post of ours"):
        await bluesky_timeline.delete(post_id)


async def test_a_text_that_is_too_long_is_refused(bluesky_timeline: BlueskyTimeline) -> None:
    with pytest.raises(RefusedByVendorError, match="300 graphemes"):
        await bluesky_timeline.publish(intent("x" * 301))
