"""Errors as RFC 9457 problem documents: one tree, one handler, one shape.

ProblemError                 base; carries status, title and a detail safe to show
├── BadRequestError          400  the caller can mend the request
├── UnauthorizedError        401  no key, or a wrong one
├── ForbiddenError           403  the caller may not do this
├── NotFoundError            404
├── ConflictError            409  somebody else was faster
├── TooLargeError            413
├── OverloadedError          429  with Retry-After
└── UnavailableError         503  not ready, or switched off
"""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.request_ids import current_request_id

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
# The type of a problem that no route of the service raised: whoever asked means another one.
NO_SUCH_DOOR = "urn:deephypebot:no-such-door"
MOST_FAULTS = 20  # listed of a request that is wrong throughout


class Problem(BaseModel):
    """An error as callers see it (RFC 9457)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "There is no draft 'x:17:2'.",
                "instance": "/v1/drafts/x:17:2",
                "request_id": "8f1c2b7a5d3e4f60",
            }
        },
    )

    type: str = Field("about:blank", description="URI of the kind of problem.")
    title: str = Field(description="What kind of problem this is.")
    status: int = Field(description="The HTTP status, again.")
    detail: str = Field(description="What was wrong and what to do.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="Names this request in the logs.")


class ProblemError(Exception):
    """Base of every error that a service answers with; `detail` is shown to the caller."""

    status: ClassVar[int] = 500

    def __init__(
        self, detail: str, *, headers: Mapping[str, str] | None = None, **extensions: object
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extensions = extensions


class BadRequestError(ProblemError):
    status = 400


class UnauthorizedError(ProblemError):
    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class ForbiddenError(ProblemError):
    status = 403


class NotFoundError(ProblemError):
    status = 404


class ConflictError(ProblemError):
    status = 409


class TooLargeError(ProblemError):
    status = 413


class OverloadedError(ProblemError):
    status = 429

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, math.ceil(retry_after)))})


class UnavailableError(ProblemError):
    status = 503


class ProblemResponse(JSONResponse):
    """A problem document; it may quote what a caller sent, lone surrogates included."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - the base's own type
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def problem_response(
    request: Request,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    extensions: Mapping[str, object] | None = None,
) -> ProblemResponse:
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "request_id": current_request_id(),
        **(extensions or {}),
    }
    return ProblemResponse(document, status, dict(headers or {}))


def install_handlers(app: FastAPI) -> None:
    """Answer every error of `app` as a problem document."""

    @app.exception_handler(ProblemError)
    async def on_problem(request: Request, error: ProblemError) -> JSONResponse:
        return problem_response(
            request, error.status, error.detail, error.headers, error.extensions
        )

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        detail = _in_words(error, request)
        extensions = {"type": NO_SUCH_DOOR} if detail != error.detail else None
        return problem_response(request, error.status_code, detail, error.headers, extensions)

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [_fault(error) for error in error.errors()[:MOST_FAULTS]]
        detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults[:5])
        return problem_response(request, 422, detail, extensions={"errors": faults})


def _fault(error: Mapping[str, Any]) -> dict[str, str]:
    """Where a request is wrong, and in what; of JSON that cannot be read, how, and where."""
    kind, place = error["type"], error["loc"]
    if kind == "json_invalid":
        reason = error["ctx"]["error"]
        return {"where": "body", "what": f"Not JSON: {reason} (character {place[-1]})"}
    if place == ("body",) and kind in {"model_attributes_type", "missing"}:
        return {"where": "body", "what": "Send a JSON object, as Content-Type: application/json"}
    return {"where": ".".join(map(str, place)), "what": error["msg"]}


def _in_words(error: HTTPException, request: Request) -> str:
    """What the framework says with the status alone, said so that it helps."""
    if error.status_code == 404 and error.detail == HTTPStatus.NOT_FOUND.phrase:
        return "There is nothing at this path; /docs lists what there is."
    if error.status_code == 405 and error.detail == HTTPStatus.METHOD_NOT_ALLOWED.phrase:
        allowed = (error.headers or {}).get("Allow", "other methods")
        return f"{request.method} is not possible here; {allowed} is."
    return str(error.detail)


class DefectMiddleware:
    """Turns an exception that nobody expected into a 500 problem and a log entry.

    Starlette's own handler for `Exception` sits outside of all middleware, where the request id
    is gone; this one sits inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception:
            log.exception("request.failed", path=scope["path"])
            if started:
                raise
            detail = "The service failed; the request id names the entry in its log."
            await problem_response(Request(scope), 500, detail)(scope, receive, send)


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    # Not by `model`: that would promise application/json too.
    "default": {
        "description": "A problem document (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}
