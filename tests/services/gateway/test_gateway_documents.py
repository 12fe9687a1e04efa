"""Odd documents: one post that cannot be read costs no other, and no accepted post is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import structlog

from services.gateway.timelines.bluesky_documents import Reader as BlueskyReader
from services.gateway.timelines.documents import quota, readable, things
from services.gateway.timelines.mastodon_documents import home_entry, passed_by
from services.gateway.timelines.reading import Entry
from services.gateway.timelines.x_documents import Reader as XReader
from services.gateway.timelines.x_documents import reception
from tests.services.gateway.test_gateway_bluesky_walk import item
from tests.services.gateway.test_gateway_mastodon_documents import status

Entries = Callable[[list[object]], list[Entry]]


def on_x(posts: list[object]) -> list[Entry]:
    return XReader("https://x.test/{id}").entries({"data": posts})


def on_mastodon(statuses: list[object]) -> list[Entry]:
    return readable("mastodon", things(statuses), partial(home_entry, own_id="1000"), passed_by)


def on_bluesky(feed: list[object]) -> list[Entry]:
    reader = BlueskyReader("https://bsky.test/{author}/{id}")
    return [each.entry for each in reader.home({"feed": feed}, "did:plc:us")]


def x_post(**changes: object) -> dict[str, Any]:
    return {"id": "1994000000000000001", "text": "odd", "author_id": "7"} | changes


ODD: list[tuple[Entries, Any, Any]] = [
    (on_x, x_post(id="1994000000000000002"), x_post(lang=["en"])),
    (on_x, x_post(id="1994000000000000002"), x_post(edit_history_tweet_ids={"first": 1})),
    (on_x, x_post(id="1994000000000000002"), x_post(text=None)),
    (on_mastodon, status(id="117020593473214478"), status(account=None)),
    (on_mastodon, status(id="117020593473214478"), status(created_at=None)),
    (on_mastodon, status(id="117020593473214478"), status(content=7)),
    (on_bluesky, item("one", 0), item("odd", 1, text=None)),
    (on_bluesky, item("one", 0), {"post": item("odd", 1)["post"] | {"author": None}}),
]


@pytest.mark.parametrize(("entries", "good", "odd"), ODD)
def test_a_post_that_cannot_be_read_is_passed_by_and_named(
    entries: Entries, good: object, odd: object
) -> None:
    with structlog.testing.capture_logs() as logs:
        passed, kept = entries([odd, good])
    assert passed.post is None
    assert kept.post is not None
    assert [(log["event"], log["place"]) for log in logs] == [
        ("timeline.post_unreadable", passed.place)
    ]


@pytest.mark.parametrize(
    ("entries", "good", "odd"),
    [
        (on_x, x_post(), x_post(id=None)),
        (on_x, x_post(), x_post(id="9" * 40)),
        (on_x, x_post(), "a post"),
        (on_mastodon, status(), status(id=None)),
        (on_mastodon, status(), None),
        (on_bluesky, item("one", 0), {"post": {}}),
        (on_bluesky, item("one", 0), None),
    ],
)
def test_what_has_no_place_is_dropped(entries: Entries, good: object, odd: object) -> None:
    (kept,) = entries([odd, good])
    assert kept.post is not None


def test_a_note_that_is_none_leaves_the_post_its_text() -> None:
    (entry,) = on_x([x_post(note_tweet="long")])
    assert entry.post is not None
    assert entry.post.text == "odd"


@pytest.mark.parametrize("metrics", [None, {}, {"like_count": None, "reply_count": None}])
def test_a_count_that_x_does_not_know_is_zero(metrics: object) -> None:
    received = reception(x_post(public_metrics=metrics))
    assert (received.likes, received.reposts, received.replies) == (0, 0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"q-limit": "many", "q-remaining": "1", "q-reset": "1790000000"},
        {"q-limit": "2", "q-remaining": "1", "q-reset": "9" * 12},
        {"q-limit": "2", "q-remaining": "1", "q-reset": "9" * 30},
        {"q-limit": "2", "q-remaining": "1", "q-reset": "soon"},
    ],
)
def test_a_quota_that_cannot_be_read_is_no_error(headers: dict[str, str]) -> None:
    assert quota(headers, "q-") is None


@pytest.mark.parametrize("reset", ["1790000000", "2026-09-21T14:13:20.000000Z"])
def test_a_quota_is_read_in_both_kinds_of_time(reset: str) -> None:
    read = quota({"q-limit": "2", "q-remaining": "1", "q-reset": reset}, "q-")
    assert read is not None
    assert read.resets_at.timestamp() == 1_790_000_000
