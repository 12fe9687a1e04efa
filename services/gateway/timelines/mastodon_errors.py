"""What a Mastodon instance's refusals mean to us."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from services.gateway.timelines.documents import moment
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    NotDoneError,
    RefusedByVendorError,
    VendorError,
)

VENDOR = "mastodon"
WINDOW_SECONDS = 300.0
# Sent for any method before a request is looked at; 302 and 303 may also follow upon a deed.
MOVED = {301, 307, 308}
# A 422 that is about our token, which is an app's and no account's.
ABOUT_OUR_ACCESS = "requires an authenticated user"


class NotThereError(RefusedByVendorError):
    """What was asked for is not there, or no longer."""


def error_from(response: requests.Response, now: float) -> VendorError | None:
    """What an answer means that is no plain success; `now` in Unix seconds."""
    status = response.status_code
    if 200 <= status < 300:
        return _incomplete(response)
    if 300 <= status < 400:
        return _redirected(response)
    if status == 429:
        pause = _reset(response, now)
        return BusyVendorError(VENDOR, "its rate limit is reached.", retry_after=pause)
    if status >= 500 or status == 408:
        return FailedVendorError(VENDOR, f"it is unwell (status {status}).", retry_after=30)
    said = _said(response)
    if _is_a_post(response.request) and status not in {400, 401, 403, 422}:
        return _no_post(response, said)
    return _refusal(status, said)


def _is_a_post(request: requests.PreparedRequest) -> bool:
    path = urlsplit(request.url or "").path
    return request.method == "POST" and path.endswith("/api/v1/statuses")


def _no_post(response: requests.Response, said: str) -> VendorError:
    status = response.status_code
    if status == 404 and "in_reply_to_id" in str(response.request.body):
        # Not the address is wrong: what the status would answer is gone.
        return _refusal(status, said)
    detail = f"it takes no posts (status {status}: {said}); check MASTODON_BASE_URL."
    return CredentialsError(VENDOR, detail, retry_after=600)


def _incomplete(response: requests.Response) -> VendorError | None:
    """A home timeline that was not read for long is put together anew, which takes a while."""
    if response.status_code != 206 or response.request.method != "GET":
        return None
    detail = "it is putting the home timeline together."
    return NotDoneError(VENDOR, detail, retry_after=30)


def _refusal(status: int, said: str) -> VendorError:
    if status in {401, 403} or (status == 422 and ABOUT_OUR_ACCESS in said):
        return _about_our_token(status, said)
    kind = NotThereError if status in {404, 410} else RefusedByVendorError
    return kind(VENDOR, f"it refuses (status {status}): {said}")


def _about_our_token(status: int, said: str) -> VendorError:
    if status == 401:
        detail = f"it does not know our token ({said}); check MASTODON_ACCESS_TOKEN."
        return CredentialsError(VENDOR, detail, retry_after=60)
    detail = f"our token may not do this ({said}); check what MASTODON_ACCESS_TOKEN is good for."
    return CredentialsError(VENDOR, detail, retry_after=600)


def _redirected(response: requests.Response) -> VendorError:
    """Our token is for the base URL only, so that nothing is followed."""
    host = urlsplit(response.headers.get("location", "")).netloc or "another address"
    detail = f"it sends us to {host}; set MASTODON_BASE_URL to where the instance is."
    kind = NotDoneError if response.status_code in MOVED else FailedVendorError
    return kind(VENDOR, detail, retry_after=600)


def _said(response: requests.Response) -> str:
    """The instance's own words; it has them in one language or another."""
    try:
        document: Any = response.json()
    except ValueError:
        document = None
    said = document.get("error") if isinstance(document, Mapping) else None
    return str(said or "no reason given")


def _reset(response: requests.Response, now: float) -> float:
    try:
        reset = moment(response.headers["x-ratelimit-reset"])
        return reset.timestamp() - now
    except (KeyError, ValueError, ArithmeticError, OSError):
        return WINDOW_SECONDS
