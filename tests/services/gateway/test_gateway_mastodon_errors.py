"""What a Mastodon instance's failures mean, and what is never mistaken for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    NotDoneError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)
from tests.services.gateway.on_mastodon import answering, intent, timeline_at

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox, StartSandbox


FAULTS: list[tuple[dict[str, object], type[VendorError]]] = [
    ({"fault": "status", "status": 401}, CredentialsError),
    ({"fault": "status", "status": 403}, CredentialsError),
    ({"fault": "status", "status": 403, "body": "[]"}, CredentialsError),
    ({"fault": "status", "status": 422}, RefusedByVendorError),
    ({"fault": "status", "status": 429}, BusyVendorError),
    ({"fault": "status", "status": 301, "body": "away"}, NotDoneError),
    ({"fault": "status", "status": 303, "body": "away"}, FailedVendorError),
    ({"fault": "status", "status": 500}, FailedVendorError),
    ({"fault": "status", "status": 504}, FailedVendorError),
    ({"fault": "html", "status": 503}, FailedVendorError),
    ({"fault": "reset"}, FailedVendorError),
    ({"fault": "half"}, FailedVendorError),
    ({"fault": "timeout", "seconds": 60}, SilentVendorError),
    ({"fault": "drip", "seconds": 60}, SilentVendorError),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
@pytest.mark.parametrize("act", ["read", "publish"])
async def test_every_fault_is_a_typed_error(
    sandbox: Sandbox,
    mastodon_timeline: MastodonTimeline,
    fault: dict[str, object],
    error: type[VendorError],
    act: str,
) -> None:
    sandbox.plan("mastodon", **fault, times=10)  # type: ignore[arg-type]  # a fault as JSON
    reading = mastodon_timeline.mentions(None, 5)
    publishing = mastodon_timeline.publish(intent("words"))
    chosen, other = (reading, publishing) if act == "read" else (publishing, reading)
    other.close()
    with pytest.raises(error) as raised:
        await chosen
    assert raised.value.detail.startswith("mastodon: ")
    # Whatever may have been done must not look as if it certainly was not.
    answered = not issubclass(error, FailedVendorError | SilentVendorError)
    assert isinstance(raised.value, NotDoneError | RefusedByVendorError) == answered


async def test_a_token_that_the_instance_does_not_know_is_named_and_not_told(
    sandbox: Sandbox, metrics: VendorMetrics
) -> None:
    sandbox.plan("mastodon", "status", status=401, times=2)
    with (
        timeline_at(sandbox.base, metrics, "hidden-token") as timeline,
        pytest.raises(CredentialsError, match="MASTODON_ACCESS_TOKEN") as raised,
    ):
        await timeline.posts(None, 5)
    assert "The access token is invalid" in raised.value.detail
    assert "hidden-token" not in raised.value.detail


async def test_a_token_of_an_app_is_no_token_of_an_account(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    body = '{"error": "This method requires an authenticated user"}'
    sandbox.plan("mastodon", "status", status=422, body=body)
    with pytest.raises(CredentialsError):
        await mastodon_timeline.publish(intent("words"))


@pytest.mark.parametrize("status", [404, 405, 410, 418])
async def test_a_post_that_meets_no_instance_is_not_refused(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline, status: int
) -> None:
    sandbox.plan("mastodon", "status", status=status, times=2)
    with pytest.raises(RefusedByVendorError):
        await mastodon_timeline.mentions(None, 5)
    with pytest.raises(CredentialsError, match="MASTODON_BASE_URL"):
        await mastodon_timeline.publish(intent("words"))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_the_token_is_not_carried_to_another_host(
    start_sandbox: StartSandbox, mastodon_timeline: MastodonTimeline, sandbox: Sandbox, status: int
) -> None:
    other = start_sandbox()
    headers = {"location": f"{other.base}/mastodon/api/v1/statuses"}
    sandbox.plan("mastodon", "status", status=status, headers=headers, body="away", times=3)
    with pytest.raises(VendorError, match="MASTODON_BASE_URL"):
        await mastodon_timeline.publish(intent("words"))
    assert (sandbox.texts(), other.texts()) == ([], [])


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, "300"),
        ({"x-ratelimit-reset": "soon"}, "300"),
        ({"x-ratelimit-reset": "2999-01-01T00:00:00.123456Z"}, "3600"),
        ({"x-ratelimit-reset": "2020-01-01T00:00:00.123456Z"}, "1"),
    ],
)
async def test_a_rate_limit_says_when_to_come_back(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline, headers: dict[str, str], pause: str
) -> None:
    sandbox.plan("mastodon", "status", status=429, headers=headers)
    with pytest.raises(BusyVendorError) as raised:
        await mastodon_timeline.mentions(None, 5)
    assert raised.value.headers["Retry-After"] == pause


async def test_a_rate_limit_is_told_by_the_clock_of_our_calls(
    sandbox: Sandbox, metrics: VendorMetrics, clock: Clock
) -> None:
    calls = VendorCalls("mastodon", 3.0, metrics, clock)
    reset = datetime.fromtimestamp(clock() + 90, UTC).isoformat()
    sandbox.plan("mastodon", "status", status=429, headers={"x-ratelimit-reset": reset})
    with (
        closing(MastodonTimeline(f"{sandbox.base}/mastodon", "t", "public", calls)) as timeline,
        pytest.raises(BusyVendorError) as raised,
    ):
        await timeline.mentions(None, 5)
    assert raised.value.headers["Retry-After"] == "90"


async def test_one_lost_answer_does_not_fail_a_reading(
    sandbox: Sandbox, mastodon_timeline: MastodonTimeline
) -> None:
    sandbox.say("hello")
    sandbox.plan("mastodon", "reset", path="/home", times=1)
    assert len((await mastodon_timeline.posts(None, 5)).posts) == 1


async def test_nothing_was_sent_where_nobody_listens(
    unused_tcp_port_factory: Callable[[], int], metrics: VendorMetrics
) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port_factory()}"
    with timeline_at(base, metrics) as timeline, pytest.raises(UnreachableError):
        await timeline.publish(intent("words"))


async def test_an_accepted_post_is_published_whatever_else_is_odd(metrics: VendorMetrics) -> None:
    async with answering(b'{"id": "17", "content": null}') as base:
        with timeline_at(base, metrics) as timeline:
            published = await timeline.publish(intent("words"))
    assert (published.id, published.text) == ("17", "words")


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"[]", b'"yes"', b"<html></html>"])
async def test_an_acceptance_that_cannot_be_read_is_no_refusal(
    metrics: VendorMetrics, body: bytes
) -> None:
    async with answering(body) as base:
        with timeline_at(base, metrics) as timeline, pytest.raises(FailedVendorError):
            await timeline.publish(intent("words"))


async def test_a_rate_limit_that_cannot_be_read_is_not_taken_for_one_that_is_reached(
    metrics: VendorMetrics,
) -> None:
    async with answering(b"{}", "X-RateLimit-Reset: whenever") as base:
        with timeline_at(base, metrics) as timeline, pytest.raises(FailedVendorError):
            await timeline.publish(intent("words"))


@pytest.mark.parametrize("body", [b"{}", b"null", b'["1"]', b'{"error": "no"}'])
async def test_an_answer_that_is_no_page_is_not_an_empty_one(
    metrics: VendorMetrics, body: bytes
) -> None:
    async with answering(body) as base:
        with timeline_at(base, metrics) as timeline:
            timeline.own_id = "1000"
            with pytest.raises(FailedVendorError):
                await timeline.posts("mastodon.1.17..", 5)
            with pytest.raises(FailedVendorError):
                await timeline.find(intent("words"))
