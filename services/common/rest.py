"""The base of the typed clients: one httpx client per upstream, explicit timeouts, one retry rule.

Only what is safe to repeat is repeated: GET and PUT, and only when there was no answer, or a 429
or 503 that does not ask for a long wait. Every error is a `ServiceError`:

    ServiceError            the service answered with a problem
    ├── RefusedError        4xx: repeating it will not help
    ├── BusyError           429 or 503: later may help; carries retry_after
    ├── FailedError         other 5xx
    └── UnreachableError    no answer, one that breaks the contract, or another's: a proxy's error
        └── NotSentError    no connection: the service never heard of it
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import stamina
from pydantic import BaseModel, SecretStr, ValidationError

from services.common.problems import NO_SUCH_DOOR
from services.common.request_ids import HEADER, current_request_id

PATIENCE = 30.0  # seconds; a caller told to wait longer should know, not hang

M = TypeVar("M", bound=BaseModel)


class ServiceError(Exception):
    """A call to a service failed; `status` is 0 when there was no answer."""

    def __init__(self, detail: str, *, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.retry_after = retry_after


class RefusedError(ServiceError):
    pass


class BusyError(ServiceError):
    pass


class FailedError(ServiceError):
    pass


class UnreachableError(ServiceError):
    pass


class NotSentError(UnreachableError):
    pass


def _seconds(value: str | None) -> float | None:
    try:
        return min(float(value), 3600.0) if value else None
    except ValueError:
        return None


def shown(url: httpx.URL | str) -> str:
    """An address as it may be told, without the password that it may hold."""
    return str(httpx.URL(url).copy_with(userinfo=b""))


def error_from(response: httpx.Response) -> ServiceError:
    """The typed error for a problem document (or whatever came instead of one)."""
    status = response.status_code
    try:
        problem = response.json()
        detail, kind = str(problem["detail"]), problem.get("type")
    except (ValueError, KeyError, TypeError):
        return UnreachableError(f"answered {status} without a problem document")
    if kind == NO_SUCH_DOOR:
        return UnreachableError(f"{response.url.path} is not there: is it another service?")
    if status in {429, 503}:
        wait = _seconds(response.headers.get("Retry-After"))
        return BusyError(detail, status=status, retry_after=wait)
    kind = RefusedError if status < 500 else FailedError
    return kind(detail, status=status)


def worth_repeating(error: Exception) -> bool | float:
    """For stamina: whether to try again, or after how many seconds."""
    if isinstance(error, BusyError):
        wait = error.retry_after or 0.0
        return wait <= PATIENCE and (wait or True)
    return isinstance(error, UnreachableError)


class RestClient:
    """Speaks JSON with one service."""

    def __init__(
        self,
        base_url: str,
        *,
        key: SecretStr | None = None,
        timeout: float = 30.0,
        attempts: int = 3,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self.attempts = attempts
        self.http = httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            timeout=httpx.Timeout(timeout, connect=5.0),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        answer: type[M],
        *,
        params: Mapping[str, Any] | None = None,
        body: BaseModel | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> M:
        """One call with its retries; raises ServiceError."""
        attempts = self.attempts if method in {"GET", "PUT"} else 1
        request = self.http.build_request(
            method,
            path,
            params={name: value for name, value in (params or {}).items() if value is not None},
            content=body.model_dump_json() if body is not None else None,
            headers={
                HEADER: current_request_id(),
                **({"Content-Type": "application/json"} if body is not None else {}),
                **(headers or {}),
            },
        )
        async for attempt in stamina.retry_context(
            on=worth_repeating, attempts=attempts, timeout=None, wait_initial=0.2, wait_max=5.0
        ):
            with attempt:
                return await self._once(request, answer)
        raise AssertionError("stamina always returns or raises")  # pragma: no cover

    async def _once(self, request: httpx.Request, answer: type[M]) -> M:
        try:
            response = await self.http.send(request)
        except httpx.HTTPError as error:
            message = f"{shown(request.url)} did not answer: {type(error).__name__}"
            never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise (NotSentError if never_sent else UnreachableError)(message) from error
        if response.is_error:
            raise error_from(response)
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            message = f"{request.url.path} broke its contract: {error.error_count()} wrong fields"
            raise UnreachableError(message) from error
