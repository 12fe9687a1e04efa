"""Faults on demand, met by real clients over real connections."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
import tweepy
from spotipy.exceptions import SpotifyException

from services.sandbox.vendors import VENDOR_NAMES, VENDORS, Vendor

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox

STATE = "/sandbox/state"


def own_texts(sandbox: Sandbox) -> list[str]:
    posts = sandbox.x().get_users_tweets("1000", user_auth=True).data or []
    return [post.text for post in posts]


@pytest.mark.parametrize(
    ("status", "title"),
    [(402, "CreditsDepleted"), (403, "SpendCapReached"), (429, "Too Many Requests")],
)
def test_x_fails_in_its_own_words(sandbox: Sandbox, status: int, title: str) -> None:
    sandbox.plan(vendor="x", fault="status", status=status)
    with pytest.raises(tweepy.HTTPException) as error:
        sandbox.x().get_me()
    assert error.value.response.status_code == status
    assert error.value.response.json()["title"] == title


def test_a_fault_strikes_as_often_as_planned(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="x", fault="status", status=503, times=2)
    client = sandbox.x()
    for _ in range(2):
        with pytest.raises(tweepy.TwitterServerError):
            client.get_me()
    assert client.get_me().data
    assert sandbox.http.get(STATE).json()["faults_struck"] == 2


def test_a_fault_strikes_only_what_matches(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="x", fault="status", method="post", path="/2/tweets", status=500)
    client = sandbox.x()
    assert client.get_me().data
    with pytest.raises(tweepy.TwitterServerError):
        client.create_tweet(text="hello")


def test_a_fault_can_wait_for_its_turn(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="x", fault="status", status=500, after=1)
    client = sandbox.x()
    assert client.get_me().data
    with pytest.raises(tweepy.TwitterServerError):
        client.get_me()


def test_planned_faults_are_listed_and_forgotten(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="google", fault="timeout", seconds=5)
    assert [fault["fault"] for fault in sandbox.http.get("/sandbox/faults").json()] == ["timeout"]
    sandbox.http.delete("/sandbox/faults").raise_for_status()
    assert sandbox.http.get("/sandbox/faults").json() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"vendor": "nobody", "fault": "reset"},
        {"vendor": "x", "fault": "gremlin"},
        {"vendor": "x", "fault": "status", "status": 200},
        {"vendor": "x", "fault": "reset", "tims": 2},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    assert sandbox.http.post("/sandbox/faults", json=fault).status_code == 422


def test_a_load_balancer_s_page_is_html(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="spotify", fault="html", status=502, path="/v1/search")
    with pytest.raises(SpotifyException) as error:
        sandbox.spotify().search("love", type="track")
    assert error.value.http_status == 502


def test_a_body_and_headers_can_be_given(sandbox: Sandbox) -> None:
    headers = {"retry-after": "9000"}
    sandbox.plan(vendor="spotify", fault="status", status=429, body="Too many", headers=headers)
    answer = sandbox.http.get("/spotify/v1/search")
    assert (answer.status_code, answer.text) == (429, "Too many")
    assert answer.headers["retry-after"] == "9000"


def test_a_timeout_holds_the_answer(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="musicbrainz", fault="timeout", seconds=20)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.http.get("/musicbrainz/ws/2/artist", timeout=0.2)
    assert sandbox.http.get(STATE).json()["faults_planned"] == 0


def test_a_held_answer_ends_in_a_broken_connection(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="musicbrainz", fault="timeout", seconds=0.05)
    with pytest.raises(httpx.NetworkError):
        sandbox.http.get("/musicbrainz/ws/2/artist")


def test_a_reset_is_a_reset(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="google", fault="reset")
    with pytest.raises(httpx.ReadError) as error:
        sandbox.http.get("/google/v4/spreadsheets/any")
    assert "reset" in str(error.value).casefold()


def test_half_a_body_is_sent(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="x", fault="half")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        sandbox.x().get_me()


def test_a_slow_drip_is_whole_in_the_end(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="x", fault="drip", seconds=0.3)
    started = time.monotonic()
    assert sandbox.x().get_me().data.username == "deephypebot"
    assert time.monotonic() - started > 0.2


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "accept-then-timeout", "seconds": 0.05},
        {"fault": "accept-then-reset"},
        {"fault": "status", "status": 503, "after_commit": True},
        {"fault": "half"},
    ],
)
def test_a_post_may_be_accepted_although_the_caller_never_learns(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.plan(vendor="x", method="POST", **fault)
    with pytest.raises((requests.exceptions.RequestException, tweepy.HTTPException)):
        sandbox.x().create_tweet(text="accepted")
    assert own_texts(sandbox) == ["accepted"]


def test_a_reset_before_the_work_leaves_it_undone(sandbox: Sandbox) -> None:
    sandbox.plan(vendor="x", method="POST", fault="reset")
    with pytest.raises(requests.exceptions.ConnectionError):
        sandbox.x().create_tweet(text="never")
    assert own_texts(sandbox) == []


def test_the_sandbox_s_own_pages_never_fail(sandbox: Sandbox) -> None:
    for vendor in VENDOR_NAMES:
        sandbox.plan(vendor=vendor, fault="reset", times=100)
    assert sandbox.http.get("/sandbox/posts").status_code == 200


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: str(vendor.prefix))
def test_every_vendor_words_every_failure(sandbox: Sandbox, vendor: Vendor) -> None:
    for status in (400, 401, 402, 403, 404, 429, 500, 502, 503, 504):
        sandbox.plan(vendor=vendor.name, fault="status", status=status)
        answer = sandbox.http.get(f"{vendor.prefix}/anything")
        assert answer.status_code == status
        assert answer.content == vendor.failure(status).body != b""


def home_ids(sandbox: Sandbox) -> list[str]:
    answer = sandbox.x(raw=True).get_home_timeline(user_auth=True)
    return [post["id"] for post in answer.json()["data"]]


def test_a_page_can_come_twice_over_and_out_of_order(sandbox: Sandbox) -> None:
    for number in range(4):
        sandbox.say(f"number {number}")
    whole = home_ids(sandbox)
    sandbox.plan(vendor="x", fault="duplicate")
    assert home_ids(sandbox) == [post_id for post_id in whole for _ in range(2)]
    sandbox.plan(vendor="x", fault="shuffle")
    shuffled = home_ids(sandbox)
    assert shuffled != whole
    assert sorted(shuffled) == sorted(whole)


def test_a_later_page_can_be_missing(sandbox: Sandbox) -> None:
    for number in range(12):
        sandbox.say(f"number {number}")
    sandbox.plan(vendor="x", fault="status", status=404, query="pagination_token")
    client = sandbox.x(raw=True)
    first = client.get_home_timeline(user_auth=True, max_results=5).json()
    with pytest.raises(tweepy.NotFound):
        client.get_home_timeline(
            user_auth=True, max_results=5, pagination_token=first["meta"]["next_token"]
        )


def test_a_vendors_clock_can_be_wrong(sandbox: Sandbox) -> None:
    before = int(sandbox.x(raw=True).get_me().headers["x-rate-limit-reset"])
    sandbox.plan(vendor="x", fault="skew", seconds=-3600)
    skewed = int(sandbox.x(raw=True).get_me().headers["x-rate-limit-reset"])
    assert skewed == before - 3600
