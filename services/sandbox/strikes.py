"""Striking requests with the faults that are planned for them.

The middleware is the outermost one of all, so that `send` is still the server's own and a reset
is a real reset of the connection.
"""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.sandbox.answers import Answer
from services.sandbox.faults import Call, Fault, Faults
from services.sandbox.vendors import html_failure, vendor_of

log = structlog.get_logger()


class FaultMiddleware:
    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app, self.faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vendor = vendor_of(scope["path"]) if scope["type"] == "http" else None
        fault = vendor and self.faults.strike(
            Call(vendor.name, scope["method"], scope["path"], scope["query_string"].decode())
        )
        if not vendor or not fault:
            await self.app(scope, receive, send)
            return
        log.info("fault.struck", vendor=vendor.name, path=scope["path"], fault=fault.fault)
        if fault.after_commit or fault.fault in ON_ANSWERS:
            messages = await self._answer(scope, receive)
        else:
            messages = []
        await STRIKES[fault.fault](fault, vendor.failure(fault.status), messages, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> list[Message]:
        """What the vendor would have answered."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        return messages


async def _status(fault: Fault, failure: Answer, _: list[Message], __: Receive, s: Send) -> None:
    body = failure.body if fault.body is None else fault.body.encode()
    media_type = failure.media_type if fault.body is None else "text/plain; charset=utf-8"
    headers = {**failure.headers, **fault.headers}
    await _send(Answer(fault.status, body, media_type, headers), s)


async def _html(fault: Fault, _: Answer, __: list[Message], ___: Receive, send: Send) -> None:
    await _send(html_failure(fault.status), send)


async def _timeout(
    fault: Fault, _: Answer, __: list[Message], receive: Receive, send: Send
) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(fault.seconds):
            await _gone(receive)
            return
    await _break_off(send, receive, reset=True)


async def _reset(_: Fault, __: Answer, ___: list[Message], receive: Receive, send: Send) -> None:
    await _break_off(send, receive, reset=True)


async def _half(
    _: Fault, __: Answer, messages: list[Message], receive: Receive, send: Send
) -> None:
    body = _body(messages)
    await send(messages[0])
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await _break_off(send, receive, reset=False)


async def _drip(
    fault: Fault, _: Answer, messages: list[Message], receive: Receive, send: Send
) -> None:
    body = _body(messages)
    await send(messages[0])
    pause = fault.seconds / max(1, len(body))
    gone = asyncio.ensure_future(_gone(receive))
    for place in range(len(body)):
        await send(
            {"type": "http.response.body", "body": body[place : place + 1], "more_body": True}
        )
        if (await asyncio.wait([gone], timeout=pause))[0]:
            break
    gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _duplicate(
    _: Fault, __: Answer, messages: list[Message], ___: Receive, send: Send
) -> None:
    await _send_changed(messages, lambda things: [each for each in things for _ in range(2)], send)


async def _shuffle(_: Fault, __: Answer, messages: list[Message], ___: Receive, send: Send) -> None:
    """The same order every time, and one in which neither end is where it should be."""
    await _send_changed(messages, lambda things: things[1::2] + things[::2], send)


async def _skew(fault: Fault, _: Answer, messages: list[Message], __: Receive, send: Send) -> None:
    """The vendor's clock is wrong: the date, and when a rate limit resets."""
    now = time.time() + fault.seconds
    start = messages[0]
    headers = [(name, value) for name, value in start["headers"] if name != b"date"]
    skewed = [(name, _shifted(name, value, fault.seconds)) for name, value in headers]
    await send({**start, "headers": [*skewed, (b"date", formatdate(now, usegmt=True).encode())]})
    await send({"type": "http.response.body", "body": _body(messages)})


Strike = Callable[[Fault, Answer, list[Message], Receive, Send], Awaitable[None]]
STRIKES: dict[str, Strike] = {
    "status": _status,
    "html": _html,
    "timeout": _timeout,
    "half": _half,
    "reset": _reset,
    "drip": _drip,
    "duplicate": _duplicate,
    "shuffle": _shuffle,
    "skew": _skew,
}
# These need the vendor's answer to spoil it.
ON_ANSWERS = {"half", "drip", "duplicate", "shuffle", "skew"}


async def _send(answer: Answer, send: Send) -> None:
    headers = {
        "content-type": answer.media_type,
        "content-length": str(len(answer.body)),
        **answer.headers,
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


async def _send_changed(
    messages: list[Message], change: Callable[[list[Any]], list[Any]], send: Send
) -> None:
    """Send an answer with its lists of things changed; one that is no JSON as it is."""
    body = _body(messages)
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if isinstance(document, list):
        document = change(document)
    elif isinstance(document, dict):
        document = {
            name: change(value) if isinstance(value, list) else value
            for name, value in document.items()
        }
    if document is not None:
        body = json.dumps(document).encode()
    start = messages[0]
    headers = [(n, v) for n, v in start["headers"] if n != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _shifted(name: bytes, value: bytes, seconds: float) -> bytes:
    """A header's epoch seconds, shifted where the header says when a limit resets."""
    if name.endswith(b"reset") and value.isdigit():
        return str(int(value) + int(seconds)).encode()
    return value


def _body(messages: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages[1:])


async def _gone(receive: Receive) -> None:
    """Return when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _break_off(send: Send, receive: Receive, *, reset: bool) -> None:
    """End the connection under the client, and wait until the server has noticed."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        message = "there is no connection to break: this fault needs a real server"
        raise ConnectionResetError(message)
    if reset:
        # Lingering for zero seconds turns the close into a reset.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    await _gone(receive)
