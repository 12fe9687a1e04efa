"""Trying a handle and an app password on Bluesky, and labelling the account as a bot's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.gateway.patience import PatientTransport
from services.gateway.timelines.bluesky_errors import (
    VENDOR,
    NoSuchRecordError,
    Refusal,
    error_from,
    nonsense,
)
from services.gateway.timelines.bluesky_session import Login
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import UnreachableError

Document = Mapping[str, Any]

PROFILE = "app.bsky.actor.profile"
SELF_LABELS = "com.atproto.label.defs#selfLabels"
BOT = {"val": "bot"}


@dataclass(frozen=True)
class BlueskyAccount:
    did: str
    handle: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Profile:
    """An account's profile as it is kept; `cid` is None where there is none yet."""

    record: Document
    cid: str | None

    @property
    def bot(self) -> bool:
        return BOT in self._labels()

    def labelled(self) -> dict[str, Any]:
        """The record with the bot label; all else stays."""
        labels = {"$type": SELF_LABELS, "values": [*self._labels(), BOT]}
        return {**self.record, "$type": PROFILE, "labels": labels}

    def _labels(self) -> list[object]:
        match self.record.get("labels"):
            case {"values": [*values]}:
                return values
        return []


class BlueskyLogin:
    """Each step raises VendorError."""

    def __init__(self, login: Login, calls: VendorCalls) -> None:
        self.login, self.calls = login, calls
        self.http = httpx.Client(
            timeout=calls.httpx_timeout,
            transport=PatientTransport(calls.timeout),
        )

    def close(self) -> None:
        self.http.close()

    def account(self) -> BlueskyAccount:
        """Raises CredentialsError where handle or password are wrong."""
        credentials = {"identifier": self.login.handle, "password": self.login.password}
        match self._send("POST", "com.atproto.server.createSession", None, json=credentials):
            case {"did": str(did), "handle": str(handle), "accessJwt": str(token)}:
                return BlueskyAccount(did, handle, token)
        raise nonsense()

    def profile(self, account: BlueskyAccount) -> Profile:
        place = {"repo": account.did, "collection": PROFILE, "rkey": "self"}
        try:
            found = self._send("GET", "com.atproto.repo.getRecord", account, params=place)
        except NoSuchRecordError:
            return Profile({}, None)
        match found:
            case {"value": dict(record), "cid": str(cid)}:
                return Profile(record, cid)
        raise nonsense()

    def mark_as_bot(self, account: BlueskyAccount, profile: Profile) -> None:
        """Refused where the profile has changed since it was read."""
        wanted = {
            "repo": account.did,
            "collection": PROFILE,
            "rkey": "self",
            "record": profile.labelled(),
            "swapRecord": profile.cid,
        }
        self._send("POST", "com.atproto.repo.putRecord", account, json=wanted)

    def _send(
        self,
        method: str,
        call: str,
        account: BlueskyAccount | None,
        **how: Any,  # noqa: ANN401 - as httpx takes it
    ) -> object:
        """The document that is the answer."""
        headers = {"Authorization": f"Bearer {account.token}"} if account else {}
        url = f"{self.login.server.rstrip('/')}/xrpc/{call}"
        try:
            response = self.http.request(method, url, headers=headers, **how)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise self.calls.httpx_error(error) from error
        if response.is_redirect:
            detail = "it sends us to another address; see BLUESKY_BASE_URL."
            raise UnreachableError(VENDOR, detail, retry_after=600)
        document = _document(response)
        if not response.is_success:
            said = document if isinstance(document, dict) else {}
            name, message = (str(said.get(key) or "") for key in ("error", "message"))
            refusal = Refusal(response.status_code, name, message, response.headers)
            raise error_from(refusal, self.calls.clock())
        return document


def _document(response: httpx.Response) -> object:
    """Nothing where it is no JSON."""
    try:
        document: object = response.json()
    except ValueError:
        return None
    return document
