"""Bearer keys: several at once (so that they can be rotated), compared in constant time."""

import hashlib
import hmac
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.common.problems import UnauthorizedError
from services.common.settings import ServiceSettings

scheme = HTTPBearer(auto_error=False, description="One of the keys in `API_KEYS`.")


def key_id(key: str) -> str:
    """A short name for a key that may be logged."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


async def require_key(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)],
) -> None:
    """Let the request in when no keys are configured, or when it carries one of them."""
    settings: ServiceSettings = request.app.state.settings
    if not settings.api_keys:
        return
    if credentials is None:
        raise UnauthorizedError("This service wants a key: send 'Authorization: Bearer <key>'.")
    given = credentials.credentials.encode()
    # Every key is compared, so that timing says nothing about which one came close.
    matches = [hmac.compare_digest(given, k.get_secret_value().encode()) for k in settings.api_keys]
    if not any(matches):
        raise UnauthorizedError("That key is not known here: check API_KEYS on both sides.")
    structlog.contextvars.bind_contextvars(key_id=key_id(credentials.credentials))
