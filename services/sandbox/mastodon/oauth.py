"""Logging in: an app registers, its user says yes at once, a code becomes a token.

Ids, codes and tokens say themselves what they are (`services.sandbox.tokens`), so that they
outlive a restart; only which codes were used is remembered, and only by this process.
"""

import hmac
from collections.abc import Callable
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.sandbox import tokens
from services.sandbox.answers import VendorError, json_response, refuse
from services.sandbox.mastodon.drafts import parameters
from services.sandbox.mastodon.errors import refused
from services.sandbox.mastodon.query import site_of

APP, CODE, TOKEN = "mastodon-app", "mastodon-code", "mastodon-token"
CODE_SECONDS = 600
LONG = 10 * 365 * 24 * 3600
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
INVALID_CLIENT = (
    "Client authentication failed due to unknown client, no client authentication included, or "
    "unsupported authentication method."
)
INVALID_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the "
    "redirection URI used in the authorization request, or was issued to another client."
)


class OAuth:
    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.used: set[str] = set()

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/apps", self.register, methods=["POST"]),
            Route("/.well-known/oauth-authorization-server", self.server),
            Route("/oauth/authorize", self.authorize),
            Route("/oauth/token", self.token, methods=["POST"]),
        ]

    async def register(self, request: Request) -> Response:
        given = await parameters(request)
        name, uris = str(given.get("client_name") or ""), _uris(given.get("redirect_uris"))
        if not name or not uris:
            what = "Application name" if not name else "Redirect URI"
            raise refused(422, f"Validation failed: {what} can't be blank")
        client_id = tokens.issue(APP, self.clock() + LONG)
        return json_response(
            {
                "id": "1",
                "name": name,
                "website": given.get("website"),
                "scopes": str(given.get("scopes") or "read").split(),
                "redirect_uri": "\n".join(uris),
                "redirect_uris": uris,
                "client_id": client_id,
                "client_secret": _secret(client_id),
                "client_secret_expires_at": 0,
                "vapid_key": "",
            }
        )

    async def server(self, request: Request) -> Response:
        site = site_of(request)
        return json_response(
            {
                "issuer": f"{site}/",
                "authorization_endpoint": f"{site}/oauth/authorize",
                "token_endpoint": f"{site}/oauth/token",
                "app_registration_endpoint": f"{site}/api/v1/apps",
                "scopes_supported": ["profile", "read", "write", "follow", "push"],
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def authorize(self, request: Request) -> Response:
        """The user of the sandbox is logged in, and agrees."""
        query = request.query_params
        if not self._holds(APP, query.get("client_id", "")):
            raise _oauth_error(401, "invalid_client", INVALID_CLIENT)
        if query.get("response_type") != "code":
            raise _oauth_error(400, "unsupported_response_type", "Only `code` is supported.")
        code = tokens.issue(CODE, self.clock() + CODE_SECONDS)
        target = query.get("redirect_uri", OUT_OF_BAND)
        if target == OUT_OF_BAND:
            return HTMLResponse(
                "<!DOCTYPE html>\n<title>Authorization code</title>\n"
                f"<p>Paste this code into the application.</p><code>{escape(code)}</code>"
            )
        back = {"code": code} | ({"state": query["state"]} if query.get("state") else {})
        return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(back)}", 302)

    async def token(self, request: Request) -> Response:
        given = await parameters(request)
        client_id, secret = str(given.get("client_id")), str(given.get("client_secret"))
        known = self._holds(APP, client_id) and hmac.compare_digest(
            secret.encode(), _secret(client_id).encode()
        )
        if not known:
            raise _oauth_error(401, "invalid_client", INVALID_CLIENT)
        self._take_grant(str(given.get("grant_type")), str(given.get("code")))
        return json_response(
            {
                "access_token": tokens.issue(TOKEN, self.clock() + LONG),
                "token_type": "Bearer",
                "scope": str(given.get("scope") or "read"),
                "created_at": int(self.clock()),
            }
        )

    def _take_grant(self, grant_type: str, code: str) -> None:
        if grant_type == "client_credentials":
            return
        if grant_type != "authorization_code":
            description = (
                "The authorization grant type is not supported by the authorization server."
            )
            raise _oauth_error(400, "unsupported_grant_type", description)
        if not self._holds(CODE, code) or code in self.used:
            raise _oauth_error(400, "invalid_grant", INVALID_GRANT)
        self.used.add(code)

    def _holds(self, kind: str, token: str) -> bool:
        expiry = tokens.expiry(kind, token)
        return expiry is not None and expiry > self.clock()


def _secret(client_id: str) -> str:
    return client_id[::-1]


def _uris(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else str(value or "").split()


def _oauth_error(status: int, error: str, description: str) -> VendorError:
    return refuse(status, {"error": error, "error_description": description})
