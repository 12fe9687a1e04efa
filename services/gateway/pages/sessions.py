"""The session cookie: signed with the very key that opened it.

Nothing is stored, a restart ends no session, and taking the key away ends those that it opened.
"""

import hashlib
import hmac
import time
from collections.abc import Iterable
from urllib.parse import quote

from fastapi import Request, Response
from pydantic import SecretStr

from services.common.auth import key_id

SESSION = "deephypebot_session"


def open_session(key: SecretStr, seconds: float, now: float | None = None) -> str:
    expires = str(int((time.time() if now is None else now) + seconds))
    return f"{key_id(key.get_secret_value())}.{expires}.{_signature(key, expires)}"


def session_key(
    cookie: str, keys: Iterable[SecretStr], now: float | None = None
) -> SecretStr | None:
    """Which of `keys` signed the cookie; None when none did, or it has expired."""
    _, expires, signature = [*cookie.split("."), "", "", ""][:3]
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12):
        return None
    if int(expires) < (time.time() if now is None else now):
        return None
    given = signature.encode()
    # Every key is tried, so that timing says nothing about which one it was.
    signed = [key for key in keys if _same(_signature(key, expires).encode(), given)]
    return signed[0] if signed else None


def matching_key(given: str, keys: Iterable[SecretStr]) -> SecretStr | None:
    """The key that was typed in; all are compared, for the same reason."""
    typed = given.encode("utf-8", "surrogatepass")
    known = [key for key in keys if _same(key.get_secret_value().encode(), typed)]
    return known[0] if known else None


def _same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)


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
