"""What goes wrong at Bluesky, and how a gateway opens it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from services.gateway.adapters import Wiring
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from services.gateway.timelines.bluesky import BlueskyTimeline
from services.gateway.vendor_calls import VendorMetrics
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    NotDoneError,
    SilentVendorError,
    UnreachableError,
    VendorError,
)
from tests.services.gateway.on_bluesky import intent

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox
    from tests.services.gateway.on_bluesky import Open


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
    ({"fault": "timeout", "seconds": 60}, SilentVendorError),
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
    unused_tcp_port_factory: Callable[[], int], open_bluesky: Open
) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port_factory()}"
    with open_bluesky(base) as timeline, pytest.raises(UnreachableError):
        await timeline.publish(intent("words"))


async def test_a_redirect_is_not_followed(sandbox: Sandbox, open_bluesky: Open) -> None:
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
        with open_bluesky(base) as timeline, error:
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
