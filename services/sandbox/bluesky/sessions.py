"""Sessions: two JSON Web Tokens that carry their own expiry, so that they outlive a restart."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from starlette.requests import Request

from services.sandbox.bluesky.errors import refused
from services.sandbox.bluesky.identity import DOMAIN, did_of, handle_of
from services.sandbox.limits import Clock
from services.sandbox.settings import SandboxSettings
from services.sandbox.tokens import KEY

ACCESS, REFRESH = "com.atproto.access", "com.atproto.refresh"
REFRESH_SECONDS = 90 * 24 * 3600


@dataclass(frozen=True)
class Account:
    username: str

    @property
    def did(self) -> str:
        return did_of(self.username)

    @property
    def handle(self) -> str:
        return handle_of(self.username)

    def document(self) -> dict[str, object]:
        """Without a `didDoc`: with one, clients would go elsewhere."""
        return {"handle": self.handle, "did": self.did, "active": True}


class Sessions:
    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock

    def log_in(self, identifier: object, password: object) -> Account:
        """The account of these credentials; raises Bluesky's 400 and 401."""
        if not isinstance(identifier, str) or not isinstance(password, str):
            raise refused("InvalidRequest", "Input/identifier and Input/password must be strings")
        only = self.settings.bluesky_password
        wanted = only.get_secret_value() if only else password
        if (
            not identifier
            or not password
            or not hmac.compare_digest(wanted.encode(), password.encode())
        ):
            raise refused("AuthenticationRequired", "Invalid identifier or password", 401)
        return self.account(identifier)

    def account(self, identifier: str) -> Account:
        """Anybody may be here: the account follows from its handle."""
        bot = Account(self.settings.bot_username)
        if identifier.casefold() in {bot.did, bot.handle}:
            return bot
        return Account(identifier.removeprefix("@").removesuffix(DOMAIN))

    def document(self, account: Account) -> dict[str, object]:
        """A new session as it is handed out."""
        lifetimes = {ACCESS: self.settings.bluesky_token_seconds, REFRESH: REFRESH_SECONDS}
        access, refresh = (self._issue(account, scope, lifetimes[scope]) for scope in lifetimes)
        return {**account.document(), "accessJwt": access, "refreshJwt": refresh}

    def caller(self, request: Request, scope: str = ACCESS) -> Account:
        """Whose token the request carries; raises Bluesky's 400 and 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise refused("AuthMissing", "Authentication Required", 401)
        claims = _claims(token)
        if claims is None:
            raise refused("InvalidToken", "Token could not be verified")
        if claims["scope"] != scope:
            raise refused("InvalidToken", "Bad token scope")
        if claims["exp"] <= self.clock():
            raise refused("ExpiredToken", "Token has expired")
        return Account(claims["username"])

    def _issue(self, account: Account, scope: str, seconds: int) -> str:
        now = int(self.clock())
        claims = {
            "scope": scope,
            "sub": account.did,
            "aud": "did:web:sandbox",
            "username": account.username,
            "iat": now,
            "exp": now + seconds,
        }
        signed = f"{_encoded({'typ': 'at+jwt', 'alg': 'HS256'})}.{_encoded(claims)}"
        return f"{signed}.{_signature(signed)}"


def _claims(token: str) -> dict[str, Any] | None:
    """What a token of ours says; None for anything else."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(signed).encode()):
        return None
    payload = signed.partition(".")[2]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _encoded(document: object) -> str:
    return _base64(json.dumps(document).encode())


def _signature(signed: str) -> str:
    return _base64(hmac.new(KEY, signed.encode(), sha256).digest())


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
