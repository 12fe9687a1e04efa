"""Notices that a client has hung up while its answer is being made."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request, Response

T = TypeVar("T")

CLIENT_CLOSED_REQUEST = 499  # as reverse proxies log it; nobody is there to read it


class ClientGoneError(Exception):
    """The client has closed its connection."""


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns; it is cancelled, and ClientGoneError raised, if the client hangs up."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(_hang_up(request))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGoneError
        return working.result()
    finally:
        watching.cancel()
        if working.cancel():  # it is not done
            await asyncio.gather(working, return_exceptions=True)


async def _hang_up(request: Request) -> None:
    """Return when the client hangs up; the body has been read, so nothing else can come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def answer_nobody(_: Request, __: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)
