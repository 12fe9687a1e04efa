"""What Google's refusals mean, in words for the person who can do something about them."""

from requests import Response

from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    NotDoneError,
    RefusedByVendorError,
    UnreachableError,
    VendorError,
)

VENDOR = "google"
QUOTA_SECONDS = 60.0


def is_outside_the_grid(response: Response) -> bool:
    """Whether cells were meant that are none, or no longer."""
    return response.status_code == 400 and " grid" in _said(response)


def may_be_of_a_filter(response: Response) -> bool:
    """Whether a filter that matches nothing may be the reason: Google does not say what it answers
    then."""
    return response.status_code == 400 and not is_outside_the_grid(response)


def error_from(response: Response, client_email: str) -> VendorError:
    """The error of an answer that is none of success; `client_email` is the service account's."""
    status = response.status_code
    if status in {401, 403}:
        return not_shared(client_email, response)
    if status == 404:
        return no_spreadsheet()
    if status == 429:
        detail = "the quota of this minute is used up."
        return BusyVendorError(VENDOR, detail, retry_after=QUOTA_SECONDS)
    if status >= 500:
        return FailedVendorError(VENDOR, f"it is unwell (status {status}).", retry_after=10)
    return RefusedByVendorError(VENDOR, f"it refuses (status {status}): {_said(response)}")


def not_shared(client_email: str, response: Response | None = None) -> CredentialsError:
    """Google's own words come along: the API may not be enabled, say."""
    detail = f"the spreadsheet is not open to {client_email}; share it with that address as Editor."
    if response is not None:
        detail += f" It says: {_said(response)}"
    return CredentialsError(VENDOR, detail, retry_after=600)


def no_spreadsheet() -> CredentialsError:
    return CredentialsError(VENDOR, "GOOGLE_SHEET_KEY names no spreadsheet.", retry_after=600)


def refused_key() -> CredentialsError:
    detail = "it refuses the key in GOOGLE_SERVICE_ACCOUNT_FILE."
    return CredentialsError(VENDOR, detail, retry_after=600)


def no_token() -> UnreachableError:
    return UnreachableError(VENDOR, "it gives no token now.", retry_after=30)


def unreadable(error: Exception) -> FailedVendorError:
    detail = f"its answer cannot be read ({type(error).__name__})."
    return FailedVendorError(VENDOR, detail, retry_after=5)


def moving() -> FailedVendorError:
    detail = "rows are moved in the worksheet while they are written."
    return FailedVendorError(VENDOR, detail, retry_after=5)


def not_ours(worksheet: str, fault: str, otherwise: str) -> NotDoneError:
    detail = (
        f"in the worksheet {worksheet!r} {fault} {otherwise} Until then nothing is written there."
    )
    return NotDoneError(VENDOR, detail, retry_after=60)


def _said(response: Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"
