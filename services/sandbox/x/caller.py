"""Who is calling X, by the Authorization header.

Signatures are not checked: whoever can reach the sandbox may be any account. The account is the
part of the OAuth 1.0a access token before the dash, as in real tokens.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request

from services.sandbox.x.errors import refused, unsupported_authentication

OAUTH_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
SIGNED = {"oauth_consumer_key", "oauth_token", "oauth_signature", "oauth_nonce", "oauth_timestamp"}


@dataclass(frozen=True)
class Caller:
    """An authenticated caller; `user_id` is None for an app-only bearer token."""

    key: str
    user_id: str | None

    def user(self) -> str:
        """The calling account; refused for app-only callers."""
        if self.user_id is None:
            raise unsupported_authentication()
        return self.user_id


def oauth_parameters(request: Request) -> dict[str, str]:
    """What an OAuth 1.0a header says; empty where there is none."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    found = OAUTH_PARAMETER.findall(credentials) if scheme == "OAuth" else ()
    return {name: unquote(value) for name, value in found}


def caller(request: Request) -> Caller:
    """Raises X's 401 when nobody is named."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme == "OAuth":
        parameters = oauth_parameters(request)
        user_id, dash, _ = parameters.get("oauth_token", "").partition("-")
        if parameters.keys() >= SIGNED and dash and user_id.isdigit():
            return Caller(f"user:{user_id}", user_id)
    elif scheme == "Bearer" and credentials:
        return Caller("app", None)
    raise refused(401, "Unauthorized")
