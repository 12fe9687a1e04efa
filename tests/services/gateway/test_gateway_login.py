"""Getting the tokens of an account, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.gateway.timelines.bluesky_login import BlueskyLogin
from services.gateway.timelines.bluesky_session import Login
from services.gateway.timelines.mastodon_login import (
    PROFILE_SCOPE,
    SCOPES,
    MastodonLogin,
    NotUnderstoodError,
)
from services.gateway.timelines.x_login import App, XLogin
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    OutOfCreditError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox, StartSandbox

HANDLE = "deephypebot.bsky.social"
NOWHERE = "http://127.0.0.1:9"
FAULTS: list[tuple[dict[str, Any], type[VendorError]]] = [
    ({"fault": "status", "status": 429}, BusyVendorError),
    ({"fault": "status", "status": 503}, FailedVendorError),
    ({"fault": "html", "status": 502}, FailedVendorError),
    ({"fault": "html", "status": 200}, FailedVendorError),
    ({"fault": "timeout", "seconds": 60}, SilentVendorError),
    ({"fault": "drip", "seconds": 30}, SilentVendorError),
    ({"fault": "reset"}, FailedVendorError),
    ({"fault": "half"}, FailedVendorError),
]


def shown(address: str) -> str:
    """The code on the page that the user sees."""
    page = httpx.get(address, trust_env=False).raise_for_status().text
    return page.partition("<code>")[2].partition("</code>")[0]


Open = Callable[..., Any]


@pytest.fixture
def open_login(metrics: VendorMetrics) -> Iterator[Open]:
    """Logins at the sandbox, or elsewhere."""
    opened: list[Any] = []

    def make(vendor: str, base: str, **more: Any) -> Any:  # noqa: ANN401 - one of three
        calls = VendorCalls(vendor, 4.0, metrics)
        address = f"{base}/{vendor}"
        if vendor == "x":
            login: Any = XLogin(App("key", "secret"), address, calls)
        elif vendor == "mastodon":
            login = MastodonLogin(address, more.get("scopes", SCOPES), calls)
        else:
            login = BlueskyLogin(Login(address, HANDLE, more.get("password", "secret")), calls)
        opened.append(login)
        return login

    yield make
    for login in opened:
        login.close()


def begin(login: Any) -> object:  # noqa: ANN401 - one of three
    """The first step that asks the vendor."""
    steps = {XLogin: "begin", MastodonLogin: "register", BlueskyLogin: "account"}
    done: object = getattr(login, steps[type(login)])()
    return done


@pytest.mark.parametrize("vendor", ["x", "mastodon", "bluesky"])
@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=str)
def test_every_failure_is_a_vendor_error(
    sandbox: Sandbox,
    open_login: Open,
    vendor: str,
    fault: dict[str, Any],
    expected: type[VendorError],
) -> None:
    sandbox.plan(vendor, **fault)
    login = open_login(vendor, sandbox.base)
    with pytest.raises(expected):
        begin(login)
    begin(login)


@pytest.mark.parametrize("vendor", ["x", "mastodon", "bluesky"])
def test_a_server_that_is_not_there_is_unreachable(open_login: Open, vendor: str) -> None:
    with pytest.raises(UnreachableError):
        begin(open_login(vendor, NOWHERE))


def test_a_pin_becomes_keys_of_the_account(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("x", sandbox.base)
    begun = login.begin()
    keys = login.finish(begun, shown(login.address(begun)))
    assert (keys.consumer_key, keys.consumer_secret) == ("key", "secret")
    assert keys.user_id == "1000"
    account = login.account(keys)
    assert (account.username, account.may_publish) == ("deephypebot", True)


def test_a_wrong_pin_is_refused_in_xs_words(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("x", sandbox.base)
    with pytest.raises(CredentialsError) as refusal:
        login.finish(login.begin(), "not a PIN")
    assert refusal.value.said.endswith("Invalid oauth_verifier parameter")


def test_an_app_that_x_refuses_is_told_why(sandbox: Sandbox, open_login: Open) -> None:
    body = "<?xml version='1.0'?><errors><error code=\"415\">Not approved</error></errors>"
    sandbox.plan("x", "status", status=403, body=body)
    with pytest.raises(CredentialsError) as refusal:
        open_login("x", sandbox.base).begin()
    assert refusal.value.said.strip() == "Not approved"


def test_tokens_that_may_only_read_are_told_apart(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("x", sandbox.base)
    begun = login.begin()
    keys = login.finish(begun, shown(login.address(begun)))
    body, level = '{"data": {"username": "somebody"}}', {"x-access-level": "read"}
    sandbox.plan("x", "status", status=200, body=body, headers=level)
    assert not login.account(keys).may_publish


def test_an_account_without_credit_is_said_to_be_so(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("x", sandbox.base)
    begun = login.begin()
    keys = login.finish(begun, shown(login.address(begun)))
    sandbox.plan("x", "status", status=402)
    with pytest.raises(OutOfCreditError):
        login.account(keys)


def test_a_code_becomes_a_token_of_the_account(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("mastodon", sandbox.base)
    app = login.register()
    token = login.token(app, shown(login.address(app)))
    account = login.account(token)
    assert (account.username, account.bot) == ("deephypebot", False)


def test_no_more_rights_are_asked_for_than_wanted(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("mastodon", sandbox.base)
    query = parse_qs(urlsplit(login.address(login.register())).query)
    assert query["scope"] == ["read:accounts read:notifications read:statuses write:statuses"]


def test_an_account_is_marked_as_a_bots(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("mastodon", sandbox.base, scopes=(*SCOPES, PROFILE_SCOPE))
    app = login.register()
    token = login.token(app, shown(login.address(app)))
    login.mark_as_bot(token)
    assert login.account(token).bot


def test_a_wrong_code_is_refused(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("mastodon", sandbox.base)
    with pytest.raises(RefusedByVendorError):
        login.token(login.register(), "no code")


def test_a_page_is_no_instance(sandbox: Sandbox, open_login: Open) -> None:
    sandbox.plan("mastodon", "html", status=200)
    with pytest.raises(NotUnderstoodError):
        open_login("mastodon", sandbox.base).register()


def test_an_app_password_is_tried(start_sandbox: StartSandbox, open_login: Open) -> None:
    sandbox = start_sandbox(bluesky_password="right")
    account = open_login("bluesky", sandbox.base, password="right").account()
    assert account.handle == HANDLE
    with pytest.raises(CredentialsError):
        open_login("bluesky", sandbox.base, password="wrong").account()


def test_a_password_is_not_sent_elsewhere(sandbox: Sandbox, open_login: Open) -> None:
    moved = {"location": f"{NOWHERE}/xrpc/com.atproto.server.createSession"}
    sandbox.plan("bluesky", "status", status=307, headers=moved)
    with pytest.raises(UnreachableError, match="sends us to another address"):
        open_login("bluesky", sandbox.base).account()


def test_a_label_leaves_the_profile_as_it_is(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("bluesky", sandbox.base)
    account = login.account()
    other = {"val": "!no-unauthenticated"}
    record = {
        "$type": "app.bsky.actor.profile",
        "displayName": "a bot",
        "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [other]},
    }
    sandbox.http.post(
        "/bluesky/xrpc/com.atproto.repo.putRecord",
        json={"repo": account.did, "collection": record["$type"], "rkey": "self", "record": record},
        headers={"Authorization": f"Bearer {account.token}"},
    ).raise_for_status()
    before = login.profile(account)
    assert not before.bot
    login.mark_as_bot(account, before)
    after = login.profile(account)
    assert after.bot
    assert after.record["displayName"] == "a bot"
    assert after.record["labels"]["values"] == [other, {"val": "bot"}]


def test_an_account_without_a_profile_gets_one(sandbox: Sandbox, open_login: Open) -> None:
    login = open_login("bluesky", sandbox.base)
    account = login.account()
    login.mark_as_bot(account, login.profile(account))
    assert login.profile(account).record == {
        "$type": "app.bsky.actor.profile",
        "labels": {
            "$type": "com.atproto.label.defs#selfLabels",
            "values": [{"val": "bot"}],
        },
    }
