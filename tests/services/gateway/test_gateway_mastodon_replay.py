"""A recorded Mastodon served again, byte for byte, to Mastodon.py and to our adapter."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from mastodon import Mastodon, MastodonAPIError, MastodonUnauthorizedError

from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import CredentialsError, RefusedByVendorError
from tests.services.gateway.on_mastodon import intent
from tests.services.recorded import NEEDS_RECORDINGS, Exchange, Replay, exchanges, replaying

pytestmark = NEEDS_RECORDINGS

POSTED = "mastodon/test_status_post[None-public].yaml"


@contextmanager
def client_of(replay: Replay) -> Iterator[Mastodon]:
    with requests.Session() as session:
        yield Mastodon(
            access_token="token",
            api_base_url=replay.address,
            ratelimit_method="throw",
            request_timeout=5,
            session=session,
        )


@contextmanager
def timeline_of(replay: Replay, metrics: VendorMetrics) -> Iterator[MastodonTimeline]:
    calls = VendorCalls("mastodon", 5.0, metrics)
    timeline = MastodonTimeline(replay.address, "token", "public", calls)
    yield timeline
    timeline.close()


def home_exchange() -> Exchange:
    return next(each for each in exchanges("mastodon/test_home_tl.yaml") if each.method == "GET")


def home_statuses() -> list[dict[str, Any]]:
    statuses: list[dict[str, Any]] = json.loads(home_exchange().answer)
    return statuses


def own_id() -> str:
    """Whose home it is: only the owner is told whether a status is pinned."""
    return str(next(each["account"]["id"] for each in home_statuses() if "pinned" in each))


def whole_home() -> list[Exchange]:
    """The account, its home timeline, and the empty page beneath.

    The account was recorded on another day, under another id than the one on the timeline.
    """
    me = exchanges("mastodon/test_verify_credentials.yaml")[0]
    id_then = json.loads(me.answer)["id"].encode()
    me = replace(me, answer=me.answer.replace(id_then, own_id().encode()))
    empty = next(
        each for each in exchanges("mastodon/test_min_max_id.yaml") if each.answer == b"[]"
    )
    return [me, home_exchange(), empty]


def test_mastodon_py_reads_the_recorded_home() -> None:
    with replaying(whole_home()) as replay, client_of(replay) as client:
        page = client.timeline_home()
        assert client.fetch_next(page) == []
    assert [str(each.id) for each in page] == [each["id"] for each in home_statuses()]
    assert replay.heard[-1][2] == f"max_id={page[-1].id}"


def test_mastodon_py_publishes_and_deletes_as_recorded() -> None:
    created, deleted = exchanges(POSTED)
    with replaying([created, deleted]) as replay, client_of(replay) as client:
        posted = client.status_post("Toot!", visibility="public")
        assert client.status_delete(posted.id).text == "Toot!"
    assert str(posted.id) == json.loads(created.answer)["id"]


def test_mastodon_py_meets_the_recorded_refusals() -> None:
    (anonymous,) = exchanges("mastodon/test_home_tl_anonymous_throws.yaml")
    (empty,) = exchanges("mastodon/test_status_empty.yaml")
    with replaying([anonymous, empty]) as replay, client_of(replay) as client:
        with pytest.raises(MastodonUnauthorizedError):
            client.timeline_home()
        with pytest.raises(MastodonAPIError, match=json.loads(empty.answer)["error"]):
            client.status_post("")


async def test_our_posts_are_those_of_others_on_the_recorded_home(metrics: VendorMetrics) -> None:
    with replaying(whole_home()) as replay, timeline_of(replay, metrics) as timeline:
        page = await timeline.posts(None, 200)
    others = [each for each in reversed(home_statuses()) if each["account"]["id"] != own_id()]
    assert [post.id for post in page.posts] == [each["id"] for each in others]
    plain = [html.unescape(re.sub("<[^>]+>", "", each["content"])) for each in others]
    assert [post.text for post in page.posts] == plain
    assert page.cursor == f"mastodon.1.{home_statuses()[0]['id']}.."
    assert page.quota is not None
    assert page.quota.limit == 300


async def test_we_ask_with_exclusive_bounds_and_whole_pages(metrics: VendorMetrics) -> None:
    with replaying(whole_home()) as replay, timeline_of(replay, metrics) as timeline:
        await timeline.posts("mastodon.1.17..", 200)
    last = home_statuses()[-1]["id"]
    queries = [query for _, path, query, _ in replay.heard if path.endswith("/home")]
    assert [dict(parse_qsl(query)) for query in queries[:2]] == [
        {"since_id": "17", "limit": "40"},
        {"since_id": "17", "limit": "40", "max_id": last},
    ]


async def test_we_publish_with_the_recorded_request(metrics: VendorMetrics) -> None:
    created, deleted = exchanges(POSTED)
    with replaying([created, deleted]) as replay, timeline_of(replay, metrics) as timeline:
        published = await timeline.publish(intent("Toot!"))
        await timeline.delete(published.id)
    theirs = json.loads(created.answer)
    assert (published.id, published.url) == (theirs["id"], theirs["url"])
    assert published.text == "Toot!"
    asked = [(method, path) for method, path, _, _ in replay.heard]
    assert asked == [(each.method, each.path) for each in (created, deleted)]
    # Mastodon.py says today what it left to the account's preference then.
    assert dict(parse_qsl(replay.heard[0][3])) == dict(parse_qsl(created.body)) | {"sensitive": "0"}


async def test_the_recorded_refusals_are_typed_errors(metrics: VendorMetrics) -> None:
    (anonymous,) = exchanges("mastodon/test_home_tl_anonymous_throws.yaml")
    (empty,) = exchanges("mastodon/test_status_empty.yaml")
    me = exchanges("mastodon/test_verify_credentials.yaml")[0]
    with replaying([anonymous, empty, me]) as replay, timeline_of(replay, metrics) as timeline:
        with pytest.raises(CredentialsError, match="The access token is invalid"):
            await timeline.posts(None, 5)
        with pytest.raises(RefusedByVendorError, match=json.loads(empty.answer)["error"]):
            await timeline.publish(intent(" "))
