"""A catalogue's JSON over HTTP, asked at its pace; every failure comes out as a VendorError."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import httpx

from services.gateway.breaker import EVERY_LANE
from services.gateway.catalogues.pace import Pace
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import (
    BusyVendorError,
    FailedVendorError,
    RefusedByVendorError,
    VendorError,
)

# After the vendor asked us to slow down.
PAUSED_TURNS, COME_AGAIN_SECONDS = 5, 5.0

Document = Mapping[str, Any]
T = TypeVar("T")


class JsonApi:
    """The client of one catalogue; no error of its repeats what was asked, or the address."""

    def __init__(
        self,
        base_url: str,
        calls: VendorCalls,
        pace: Pace,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        self.calls, self.pace, self.vendor = calls, pace, calls.vendor
        self.http = httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            params=params,
            timeout=calls.httpx_timeout,
        )

    async def close(self) -> None:
        await self.http.aclose()

    async def get(
        self,
        path: str,
        params: Mapping[str, str],
        read: Callable[[httpx.Response], T],
        *,
        begun: bool = False,
    ) -> T:
        """What `read` makes of the answer; asked a second time when the answer was lost.

        `begun`: it is one more request for a question of which others were answered.
        """

        async def ask() -> T:
            # Whoever may not ask need not wait to hear it.
            check = partial(self.calls.breaker.check, EVERY_LANE)
            async with self.pace.turn(check, begun=begun):
                with self.calls.measured(), self.calls.deadline():
                    return read(await self._answer(path, params))

        return await self.calls.repeat(ask)

    async def _answer(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        try:
            return await self.http.get(path, params=dict(params))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self.calls.httpx_error(error) from error

    def document(self, response: httpx.Response) -> Document:
        """The JSON object of a good answer; raises what any other status stands for."""
        status = response.status_code
        if status == 429:
            raise self.busy()
        if status >= 500:
            detail = f"it is unwell (status {status})."
            raise FailedVendorError(self.vendor, detail, retry_after=10)
        if status >= 400:
            raise RefusedByVendorError(self.vendor, f"it refuses (status {status}).")
        document = json_object(response) if response.is_success else None
        if document is None:
            raise FailedVendorError(self.vendor, "its answer is no JSON object.", retry_after=5)
        return document

    def busy(self) -> VendorError:
        """The error for a rate limit; nobody asks for a while."""
        self.pace.pause(PAUSED_TURNS * self.pace.interval)
        detail = "it asks us to slow down."
        return BusyVendorError(self.vendor, detail, retry_after=COME_AGAIN_SECONDS)

    @contextmanager
    def in_shape(self) -> Iterator[None]:
        """Turn what goes wrong in reading an answer of no known shape into a VendorError."""
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            detail = f"its answer cannot be read ({type(error).__name__})."
            raise FailedVendorError(self.vendor, detail, retry_after=5) from error


def json_object(response: httpx.Response) -> Document | None:
    """The body as a JSON object; None when it is none."""
    try:
        document = response.json()
    except ValueError:
        return None
    return document if isinstance(document, Mapping) else None
