"""Logging in with a key of `API_KEYS` or `PEOPLE`, and out again."""

import asyncio
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import SecretStr

from services.gateway.audit import note_alone
from services.gateway.pages.sessions import SESSION, matching_key, open_session, set_cookie
from services.gateway.pages.throttle import WrongKeys
from services.gateway.pages.views import PageRoute, page
from services.gateway.pages.visitors import FORM_CHECKS, page_keys, visitor_of, visitor_with
from services.gateway.people import Actor
from services.gateway.settings import GatewaySettings

log = structlog.get_logger()
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/login")
async def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002 - the parameter's usual name
    visitor = visitor_of(request)
    if visitor.logged_in or not visitor.needs_login:
        return RedirectResponse(within_this_site(next), 303)
    return login_page(request, within_this_site(next))


@router.post("/login", dependencies=FORM_CHECKS)
async def log_in(
    request: Request,
    key: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - as above
) -> Response:
    settings: GatewaySettings = request.app.state.settings
    wrong_keys: WrongKeys = request.app.state.wrong_keys
    address = request.client.host if request.client else "nowhere"
    wrong_keys.refuse(address)
    known = matching_key(key.strip(), page_keys(settings))
    if known is None:
        wrong_keys.note(address)
        await asyncio.to_thread(
            note_alone, request.app.state.engine, Actor(""), "refused login", remark=address
        )
        log.warning("login.refused", address=address)
        return login_page(request, within_this_site(next), wrong=True)
    return await welcome(request, known, within_this_site(next))


async def welcome(request: Request, key: SecretStr, wanted: str) -> Response:
    settings: GatewaySettings = request.app.state.settings
    before = visitor_of(request)
    actor = visitor_with(settings, key, before.token, before.curator).acting()
    await asyncio.to_thread(note_alone, request.app.state.engine, actor, "logged in")
    log.info("login.accepted", key_id=actor.key_id)
    response = RedirectResponse(wanted, 303)
    seconds = settings.session_hours * 3600
    set_cookie(request, response, SESSION, open_session(key, seconds), int(seconds))
    return response


@router.post("/logout", dependencies=FORM_CHECKS)
async def log_out(request: Request) -> Response:
    visitor = visitor_of(request)
    if visitor.logged_in:
        await asyncio.to_thread(
            note_alone, request.app.state.engine, visitor.acting(), "logged out"
        )
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION, httponly=True, samesite="strict")
    return response


def login_page(request: Request, wanted: str, *, wrong: bool = False) -> Response:
    seconds = request.app.state.settings.session_hours * 3600
    status = 401 if wrong else 200
    return page(request, "login.html", status, next=wanted, wrong=wrong, seconds=seconds)


def within_this_site(address: str) -> str:
    """The address, if it is a path of ours; an open redirect would help a phisher."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and address.isprintable() else "/"
