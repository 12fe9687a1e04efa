"""The Google Sheet through gspread, against the sandbox; a curator works in it meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from services.common.problems import NotFoundError
from services.gateway.app import create_app
from services.gateway.schemas import Outcome
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.rows import COLUMNS, cell_text, text_of
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from tests.services.gateway.on_google import (
    APPROVE,
    DRAFT,
    EDITED,
    REJECT,
    STATE,
    URL,
    Curator,
    a_draft,
    said,
)

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox


async def test_drafts_become_rows_once(sheet: GoogleSheet, curator: Curator) -> None:
    assert await sheet.upsert([a_draft(1), a_draft(2), a_draft(1)]) == 2
    assert await sheet.upsert([a_draft(2), a_draft(3)]) == 1
    assert curator.page.row_values(1) == list(COLUMNS)
    assert curator.page.col_values(1)[1:] == ["x:1:1", "x:2:1", "x:3:1"]
    cells = curator.cells("x:1:1")
    assert cells[:6] == [
        "x:1:1", "a post", "Hurt", "Johnny Cash", "country, folk", "a slow burn, number 1",
    ]  # fmt: skip
    assert (cells[APPROVE - 1], cells[REJECT - 1]) == (False, False)


async def test_both_boxes_ticked_are_a_no(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", APPROVE, True)
    curator.put("x:1:1", REJECT, True)
    assert said((await sheet.decisions(None, 10)).decisions) == [
        ("x:1:1", "rejected", "a slow burn, number 1")
    ]


async def test_a_changed_mind_is_news(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1), a_draft(2), a_draft(3)])
    for draft_id in ("x:1:1", "x:2:1", "x:3:1"):
        curator.put(draft_id, APPROVE, True)
    first = await sheet.decisions(None, 100)
    curator.put("x:1:1", EDITED, "second thoughts")
    curator.put("x:2:1", APPROVE, False)
    curator.page.delete_rows(curator.row("x:3:1"))
    second = await sheet.decisions(first.cursor, 100)
    assert said(second.decisions) == [
        ("x:1:1", "approved", "second thoughts"),
        ("x:2:1", "undecided", "a slow burn, number 2"),
        ("x:3:1", "undecided", "a slow burn, number 3"),
    ]
    versions = {each.version for each in first.decisions + second.decisions}
    assert len(versions) == 6
    assert (await sheet.decisions(second.cursor, 100)).decisions == []


async def test_after_a_restart_open_decisions_come_again_under_the_same_version(
    sheet: GoogleSheet, curator: Curator, metrics: VendorMetrics
) -> None:
    await sheet.upsert([a_draft(1), a_draft(2), a_draft(3)])
    for draft_id in ("x:1:1", "x:2:1", "x:3:1"):
        curator.put(draft_id, APPROVE, True)
    before = await sheet.decisions(None, 10)
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    await sheet.mark("x:2:1", Outcome(state="scheduled"))
    curator.put("x:2:1", APPROVE, False)
    calls = VendorCalls("google", 3.0, metrics)
    restarted = GoogleSheet(
        sheet.worksheet.account, sheet.worksheet.place, calls, base_url=sheet.worksheet.base_url
    )
    after = await restarted.decisions(before.cursor, 10)
    restarted.close()
    assert said(after.decisions) == [
        ("x:1:1", "approved", "a slow burn, number 1"),
        ("x:2:1", "undecided", "a slow burn, number 2"),
        ("x:3:1", "approved", "a slow burn, number 3"),
    ]
    versions = [each.version for each in before.decisions]
    assert [after.decisions[place].version for place in (0, 2)] == [versions[0], versions[2]]


async def test_rows_are_found_after_the_curator_sorts_and_deletes(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 5)])
    curator.page.sort((1, "des"), range="A2:L5")
    curator.page.delete_rows(curator.row("x:3:1"))
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    await sheet.mark("x:4:1", Outcome(state="failed", detail="too long"))
    assert await sheet.upsert([a_draft(5)]) == 1
    assert curator.page.col_values(1)[1:] == ["x:4:1", "x:2:1", "x:1:1", "x:5:1"]
    assert curator.cells("x:1:1")[STATE - 1 : URL] == ["published", "https://x.test/1"]
    assert curator.cells("x:4:1")[STATE - 1] == "failed: too long"
    assert curator.cells("x:2:1")[STATE - 1 : URL] == ["", ""]
    with pytest.raises(NotFoundError):
        await sheet.mark("x:3:1", Outcome(state="scheduled"))


async def test_a_curators_words_survive_everything(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", DRAFT, "mended in place")
    curator.put("x:1:1", EDITED, "my own words")
    await sheet.upsert([a_draft(1, text="the machine again"), a_draft(2)])
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    cells = curator.cells("x:1:1")
    assert (cells[DRAFT - 1], cells[EDITED - 1]) == ("mended in place", "my own words")


async def test_notes_below_the_last_draft_are_not_written_over(
    sheet: GoogleSheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1)])
    curator.page.update([["ask Ada about these"]], "H4", raw=True)
    await sheet.upsert([a_draft(2), a_draft(3)])
    assert curator.page.acell("H4").value == "ask Ada about these"
    assert curator.page.col_values(1)[4:] == ["x:2:1", "x:3:1"]


async def test_what_failed_can_be_mended_in_its_row(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", APPROVE, True)
    before = await sheet.decisions(None, 10)
    await sheet.mark("x:1:1", Outcome(state="failed", detail="too long"))
    failed = await sheet.decisions(before.cursor, 10)
    curator.put("x:1:1", EDITED, "shorter")
    mended = await sheet.decisions(failed.cursor, 10)
    assert failed.decisions == []
    assert said(mended.decisions) == [("x:1:1", "approved", "shorter")]


async def test_an_approval_of_nothing_is_no_approval(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    curator.put("x:1:1", DRAFT, "")
    curator.put("x:1:1", APPROVE, True)
    assert (await sheet.decisions(None, 10)).decisions == []


async def test_the_grid_grows_with_the_drafts(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 495)])
    curator.page.add_rows(3)
    assert await sheet.upsert([a_draft(n) for n in range(495, 510)]) == 15
    assert len(curator.page.col_values(1)) == 510
    assert curator.cells("x:509:1")[APPROVE - 1] is False


@pytest.mark.parametrize("rows", [1, 2])
async def test_a_grid_that_a_curator_shrank_grows_again(
    sheet: GoogleSheet, curator: Curator, rows: int
) -> None:
    await sheet.upsert([a_draft(1)])
    curator.page.resize(rows=rows)
    drafts = [a_draft(number) for number in range(2, 300)]
    assert await sheet.upsert(drafts) == 298
    assert len(curator.page.col_values(1)) == rows + 298


async def test_a_huge_post_fits_into_its_cell(sheet: GoogleSheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1, post="\x00\u202eevil " + "x" * 100_000)])
    assert 1000 < len(curator.cells("x:1:1")[1]) < 50_000


@given(st.text(st.characters(exclude_categories=["C"])))
def test_cells_give_back_what_was_put_in(text: str) -> None:
    assert text_of(cell_text(text)) == text
    assert not cell_text(text).startswith(("=", "+", "-", "@"))


async def test_the_gateway_opens_the_sheet_that_its_settings_name(
    sandbox: Sandbox,
    account: dict[str, str],
    tmp_path: Path,
    settings: Callable[..., GatewaySettings],
    open_app: Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]],
) -> None:
    key_file = tmp_path / "account.json"
    key_file.write_text(json.dumps(account))
    app = create_app(
        settings(
            sandbox.base,
            sheet="google",
            google_base_url=f"{sandbox.base}/google",
            google_service_account_file=key_file,
            google_sheet_key="sandbox-spreadsheet",
        )
    )
    async with open_app(app) as client:
        body = {"drafts": [a_draft().model_dump(mode="json")]}
        assert (await client.put("/v1/drafts", json=body)).json() == {"stored": 1}
        assert (await client.put("/v1/drafts", json=body)).json() == {"stored": 0}
        assert app.state.desk is None
