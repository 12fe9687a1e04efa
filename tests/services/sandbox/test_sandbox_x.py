"""X's endpoints, asked by tweepy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
import tweepy

from services.sandbox.x.length import weighted_length

if TYPE_CHECKING:
    import requests

    from tests.services.sandbox.conftest import Sandbox, StartSandbox

HOME = "/2/users/1000/timelines/reverse_chronological"


def home(sandbox: Sandbox, **params: object) -> requests.Response:
    answer: requests.Response = sandbox.x(raw=True).request(
        "GET", HOME, params=params, user_auth=True
    )
    return answer


def test_me_is_the_account_of_the_token(sandbox: Sandbox) -> None:
    me = sandbox.x("4242").get_me().data
    assert (str(me.id), me.username) == ("4242", "deephypebot")


def test_ids_are_strings_beyond_what_a_float_holds(sandbox: Sandbox) -> None:
    assert int(sandbox.say("hello")) > 2**53


def test_home_is_newest_first_and_holds_our_own_posts(sandbox: Sandbox) -> None:
    sandbox.say("first")
    sandbox.x().create_tweet(text="second, ours")
    sandbox.say("third")
    texts = [post.text for post in sandbox.x().get_home_timeline().data]
    assert texts == ["third", "second, ours", "first"]


def test_an_empty_timeline_has_no_data_key(sandbox: Sandbox) -> None:
    assert home(sandbox).json() == {"meta": {"result_count": 0}}


def test_since_id_gives_what_came_after(sandbox: Sandbox) -> None:
    first = sandbox.say("old")
    new = sandbox.say("new")
    document = home(sandbox, since_id=first).json()
    assert [post["id"] for post in document["data"]] == [new]
    assert document["meta"] == {"result_count": 1, "newest_id": new, "oldest_id": new}


def test_until_id_is_exclusive(sandbox: Sandbox) -> None:
    first, second = sandbox.say("one"), sandbox.say("two")
    document = home(sandbox, until_id=second).json()
    assert [post["id"] for post in document["data"]] == [first]


def test_pages_meet_without_gap_or_overlap(start: StartSandbox) -> None:
    sandbox = start(feed_burst=23)
    client = sandbox.x()
    pages = list(tweepy.Paginator(client.get_home_timeline, max_results=10))
    ids = [post.id for page in pages for post in page.data]
    assert [len(page.data) for page in pages] == [10, 10, 3]
    assert ids == sorted(set(ids), reverse=True)


def test_feed_posts_arrive_as_time_passes(start: StartSandbox) -> None:
    sandbox = start(feed_burst=2, feed_interval=4)
    assert home(sandbox).json()["meta"]["result_count"] == 2
    sandbox.clock.now += 8
    assert home(sandbox).json()["meta"]["result_count"] == 4


def test_no_more_than_3200_posts_are_shown(start: StartSandbox) -> None:
    sandbox = start(feed_burst=3300, feed_interval=0.01, x_limits=False)
    pages = tweepy.Paginator(sandbox.x().get_home_timeline, max_results=100)
    assert sum(len(page.data) for page in pages) == 3200


def test_no_post_older_than_seven_days_is_shown(start: StartSandbox) -> None:
    sandbox = start(feed_interval=10_000_000)
    sandbox.say("last week")
    sandbox.clock.now += 7 * 24 * 3600 - 1
    assert home(sandbox).json()["meta"]["result_count"] == 1
    sandbox.clock.now += 2
    assert home(sandbox).json() == {"meta": {"result_count": 0}}


def test_replies_and_retweets_can_be_left_out(start: StartSandbox) -> None:
    sandbox = start(feed_burst=600, feed_interval=0.1)
    client = sandbox.x()

    def read(**params: object) -> int:
        pages = tweepy.Paginator(client.get_home_timeline, max_results=100, **params)
        return sum(len(page.data) for page in pages)

    assert read(exclude=["replies", "retweets"]) < read(exclude=["replies"]) < read() == 600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since_id", "abc"),
        ("since_id", "-5"),
        ("max_results", "101"),
        ("max_results", "0"),
        ("pagination_token", "nonsense!"),
        ("exclude", "cats"),
        ("colour", "red"),
    ],
)
def test_a_bad_parameter_is_named(sandbox: Sandbox, name: str, value: str) -> None:
    with pytest.raises(tweepy.BadRequest) as error:
        home(sandbox, **{name: value})
    body = error.value.response.json()
    assert body["title"] == "Invalid Request"
    assert name in body["errors"][0]["parameters"]


def test_asked_for_fields_come_and_others_do_not(sandbox: Sandbox) -> None:
    sandbox.say("hello")
    plain = home(sandbox).json()["data"][0]
    assert plain.keys() == {"id", "text", "edit_history_tweet_ids"}
    rich = home(sandbox, **{"tweet.fields": "author_id,created_at,public_metrics"}).json()
    assert rich["data"][0].keys() == plain.keys() | {"author_id", "created_at", "public_metrics"}
    assert "like_count" in rich["data"][0]["public_metrics"]


def test_the_vocabulary_of_2026_is_answered_in_its_own_words(sandbox: Sandbox) -> None:
    sandbox.say("hello")
    post = home(sandbox, **{"post.fields": "public_metrics"}).json()["data"][0]
    assert "edit_history_post_ids" in post
    assert "repost_count" in post["public_metrics"]


def test_a_vocabulary_can_be_switched_off(start: StartSandbox) -> None:
    sandbox = start(x_vocabulary="post")
    with pytest.raises(tweepy.BadRequest, match=r"tweet\.fields"):
        home(sandbox, **{"tweet.fields": "author_id"})


def test_a_long_post_is_cut_and_its_whole_text_comes_when_asked(sandbox: Sandbox) -> None:
    sandbox.say("la " * 150 + "end")
    post = home(sandbox, **{"tweet.fields": "note_tweet"}).json()["data"][0]
    assert len(post["text"]) < 280
    assert post["note_tweet"]["text"].endswith("end")


def test_authors_come_by_expansion(sandbox: Sandbox) -> None:
    sandbox.say("hello", author="ada")
    answer = sandbox.x().get_home_timeline(expansions=["author_id"])
    assert [user.username for user in answer.includes["users"]] == ["ada"]
    assert answer.data[0].author_id == answer.includes["users"][0].id


def test_rate_limit_headers_count_down_and_then_refuse(sandbox: Sandbox) -> None:
    left = []
    for _ in range(180):
        headers = home(sandbox).headers
        left.append(int(headers["x-rate-limit-remaining"]))
    assert left == list(range(179, -1, -1))
    with pytest.raises(tweepy.TooManyRequests) as error:
        home(sandbox)
    headers = error.value.response.headers
    assert int(headers["x-rate-limit-reset"]) == int(sandbox.clock.now) + 900
    sandbox.clock.now += 900
    assert home(sandbox).headers["x-rate-limit-remaining"] == "179"


@pytest.mark.parametrize("authorization", [None, "Basic abc", "OAuth oauth_token=1-a", "Bearer"])
def test_strangers_are_refused(sandbox: Sandbox, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}
    answer = httpx.get(f"{sandbox.base}/x{HOME}", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["title"] == "Unauthorized"


def test_app_only_callers_have_no_home(sandbox: Sandbox) -> None:
    answer = httpx.get(f"{sandbox.base}/x{HOME}", headers={"authorization": "Bearer app"})
    assert answer.status_code == 403
    assert answer.json()["title"] == "Unsupported Authentication"


def test_nobody_reads_another_account_s_home(sandbox: Sandbox) -> None:
    with pytest.raises(tweepy.BadRequest):
        sandbox.x("7").request("GET", HOME, user_auth=True)


def test_a_post_is_published_and_found(sandbox: Sandbox) -> None:
    posted = sandbox.x().create_tweet(text="a sentence of ours").data
    found = sandbox.x().get_tweets([posted["id"]], user_auth=True).data
    assert [post.text for post in found] == ["a sentence of ours"]
    own = sandbox.x().get_users_tweets("1000", user_auth=True).data
    assert [str(post.id) for post in own] == [posted["id"]]


def test_new_request_fields_are_known_and_unknown_ones_refused(sandbox: Sandbox) -> None:
    client = sandbox.x(raw=True)
    body: dict[str, Any] = {"text": "hi", "made_with_ai": True}
    assert client.request("POST", "/2/tweets", json=body, user_auth=True).status_code == 201
    with pytest.raises(tweepy.BadRequest):
        client.request("POST", "/2/tweets", json={"text": "ho", "mood": "good"}, user_auth=True)


def test_the_same_text_twice_is_a_duplicate_until_the_first_is_deleted(sandbox: Sandbox) -> None:
    client = sandbox.x()
    first = client.create_tweet(text="once").data["id"]
    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        client.create_tweet(text="once")
    assert client.delete_tweet(first).data == {"deleted": True}
    assert client.create_tweet(text="once").data["id"] != first


def test_a_post_may_weigh_280(sandbox: Sandbox) -> None:
    client = sandbox.x()
    client.create_tweet(text="x" * 280)
    with pytest.raises(tweepy.Forbidden, match="too long"):
        client.create_tweet(text="x" * 281)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("plain", 5),
        ("naïve \u2013 “quoted”…", 18),
        ("日本", 4),
        ("👩‍👩‍👧 🇳🇴 👍🏽", 8),
        ("see https://example.org/a/very/long/path/that/counts/little", 27),
    ],
)
def test_length_is_weighted_as_x_weighs_it(text: str, weight: int) -> None:
    assert weighted_length(text) == weight


def test_nobody_deletes_a_stranger_s_post(sandbox: Sandbox) -> None:
    with pytest.raises(tweepy.Forbidden):
        sandbox.x().delete_tweet(sandbox.say("mine"))


def test_missing_posts_are_partial_errors(sandbox: Sandbox) -> None:
    there = sandbox.say("here")
    answer = sandbox.x().get_tweets([there, "1234"], user_auth=True)
    assert [str(post.id) for post in answer.data] == [there]
    assert [error["resource_id"] for error in answer.errors] == ["1234"]


def test_feed_posts_are_found_by_id(start: StartSandbox) -> None:
    sandbox = start(feed_burst=3)
    home_posts = sandbox.x().get_home_timeline().data
    found = sandbox.x().get_tweets([post.id for post in home_posts], user_auth=True).data
    assert [post.text for post in found] == [post.text for post in home_posts]


def test_mentions_of_the_bot_are_found(sandbox: Sandbox) -> None:
    mention = sandbox.say("@DeepHypeBot what about Maps by Yeah Yeah Yeahs?")
    sandbox.say("nothing")
    found = sandbox.x().get_users_mentions("1000", user_auth=True).data
    assert [str(post.id) for post in found] == [mention]


def test_replies_need_a_summons(sandbox: Sandbox) -> None:
    client = sandbox.x()
    with pytest.raises(tweepy.Forbidden, match="not been mentioned"):
        client.create_tweet(text="hi!", in_reply_to_tweet_id=sandbox.say("hello world"))
    asked = sandbox.say("hello @deephypebot")
    assert client.create_tweet(text="hi!", in_reply_to_tweet_id=asked).data["id"]


def test_the_name_before_a_reply_does_not_count_against_its_length(sandbox: Sandbox) -> None:
    client = sandbox.x()
    asked = sandbox.say("@deephypebot hello?", author="listener")
    words = "x" * 280
    reply = client.create_tweet(text=words, in_reply_to_tweet_id=asked).data
    assert reply["text"] == f"@listener {words}"
    (shown,) = client.get_tweets([reply["id"]], user_auth=True).data
    assert shown.text == f"@listener {words}"


def test_quoting_is_not_on_the_plan(sandbox: Sandbox) -> None:
    with pytest.raises(tweepy.Forbidden):
        sandbox.x().create_tweet(text="this", quote_tweet_id=sandbox.say("hello"))


def test_unknown_paths_are_answered_in_x_s_words(sandbox: Sandbox) -> None:
    answer = httpx.get(f"{sandbox.base}/x/2/nothing")
    assert answer.status_code == 404
    assert answer.json()["type"] == "about:blank"
