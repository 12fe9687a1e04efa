"""Sessions with Google: signed by a service account's key, and with answers that come in time.

google-auth fetches tokens over a session of its own, which must not wait for ever either.
"""

from collections.abc import Mapping
from typing import Any

import requests
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.service_account import Credentials

from services.gateway.patience import Timeout, patient

SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)


class GoogleSession:
    """The two sessions of one account. Raises ValueError for a private key that is none."""

    def __init__(self, account: Mapping[str, Any], timeout: Timeout) -> None:
        self.key = Credentials.from_service_account_info(account, scopes=SCOPES)  # type: ignore[no-untyped-call]  # google-auth is typed in part
        self.tokens = patient(requests.Session(), timeout)
        signed = AuthorizedSession(self.key, auth_request=Request(self.tokens))  # type: ignore[no-untyped-call]  # likewise
        self.signed: requests.Session = patient(signed, timeout)

    def close(self) -> None:
        self.tokens.close()
        self.signed.close()
