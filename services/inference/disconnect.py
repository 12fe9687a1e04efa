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
    working = asyncio.current_task()
    assert working is not None
    watching = asyncio.create_task(_hang_up(request, working))
    try:
        return await work
    except asyncio.CancelledError:
        left = watching.done() and not watching.cancelled() and watching.exception() is None
        if left and working.uncancel() == 0:  # and nobody else has cancelled it
            raise ClientGoneError from None
        raise
    finally:
        watching.cancel()


async def _hang_up(request: Request, working: asyncio.Task[Any]) -> None:
    """Cancel a task when the client hangs up; the body has been read, so nothing else can come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    working.cancel()


async def answer_nobody(_: Request, __: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)
