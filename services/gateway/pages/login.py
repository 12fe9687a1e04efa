"""Logging in with one of the `API_KEYS`, and out again."""

import hmac
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.common.auth import key_id
from services.common.settings import ServiceSettings
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import (
    FORM_CHECKS,
    SESSION,
    SESSION_SECONDS,
    open_session,
    set_cookie,
    visitor_of,
)

log = structlog.get_logger()
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/login")
async def show_login(request: Request, next: str = "/curate") -> Response:  # noqa: A002 - the parameter's usual name
    visitor = visitor_of(request)
    if visitor.logged_in or not visitor.needs_login:
        return RedirectResponse(within_this_site(next), 303)
    return page(request, "login.html", next=within_this_site(next), wrong=False)


@router.post("/login", dependencies=FORM_CHECKS)
async def log_in(
    request: Request,
    key: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/curate",  # noqa: A002 - as above
) -> Response:
    settings: ServiceSettings = request.app.state.settings
    given = key.strip().encode()
    # Every key is compared, so that timing says nothing about which one came close.
    known = [
        candidate
        for candidate in settings.api_keys
        if hmac.compare_digest(candidate.get_secret_value().encode(), given)
    ]
    if not known:
        log.warning("login.refused", address=request.client.host if request.client else None)
        return page(request, "login.html", 401, next=within_this_site(next), wrong=True)
    log.info("login.accepted", key_id=key_id(known[0].get_secret_value()))
    response = RedirectResponse(within_this_site(next), 303)
    set_cookie(request, response, SESSION, open_session(known[0]), SESSION_SECONDS)
    return response


@router.post("/logout", dependencies=FORM_CHECKS)
async def log_out() -> Response:
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION, httponly=True, samesite="strict")
    return response


def within_this_site(address: str) -> str:
    """The address, if it is a path of ours; an open redirect would help a phisher."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and address.isprintable() else "/curate"
