"""Mastodon's endpoints, asked by Mastodon.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from mastodon import (
    Mastodon,
    MastodonAPIError,
    MastodonNotFoundError,
    MastodonRatelimitError,
    MastodonUnauthorizedError,
)

from services.sandbox.mastodon.length import status_length

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox, StartSandbox

TOKEN = {"authorization": "Bearer token"}


def texts(sandbox: Sandbox) -> list[str]:
    posts = sandbox.http.get("/sandbox/posts", params={"limit": 500}).json()
    return [post["text"] for post in posts]


def home(sandbox: Sandbox, **params: object) -> httpx.Response:
    return sandbox.http.get("/mastodon/api/v1/timelines/home", params=params, headers=TOKEN)  # type: ignore[arg-type]  # numbers and text


def ids(answer: httpx.Response) -> list[str]:
    return [status["id"] for status in answer.json()]


def test_whoever_has_a_token_is_the_bot(sandbox: Sandbox) -> None:
    me = sandbox.mastodon("any").account_verify_credentials()
    assert (str(me.id), me.acct, me.bot) == ("1000", "deephypebot", False)


def test_the_bot_can_be_marked_as_one(sandbox: Sandbox) -> None:
    sandbox.mastodon().account_update_credentials(bot=True, display_name="Hype", note="A bot.")
    me = sandbox.mastodon().account_verify_credentials()
    assert (me.bot, me.display_name, me.note) == (True, "Hype", "A bot.")


def test_strangers_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(MastodonUnauthorizedError):
        sandbox.mastodon(None).timeline_home()
    for header in ({}, {"authorization": "Bearer"}, {"authorization": "Basic abc"}):
        answer = sandbox.http.get("/mastodon/api/v1/timelines/home", headers=header)
        assert answer.status_code == 401
        assert answer.json() == {"error": "The access token is invalid"}


def test_home_is_newest_first_and_holds_our_own_posts(sandbox: Sandbox) -> None:
    sandbox.say("first")
    sandbox.mastodon().status_post("second, ours")
    sandbox.say("third")
    statuses = sandbox.mastodon().timeline_home()
    assert [status.content for status in statuses] == [
        "<p>third</p>",
        "<p>second, ours</p>",
        "<p>first</p>",
    ]


def test_pages_meet_without_gap_or_overlap_in_both_directions(start: StartSandbox) -> None:
    sandbox = start(feed_burst=43)
    client = sandbox.mastodon()
    down = list(client.fetch_remaining(client.timeline_home(limit=20)))
    assert len({status.id for status in down}) == 43
    up = client.timeline_home(min_id=down[-1].id, limit=20)
    assert [status.id for status in up] == [status.id for status in down[22:42]]
    newer = client.fetch_previous(up)
    assert newer is not None
    assert [status.id for status in newer] == [status.id for status in down[2:22]]


def test_bounds_are_exclusive(sandbox: Sandbox) -> None:
    first, second, third = (sandbox.say(text) for text in ("one", "two", "three"))
    assert ids(home(sandbox, since_id=first)) == [third, second]
    assert ids(home(sandbox, max_id=third)) == [second, first]
    assert ids(home(sandbox, min_id=first, limit=1)) == [second]
    assert ids(home(sandbox, since_id=first, max_id=third)) == [second]


def test_no_more_than_forty_come_at_once_and_no_more_than_800_at_all(start: StartSandbox) -> None:
    sandbox = start(feed_burst=900, feed_interval=0.01)
    assert len(home(sandbox, limit=100).json()) == 40
    oldest = sandbox.mastodon().timeline_home(min_id=1, limit=1)[0]
    assert len(ids(home(sandbox, max_id=oldest.id))) == 0


def test_an_empty_page_names_no_other(sandbox: Sandbox) -> None:
    answer = home(sandbox)
    assert answer.json() == []
    assert "link" not in answer.headers


def test_texts_are_shown_as_html(sandbox: Sandbox) -> None:
    sandbox.say(
        "<3 & @ada\nsee https://www.example.org/a/rather/long/address/of/something #Fun\n\nx"
    )
    (status,) = home(sandbox).json()
    site = f"{sandbox.base}/mastodon"
    assert status["content"] == (
        '<p>&lt;3 &amp; <span class="h-card" translate="no">'
        f'<a href="{site}/@ada" class="u-url mention">@<span>ada</span></a></span><br />'
        'see <a href="https://www.example.org/a/rather/long/address/of/something" '
        'target="_blank" rel="nofollow noopener" translate="no">'
        '<span class="invisible">https://www.</span>'
        '<span class="ellipsis">example.org/a/rather/long/addr</span>'
        '<span class="invisible">ess/of/something</span></a> '
        f'<a href="{site}/tags/Fun" class="mention hashtag" rel="tag">#<span>Fun</span></a>'
        "</p><p>x</p>"
    )
    assert [mention["acct"] for mention in status["mentions"]] == ["ada"]
    assert [tag["name"] for tag in status["tags"]] == ["fun"]


def test_boosts_and_answers_are_worded_as_such(start: StartSandbox) -> None:
    client = start(feed_burst=200, feed_interval=1).mastodon()
    statuses = client.fetch_remaining(client.timeline_home(limit=40))
    boosts = [status for status in statuses if status["reblog"]]
    answers = [status for status in statuses if status["in_reply_to_id"]]
    assert boosts
    assert answers
    for boost in boosts:
        assert boost["reblog"]["account"]["id"] != boost["account"]["id"]
        assert boost["reblog"]["content"] == boost["content"]
    assert all(answer["in_reply_to_account_id"] != answer["account"]["id"] for answer in answers)


def test_a_status_is_published_and_found(sandbox: Sandbox) -> None:
    client = sandbox.mastodon()
    posted = client.status_post("a sentence of ours", visibility="unlisted", spoiler_text="loud")
    assert (posted.visibility, posted.spoiler_text, posted.sensitive) == ("unlisted", "loud", True)
    assert client.status(posted.id) == posted
    assert [each.id for each in client.statuses([posted.id, 17])] == [posted.id]
    assert [each.id for each in client.account_statuses(1000)] == [posted.id]
    assert texts(sandbox) == ["a sentence of ours"]


def test_json_is_taken_as_well_as_forms(sandbox: Sandbox) -> None:
    answer = sandbox.http.post(
        "/mastodon/api/v1/statuses", json={"status": "hi", "visibility": "direct"}, headers=TOKEN
    )
    assert (answer.status_code, answer.json()["visibility"]) == (200, "direct")
    broken = sandbox.http.post(
        "/mastodon/api/v1/statuses",
        content="{",
        headers=TOKEN | {"content-type": "application/json"},
    )
    assert broken.status_code == 400


def test_what_is_known_of_a_status_outlives_the_process(
    start: StartSandbox,
    tmp_path: Any,  # noqa: ANN401 - a Path
) -> None:
    first = start(state=tmp_path / "world.sqlite3")
    posted = first.mastodon().status_post("hush", visibility="private", idempotency_key="k")
    first.stop()
    again = start(state=tmp_path / "world.sqlite3").mastodon()
    assert again.status(posted.id).visibility == "private"
    assert again.status_post("hush", idempotency_key="k").id == posted.id


def test_a_key_is_remembered_for_an_hour(start: StartSandbox) -> None:
    sandbox = start(feed_interval=1e9)
    client = sandbox.mastodon()
    first = client.status_post("once", idempotency_key="k1")
    sandbox.clock.now += 3599
    assert client.status_post("once", idempotency_key="k1").id == first.id
    assert texts(sandbox) == ["once"]
    sandbox.clock.now += 1
    assert client.status_post("once", idempotency_key="k1").id != first.id


def test_the_key_of_a_deleted_status_finds_nothing(sandbox: Sandbox) -> None:
    client = sandbox.mastodon()
    client.status_delete(client.status_post("once", idempotency_key="k1"))
    with pytest.raises(MastodonNotFoundError):
        client.status_post("once", idempotency_key="k1")


def test_deleting_gives_the_source_back(sandbox: Sandbox) -> None:
    client = sandbox.mastodon()
    posted = client.status_post("oops & done")
    gone = client.status_delete(posted.id)
    assert gone.text == "oops & done"
    assert texts(sandbox) == []
    with pytest.raises(MastodonNotFoundError, match="Record not found"):
        client.status_delete(posted.id)


def test_nobody_deletes_a_stranger_s_status(sandbox: Sandbox) -> None:
    with pytest.raises(MastodonNotFoundError):
        sandbox.mastodon().status_delete(sandbox.say("mine"))
    assert texts(sandbox) == ["mine"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"status": " "}, "Text can't be blank"),
        ({"status": "x" * 501}, "Text character limit of 500 exceeded"),
        ({"status": "x" * 250, "spoiler_text": "y" * 251}, "character limit"),
        ({"status": "x", "visibility": "sideways"}, "Visibility"),
    ],
)
def test_what_mastodon_will_not_have_is_said(
    sandbox: Sandbox, status: dict[str, str], words: str
) -> None:
    answer = sandbox.http.post("/mastodon/api/v1/statuses", data=status, headers=TOKEN)
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert texts(sandbox) == []


def test_an_instance_may_take_longer_statuses_and_says_so(start: StartSandbox) -> None:
    client = start(mastodon_longest=1000).mastodon()
    client.status_post("x" * 1000)
    with pytest.raises(MastodonAPIError, match="limit of 1000"):
        client.status_post("x" * 1001)
    assert client.instance_v2().configuration.statuses.max_characters == 1000
    assert client.instance_v1().configuration.statuses.characters_reserved_per_url == 23


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("plain", 5),
        ("see https://example.org/a/very/long/path/that/counts/little.", 28),
        ("@ada@music.example.org hi", 7),
        ("#NowPlaying", 11),
        ("👩‍👩‍👧 e\u0301", 3),
    ],
)
def test_length_is_counted_as_mastodon_counts_it(text: str, length: int) -> None:
    assert status_length(text) == length


def test_an_answer_to_a_status_says_so_and_one_to_nothing_is_refused(sandbox: Sandbox) -> None:
    client = sandbox.mastodon()
    asked = sandbox.say("@deephypebot hm?", author="ada")
    answer = client.status_post("well", in_reply_to_id=asked)
    assert str(answer.in_reply_to_id) == asked
    assert answer.in_reply_to_account_id == client.status(asked).account.id
    with pytest.raises(MastodonNotFoundError, match="does not appear to exist"):
        client.status_post("well", in_reply_to_id=17)
    assert [each.id for each in client.account_statuses(1000, exclude_replies=True)] == []


def test_own_statuses_come_in_pages(sandbox: Sandbox) -> None:
    client = sandbox.mastodon()
    posted = [client.status_post(f"number {number}").id for number in range(5)]
    sandbox.say("not ours")
    first = client.account_statuses(1000, limit=3)
    second = client.fetch_next(first)
    assert second is not None
    assert [each.id for each in [*first, *second]] == posted[::-1]
    assert client.fetch_next(second) is None


def test_mentions_are_notified_of_apart_from_statuses(sandbox: Sandbox) -> None:
    asked = [sandbox.say(f"hello @DeepHypeBot, {number}") for number in range(3)]
    sandbox.say("nothing")
    client = sandbox.mastodon()
    found = client.notifications(types=["mention"])
    assert [str(each.status.id) for each in found if each.status] == asked[::-1]
    assert all(str(each.id) != str(each.status.id) for each in found if each.status)
    newer = client.notifications(types=["mention"], min_id=found[-1].id, limit=1)
    assert [each.id for each in newer] == [found[1].id]
    assert client.notifications(types=["follow"]) == []
    assert client.notifications(exclude_types=["mention"]) == []


def test_rate_limits_count_down_by_token_and_then_refuse(sandbox: Sandbox) -> None:
    route = "/mastodon/api/v1/statuses/17"
    left = [
        int(sandbox.http.delete(route, headers=TOKEN).headers["x-ratelimit-remaining"])
        for _ in range(30)
    ]
    assert left == list(range(29, -1, -1))
    refused = sandbox.http.delete(route, headers=TOKEN)
    assert (refused.status_code, refused.json()) == (429, {"error": "Too many requests"})
    reset = datetime.fromisoformat(refused.headers["x-ratelimit-reset"])
    assert reset == datetime.fromtimestamp(sandbox.clock() + 1800, UTC)
    with pytest.raises(MastodonRatelimitError):
        sandbox.mastodon().status_delete(17)
    with pytest.raises(MastodonNotFoundError):
        sandbox.mastodon("another").status_delete(17)
    sandbox.clock.now += 1800
    assert sandbox.http.delete(route, headers=TOKEN).status_code == 404


def test_reading_and_publishing_have_limits_of_their_own(sandbox: Sandbox) -> None:
    assert home(sandbox).headers["x-ratelimit-limit"] == "300"
    answer = sandbox.http.post("/mastodon/api/v1/statuses", data={"status": "x"}, headers=TOKEN)
    reset = datetime.fromisoformat(answer.headers["x-ratelimit-reset"])
    assert reset == datetime.fromtimestamp(sandbox.clock() + 3 * 3600, UTC)


def test_rate_limits_can_be_switched_off(start: StartSandbox) -> None:
    assert "x-ratelimit-limit" not in home(start(mastodon_limits=False)).headers


def test_an_app_is_registered_and_its_user_logs_in(sandbox: Sandbox) -> None:
    base, scopes = f"{sandbox.base}/mastodon", ["read", "write"]
    key, secret = Mastodon.create_app("a bot", scopes=scopes, api_base_url=base)
    client = Mastodon(key, secret, api_base_url=base, ratelimit_method="throw")
    page = sandbox.http.get(client.auth_request_url(scopes=scopes, allow_http=True)).text
    code = page.partition("<code>")[2].partition("</code>")[0]
    token = client.log_in(code=code, scopes=scopes, allow_http=True)
    client.session.close()
    assert sandbox.mastodon(token).account_verify_credentials().acct == "deephypebot"


def login(sandbox: Sandbox, **changes: str) -> httpx.Response:
    """One exchange of a fresh code for a token, changed somewhere."""
    app = {"client_name": "a bot", "redirect_uris": "https://bot.example/back"}
    made = sandbox.http.post("/mastodon/api/v1/apps", data=app).json()
    query = {
        "client_id": made["client_id"],
        "redirect_uri": "https://bot.example/back",
        "response_type": "code",
        "state": "s",
    }
    answer = sandbox.http.get("/mastodon/oauth/authorize", params=query)
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["s"]
    grant = {
        "grant_type": "authorization_code",
        "code": back["code"][0],
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
    }
    return sandbox.http.post("/mastodon/oauth/token", data=grant | changes)


def test_a_code_is_good_for_one_token(sandbox: Sandbox) -> None:
    answer = login(sandbox)
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    code = parse_qs(answer.request.content.decode())["code"][0]
    again = login(sandbox, code=code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "guessed"}, 401, "invalid_client"),
        ({"client_id": "guessed"}, 401, "invalid_client"),
        ({"code": "guessed"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_login_that_is_wrong_gets_no_token(
    sandbox: Sandbox, changes: dict[str, str], status: int, error: str
) -> None:
    answer = login(sandbox, **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_app_without_a_name_is_not_registered(sandbox: Sandbox) -> None:
    answer = sandbox.http.post("/mastodon/api/v1/apps", data={"redirect_uris": "urn:x"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "route", ["statuses/17", "statuses/abc", f"statuses/{'9' * 5000}", "nothing"]
)
def test_what_is_not_there_is_said_in_mastodon_s_words(sandbox: Sandbox, route: str) -> None:
    answer = sandbox.http.get(f"/mastodon/api/v1/{route}", headers=TOKEN)
    assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})


def test_both_platforms_show_the_same_world(sandbox: Sandbox) -> None:
    posted = sandbox.x().create_tweet(text="from elsewhere").data["id"]
    assert ids(home(sandbox)) == [posted]


def test_a_status_leads_to_where_a_person_sees_it(sandbox: Sandbox) -> None:
    posted = sandbox.mastodon().status_post("slow and golden")
    page = sandbox.http.get(str(posted.url), follow_redirects=True)
    assert page.url.path == "/sandbox/"
    assert f'id="post-{posted.id}"' in page.text
