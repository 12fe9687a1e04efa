"""What X's refusals mean to us."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    DuplicateError,
    FailedVendorError,
    OutOfCreditError,
    RefusedByVendorError,
    VendorError,
)

VENDOR = "x"
WINDOW_SECONDS = 15 * 60
# Refusals of a post that are about its words, or what it answers.
ABOUT_THE_POST = (
    "too long",
    "reply to this conversation",
    "attempted to reply",
    "not allowed to reply",
    "quoting posts",
    "invalid",
)
# 403s that are about our app or our keys, not about the post.
ABOUT_OUR_ACCESS = ("permissions", "client-forbidden", "unsupported-authentication", "enrolled")


def document_of(response: requests.Response) -> Mapping[str, Any]:
    """The JSON object in an answer; empty where there is none (HTML, half a body, a list)."""
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, Mapping) else {}


def names_parameter(response: requests.Response, parameter: str) -> bool:
    """Whether a 400 is about this query parameter."""
    return response.status_code == 400 and parameter in response.text


def error_from(response: requests.Response, now: float) -> VendorError:
    """What a refusal means; `now` in Unix seconds, as the times in it."""
    status, document = response.status_code, document_of(response)
    said = _said(document)
    if status == 401:
        detail = f"it does not know our keys ({said}); check the four X_* credentials."
        return CredentialsError(VENDOR, detail, retry_after=60)
    if status == 402 or document.get("title") == "SpendCapReached":
        detail = f"the account may spend no more ({said})."
        return OutOfCreditError(VENDOR, detail, retry_after=_until_reset_date(document, now))
    if status == 429:
        return BusyVendorError(
            VENDOR, "its rate limit is reached.", retry_after=_reset(response, now)
        )
    if status >= 500 or status == 408:
        return FailedVendorError(VENDOR, f"it is unwell (status {status}).", retry_after=30)
    return _refusal(status, said, document, posting=response.request.method == "POST")


def _refusal(status: int, said: str, document: Mapping[str, Any], *, posting: bool) -> VendorError:
    """A post is given up only for what is known to be about it: else every post would be.

    X locks and suspends accounts with a 403 as well.
    """
    parts = (document.get(part, "") for part in ("type", "reason", "title"))
    about = " ".join([*map(str, parts), said]).casefold()
    if status == 403 and any(words in about for words in ABOUT_OUR_ACCESS):
        detail = f"our app may not do this ({said}); check its permissions in X's console."
        return CredentialsError(VENDOR, detail, retry_after=600)
    if "duplicate content" in about:
        return DuplicateError(VENDOR, said)
    if posting and not any(words in about for words in ABOUT_THE_POST):
        detail = f"it takes no posts of ours (status {status}: {said}); look at the account in X."
        return CredentialsError(VENDOR, detail, retry_after=600)
    return RefusedByVendorError(VENDOR, f"it refuses (status {status}): {said}")


def _said(document: Mapping[str, Any]) -> str:
    """X's own words, in whichever of its error shapes."""
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    message = first.get("message") if isinstance(first, Mapping) else None
    return str(message or document.get("detail") or document.get("title") or "no reason given")


def _reset(response: requests.Response, now: float) -> float:
    try:
        return float(response.headers["x-rate-limit-reset"]) - now
    except (KeyError, ValueError):
        return WINDOW_SECONDS


def _until_reset_date(document: Mapping[str, Any], now: float) -> float:
    try:
        reset = datetime.fromisoformat(document["reset_date"]).replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError):
        return 3600.0
    return reset.timestamp() - now
