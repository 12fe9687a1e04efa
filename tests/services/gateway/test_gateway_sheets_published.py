"""The tab of what was published, against the sandbox; curators work in it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import gspread
import httpx
import pytest
from fastapi import FastAPI

from services.gateway.app import create_app
from services.gateway.schemas import PublishedPost, Reading
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.published import COLUMNS
from services.gateway.vendor_errors import NotDoneError
from tests.services.gateway.on_google import NOW, Curator, a_draft, before_the_write

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox, StartSandbox

UNFORMATTED = gspread.utils.ValueRenderOption.unformatted
HOUR = Reading(hours=1, likes=3, reposts=2, replies=1)
DAY = Reading(hours=24, likes=30, reposts=20, replies=10)


@pytest.fixture
def sandbox(start_sandbox: StartSandbox) -> Sandbox:
    return start_sandbox(google_per_minute=0)


def a_post(number: int, *readings: Reading, known: bool = False, text: str = "") -> PublishedPost:
    return PublishedPost(
        draft_id=f"x:{number}:1",
        published_at=NOW + timedelta(minutes=number),
        title="Hurt",
        artists=["Johnny Cash"],
        text=text or f"a slow burn, number {number}",
        url=f"https://x.test/{number}",
        readings=list(readings),
        known=known,
    )


def tab(curator: Curator) -> gspread.Worksheet:
    return curator.page.spreadsheet.worksheet("published")


def rows(curator: Curator) -> dict[str, dict[str, Any]]:
    found = tab(curator).get_all_records(value_render_option=UNFORMATTED)
    by_id = {str(row["id"]): row for row in found}
    assert len(by_id) == len(found)
    return by_id


@pytest.fixture
async def shown(sheet: GoogleSheet, curator: Curator) -> Curator:
    """A curator before a tab with two posts."""
    await sheet.prepare()
    await sheet.show([a_post(1), a_post(2)])
    return curator


async def test_a_post_is_shown_once_with_what_is_known_of_it(
    sheet: GoogleSheet, shown: Curator
) -> None:
    await sheet.show([a_post(1), a_post(2, HOUR, known=True)])
    assert tab(shown).row_values(1) == list(COLUMNS)
    found = rows(shown)
    assert list(found) == ["x:1:1", "x:2:1"]
    assert list(found["x:2:1"].values()) == [
        "x:2:1", "2026-11-22 08:02", "Hurt", "Johnny Cash", "a slow burn, number 2",
        "https://x.test/2", 3, 2, 1, *[""] * 6,
    ]  # fmt: skip
    await sheet.show([a_post(2, HOUR, DAY, known=True)])
    assert [rows(shown)["x:2:1"][f"likes {age}"] for age in ("1 h", "24 h", "7 d")] == [3, 30, ""]
    assert rows(shown)["x:1:1"]["likes 1 h"] == ""


async def test_the_same_again_changes_nothing(sheet: GoogleSheet, shown: Curator) -> None:
    await sheet.show([a_post(1, HOUR, known=True)])
    before = shown.page.spreadsheet.fetch_sheet_metadata({"includeGridData": "true"})
    await sheet.show([a_post(1, HOUR, known=True), a_post(1, HOUR, known=True)])
    assert shown.page.spreadsheet.fetch_sheet_metadata({"includeGridData": "true"}) == before


async def test_rows_may_be_sorted_and_columns_moved_and_put_between(
    sheet: GoogleSheet, shown: Curator
) -> None:
    page = tab(shown)
    page.insert_cols([["mine", "ask Ada", "ask Bob"]], 1)
    page.sort((2, "des"), range="A2:P3")
    await sheet.show([a_post(1, HOUR, known=True), a_post(3)])
    found = rows(shown)
    assert [(each, row["mine"], row["likes 1 h"]) for each, row in found.items()] == [
        ("x:2:1", "ask Bob", ""),
        ("x:1:1", "ask Ada", 3),
        ("x:3:1", "", ""),
    ]


async def test_a_reading_finds_its_row_that_moves_under_the_write(
    sheet: GoogleSheet, shown: Curator
) -> None:
    before_the_write(
        sheet.shown,
        lambda: tab(shown).sort((1, "des"), range="A2:O3"),
        lambda: tab(shown).insert_cols([["mine", "ask Ada", "ask Bob"]], 7),
    )
    await sheet.show([a_post(1, HOUR, known=True)])
    found = rows(shown)
    assert {each: (row["likes 1 h"], row["mine"]) for each, row in found.items()} == {
        "x:1:1": (3, "ask Bob"),
        "x:2:1": ("", "ask Ada"),
    }


async def test_a_row_that_was_deleted_stays_deleted(sheet: GoogleSheet, shown: Curator) -> None:
    tab(shown).delete_rows(2)
    await sheet.show([a_post(1, HOUR, known=True), a_post(2, HOUR, known=True)])
    assert list(rows(shown)) == ["x:2:1"]


async def test_words_are_never_run(sheet: GoogleSheet, shown: Curator) -> None:
    await sheet.show([a_post(4, text="=IMPORTXML(1)")])
    assert rows(shown)["x:4:1"]["words"] == "'=IMPORTXML(1)"


async def test_the_drafts_are_not_touched(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1)])
    before = curator.listed()
    await sheet.show([a_post(1, HOUR)])
    assert curator.listed() == before


async def test_anothers_tab_of_that_name_is_left_alone(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    page = curator.page.spreadsheet.add_worksheet("published", rows=9, cols=9)
    page.update([["name", "phone"], ["Ada", "1"]], "A1")
    with pytest.raises(NotDoneError, match="give that tab another name"):
        await sheet.show([a_post(1)])
    assert page.get_values() == [["name", "phone"], ["Ada", "1"]]
    page.update_title("phones")
    await sheet.show([a_post(1)])
    assert list(rows(curator)) == ["x:1:1"]


async def test_the_local_desk_takes_it_and_needs_nothing(
    settings: Callable[..., GatewaySettings],
    open_app: Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]],
) -> None:
    async with open_app(create_app(settings())) as client:
        body = {"posts": [a_post(1, HOUR).model_dump(mode="json")]}
        answer = await client.put("/v1/published", json=body)
        assert (answer.status_code, answer.json()) == (200, {"received": True})
