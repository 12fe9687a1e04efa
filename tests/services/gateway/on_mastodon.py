"""An account of Mastodon's for tests: at the sandbox, or at a server that answers nonsense."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.timelines.timeline import Intent
from services.gateway.vendor_calls import VendorCalls, VendorMetrics


def intent(text: str, asked_at: datetime | None = None, key: str = "key") -> Intent:
    return Intent(key, text, asked_at or datetime.now(UTC))


@contextmanager
def timeline_at(
    base: str, metrics: VendorMetrics, token: str = "token"
) -> Iterator[MastodonTimeline]:
    calls = VendorCalls("mastodon", 6.0, metrics)
    timeline = MastodonTimeline(f"{base}/mastodon", token, "public", calls)
    yield timeline
    timeline.close()


@asynccontextmanager
async def answering(body: bytes, *headers: str) -> AsyncIterator[str]:
    """A server that answers everything with status 200 and this body; its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
