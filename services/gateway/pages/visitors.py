"""Who is looking at a page, and whether a form really came from one.

- With `API_KEYS`, a person logs in with one of them. The session cookie is signed with that very
  key: nothing is stored, it survives a restart, and taking the key away ends its sessions.
- Without keys nobody logs in, so the pages answer to loopback names only: a page elsewhere whose
  name was rebound to this machine is turned away.
- A form must come from this origin (`Sec-Fetch-Site`, `Origin`) and carry the token of the
  cookie that only this origin can read.
"""

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

from fastapi import Depends, Form, Request, Response
from pydantic import SecretStr

from services.common.auth import key_id
from services.common.problems import ForbiddenError
from services.common.settings import ServiceSettings

SESSION = "deephypebot_session"
TOKEN = "deephypebot_token"  # noqa: S105 - a cookie's name
CURATOR = "deephypebot_curator"
SESSION_SECONDS = 7 * 86_400
CURATOR_SECONDS = 365 * 86_400
MAX_NAME = 60


class LoginNeeded(Exception):  # noqa: N818 - it is no error: the answer is the login page
    """The visitor has to log in before they see `wanted`."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True)
class Visitor:
    """The person in front of the page, as far as their cookies tell."""

    curator: str
    token: str
    logged_in: bool
    needs_login: bool

    def remember_token(self, request: Request, response: Response) -> None:
        if request.cookies.get(TOKEN) != self.token:
            set_cookie(request, response, TOKEN, self.token, CURATOR_SECONDS)


def visitor_of(request: Request) -> Visitor:
    settings: ServiceSettings = request.app.state.settings
    told = unquote(request.cookies.get(CURATOR, ""))
    given = "".join(filter(str.isprintable, told)).strip()[:MAX_NAME]
    return Visitor(
        curator=given or getattr(settings, "curator", "curator"),
        token=request.cookies.get(TOKEN) or secrets.token_urlsafe(24),
        logged_in=session_holds(request.cookies.get(SESSION, ""), settings.api_keys),
        needs_login=bool(settings.api_keys),
    )


def admit(request: Request) -> Visitor:
    """Dependency of every page but the login: raises LoginNeeded or ForbiddenError."""
    visitor = visitor_of(request)
    if not visitor.needs_login:
        refuse_rebound_name(request)
    elif not visitor.logged_in:
        raise LoginNeeded(_wanted(request))
    return visitor


def _wanted(request: Request) -> str:
    """Where to go after the login: the page asked for, or the desk after a form."""
    if request.method != "GET":
        return "/curate"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def refuse_rebound_name(request: Request) -> None:
    settings: ServiceSettings = request.app.state.settings
    name = request.url.hostname or ""
    if _is_loopback(settings.host) and not (_is_loopback(name) or name == settings.host):
        message = (
            f"Without API_KEYS this page answers on this machine only, not as '{name}'. "
            "Set API_KEYS to open it to others."
        )
        raise ForbiddenError(message)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


async def own_form(request: Request, token: Annotated[str, Form()] = "") -> None:
    """Dependency of every POST: raises ForbiddenError for a form that came from elsewhere."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    same_origin = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    cookie = request.cookies.get(TOKEN, "")
    same_token = bool(cookie) and hmac.compare_digest(cookie.encode(), token.encode())
    if site not in {"same-origin", "none"} or not same_origin or not same_token:
        raise ForbiddenError(
            "This form did not come from this page, so nothing was changed. "
            "Open the page again (cookies must be allowed) and repeat it."
        )


FORM_CHECKS = [Depends(own_form)]


def open_session(key: SecretStr, now: float | None = None) -> str:
    expires = str(int((time.time() if now is None else now) + SESSION_SECONDS))
    return f"{key_id(key.get_secret_value())}.{expires}.{_signature(key, expires)}"


def session_holds(cookie: str, keys: Sequence[SecretStr], now: float | None = None) -> bool:
    """Whether one of `keys` signed the cookie, and it has not expired."""
    _, expires, signature = [*cookie.split("."), "", "", ""][:3]
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12):
        return False
    if int(expires) < (time.time() if now is None else now):
        return False
    given = signature.encode()
    signed = [hmac.compare_digest(_signature(key, expires).encode(), given) for key in keys]
    return any(signed)


def _signature(key: SecretStr, expires: str) -> str:
    secret = key.get_secret_value().encode()
    return hmac.new(secret, f"session:{expires}".encode(), hashlib.sha256).hexdigest()


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        quote(value),
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
