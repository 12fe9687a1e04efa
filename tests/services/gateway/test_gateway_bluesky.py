"""Bluesky through atproto, against the sandbox: what is read, what is sent, what goes wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import Engine

from services.gateway.adapters import Wiring
from services.gateway.app import create_app
from services.gateway.publications import Publications, UnsettledError
from services.gateway.settings import GatewaySettings
from services.gateway.timelines.bluesky import BlueskyTimeline
from services.gateway.timelines.bluesky_documents import record_key
from services.gateway.timelines.bluesky_session import Login, Session, SessionFile
from services.gateway.timelines.timeline import Intent
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    DuplicateError,
    FailedVendorError,
    NotDoneError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)
from services.sandbox.feed import built_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox, StartSandbox

HANDLE = "deephypebot.bsky.social"
LOGIN, REFRESH = "createSession", "refreshSession"
ASKED_AT = datetime(2026, 11, 22, 8, 0, 0, 123456, UTC)
# Opens something for as long as a block lasts.
Open = Callable[..., Any]


def intent(text: str, key: str = "key", asked_at: datetime = ASKED_AT) -> Intent:
    return Intent(key, text, asked_at)


@pytest.fixture
def open_timeline(metrics: VendorMetrics, tmp_path: Path) -> Open:
    """Timelines that share one session file, as one process after the other does."""

    @contextmanager
    def opened(base: str, handle: str = HANDLE, password: str = "secret") -> Iterator[Any]:
        login = Login(f"{base}/bluesky", handle, password)
        calls = VendorCalls("bluesky", 3.0, metrics)
        kept, url = tmp_path / "bluesky.session", "https://bsky.test/{author}/{id}"
        timeline = BlueskyTimeline(login, kept, url, calls)
        yield timeline
        timeline.close()

    return opened


def record(sandbox: Sandbox, rkey: str) -> dict[str, Any]:
    place = {"repo": HANDLE, "collection": "app.bsky.feed.post", "rkey": rkey}
    answer = sandbox.http.get("/bluesky/xrpc/com.atproto.repo.getRecord", params=place)
    value: dict[str, Any] = answer.raise_for_status().json()["value"]
    return value


def no_more(sandbox: Sandbox, *calls: str) -> None:
    """Whoever makes one of these calls from now on fails."""
    for call in calls:
        sandbox.plan("bluesky", "status", path=call, status=500, times=1000)


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
    start_sandbox: StartSandbox, open_timeline: Open, clock: Clock
) -> None:
    sandbox = start_sandbox(feed_burst=1, feed_interval=1)
    with open_timeline(sandbox.base) as timeline:
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
    start_sandbox: StartSandbox, open_timeline: Open
) -> None:
    sandbox = start_sandbox(feed_burst=300, feed_interval=1, seed=7)
    feed = built_in(7)
    kinds = [(feed[number].text, feed[number].kind) for number in range(300)]
    with open_timeline(sandbox.base) as timeline:
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
    sandbox.plan("bluesky", fault, path="createRecord", seconds=3)
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


async def test_the_session_outlives_the_process(sandbox: Sandbox, open_timeline: Open) -> None:
    with open_timeline(sandbox.base) as timeline:
        await timeline.publish(intent("before"))
    no_more(sandbox, LOGIN, REFRESH)
    with open_timeline(sandbox.base) as timeline:
        assert len(await timeline.find(intent("before"))) == 1


def test_a_session_is_kept_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    kept = SessionFile(tmp_path / "data" / "bluesky.session")
    for access in ("first", "second"):
        session = Session("https://bsky.test", HANDLE, "did:plc:us", access, "refresh")
        kept.write(session)
        assert kept.read() == session
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert list(kept.path.parent.iterdir()) == [kept.path]


async def test_an_expired_token_is_refreshed_and_the_new_one_kept(
    sandbox: Sandbox, open_timeline: Open, clock: Clock
) -> None:
    with open_timeline(sandbox.base) as timeline:
        await timeline.posts(None, 1)
        no_more(sandbox, LOGIN)
        clock.now += 7200
        await timeline.publish(intent("two hours later"))
    no_more(sandbox, REFRESH)
    with open_timeline(sandbox.base) as timeline:
        assert len(await timeline.find(intent("two hours later"))) == 1
    assert sandbox.texts() == ["two hours later"]


async def test_a_session_that_ended_altogether_is_followed_by_a_login(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, clock: Clock
) -> None:
    await bluesky_timeline.posts(None, 1)
    clock.now += 91 * 24 * 3600
    await bluesky_timeline.publish(intent("after the holidays"))
    assert sandbox.texts() == ["after the holidays"]


async def test_many_callers_share_one_login(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline, clock: Clock
) -> None:
    sandbox.plan("bluesky", "status", path=LOGIN, status=429, times=1000, after=1)
    await asyncio.gather(*(bluesky_timeline.posts(None, 1) for _ in range(6)))
    sandbox.plan("bluesky", "status", path=REFRESH, status=429, times=1000, after=1)
    clock.now += 7200
    await asyncio.gather(*(bluesky_timeline.posts(None, 1) for _ in range(6)))


@pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"did": "did:plc:x"}', "\xff"])
async def test_a_session_file_that_is_none_costs_a_login(
    sandbox: Sandbox, open_timeline: Open, tmp_path: Path, content: str
) -> None:
    (tmp_path / "bluesky.session").write_text(content, encoding="latin-1")
    with open_timeline(sandbox.base) as timeline:
        await timeline.publish(intent("in all the same"))
    assert sandbox.texts() == ["in all the same"]


async def test_another_account_does_not_take_the_session_that_lies_there(
    sandbox: Sandbox, open_timeline: Open
) -> None:
    with open_timeline(sandbox.base) as timeline:
        first = await timeline.publish(intent("one"))
    with open_timeline(sandbox.base, "another.bsky.social") as timeline:
        second = await timeline.publish(intent("two"))
    assert first.id.partition("~")[0] != second.id.partition("~")[0]


async def test_a_folder_that_takes_no_session_stops_nothing(
    sandbox: Sandbox, metrics: VendorMetrics, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    login = Login(f"{sandbox.base}/bluesky", HANDLE, "secret")
    calls = VendorCalls("bluesky", 3.0, metrics)
    timeline = BlueskyTimeline(login, tmp_path / "file" / "session", "{author}/{id}", calls)
    await timeline.publish(intent("words"))
    timeline.close()
    assert sandbox.texts() == ["words"]


async def test_a_wrong_password_is_named_and_not_tried_again_at_once(
    start_sandbox: StartSandbox, open_timeline: Open
) -> None:
    sandbox = start_sandbox(bluesky_password="right")
    with open_timeline(sandbox.base, password="wrong") as timeline:
        for _ in range(2):
            with pytest.raises(CredentialsError, match="BLUESKY_HANDLE and BLUESKY_APP_PASSWORD"):
                await timeline.posts(None, 1)
            no_more(sandbox, LOGIN)


async def test_secrets_are_in_no_log(
    sandbox: Sandbox, open_timeline: Open, clock: Clock, tmp_path: Path
) -> None:
    kept: list[Session] = []
    with structlog.testing.capture_logs() as logs, open_timeline(sandbox.base) as timeline:
        for seconds in (0, 7200, 91 * 24 * 3600):
            clock.now += seconds
            await timeline.posts(None, 1)
            kept += filter(None, [SessionFile(tmp_path / "bluesky.session").read()])
        no_more(sandbox, "")
        with pytest.raises(FailedVendorError):
            await timeline.posts(None, 1)
    secrets = {"secret", *(each.access for each in kept), *(each.refresh for each in kept)}
    assert len(secrets) == 7
    told = f"{logs} {kept} {timeline.session.login}"
    assert [secret for secret in secrets if f"{secret}" in told] == []


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


FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 401}, CredentialsError),
    ({"fault": "status", "status": 403}, CredentialsError),
    ({"fault": "status", "status": 429}, BusyVendorError),
    ({"fault": "status", "status": 500}, FailedVendorError),
    ({"fault": "status", "status": 502}, FailedVendorError),
    ({"fault": "html", "status": 503}, FailedVendorError),
    ({"fault": "status", "status": 400, "body": "[1]"}, FailedVendorError),
    ({"fault": "reset"}, FailedVendorError),
    ({"fault": "half"}, FailedVendorError),
    ({"fault": "timeout", "seconds": 5}, SilentVendorError),
    ({"fault": "drip", "seconds": 60}, SilentVendorError),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
@pytest.mark.parametrize("act", ["login", "read", "publish"])
async def test_every_fault_is_a_typed_error(
    sandbox: Sandbox,
    bluesky_timeline: BlueskyTimeline,
    fault: dict[str, object],
    error: type[VendorError],
    act: str,
) -> None:
    if act != "login":
        await bluesky_timeline.find(intent("nothing"))
    sandbox.plan("bluesky", **fault, times=10)  # type: ignore[arg-type]  # a fault as JSON
    with pytest.raises(error) as raised:
        await (
            bluesky_timeline.publish(intent("words"))
            if act == "publish"
            else bluesky_timeline.posts(None, 5)
        )
    assert raised.value.detail.startswith("bluesky: ")
    # Whatever may have been done must not look as if it certainly was not.
    was_answered = error not in {FailedVendorError, SilentVendorError}
    assert isinstance(raised.value, NotDoneError) == was_answered


async def test_one_lost_answer_does_not_fail_a_reading(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline
) -> None:
    sandbox.say("hello")
    sandbox.plan("bluesky", "reset", path="getTimeline")
    assert len((await bluesky_timeline.posts(None, 5)).posts) == 1


async def test_a_rate_limit_says_when_to_come_back(
    sandbox: Sandbox, bluesky_timeline: BlueskyTimeline
) -> None:
    headers = {"ratelimit-reset": "99999999999"}
    sandbox.plan("bluesky", "status", status=429, headers=headers)
    with pytest.raises(BusyVendorError) as raised:
        await bluesky_timeline.posts(None, 5)
    assert raised.value.headers["Retry-After"] == "3600"


async def test_nothing_was_sent_where_nobody_listens(
    unused_tcp_port_factory: Callable[[], int], open_timeline: Open
) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port_factory()}"
    with open_timeline(base) as timeline, pytest.raises(UnreachableError):
        await timeline.publish(intent("words"))


async def test_a_redirect_is_not_followed(sandbox: Sandbox, open_timeline: Open) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(307)
            self.send_header("location", f"{sandbox.base}{self.path}")
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        error = pytest.raises(UnreachableError, match="BLUESKY_BASE_URL")
        with open_timeline(base) as timeline, error:
            await timeline.posts(None, 1)
        thread.join(10)


async def test_the_gateway_publishes_and_reads_receptions(
    sandbox: Sandbox, settings: Callable[..., GatewaySettings], open_app: Open
) -> None:
    app = create_app(settings(sandbox.base, timeline="bluesky"))
    async with open_app(app) as client:
        posted = await client.post(
            "/v1/posts", json={"text": "a warm haze"}, headers={"Idempotency-Key": "k1"}
        )
        assert posted.status_code == 201
        found = await client.get("/v1/posts", params={"ids": posted.json()["id"]})
        assert [each["id"] for each in found.json()["receptions"]] == [posted.json()["id"]]
        platform = (await client.get("/v1/platform")).json()
    assert (platform["longest"], platform["counting"]) == (300, "graphemes")
    assert sandbox.texts() == ["a warm haze"]


def test_missing_credentials_are_named(
    settings: Callable[..., GatewaySettings], engine: Engine, metrics: VendorMetrics
) -> None:
    lacking = settings(timeline="bluesky", bluesky_handle=None, bluesky_app_password=None)
    adapters = Wiring(lacking, engine, metrics).adapters()
    assert adapters.timeline is None
    assert adapters.missing["timeline"] == "Set BLUESKY_HANDLE, BLUESKY_APP_PASSWORD."


@pytest.mark.processes
def test_a_gateway_of_another_platform_does_not_load_the_sdk() -> None:
    code = "import sys, services.gateway.app; sys.exit('atproto' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=50, check=False).returncode == 0
