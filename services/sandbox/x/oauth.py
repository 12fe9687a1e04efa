"""Logging in by a PIN (OAuth 1.0a, out of band): its user says yes at once.

Request tokens say themselves what they are (`services.sandbox.tokens`), and the PIN follows from
them; only which were used is remembered, and only by this process. As elsewhere on this X, nobody
checks signatures.
"""

import hmac
from hashlib import sha256
from html import escape
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.sandbox import tokens
from services.sandbox.answers import HTML, Answer, VendorError, refuse
from services.sandbox.limits import Clock
from services.sandbox.settings import SandboxSettings
from services.sandbox.x.caller import SIGNED, oauth_parameters

REQUEST = "x-request"
REQUEST_SECONDS = 600
PIN_DIGITS = 7
OUT_OF_BAND = "oob"
NOT_APPROVED = "Callback URL not approved for this client application."
WRONG_PIN = "Error processing your OAuth request: Invalid oauth_verifier parameter"


class OAuth:
    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.used: set[str] = set()

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/request_token", self.request_token, methods=["POST"]),
            Route("/oauth/authorize", self.authorize),
            Route("/oauth/access_token", self.access_token, methods=["POST"]),
        ]

    async def request_token(self, request: Request) -> Response:
        given = _signed(request, SIGNED - {"oauth_token"})
        if given.get("oauth_callback") != OUT_OF_BAND:
            raise _error(403, 415, NOT_APPROVED)
        token = tokens.issue(REQUEST, self.clock() + REQUEST_SECONDS)
        return _form(
            {
                "oauth_token": token,
                "oauth_token_secret": _digest("request", token),
                "oauth_callback_confirmed": "true",
            }
        )

    async def authorize(self, request: Request) -> Response:
        """The user of the sandbox is logged in, and agrees."""
        token = request.query_params.get("oauth_token", "")
        if not self._holds(token):
            return HTMLResponse(_page("The request token for this page is invalid."), 403)
        pin = f"Enter this PIN to complete the authorization: <code>{escape(_pin(token))}</code>"
        return HTMLResponse(_page(pin))

    async def access_token(self, request: Request) -> Response:
        given = _signed(request, SIGNED)
        token = given["oauth_token"]
        if not self._holds(token):
            raise _error(401, 89, "Invalid or expired token.")
        if not hmac.compare_digest(_pin(token).encode(), (await _verifier(request)).encode()):
            raise VendorError(Answer(401, WRONG_PIN.encode(), HTML))
        self.used.add(token)
        access = f"{self.settings.bot_id}-{_digest('access', token)}"
        return _form(
            {
                "oauth_token": access,
                "oauth_token_secret": _digest("secret", access),
                "user_id": self.settings.bot_id,
                "screen_name": self.settings.bot_username,
            }
        )

    def _holds(self, token: str) -> bool:
        expiry = tokens.expiry(REQUEST, token)
        return expiry is not None and expiry > self.clock() and token not in self.used


def _signed(request: Request, needed: set[str]) -> dict[str, str]:
    """The parameters of a signed request; raises X's 401."""
    given = oauth_parameters(request)
    if not given.keys() >= needed:
        raise _error(401, 32, "Could not authenticate you.")
    return given


async def _verifier(request: Request) -> str:
    """Clients put it into the header or into the body."""
    form = parse_qs((await request.body()).decode(errors="replace"))
    named = oauth_parameters(request).get("oauth_verifier")
    return named or form.get("oauth_verifier", [""])[0]


def _pin(token: str) -> str:
    return f"{int(_digest('pin', token), 16) % 10**PIN_DIGITS:0{PIN_DIGITS}d}"


def _digest(purpose: str, token: str) -> str:
    return hmac.new(tokens.KEY, f"{purpose}:{token}".encode(), sha256).hexdigest()[:40]


def _page(words: str) -> str:
    return f"<!DOCTYPE html>\n<title>X / Authorize an application</title>\n<p>{words}</p>\n"


def _form(fields: dict[str, str]) -> Response:
    """X calls its forms HTML."""
    return HTMLResponse(urlencode(fields))


def _error(status: int, code: int, message: str) -> VendorError:
    return refuse(status, {"errors": [{"code": code, "message": message}]})
