"""Deadlines for whole answers, where `requests` and `httpx` only bound the silence between bytes.

A vendor that drips its answer byte by byte would keep a thread, and whatever lock that thread
holds, for as long as it likes: whoever awaits the thread gives up, but the thread goes on.

What is bounded here is the body. Of the headers each wait for data is bounded, and their number
and length are by the HTTP libraries, but not the time that all of them take together.
"""

import io
import threading
import time
from collections.abc import Iterator
from typing import Any, TypeVar

import httpx
import requests
import requests.adapters
import urllib3.exceptions
from requests.utils import get_environ_proxies, select_proxy

S = TypeVar("S", bound=requests.Session)
Timeout = tuple[float, float]  # seconds to connect, and to wait for data
CHUNK = 65_536
CONNECTIONS = 16  # kept open to one vendor, at most
# How much longer than one silence a whole answer may take.
WHOLE = 1.5


class PatientAdapter(requests.adapters.HTTPAdapter):
    """Reads every answer whole, with the timeouts given, or raises requests.ReadTimeout."""

    def __init__(self, timeout: Timeout) -> None:
        super().__init__(pool_maxsize=CONNECTIONS)
        self.timeout = timeout

    def send(self, request: requests.PreparedRequest, *_: Any, **how: Any) -> requests.Response:  # noqa: ANN401 - as requests calls it
        until = time.monotonic() + sum(self.timeout) * WHOLE
        response = super().send(request, **{**how, "stream": True, "timeout": self.timeout})
        try:
            body = b"".join(_chunks(response, until))
        except BaseException:
            response.close()
            raise
        response.raw = io.BytesIO(body)
        return response


def patient(session: S, timeout: Timeout) -> S:
    """The session, whose answers come in time from now on, or fail."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, PatientAdapter(timeout))
    return session


def _chunks(response: requests.Response, until: float) -> Iterator[bytes]:
    """The decoded body, as it comes; fails as `requests` itself does."""
    try:
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            if time.monotonic() > until:
                message = "the answer took too long"
                raise requests.ReadTimeout(message, response=response)
            yield chunk
    except urllib3.exceptions.ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except urllib3.exceptions.DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(error) from error


class PatientTransport(httpx.BaseTransport):
    """The same for a synchronous httpx client; raises httpx.ReadTimeout.

    A client with a transport of its own no longer looks for proxies in the environment, so this
    does, as `requests` does: HTTPS_PROXY, NO_PROXY and the like.
    """

    def __init__(self, timeout: Timeout) -> None:
        self.timeout = timeout
        self.by_proxy: dict[str | None, httpx.HTTPTransport] = {None: httpx.HTTPTransport()}
        self.adding = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + sum(self.timeout) * WHOLE
        response = self._transport(str(request.url)).handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Stream(response.stream, request, until),
            extensions=response.extensions,
        )

    def _transport(self, url: str) -> httpx.HTTPTransport:
        proxy = select_proxy(url, get_environ_proxies(url))
        if proxy and "://" not in proxy:
            proxy = f"http://{proxy}"
        with self.adding:
            if proxy not in self.by_proxy:
                self.by_proxy[proxy] = httpx.HTTPTransport(proxy=proxy)
            return self.by_proxy[proxy]

    def close(self) -> None:
        for transport in self.by_proxy.values():
            transport.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, request: httpx.Request, until: float) -> None:
        self.stream, self.request, self.until = stream, request, until

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.stream:
            if time.monotonic() > self.until:
                message = "the answer took too long"
                raise httpx.ReadTimeout(message, request=self.request)
            yield chunk

    def close(self) -> None:
        self.stream.close()
