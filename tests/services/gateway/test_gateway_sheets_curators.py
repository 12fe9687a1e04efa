"""The Google Sheet under curators who sort, delete, insert, move, edit, tick and paste at random.

Some of it between two requests of the bot. `HYPOTHESIS_PROFILE=nightly` plays 200 sequences.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import gspread
import pytest

from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from tests.service_account import at_work, service_account
from tests.services.gateway.curators import play

if TYPE_CHECKING:
    from tests.services.gateway.conftest import StartSandbox

SEQUENCES = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 20


@pytest.fixture
def base(start_sandbox: StartSandbox) -> str:
    return f"{start_sandbox(google_per_minute=0).base}/google"


@pytest.fixture
def client(base: str) -> Iterator[gspread.Client]:
    with at_work(base) as client:
        yield client


@pytest.mark.parametrize("ten", range(SEQUENCES // 10))
async def test_curators_do_as_they_like_and_nothing_is_lost(
    base: str, client: gspread.Client, metrics: VendorMetrics, ten: int
) -> None:
    calls = VendorCalls("google", 10.0, metrics)
    for seed in range(10 * ten, 10 * ten + 10):
        key = client.create(f"sequence {seed}").id
        place = SheetPlace(key, "gens")
        sheet = GoogleSheet(service_account(base), place, calls, base_url=base, holds=0)
        try:
            await play(sheet, client, key, seed)
        except Exception as error:
            error.add_note(f"sequence {seed}")
            raise
        finally:
            sheet.close()
