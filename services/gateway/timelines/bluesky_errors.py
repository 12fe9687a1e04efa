"""What Bluesky's refusals mean to us."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    DuplicateError,
    FailedVendorError,
    RefusedByVendorError,
    VendorError,
)

VENDOR = "bluesky"
WINDOW_SECONDS = 5 * 60
REMEDY = "check BLUESKY_HANDLE and BLUESKY_APP_PASSWORD."
STALE = {"ExpiredToken", "InvalidToken"}
NOT_THERE = ("RecordNotFound", "Could not locate record")
THERE_ALREADY = ("already a value at key", "already exists")


class StaleSessionError(CredentialsError):
    """The session has ended; nothing was done."""


class NoSuchRecordError(RefusedByVendorError):
    """There is no record under this key."""


@dataclass(frozen=True)
class Refusal:
    """An answer that is no success: Bluesky's name for it and its words, where it gave any."""

    status: int
    name: str
    message: str
    headers: Mapping[str, str]

    def __str__(self) -> str:
        return self.message or self.name or "no reason given"


def error_from(refusal: Refusal, now: float) -> VendorError:
    """What a refusal means; `now` in Unix seconds."""
    status = refusal.status
    if status == 429:
        pause = _reset(refusal, now)
        return BusyVendorError(VENDOR, "its rate limit is reached.", retry_after=pause)
    if status >= 500 or status == 408:
        return FailedVendorError(VENDOR, f"it is unwell (status {status}).", retry_after=30)
    if status in {401, 403} or refusal.name in STALE:
        return _about_access(refusal)
    said = f"{refusal.name}: {refusal.message}"
    if any(words in said for words in NOT_THERE):
        return NoSuchRecordError(VENDOR, str(refusal))
    if any(words in said for words in THERE_ALREADY):
        return DuplicateError(VENDOR, str(refusal))
    return RefusedByVendorError(VENDOR, f"it refuses (status {status}): {refusal}")


def _about_access(refusal: Refusal) -> CredentialsError:
    if refusal.status == 403:
        return CredentialsError(VENDOR, f"we may not do this ({refusal}).", retry_after=600)
    detail = f"it does not accept our session ({refusal}); {REMEDY}"
    return StaleSessionError(VENDOR, detail, retry_after=60)


def login_refused(error: VendorError, pause: float) -> CredentialsError:
    said = error.said.removesuffix(f"; {REMEDY}")
    return CredentialsError(VENDOR, f"our login fails: {said}; {REMEDY}", retry_after=pause)


def nonsense() -> FailedVendorError:
    return FailedVendorError(VENDOR, "its answer cannot be read.", retry_after=5)


def _reset(refusal: Refusal, now: float) -> float:
    try:
        return float(refusal.headers["ratelimit-reset"]) - now
    except (KeyError, ValueError):
        return WINDOW_SECONDS
