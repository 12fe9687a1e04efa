"""How a page is made: templates that escape everything, and headers that forbid the rest."""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from services.common.problems import ProblemError, TooLargeError
from services.common.request_ids import current_request_id
from services.gateway.pages.visitors import LoginNeeded, visitor_of
from services.gateway.proper_names import proper_name

HERE = Path(__file__).parent
STATIC = HERE / "static"
MAX_FORM_BYTES = 256 * 1024
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))  # of time, in seconds
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "connect-src 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401 - a template takes anything
    """Render a template; the visitor, the path asked for and the time are there in each."""
    visitor = visitor_of(request)
    settings = request.app.state.settings
    body = (
        templates()
        .get_template(template)
        .render(
            visitor=visitor,
            path=request.url.path,
            google=request.app.state.desk is None,
            sandbox_url=getattr(settings, "sandbox_url", None),
            now=datetime.now(UTC),
            **context,
        )
    )
    response = HTMLResponse(body, status)
    visitor.remember_token(request, response)
    return response


@cache
def templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=without_nul,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ago": ago,
        "in_words": in_words,
        "web_link": web_link,
        "proper_name": proper_name,
        "percent": percent,
    }
    environment.globals["asset"] = asset
    return environment


def prepare_pages() -> None:
    """Compile all templates, so that nobody waits for it before their first page."""
    for name in templates().list_templates():
        templates().get_template(name)


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the content, so that it may be cached."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def without_nul(value: object) -> object:
    """What a template shows, without the character that no page may hold."""
    if isinstance(value, str) and "\0" in value:
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return value


def web_link(address: str | None) -> str | None:
    """The address, if a person may safely be sent there."""
    try:
        scheme = urlsplit(address or "").scheme
    except ValueError:  # such as http://[
        return None
    return address if scheme in {"http", "https"} else None


def percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def ago(then: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits, rounded down."""
    seconds = max(0, int((now - then).total_seconds()))
    for unit, length in UNITS:
        if count := seconds // length:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return f"{seconds} s ago"


def in_words(seconds: float) -> str:
    """A span of time as a person would say it."""
    for unit, length in UNITS:
        if seconds >= 1.5 * length:
            return f"{round(seconds / length)} {unit}s"
    return f"{max(0, round(seconds))} s"


class PageRoute(APIRoute):
    """A route for people: its errors are pages too, and all its answers carry the headers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            response: Response
            try:
                refuse_large_form(request)
                response = await answer(request)
            except LoginNeeded as needed:
                response = RedirectResponse(f"/login?next={quote(needed.wanted, safe='')}", 303)
            except ProblemError as error:
                response = error_page(request, error.status, error.detail)
                response.headers.update(error.headers)
            except HTTPException as error:
                response = error_page(request, error.status_code, str(error.detail))
            except RequestValidationError as error:
                fields = ", ".join(str(fault["loc"][-1]) for fault in error.errors())
                response = error_page(request, 422, f"The form came incomplete or wrong: {fields}.")
            response.headers.update(HEADERS)
            return response

        return guarded


def refuse_large_form(request: Request) -> None:
    if request.method != "POST":
        return
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MAX_FORM_BYTES:
        raise TooLargeError(f"A form may have {MAX_FORM_BYTES // 1024} KiB, and says its length.")


def error_page(request: Request, status: int, detail: str) -> HTMLResponse:
    title = HTTPStatus(status).phrase
    return page(
        request,
        "error.html",
        status,
        title=title,
        detail=detail,
        request_id=current_request_id(),
    )
