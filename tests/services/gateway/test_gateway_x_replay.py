"""Recorded traffic of X served again, byte for byte, to tweepy and to our adapter."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import tweepy

from services.gateway.timelines.timeline import Intent
from services.gateway.timelines.x import HOST, Redirect, XKeys, XTimeline
from services.gateway.timelines.x_documents import time_of
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from tests.services.recorded import NEEDS_RECORDINGS, Exchange, Replay, exchanges, replaying

if TYPE_CHECKING:
    from services.gateway.spend import Spend

pytestmark = NEEDS_RECORDINGS

HOME = "x/test_client_get_home_timeline.yaml"
MENTIONS = "x/test_client_get_users_mentions.yaml"
CREATED = "x/test_client_create_and_delete_tweet.yaml"
POSTS = "x/test_client_get_tweets.yaml"
ME = "x/test_client_get_me.yaml"

HISTORY = "edit_history_tweet_ids"

TimelineOf = Callable[[Replay, str], XTimeline]


def documents(recorded: Exchange) -> list[dict[str, Any]]:
    posts: list[dict[str, Any]] = json.loads(recorded.text)["data"]
    return posts


def account_of(recorded: Exchange) -> str:
    """Whose timeline was asked for."""
    return recorded.path.split("/")[3]


@pytest.fixture
def timeline_of(metrics: VendorMetrics, spend: Spend) -> Iterator[TimelineOf]:
    opened: list[XTimeline] = []

    def timeline_of(replay: Replay, user_id: str) -> XTimeline:
        keys = XKeys("key", "secret", f"{user_id}-token", "secret")
        calls = VendorCalls("x", 5.0, metrics)
        opened.append(XTimeline(keys, replay.address, "https://x.test/{id}", calls, spend))
        return opened[-1]

    yield timeline_of
    for timeline in opened:
        timeline.close()


@contextmanager
def tweepy_at(replay: Replay, user_id: str = "1072250532645998596") -> Iterator[tweepy.Client]:
    client = tweepy.Client(
        consumer_key="key",
        consumer_secret="secret",
        access_token=f"{user_id}-token",
        access_token_secret="secret",
    )
    client.session.mount(HOST, Redirect(replay.address, (5, 5)))
    yield client
    client.session.close()


def test_tweepy_reads_what_was_recorded() -> None:
    (home,), (mentions,), (posts,), (me,) = map(exchanges, (HOME, MENTIONS, POSTS, ME))
    with replaying([home, mentions, posts, me]) as replay, tweepy_at(replay) as client:
        read = client.get_home_timeline()
        assert [str(post.id) for post in read.data] == [post["id"] for post in documents(home)]
        assert read.meta["result_count"] == 98
        named = client.get_users_mentions(account_of(mentions), user_auth=True)
        assert [post.text for post in named.data] == [post["text"] for post in documents(mentions)]
        ids = [post["id"] for post in documents(posts)]
        assert [str(post.id) for post in client.get_tweets(ids, user_auth=True).data] == ids
        assert client.get_me().data.username == json.loads(me.text)["data"]["username"]


def test_tweepy_publishes_and_deletes_as_recorded() -> None:
    created, deleted = exchanges(CREATED)
    with replaying([created, deleted]) as replay, tweepy_at(replay) as client:
        posted = client.create_tweet(text="Test Tweet").data
        assert posted == json.loads(created.text)["data"]
        assert client.delete_tweet(posted["id"]).data == {"deleted": True}
    assert json.loads(replay.heard[0][3]) == json.loads(created.body)


@pytest.mark.parametrize(("name", "read"), [(HOME, "posts"), (MENTIONS, "mentions")])
async def test_we_read_every_recorded_post(timeline_of: TimelineOf, name: str, read: str) -> None:
    (recorded,) = exchanges(name)
    theirs = documents(recorded)
    with replaying([recorded]) as replay:
        timeline = timeline_of(replay, account_of(recorded))
        page = await getattr(timeline, read)(None, len(theirs))
    oldest_first = sorted(theirs, key=lambda post: int(post["id"]))
    # An edited post keeps the id of its first version.
    assert [post.id for post in page.posts] == [post[HISTORY][0] for post in oldest_first]
    assert [post.created_at for post in page.posts] == [
        time_of(post["id"]) for post in oldest_first
    ]
    assert page.cursor == f"x.1.{oldest_first[-1]['id']}.."
    assert page.quota is not None
    assert page.quota.limit == int(recorded.headers["x-rate-limit-limit"])


async def test_we_ask_as_the_recorded_client_did_and_for_what_we_need_besides(
    timeline_of: TimelineOf,
) -> None:
    (recorded,) = exchanges(HOME)
    with replaying([recorded]) as replay:
        await timeline_of(replay, account_of(recorded)).posts(None, 98)
    method, path, query, _ = replay.heard[0]
    assert (method, path) == (recorded.method, recorded.path)
    theirs, ours = dict(parse_qsl(urlsplit(recorded.url).query)), dict(parse_qsl(query))
    assert theirs == {}
    assert ours["exclude"] == "retweets,replies"
    assert "note_tweet" in ours["tweet.fields"]


async def test_we_publish_receive_and_delete_as_recorded(timeline_of: TimelineOf) -> None:
    created, deleted = exchanges(CREATED)
    with replaying([created, deleted]) as replay:
        timeline = timeline_of(replay, "1")
        published = await timeline.publish(Intent("k", "Test Tweet", datetime.now(UTC)))
        await timeline.delete(published.id)
    assert published.id == json.loads(created.text)["data"]["id"]
    assert published.text == "Test Tweet"
    asked = [(method, path) for method, path, _, _ in replay.heard]
    assert asked == [(each.method, each.path) for each in (created, deleted)]
    assert json.loads(replay.heard[0][3]) == json.loads(created.body) | {"made_with_ai": True}


def test_the_recorded_answers_came_compressed() -> None:
    (home,) = exchanges(HOME)
    with replaying([home]) as replay:
        answer = requests.get(replay.address + home.path, timeout=5)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["meta"]["result_count"] == 98
