"""Bluesky's endpoints, asked by atproto, whose models are the contract."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import atproto
import atproto.exceptions
import pytest
from atproto_client.models import get_or_create

from services.sandbox.bluesky.identity import post_ids_of, tid_of
from services.sandbox.snowflakes import feed_id, written_id

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.sandbox.conftest import Clock, Sandbox, StartSandbox

HANDLE = "deephypebot.bsky.social"
POST = "app.bsky.feed.post"
RKEY = "3mfabcdefgh22"
models = atproto.models


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """The SDK tells by the real time whether a token has expired."""
    clock.now = time.time()
    return clock


@pytest.fixture
def client(sandbox: Sandbox) -> atproto.Client:
    return logged_in(sandbox)


def logged_in(sandbox: Sandbox, handle: str = HANDLE, password: str = "secret") -> atproto.Client:
    client = sandbox.bluesky()
    client.login(handle, password)
    return client


def strictly(document: Any, model: type) -> None:  # noqa: ANN401 - any JSON
    """The document is the model's, and every handle, time and address in it is well-formed."""
    get_or_create(document, model, strict=True, strict_string_format=True)


def create(client: atproto.Client, rkey: str | None = None, **record: Any) -> Any:  # noqa: ANN401 - the SDK's own
    value = {"$type": POST, "createdAt": "2026-11-22T08:00:00Z", "text": "hello"} | record
    return client.com.atproto.repo.create_record(
        models.ComAtprotoRepoCreateRecord.Data(
            collection=POST, repo=client.me.did if client.me else "", rkey=rkey, record=value
        )
    )


def error_of(raised: pytest.ExceptionInfo[Any]) -> tuple[int, str]:
    response = raised.value.response
    return response.status_code, response.content.error


def texts(client: atproto.Client) -> list[str]:
    return [item.post.record.text for item in client.get_timeline().feed]


def test_login_is_the_account_of_the_handle(sandbox: Sandbox) -> None:
    me = logged_in(sandbox).me
    assert me is not None
    assert (me.handle, me.did[:8], len(me.did)) == (HANDLE, "did:plc:", 32)
    assert logged_in(sandbox).me == me
    session = logged_in(sandbox).com.atproto.server.get_session()
    assert (session.did, session.did_doc) == (me.did, None)


def test_a_wrong_password_is_refused(start: StartSandbox) -> None:
    sandbox = start(bluesky_password="right")
    assert logged_in(sandbox, password="right").me
    with pytest.raises(atproto.exceptions.UnauthorizedError) as raised:
        logged_in(sandbox, password="wrong")
    assert error_of(raised) == (401, "AuthenticationRequired")


def test_nobody_reads_without_a_session(sandbox: Sandbox) -> None:
    with pytest.raises(atproto.exceptions.UnauthorizedError) as raised:
        sandbox.bluesky().get_timeline()
    assert error_of(raised) == (401, "AuthMissing")


def test_a_session_is_exported_and_imported_without_another_login(
    start: StartSandbox, tmp_path: Path
) -> None:
    first = start(state=tmp_path / "world.sqlite3")
    exported = logged_in(first).export_session_string()
    first.stop()
    second = start(state=tmp_path / "world.sqlite3", bluesky_password="not asked for")
    client = second.bluesky()
    client.login(session_string=exported.replace(first.base, second.base))
    client.send_post("from the session before")
    assert texts(client) == ["from the session before"]


def test_an_expired_token_is_refreshed(sandbox: Sandbox, clock: Clock) -> None:
    clock.now -= 3 * 3600
    client = logged_in(sandbox)
    expired = client.export_session_string()
    clock.now += 3 * 3600
    client.get_timeline()
    assert client.export_session_string() != expired


def test_an_expired_token_is_refused(sandbox: Sandbox, clock: Clock) -> None:
    client = logged_in(sandbox)
    clock.now += 7200
    with pytest.raises(atproto.exceptions.BadRequestError) as raised:
        client.get_timeline()
    assert error_of(raised) == (400, "ExpiredToken")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "ä.ö.ü"])
def test_a_token_of_somebody_else_is_refused(sandbox: Sandbox, token: str) -> None:
    answer = sandbox.http.get(
        "/bluesky/xrpc/app.bsky.feed.getTimeline",
        headers={b"authorization": f"Bearer {token}".encode()},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidToken")


def test_an_access_token_does_not_refresh(sandbox: Sandbox, client: atproto.Client) -> None:
    token = client.export_session_string().split(":::")[2]
    answer = sandbox.http.post(
        "/bluesky/xrpc/com.atproto.server.refreshSession",
        headers={"authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidToken")


def test_home_is_newest_first_and_holds_our_own_posts(
    sandbox: Sandbox, client: atproto.Client
) -> None:
    sandbox.say("first")
    client.send_post("second, ours")
    sandbox.say("third")
    assert texts(client) == ["third", "second, ours", "first"]


def test_pages_meet_without_gap_or_overlap(start: StartSandbox) -> None:
    sandbox = start(feed_burst=15)
    for number in range(8):
        sandbox.say(f"all in one millisecond: {number}")
    client, cursor = logged_in(sandbox), None
    pages: list[list[str]] = []
    while cursor or not pages:
        page = client.get_timeline(limit=10, cursor=cursor)
        pages.append([item.post.uri for item in page.feed])
        cursor = page.cursor
    assert [len(page) for page in pages] == [10, 10, 3]
    assert len({uri for page in pages for uri in page}) == 23


def test_a_cursor_may_be_any_time(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.say("old")
    clock.now += 3
    sandbox.say("new")
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(clock.now - 1))
    feed = logged_in(sandbox).get_timeline(cursor=at).feed
    assert [item.post.record.text for item in feed] == ["old"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=yesterday"])
def test_a_bad_parameter_is_refused(sandbox: Sandbox, client: atproto.Client, query: str) -> None:
    token = client.export_session_string().split(":::")[2]
    answer = sandbox.http.get(
        f"/bluesky/xrpc/app.bsky.feed.getTimeline?{query}",
        headers={"authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")


def test_every_feed_post_is_well_formed_and_found_by_its_address(start: StartSandbox) -> None:
    sandbox = start(feed_burst=300, feed_interval=0.1)
    client = logged_in(sandbox)
    reasons, replies, cursor = 0, 0, None
    for _ in range(3):
        page = client.get_timeline(limit=100, cursor=cursor)
        cursor = page.cursor
        for item in page.feed:
            strictly(item.model_dump(by_alias=True, exclude_none=True), type(item))
            reasons += item.reason is not None
            replies += item.reply is not None and item.post.record.reply is not None
        uris = [item.post.uri for item in page.feed if item.reason is None][:25]
        assert [post.uri for post in client.get_posts(uris).posts] == uris
    assert reasons > 0
    assert replies > 0


def test_keys_sort_by_time_and_lead_back_to_their_posts() -> None:
    now = 1_790_000_000_000
    ids = [feed_id(now, 17), feed_id(now, 600_000), written_id(now, 0), written_id(now + 1, 0)]
    assert all(post_id in post_ids_of(tid_of(post_id)) for post_id in ids)
    keys = [tid_of(ids[0]), tid_of(ids[2]), tid_of(ids[3])]
    assert keys == sorted(keys)


def test_a_post_under_a_key_of_ours_is_published_once(client: atproto.Client) -> None:
    created = create(client, RKEY)
    strictly(created.model_dump(by_alias=True, exclude_none=True), type(created))
    assert created.uri.endswith(f"/{POST}/{RKEY}")
    with pytest.raises(atproto.exceptions.BadRequestError, match="already a value") as raised:
        create(client, RKEY)
    assert error_of(raised) == (400, "InvalidRequest")
    assert texts(client) == ["hello"]


def test_a_record_is_read_back_as_it_was_written(start: StartSandbox, tmp_path: Path) -> None:
    facet = {
        "index": {"byteStart": 0, "byteEnd": 5},
        "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "hello"}],
    }
    first = start(state=tmp_path / "world.sqlite3")
    create(logged_in(first), RKEY, facets=[facet], mood="good")
    first.stop()
    client = logged_in(start(state=tmp_path / "world.sqlite3"))
    assert client.me is not None
    read = client.get_post(RKEY, client.me.did)
    assert read.value.facets[0].index.byte_end == 5
    assert read.value.mood == "good"
    with pytest.raises(atproto.exceptions.BadRequestError):
        create(client, RKEY)


def test_a_deleted_post_is_gone_and_its_key_free(client: atproto.Client) -> None:
    uri = create(client, RKEY).uri
    assert client.delete_post(uri)
    assert client.delete_post(uri)
    assert client.get_posts([uri]).posts == []
    with pytest.raises(atproto.exceptions.BadRequestError) as raised:
        client.get_post(RKEY, client.me.did if client.me else "")
    assert error_of(raised) == (400, "RecordNotFound")
    assert create(client, RKEY).uri == uri


@pytest.mark.parametrize(
    "record",
    [
        {"text": "x" * 301},
        {"text": "\N{FAMILY}\u200d" * 450},
        {"text": 5},
        {"createdAt": "yesterday"},
        {"$type": "app.bsky.feed.like"},
        {"facets": [{"index": {"byteStart": 0, "byteEnd": 6}, "features": [{}]}]},
        {"facets": [{"index": {"byteStart": 3, "byteEnd": 3}, "features": [{}]}]},
        {"text": "é", "facets": [{"index": {"byteStart": 0, "byteEnd": 1}, "features": [{}]}]},
        {"facets": ["none"]},
        {"reply": {"parent": "that one"}},
    ],
)
def test_a_record_that_is_no_post_is_refused(
    client: atproto.Client, record: dict[str, Any]
) -> None:
    with pytest.raises(atproto.exceptions.BadRequestError) as raised:
        create(client, **record)
    assert error_of(raised) == (400, "InvalidRequest")
    assert texts(client) == []


def test_a_post_may_have_300_graphemes_of_many_bytes(client: atproto.Client) -> None:
    text = "e\u0301" * 300
    create(client, text=text)
    assert texts(client) == [text]


@pytest.mark.parametrize("rkey", ["no-tid", "zzzzzzzzzzzzz", "3mfabcdefgh2"])
def test_a_key_that_is_no_tid_is_refused(client: atproto.Client, rkey: str) -> None:
    with pytest.raises(atproto.exceptions.BadRequestError, match="record key"):
        create(client, rkey)


def test_nobody_writes_into_another_account(sandbox: Sandbox, client: atproto.Client) -> None:
    stranger = logged_in(sandbox, "stranger.bsky.social")
    stranger.me = client.me
    with pytest.raises(atproto.exceptions.UnauthorizedError):
        create(stranger)


def test_mentions_of_the_bot_are_notifications(sandbox: Sandbox, client: atproto.Client) -> None:
    sandbox.say("@DeepHypeBot what about Maps by Yeah Yeah Yeahs?", author="asker")
    sandbox.say("nothing")
    client.send_post("@deephypebot talks to itself")
    params = models.AppBskyNotificationListNotifications.Params
    found = client.app.bsky.notification.list_notifications(params(reasons=["mention"]))
    (mention,) = found.notifications
    assert (mention.reason, mention.author.handle) == ("mention", "asker.bsky.social")
    strictly(mention.model_dump(by_alias=True, exclude_none=True), type(mention))
    likes = client.app.bsky.notification.list_notifications(params(reasons=["like"]))
    assert likes.notifications == []


def test_a_reply_shows_what_it_answers(sandbox: Sandbox, client: atproto.Client) -> None:
    sandbox.say("a question")
    (asked,) = client.get_timeline().feed
    reference = models.create_strong_ref(asked.post)
    client.send_post(
        "an answer", reply_to=models.AppBskyFeedPost.ReplyRef(parent=reference, root=reference)
    )
    newest = client.get_timeline(limit=1).feed[0]
    assert newest.reply is not None
    assert newest.reply.parent.uri == asked.post.uri


def test_an_author_s_feed_is_theirs(sandbox: Sandbox, client: atproto.Client) -> None:
    sandbox.say("theirs", author="ada")
    client.send_post("ours")
    feed = client.get_author_feed("ada.bsky.social").feed
    assert [item.post.record.text for item in feed] == ["theirs"]
    by_did = client.get_author_feed(feed[0].post.author.did).feed
    assert [item.post.uri for item in by_did] == [feed[0].post.uri]


def test_a_profile_keeps_its_bot_label(client: atproto.Client) -> None:
    assert client.me is not None
    label = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "bot"}]}
    record = {"$type": "app.bsky.actor.profile", "displayName": "A bot", "labels": label}
    client.com.atproto.repo.put_record(
        models.ComAtprotoRepoPutRecord.Data(
            collection="app.bsky.actor.profile", repo=client.me.did, rkey="self", record=record
        )
    )
    profile = client.app.bsky.actor.profile.get(client.me.did, "self")
    assert [value.val for value in profile.value.labels.values] == ["bot"]
    assert client.get_profile(client.me.did).display_name == "A bot"


def test_logins_are_counted_and_then_refused(sandbox: Sandbox, clock: Clock) -> None:
    for _ in range(30):
        logged_in(sandbox)
    with pytest.raises(atproto.exceptions.RateLimitExceededError) as raised:
        logged_in(sandbox)
    assert (raised.value.limit, raised.value.remaining) == (30, 0)
    assert raised.value.policy == "30;w=300"
    assert raised.value.reset_at is not None
    assert raised.value.reset_at.timestamp() == int(clock.now + 300)
    clock.now += 300
    assert logged_in(sandbox).me


def test_limits_can_be_switched_off(start: StartSandbox) -> None:
    sandbox = start(bluesky_limits=False)
    for _ in range(31):
        logged_in(sandbox)


def test_what_x_published_is_shown_as_ours(sandbox: Sandbox, client: atproto.Client) -> None:
    sandbox.x().create_tweet(text="a sentence")
    (item,) = client.get_timeline().feed
    assert client.me is not None
    assert item.post.author.did == client.me.did


def test_unknown_methods_are_answered_in_bluesky_s_words(sandbox: Sandbox) -> None:
    answer = sandbox.http.get("/bluesky/xrpc/app.bsky.nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "XRPCNotSupported")


def test_a_post_leads_to_where_a_person_sees_it(sandbox: Sandbox) -> None:
    client = logged_in(sandbox)
    did, _, rkey = client.send_post("slow and golden").uri.removeprefix("at://").split("/")
    page = sandbox.http.get(f"/bluesky/profile/{did}/post/{rkey}", follow_redirects=True)
    assert page.url.path == "/sandbox/"
    assert "slow and golden" in page.text
    assert page.url.params["at"].isdecimal()
