"""Clients that hang up, over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import httpx
import pytest
import uvicorn
from fastapi import Request

from services.inference.app import create_app
from services.inference.disconnect import ClientGoneError, unless_gone
from services.inference.settings import InferenceSettings
from tests.services.inference.asking import ask_and_hold, metric_shown
from tests.services.inference.scripted import ScriptedWriter
from tests.services.inference.threaded import ThreadExecutor

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]

REQUEST = (
    "POST /v1/generate HTTP/1.1\r\nHost: inference\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n\r\n{body}"
)


@asynccontextmanager
async def listening(writer: ScriptedWriter, eventually: Eventually) -> AsyncIterator[int]:
    """The service on a free port."""
    app = create_app(InferenceSettings(), lambda _: writer, ThreadExecutor)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await eventually(lambda: server.started)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


async def send(port: int, **asked: int) -> asyncio.StreamWriter:
    _, stream = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(asked)
    stream.write(REQUEST.format(length=len(body), body=body).encode())
    await stream.drain()
    return stream


@pytest.fixture
async def asking(
    writer: ScriptedWriter, eventually: Eventually
) -> AsyncIterator[tuple[int, httpx.AsyncClient]]:
    """The port of a service that is ready, and a client of it."""
    async with (
        listening(writer, eventually) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await metric_shown(client, "inference_queue_tokens 0.0")
        yield port, client


async def test_a_client_that_hangs_up_is_not_computed_for(
    asking: tuple[int, httpx.AsyncClient], writer: ScriptedWriter
) -> None:
    port, client = asking
    first = await ask_and_hold(client, writer, seed=1)
    leaving = await send(port, seed=2)
    await metric_shown(client, "inference_queue_requests 1.0")
    leaving.close()
    await metric_shown(client, 'inference_rejected_total{reason="disconnected"} 1.0')
    await metric_shown(client, "inference_queue_requests 0.0")
    writer.release()
    assert (await first).status_code == 200
    assert [[request.seed for request in batch] for batch in writer.engine.batches] == [[1]]


async def test_a_client_that_hangs_up_half_way_is_not_computed_for_any_further(
    asking: tuple[int, httpx.AsyncClient], writer: ScriptedWriter, eventually: Eventually
) -> None:
    port, client = asking
    writer.engine.slots = 10
    writer.hold()
    leaving = await send(port, seed=2, candidates=200)
    await eventually(writer.busy.is_set)
    leaving.close()
    await metric_shown(client, 'inference_rejected_total{reason="disconnected"} 1.0')
    writer.release()
    await metric_shown(client, "inference_queue_tokens 0.0")
    assert writer.engine.decoded <= 20


class Listening:
    """A request whose client hangs up when told to."""

    def __init__(self) -> None:
        self.asked, self.left = asyncio.Event(), asyncio.Event()
        self.broken = False

    async def receive(self) -> dict[str, str]:
        self.asked.set()
        if self.broken:
            raise OSError("nobody listens")
        await self.left.wait()
        return {"type": "http.disconnect"}


async def _answered(request: Listening, may_end: asyncio.Event) -> str:
    """Work that goes on until it may end, while a client listens."""

    async def work() -> str:
        await may_end.wait()
        return "done"

    return await unless_gone(cast("Request", request), work())


async def test_work_is_done_while_its_client_listens() -> None:
    may_end = asyncio.Event()
    answering = asyncio.create_task(_answered(Listening(), may_end))
    may_end.set()
    assert await answering == "done"


async def test_work_is_cancelled_when_its_client_leaves() -> None:
    request = Listening()
    request.left.set()
    with pytest.raises(ClientGoneError):
        await _answered(request, asyncio.Event())
    this = asyncio.current_task()
    assert this is not None
    assert this.cancelling() == 0


@pytest.mark.parametrize("broken", [True, False])
async def test_who_is_cancelled_from_outside_is_told_so(
    broken: bool, eventually: Eventually
) -> None:
    request = Listening()
    request.broken = broken
    answering = asyncio.create_task(_answered(request, asyncio.Event()))
    await eventually(request.asked.is_set)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
