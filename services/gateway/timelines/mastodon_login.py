"""Logging in to Mastodon: an app registers, its user says yes, a code becomes a token."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

import requests

from services.gateway.timelines.mastodon_errors import VENDOR
from services.gateway.timelines.mastodon_session import InstanceSession
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import FailedVendorError

APP_NAME = "deephypebot"
# The user is shown the code, instead of being sent somewhere with it.
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
# What the bot does: reads its timeline, its mentions and its own account, and publishes.
SCOPES = ("read:accounts", "read:notifications", "read:statuses", "write:statuses")
PROFILE_SCOPE = "write:accounts"


class NotUnderstoodError(FailedVendorError):
    """The answer is none of Mastodon's."""


@dataclass(frozen=True)
class App:
    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class MastodonAccount:
    username: str
    bot: bool


class MastodonLogin:
    """The steps of a login, in their order; each raises VendorError."""

    def __init__(self, base_url: str, scopes: Sequence[str], calls: VendorCalls) -> None:
        self.base_url, self.scopes, self.calls = base_url.rstrip("/"), " ".join(scopes), calls
        self.session = InstanceSession(calls.timeout, calls.clock)

    def close(self) -> None:
        self.session.close()

    def register(self) -> App:
        """Raises NotUnderstoodError, or a refusal, where no instance is."""
        wanted = {"client_name": APP_NAME, "redirect_uris": OUT_OF_BAND, "scopes": self.scopes}
        match self._send("POST", "/api/v1/apps", data=wanted):
            case {"client_id": str(key), "client_secret": str(secret)}:
                return App(key, secret)
        raise _not_understood()

    def address(self, app: App) -> str:
        """Where the user says yes, and is shown a code."""
        query = {
            "client_id": app.key,
            "redirect_uri": OUT_OF_BAND,
            "response_type": "code",
            "scope": self.scopes,
        }
        return f"{self.base_url}/oauth/authorize?{urlencode(query)}"

    def token(self, app: App, code: str) -> str:
        """Raises RefusedByVendorError or CredentialsError where the code is wrong."""
        grant = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": app.key,
            "client_secret": app.secret,
            "redirect_uri": OUT_OF_BAND,
            "scope": self.scopes,
        }
        match self._send("POST", "/oauth/token", data=grant):
            case {"access_token": str(token)}:
                return token
        raise _not_understood()

    def account(self, token: str) -> MastodonAccount:
        match self._send("GET", "/api/v1/accounts/verify_credentials", token):
            case {"acct": str(username), "bot": bool(bot)}:
                return MastodonAccount(username, bot)
        raise _not_understood()

    def mark_as_bot(self, token: str) -> None:
        """Needs PROFILE_SCOPE."""
        self._send("PATCH", "/api/v1/accounts/update_credentials", token, data={"bot": "true"})

    def _send(
        self, method: str, route: str, token: str | None = None, data: object = None
    ) -> object:
        """The document that is the answer."""
        how: dict[str, Any] = {"data": data}
        if token:
            how["headers"] = {"Authorization": f"Bearer {token}"}
        request = partial(self.session.request, method, f"{self.base_url}{route}", **how)
        return _document(self.calls.guarded(request))


def _document(response: requests.Response) -> object:
    try:
        document: object = response.json()
    except ValueError:
        raise _not_understood() from None
    return document


def _not_understood() -> NotUnderstoodError:
    return NotUnderstoodError(VENDOR, "its answer cannot be read.")
