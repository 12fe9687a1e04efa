"""A Google service account of the tests' own, and a person at work in the sandbox's spreadsheet."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import gspread
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.gateway.sheets.google_worksheet import redirected


@cache
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def service_account(google: str) -> dict[str, str]:
    """The key file's content; tokens are given at `google`, a base URL."""
    return {
        "type": "service_account",
        "client_email": "bot@example.org",
        "private_key": private_key(),
        "token_uri": f"{google}/token",
    }


@contextmanager
def at_work(google: str) -> Iterator[gspread.Client]:
    """gspread as it is, for what a person would do."""
    client = gspread.service_account_from_dict(
        service_account(google), http_client=redirected(google)
    )
    client.set_timeout(5)
    try:
        yield client
    finally:
        client.http_client.session.close()
