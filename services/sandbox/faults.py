"""Faults on demand: what a vendor does on a bad day, for the next N matching requests.

The middleware is the outermost one of all, so that `send` is still the server's own and a reset
is a real reset of the connection.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Annotated, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.sandbox.answers import Answer
from services.sandbox.vendors import VENDOR_NAMES, html_failure, vendor_of

log = structlog.get_logger()

Kind = Literal["status", "html", "timeout", "half", "reset", "drip"]
# Scripts may name a fault that strikes after the vendor has done the work in one word.
AFTER = {"accept-then-timeout": "timeout", "accept-then-reset": "reset"}


class Fault(BaseModel):
    """One entry of the table; it strikes `times` matching requests, then it is spent."""

    model_config = ConfigDict(extra="forbid")

    vendor: str = Field(description="Whose requests: x, spotify, musicbrainz or google.")
    method: str | None = Field(None, description="Only this method.")
    path: str | None = Field(None, description="Only paths that contain this text.")
    fault: Kind | Literal["accept-then-timeout", "accept-then-reset"]
    times: Annotated[int, Field(ge=1)] = Field(1, description="How many requests to strike.")
    after: int = Field(0, ge=0, description="How many matching requests to let through first.")
    after_commit: bool = Field(
        False, description="Let the vendor do the work, then strike its answer."
    )
    status: int = Field(503, ge=400, le=599, description="For `status` and `html`.")
    body: str | None = Field(None, description="For `status`: this text, not the vendor's body.")
    headers: dict[str, str] = Field({}, description="For `status`: headers besides the vendor's.")
    seconds: float = Field(
        30.0, ge=0, le=600, description="How long `timeout` holds and `drip` takes altogether."
    )

    @field_validator("vendor")
    @classmethod
    def known(cls, value: str) -> str:
        if value not in VENDOR_NAMES:
            message = f"no such vendor; there are {', '.join(sorted(VENDOR_NAMES))}"
            raise ValueError(message)
        return value

    def model_post_init(self, _: object) -> None:
        if self.fault in AFTER:
            self.fault = AFTER[self.fault]  # type: ignore[assignment]  # values of AFTER are kinds
            self.after_commit = True

    def matches(self, vendor: str, method: str, path: str) -> bool:
        return (
            vendor == self.vendor
            and method == (self.method or method).upper()
            and (self.path or "") in path
        )


class Faults:
    """The table of planned faults, first planned first struck."""

    def __init__(self) -> None:
        self.planned: dict[int, Fault] = {}
        self.ids = count(1)
        self.struck = 0

    def plan(self, fault: Fault) -> int:
        number = next(self.ids)
        self.planned[number] = fault
        return number

    def clear(self) -> None:
        self.planned.clear()

    def strike(self, vendor: str, method: str, path: str) -> Fault | None:
        """The fault that this request meets, if any; counts it."""
        for number, fault in list(self.planned.items()):
            if not fault.matches(vendor, method, path):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.times -= 1
            if not fault.times:
                del self.planned[number]
            self.struck += 1
            return fault
        return None


class FaultMiddleware:
    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app, self.faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vendor = vendor_of(scope["path"]) if scope["type"] == "http" else None
        fault = vendor and self.faults.strike(vendor.name, scope["method"], scope["path"])
        if not vendor or not fault:
            await self.app(scope, receive, send)
            return
        log.info("fault.struck", vendor=vendor.name, path=scope["path"], fault=fault.fault)
        if fault.after_commit or fault.fault in {"half", "drip"}:
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


Strike = Callable[[Fault, Answer, list[Message], Receive, Send], Awaitable[None]]
STRIKES: dict[str, Strike] = {
    "status": _status,
    "html": _html,
    "timeout": _timeout,
    "half": _half,
    "reset": _reset,
    "drip": _drip,
}


async def _send(answer: Answer, send: Send) -> None:
    headers = {
        "content-type": answer.media_type,
        "content-length": str(len(answer.body)),
        **answer.headers,
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


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
