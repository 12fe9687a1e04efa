"""The Google worksheet's columns: found by their names, followed when moved, mended where safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import gspread
import pytest

from services.gateway.schemas import Outcome
from services.gateway.sheets.columns import letter
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.rows import COLUMNS
from services.gateway.vendor_errors import NotDoneError
from tests.services.gateway.on_google import a_draft, everything, listed, place

if TYPE_CHECKING:
    from tests.services.gateway.conftest import OpenSheet, Sandbox, StartSandbox


@pytest.fixture
def sandbox(start_sandbox: StartSandbox) -> Sandbox:
    return start_sandbox(google_per_minute=0)


@pytest.mark.parametrize(
    "header",
    [
        {"A1": "identifier"},
        {"G1": "OK?", "H1": "in my words", "I1": "no!"},
        dict.fromkeys(("A1", "B1", "C1", "D1", "E1", "F1", "G1"), ""),
        {f"{letter}1": "" for letter in "ABCDEFGHIJKLM"},
    ],
)
async def test_names_that_were_overwritten_are_put_right(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet, header: dict[str, str]
) -> None:
    await sheet.upsert([a_draft(1)])
    page = spreadsheet.worksheet("gens")
    page.update([["my words"]], "H2", raw=True)
    page.update([[True]], "G2", raw=True)
    page.batch_update([{"range": where, "values": [[name]]} for where, name in header.items()])
    assert await sheet.upsert([a_draft(2)]) == 1
    assert everything(spreadsheet)[0] == list(COLUMNS)
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert decision.text == "my words"


def move(
    page: gspread.Worksheet, column: str, to: int, *, at: int = 0, nameless: bool = False
) -> None:
    """`at`: how far the columns were pushed to the right."""
    start = place(column) + at
    source = {
        "sheetId": page.id,
        "dimension": "COLUMNS",
        "startIndex": start,
        "endIndex": start + 1,
    }
    request = {"moveDimension": {"source": source, "destinationIndex": to}}
    page.spreadsheet.batch_update({"requests": [request]})
    if nameless:
        page.batch_clear(["1:1"])


# What a person did to the worksheet, and what is said of it.
MISHAPS: dict[str, tuple[Callable[[gspread.Worksheet], object], str]] = {
    "a column was put in and a name is gone": (
        lambda page: page.insert_cols([["notes"]], 7) and page.update([["mine"]], "F1"),
        "row 1 has no 'draft': undo what took it away, or name the column again",
    ),
    "a column was put in with a name of ours": (
        lambda page: page.insert_cols([["draft"]], 3),
        "two columns are named 'draft': give the one that is yours another name",
    ),
    "a column was moved and the names are gone": (
        lambda page: move(page, "draft", 1, nameless=True),
        "row 1 is empty; it must be id, post, song",
    ),
    "the words were moved and the names are gone": (
        lambda page: move(page, "edited text", 6, nameless=True),
        "row 1 is empty; it must be id, post, song",
    ),
    "the header was deleted": (
        lambda page: page.delete_rows(1),
        "row 1 holds a draft and not the names of the columns: insert a row above it",
    ),
}


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_nothing_is_written_into_a_wrong_column(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet, mishap: str
) -> None:
    await sheet.upsert([a_draft(1), a_draft(2)])
    do, said = MISHAPS[mishap]
    do(spreadsheet.worksheet("gens"))
    before = everything(spreadsheet)
    for _ in range(2):  # what was known of the worksheet is forgotten in between
        with pytest.raises(NotDoneError) as refusal:
            await sheet.upsert([a_draft(3)])
        assert said in refusal.value.detail
        assert "GOOGLE_WORKSHEET" in refusal.value.detail
        sheet.worksheet.opened = None
    with pytest.raises(NotDoneError):
        await sheet.mark("x:1:1", Outcome(state="published"))
    assert everything(spreadsheet) == before


async def test_a_deleted_column_is_named_and_none_is_put_in_for_it(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft(1)])
    spreadsheet.worksheet("gens").delete_columns(place("genres") + 1)
    before = everything(spreadsheet)
    for _ in range(2):
        with pytest.raises(NotDoneError, match="row 1 has no 'genres'"):
            await sheet.upsert([a_draft(2)])
    assert everything(spreadsheet) == before


async def test_a_name_that_was_put_back_is_enough(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft(1)])
    page = spreadsheet.worksheet("gens")
    page.insert_cols([["notes"]], 3)
    page.update([["mine"]], "G1")
    with pytest.raises(NotDoneError, match="row 1 has no 'draft'"):
        await sheet.upsert([a_draft(2)])
    page.update([["draft"]], "G1")
    assert await sheet.upsert([a_draft(2)]) == 1


async def test_columns_are_followed_wherever_people_move_them(
    sheet: GoogleSheet, open_sheet: OpenSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft(1)])
    page = spreadsheet.worksheet("gens")
    page.insert_cols([["notes", "ask Ada"]], 1)
    move(page, "draft", 2, at=1)
    move(page, "state", 1, at=1)
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    for bot in (sheet, open_sheet()):
        number = len(everything(spreadsheet))
        await bot.upsert([a_draft(number)])
        await bot.mark(f"x:{number}:1", Outcome(state="published", url="https://x.test/1"))
        await bot.forget([f"x:{number}"])
    header, *rows = everything(spreadsheet)
    assert header == [
        "notes",
        "state",
        "id",
        "draft",
        *COLUMNS[1:5],
        *COLUMNS[6:10],
        "url",
        "details",
    ]
    assert [row[:5] for row in rows] == [
        ["ask Ada", "scheduled", "x:1:1", "a slow burn, number 1", "a post"],
        ["", "published", "x:2:1", "a slow burn, number 2", ""],
        ["", "published", "x:3:1", "a slow burn, number 3", ""],
    ]
    page.update([[True]], f"{letter(header.index('approve'))}2", raw=True)
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert (decision.draft_id, decision.verdict) == ("x:1:1", "approved")


async def test_new_rows_have_their_boxes_under_moved_names(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft(1)])
    page = spreadsheet.worksheet("gens")
    page.insert_cols([["notes"]], 7)
    await sheet.upsert([a_draft(2)])
    cells = listed(spreadsheet)["data"][0]["rowData"][2]["values"]
    assert cells[place("approve") + 1]["dataValidation"]["condition"]["type"] == "BOOLEAN"
    assert cells[place("draft")]["userEnteredFormat"]["numberFormat"] == {"type": "TEXT"}


async def test_a_worksheet_of_before_the_tags_is_tagged_by_the_names(
    sheet: GoogleSheet, open_sheet: OpenSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft(1)])
    page = spreadsheet.worksheet("gens")
    page.insert_cols([["notes"]], 1)
    await open_sheet().mark("x:1:1", Outcome(state="scheduled"))
    assert page.col_values(place("state") + 2) == ["state", "scheduled"]
    marks = [each["metadataKey"] for each in listed(spreadsheet)["developerMetadata"]]
    await open_sheet().mark("x:1:1", Outcome(state="published"))
    again = [each["metadataKey"] for each in listed(spreadsheet)["developerMetadata"]]
    assert marks == again == ["deephypebot-layout", "deephypebot-columns"]


async def test_a_column_that_was_cut_and_pasted_is_written_where_its_name_is(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft(1)])
    await sheet.mark("x:1:1", Outcome(state="scheduled"))
    page = spreadsheet.worksheet("gens")
    page.add_cols(1)
    cut = page.col_values(place("state") + 1)
    page.update([[cell] for cell in cut], "N1", raw=True)
    page.batch_clear(["K1:K"])
    await sheet.mark("x:1:1", Outcome(state="published"))
    assert page.acell("N2").value == "published"
    assert page.acell("K1").value is None


async def test_a_curators_own_columns_at_the_end_are_let_be(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft(1)])
    page = spreadsheet.worksheet("gens")
    page.add_cols(1)
    page.update([["notes"], ["ask Ada"]], "N1", raw=True)
    assert await sheet.upsert([a_draft(2)]) == 1
    assert page.col_values(14) == ["notes", "ask Ada"]


async def test_anothers_table_is_left_alone(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    page = spreadsheet.add_worksheet("gens", rows=20, cols=20)
    page.update([["name", "phone"], ["Ada", "1"]], "A1")
    before = listed(spreadsheet)
    with pytest.raises(NotDoneError, match="row 1 is name, phone"):
        await sheet.upsert([a_draft()])
    assert listed(spreadsheet) == before


@pytest.mark.parametrize(
    ("columns", "where", "table"),
    [(3, "A1", [["name", "mail", "id"]]), (26, "N1", [["name"], ["Ada"]])],
)
async def test_anothers_table_is_not_even_made_larger(
    sheet: GoogleSheet,
    spreadsheet: gspread.Spreadsheet,
    columns: int,
    where: str,
    table: list[list[str]],
) -> None:
    page = spreadsheet.add_worksheet("gens", rows=len(table), cols=columns)
    page.update(table, where, raw=True)
    before = listed(spreadsheet)
    with pytest.raises(NotDoneError, match=r"GOOGLE_WORKSHEET"):
        await sheet.decisions(None, 10)
    assert listed(spreadsheet) == before
