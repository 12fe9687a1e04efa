"""One id per request: taken from `X-Request-ID` where it is well formed, made where not.

The id is bound to every log line of the request, returned to the caller, and passed on by
`services.common.rest`, so that a published post can be traced back to the poll that read it.
"""

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars, get_contextvars

log = structlog.get_logger()

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})


def new_request_id() -> str:
    return secrets.token_hex(8)


def current_request_id() -> str:
    """The id of the request being served, or a new one outside of any."""
    return str(get_contextvars().get("request_id") or new_request_id())


class RequestIdMiddleware:
    """Binds the request id and logs one line per request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if WELL_FORMED.fullmatch(given) else new_request_id()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        started = time.perf_counter()
        with bound_contextvars(request_id=request_id):
            await self.app(scope, receive, send_with_id)
            if scope["path"] not in QUIET_PATHS:
                elapsed = round((time.perf_counter() - started) * 1000, 1)
                write = log.info if status >= 500 else log.debug
                write(
                    "request.served",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    milliseconds=elapsed,
                )
