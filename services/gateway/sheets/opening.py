"""Opens the Google Sheet that the settings name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.common.settings import SettingsError
from services.gateway.settings import GatewaySettings, missing
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.vendor_calls import VendorCalls

KEY_FILE = "GOOGLE_SERVICE_ACCOUNT_FILE"
NEEDED = {"client_email", "private_key", "token_uri"}


def open_google(settings: GatewaySettings, calls: VendorCalls) -> GoogleSheet:
    """The sheet, not asked yet; raises SettingsError that names what is missing or wrong."""
    if reason := missing(settings, "google_service_account_file", "google_sheet_key"):
        raise SettingsError(reason)
    account = read_key(settings.google_service_account_file or Path())
    place = SheetPlace(settings.google_sheet_key or "", settings.google_worksheet)
    return GoogleSheet(account, place, calls, base_url=settings.google_base_url)


def read_key(path: Path) -> Mapping[str, Any]:
    """The service account's key; raises SettingsError."""
    try:
        account = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{KEY_FILE} names {path}, which cannot be read: {error.strerror}."
        raise SettingsError(message) from error
    except ValueError as error:
        message = f"{KEY_FILE} names {path}, which is no JSON."
        raise SettingsError(message) from error
    if not isinstance(account, Mapping) or not set(account) >= NEEDED:
        message = f"{KEY_FILE} names {path}, which is no key of a service account."
        raise SettingsError(message)
    return account
