"""Refuses request bodies that are too large, announced or not, before they are held in memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimitMiddleware:
    """Raises a 413 where the app reads the body, so that the problem handlers answer it.

    Starlette's own limit answers in plain text.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = _announced(scope)
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            if announced > self.limit:
                raise self._refusal()
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise self._refusal()
            return message

        await self.app(scope, receive_within_limit, send)

    def _refusal(self) -> HTTPException:
        return HTTPException(
            413, f"The body is larger than {self.limit} bytes: send less at a time."
        )


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0
