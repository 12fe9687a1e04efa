"""Logging in to X by a PIN (OAuth 1.0a, out of band): an app's keys, and its user's yes.

Requests are signed for X's own host and sent to the base URL, as the timeline's are.
"""

import re
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qsl, urlencode

import requests
from requests_oauthlib import OAuth1

from services.gateway.timelines.x import HOST, Redirect, XKeys
from services.gateway.timelines.x_errors import VENDOR, document_of, error_from
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import CredentialsError, FailedVendorError, VendorError

OUT_OF_BAND = "oob"
MARKUP = re.compile(r"<[^>]*>|\s+")
MOST_SAID = 200


@dataclass(frozen=True)
class App:
    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class RequestToken:
    """A login that has begun; its user has not said yes yet."""

    token: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class XAccount:
    username: str
    may_publish: bool


class XLogin:
    """The steps of a login, in their order; each raises VendorError."""

    def __init__(self, app: App, base_url: str, calls: VendorCalls) -> None:
        self.app, self.base_url, self.calls = app, base_url.rstrip("/"), calls
        self.session = requests.Session()
        self.session.mount(HOST, Redirect(base_url, calls.timeout))

    def close(self) -> None:
        self.session.close()

    def begin(self) -> RequestToken:
        """Raises CredentialsError where the app may not log anybody in."""
        signature = OAuth1(self.app.key, self.app.secret, callback_uri=OUT_OF_BAND)
        return RequestToken(*self._token("/oauth/request_token", signature))

    def address(self, begun: RequestToken) -> str:
        """Where the user says yes, and is shown a PIN."""
        return f"{self.base_url}/oauth/authorize?{urlencode({'oauth_token': begun.token})}"

    def finish(self, begun: RequestToken, pin: str) -> XKeys:
        """Raises CredentialsError where the PIN is wrong."""
        app = self.app
        signature = OAuth1(app.key, app.secret, begun.token, begun.secret, verifier=pin)
        token, secret = self._token("/oauth/access_token", signature)
        return XKeys(app.key, app.secret, token, secret)

    def account(self, keys: XKeys) -> XAccount:
        """Whose keys these are, as X's API says."""
        signature = OAuth1(
            keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret
        )
        response = self._send("GET", "/2/users/me", signature)
        if not response.ok:
            raise error_from(response, self.calls.clock())
        match document_of(response):
            case {"data": {"username": str(username)}}:
                # Where X does not say, nothing is wrong yet.
                level = response.headers.get("x-access-level", "")
                return XAccount(username, may_publish=level != "read")
        raise _nonsense()

    def _token(self, route: str, signature: OAuth1) -> tuple[str, str]:
        """A token and its secret, which come as a form."""
        response = self._send("POST", route, signature)
        if not response.ok:
            raise self._refusal(response)
        form = dict(parse_qsl(response.text))
        try:
            return form["oauth_token"], form["oauth_token_secret"]
        except KeyError:
            raise _nonsense() from None

    def _refusal(self, response: requests.Response) -> VendorError:
        if response.status_code in {400, 401, 403}:
            return CredentialsError(VENDOR, _said(response))
        return error_from(response, self.calls.clock())

    def _send(self, method: str, route: str, signature: OAuth1) -> requests.Response:
        send = partial(self.session.request, method, f"{HOST}{route}", auth=signature)
        return self.calls.guarded(partial(send, allow_redirects=False))


def _said(response: requests.Response) -> str:
    """X's own words: here it has them as JSON, as XML or as plain text."""
    match document_of(response):
        case {"errors": [{"message": str(message)}, *_]}:
            return message
    return MARKUP.sub(" ", response.text).strip()[:MOST_SAID] or "no reason given"


def _nonsense() -> FailedVendorError:
    return FailedVendorError(VENDOR, "its answer cannot be read.")
