"""Logging in to X by a PIN, with the library that tweepy logs in with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests_oauthlib import OAuth1Session
from requests_oauthlib.oauth1_session import TokenRequestDenied

from tests.services.sandbox.conftest import Redirect

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox

HOST = "https://api.twitter.com"


def session(sandbox: Sandbox, callback: str | None = "oob") -> Any:  # noqa: ANN401 - it ships no types
    made = sandbox.cleanup.enter_context(OAuth1Session("key", "secret", callback_uri=callback))
    made.mount(HOST, Redirect(f"{sandbox.base}/x"))
    return made


def begun(sandbox: Sandbox) -> tuple[Any, str]:
    """A login that waits for its PIN, and the PIN."""
    x = session(sandbox)
    token = x.fetch_request_token(f"{HOST}/oauth/request_token")
    assert token["oauth_callback_confirmed"] == "true"
    page = sandbox.http.get("/x/oauth/authorize", params={"oauth_token": token["oauth_token"]}).text
    return x, page.partition("<code>")[2].partition("</code>")[0]


def finish(x: Any, pin: str) -> dict[str, str]:  # noqa: ANN401 - as above
    tokens: dict[str, str] = x.fetch_access_token(f"{HOST}/oauth/access_token", verifier=pin)
    return tokens


def test_a_pin_becomes_tokens_that_the_api_takes(sandbox: Sandbox) -> None:
    x, pin = begun(sandbox)
    assert len(pin) == 7
    tokens = finish(x, pin)
    assert (tokens["user_id"], tokens["screen_name"]) == ("1000", "deephypebot")
    answer: requests.Response = x.get(f"{HOST}/2/users/me")
    assert answer.json()["data"]["id"] == "1000"
    assert answer.headers["x-access-level"] == "read-write"


def test_another_pin_is_refused(sandbox: Sandbox) -> None:
    x, pin = begun(sandbox)
    with pytest.raises(TokenRequestDenied, match=r"401.*Invalid oauth_verifier parameter"):
        finish(x, f"{(int(pin) + 1) % 10**7:07d}")


def test_a_login_is_good_for_one_token(sandbox: Sandbox) -> None:
    x, pin = begun(sandbox)
    request_token = x.auth.client.resource_owner_key
    finish(x, pin)
    x.auth.client.resource_owner_key = request_token
    with pytest.raises(TokenRequestDenied, match="Invalid or expired token"):
        finish(x, pin)


def test_a_login_that_takes_too_long_has_to_begin_anew(sandbox: Sandbox) -> None:
    x, pin = begun(sandbox)
    sandbox.clock.now += 601
    with pytest.raises(TokenRequestDenied, match="Invalid or expired token"):
        finish(x, pin)
    page = sandbox.http.get("/x/oauth/authorize", params={"oauth_token": "stale"})
    assert page.status_code == 403
    assert "<code>" not in page.text


def test_a_pin_may_be_sent_in_the_body(sandbox: Sandbox) -> None:
    x, pin = begun(sandbox)
    answer = x.post(f"{HOST}/oauth/access_token", data={"oauth_verifier": pin})
    assert answer.status_code == 200
    assert answer.text.startswith("oauth_token=1000-")


def test_nobody_is_sent_anywhere_with_a_pin(sandbox: Sandbox) -> None:
    x = session(sandbox, "https://bot.example/back")
    with pytest.raises(TokenRequestDenied, match=r"403.*Callback URL not approved"):
        x.fetch_request_token(f"{HOST}/oauth/request_token")


def test_who_signs_nothing_is_refused(sandbox: Sandbox) -> None:
    for route in ("request_token", "access_token"):
        answer = sandbox.http.post(f"/x/oauth/{route}")
        assert answer.status_code == 401
        assert answer.json() == {"errors": [{"code": 32, "message": "Could not authenticate you."}]}
