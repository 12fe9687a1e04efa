"""Statuses from other instances, which come in below others that were read already."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.timelines.mastodon_documents import id_at
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import CredentialsError
from tests.services.gateway.test_gateway_mastodon_documents import status

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock


class Instance:
    """An instance whose ids tell the time."""

    def __init__(self, clock: Clock, base: str) -> None:
        self.clock, self.base = clock, base
        self.statuses: list[dict[str, Any]] = []
        self.asked = 0
        self.other_ids = False  # as a server of another kind gives them

    def written(self, seconds_ago: float, text: str) -> None:
        made = datetime.fromtimestamp(self.clock() - seconds_ago, UTC)
        content, at = f"<p>{text}</p>", made.isoformat()
        self.statuses.append(status(id=str(id_at(made)), content=content, created_at=at))

    def page(self, query: dict[str, str]) -> list[dict[str, Any]]:
        self.asked += 1
        if self.other_ids:
            return [status(id="01HZXA")]
        low, high = int(query.get("since_id", 0)), int(query.get("max_id", 1 << 63))
        inside = [each for each in self.statuses if low < int(each["id"]) < high]
        return sorted(inside, key=lambda each: -int(each["id"]))


@pytest.fixture
def instance(clock: Clock) -> Iterator[Instance]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            own = {"id": "1000"}
            answer = served.page(dict(parse_qsl(url.query))) if "home" in url.path else own
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Instance(clock, "http://{}:{}".format(*server.server_address[:2]))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served
        server.shutdown()
        thread.join(10)


@pytest.fixture
def timeline(instance: Instance, metrics: VendorMetrics) -> Iterator[MastodonTimeline]:
    calls = VendorCalls("mastodon", 3.0, metrics, instance.clock)
    timeline = MastodonTimeline(instance.base, "token", "public", calls)
    yield timeline
    timeline.close()


async def read(timeline: MastodonTimeline, after: str | None) -> tuple[list[str], str | None]:
    page = await timeline.posts(after, 40)
    assert page.gap is None
    return [post.text for post in page.posts], page.cursor


async def test_a_status_that_comes_in_late_is_read_once(
    instance: Instance, timeline: MastodonTimeline
) -> None:
    instance.written(900, "before")
    instance.written(10, "here")
    texts, cursor = await read(timeline, None)
    assert texts == ["before", "here"]
    instance.written(200, "from elsewhere")
    instance.written(1, "new")
    texts, cursor = await read(timeline, cursor)
    assert texts == ["from elsewhere", "new"]
    assert (await read(timeline, cursor))[0] == []


async def test_a_quiet_timeline_is_soon_read_with_one_request(
    instance: Instance, timeline: MastodonTimeline
) -> None:
    instance.written(10, "here")
    _, cursor = await read(timeline, None)
    instance.written(5, "and here")
    _, cursor = await read(timeline, cursor)
    instance.clock.now += 600
    _, cursor = await read(timeline, cursor)
    assert cursor == f"mastodon.1.{instance.statuses[-1]['id']}.."
    instance.asked = 0
    assert await read(timeline, cursor) == ([], cursor)
    assert instance.asked == 1


async def test_a_server_whose_ids_are_no_numbers_is_named_as_not_supported(
    instance: Instance, timeline: MastodonTimeline
) -> None:
    instance.other_ids = True
    for after in (None, "mastodon.1.17.."):
        with pytest.raises(CredentialsError, match="MASTODON_BASE_URL"):
            await timeline.posts(after, 5)
