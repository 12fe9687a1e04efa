"""The Google worksheet's looks, and the legend beside it: laid out once, then the curators' own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gspread
import pytest

from services.gateway.sheets import layout
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.rows import COLUMNS
from tests.services.gateway.on_google import KEY, a_draft, everything, listed, place

if TYPE_CHECKING:
    from tests.services.gateway.conftest import OpenSheet, Sandbox, StartSandbox


@pytest.fixture
def sandbox(start_sandbox: StartSandbox) -> Sandbox:
    return start_sandbox(google_per_minute=0)


async def test_the_header_is_frozen_and_the_boxes_are_checkboxes(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft()])
    page = listed(spreadsheet)
    assert page["properties"]["gridProperties"]["frozenRowCount"] == 1
    rows = page["data"][0]["rowData"]
    for name in ("approve", "reject"):
        rule = rows[1]["values"][place(name)]["dataValidation"]
        assert rule["condition"]["type"] == "BOOLEAN"
        assert "dataValidation" not in rows[0]["values"][place(name)]


async def test_the_machines_columns_warn_and_lock_nobody_out(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft()])
    ranges = listed(spreadsheet)["protectedRanges"]
    assert all(each["warningOnly"] and "editors" not in each for each in ranges)
    columns = [
        (each["range"]["startColumnIndex"], each["range"]["endColumnIndex"])
        for each in ranges
        if "endRowIndex" not in each["range"]
    ]
    assert columns == [(place("id"), place("approve")), (place("state"), len(COLUMNS))]


async def test_a_rows_state_is_its_colour(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft()])
    rules = listed(spreadsheet)["conditionalFormats"]
    conditions = [rule["booleanRule"]["condition"] for rule in rules]
    assert {condition["type"] for condition in conditions} == {"CUSTOM_FORMULA"}
    formulas = [condition["values"][0]["userEnteredValue"] for condition in conditions]
    assert formulas == [
        '=($K1>="published")*($K1<"publishee")',
        '=($K1>="failed")*($K1<"failee")',
        '=($K1>="scheduled")*($K1<"schedulee")',
        "=$I1=TRUE",
        "=$G1=TRUE",
    ]
    colours = [str(rule["booleanRule"]["format"]["backgroundColor"]) for rule in rules]
    assert len(set(colours)) == 5


async def test_drafts_are_wide_and_wrapped_and_details_are_hidden(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft()])
    data = listed(spreadsheet)["data"][0]
    assert data["columnMetadata"][place("draft")]["pixelSize"] > 300
    hidden = [each.get("hiddenByUser", False) for each in data["columnMetadata"]]
    assert hidden == [name == "details" for name in COLUMNS]
    looks = [cell["userEnteredFormat"] for cell in data["rowData"][1]["values"]]
    assert {look["wrapStrategy"] for look in looks} == {"WRAP"}
    grey = [name for name, look in zip(COLUMNS, looks, strict=True) if "backgroundColor" in look]
    assert grey == [*COLUMNS[: place("approve")], "state", "url", "details"]


async def test_a_restart_lays_nothing_out_again(
    sheet: GoogleSheet, open_sheet: OpenSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft()])
    before = listed(spreadsheet)
    await open_sheet().upsert([a_draft()])
    assert listed(spreadsheet) == before


async def test_a_layout_whose_answer_was_lost_is_laid_once(
    sheet: GoogleSheet, sandbox: Sandbox, spreadsheet: gspread.Spreadsheet
) -> None:
    spreadsheet.add_worksheet("gens", rows=20, cols=20)
    sandbox.plan("google", "reset", path=f"{KEY}:batchUpdate", after_commit=True)
    assert await sheet.upsert([a_draft()]) == 1
    assert len(listed(spreadsheet)["conditionalFormats"]) == 5


async def test_new_rows_get_boxes_too(sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet) -> None:
    await sheet.upsert([a_draft(number) for number in range(1, 510)])
    rows = listed(spreadsheet)["data"][0]["rowData"]
    assert len(rows) > 1000
    assert rows[1000]["values"][place("approve")]["dataValidation"]
    assert len(listed(spreadsheet)["protectedRanges"]) == 3


async def test_a_small_worksheet_is_made_large_enough(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    spreadsheet.add_worksheet("gens", rows=1, cols=3)
    assert await sheet.upsert([a_draft()]) == 1
    assert everything(spreadsheet)[0] == list(COLUMNS)


async def test_records_know_their_details_after_a_sort_that_left_the_hidden_column(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    drafts = [a_draft(1), a_draft(2)]
    await sheet.upsert(drafts)
    spreadsheet.worksheet("gens").sort((1, "des"), range="A2:L3")
    assert [record.draft for record in await sheet.records()] == [drafts[1], drafts[0]]


async def test_a_row_without_details_is_a_record_of_what_shows(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft(1)])
    spreadsheet.worksheet("gens").batch_clear(["M2:M"])
    (record,) = await sheet.records()
    draft, shown = a_draft(1), record.draft
    assert (shown.id, shown.item_id, shown.rank) == (draft.id, draft.item_id, 1)
    assert (shown.text, shown.post.text, shown.song.genres) == (
        draft.text, draft.post.text, draft.song.genres,
    )  # fmt: skip


async def test_an_older_layout_gets_cells_for_words_and_nothing_twice(
    sheet: GoogleSheet, open_sheet: OpenSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    page = spreadsheet.add_worksheet("gens", rows=20, cols=13)
    older = layout.MARK | {"metadataValue": "1", "location": {"sheetId": page.id}}
    mark = {"createDeveloperMetadata": {"developerMetadata": older}}
    spreadsheet.batch_update({"requests": [mark]})
    await sheet.upsert([a_draft()])
    await open_sheet().upsert([a_draft()])
    found = listed(spreadsheet)
    cells = found["data"][0]["rowData"][1]["values"]
    text = [
        name
        for name, cell in zip(COLUMNS, cells, strict=True)
        if cell.get("userEnteredFormat", {}).get("numberFormat") == {"type": "TEXT"}
    ]
    assert text == ["draft", "edited text", "reason"]
    marks = [
        each["metadataValue"]
        for each in found["developerMetadata"]
        if each["metadataKey"] == "deephypebot-layout"
    ]
    assert marks == ["1", "3"]
    assert "conditionalFormats" not in found


def rule_of_reasons(spreadsheet: gspread.Spreadsheet, row: int) -> dict[str, Any]:
    cell = listed(spreadsheet)["data"][0]["rowData"][row]["values"][place("reason")]
    found: dict[str, Any] = cell["dataValidation"]
    return found


async def test_reasons_drop_down_from_the_legend_and_others_may_be_typed(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft()])
    rule = rule_of_reasons(spreadsheet, 1)
    assert rule["condition"]["type"] == "ONE_OF_RANGE"
    assert not rule["strict"]
    (where,) = rule["condition"]["values"]
    offered = spreadsheet.values_get(where["userEnteredValue"].lstrip("="))["values"]
    assert ["wrong song"] in offered
    assert all(len(reason) == 1 for reason in offered)


async def test_the_legend_explains_every_column_and_every_colour(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.upsert([a_draft()])
    page = spreadsheet.worksheet("legend")
    explained = [name for name in page.col_values(3)[1:] if name]
    assert explained[: len(COLUMNS)] == list(COLUMNS)
    assert explained[-1] == "the tab published"
    sheets = spreadsheet.fetch_sheet_metadata({"includeGridData": "true"})["sheets"]
    found = next(each for each in sheets if each["properties"]["title"] == "legend")
    assert found["properties"]["gridProperties"]["frozenRowCount"] == 1
    colours = {
        row["values"][2]["formattedValue"]: row["values"][2]["userEnteredFormat"]["backgroundColor"]
        for row in found["data"][0]["rowData"][len(COLUMNS) + 3 :]
        if "backgroundColor" in row["values"][2].get("userEnteredFormat", {})
    }
    shown = [rule["booleanRule"]["format"] for rule in listed(spreadsheet)["conditionalFormats"]]
    assert list(colours.values()) == [each["backgroundColor"] for each in shown]
    assert list(colours) == ["published", "failed", "on its way", "rejected", "approved"]


async def test_a_legend_is_the_curators_once_it_is_made(
    sheet: GoogleSheet, open_sheet: OpenSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    await sheet.prepare()
    page = spreadsheet.worksheet("legend")
    page.update([["too sad"]], "A2")
    await open_sheet().prepare()
    assert page.acell("A2").value == "too sad"
    spreadsheet.del_worksheet(page)
    assert not (await open_sheet().prepare()).deeds
    assert [each.title for each in spreadsheet.worksheets()] == ["Sheet1", "gens"]


@pytest.mark.parametrize(
    ("tabs", "made"),
    [(["Legend"], ["deephypebot legend"]), (["LEGEND", "deephypebot legend"], [])],
)
async def test_anothers_legend_is_left_alone(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet, tabs: list[str], made: list[str]
) -> None:
    for title in tabs:
        spreadsheet.add_worksheet(title, rows=5, cols=5).update([["mine"]], "A1")
    await sheet.prepare()
    titles = [each.title for each in spreadsheet.worksheets()]
    assert titles == ["Sheet1", *tabs, "gens", *made]
    assert [spreadsheet.worksheet(title).get_values() for title in tabs] == [[["mine"]]] * len(tabs)


async def test_a_curators_own_rule_for_reasons_stays_when_the_layout_is_renewed(
    sheet: GoogleSheet, spreadsheet: gspread.Spreadsheet
) -> None:
    page = spreadsheet.add_worksheet("gens", rows=20, cols=13)
    older = layout.MARK | {"metadataValue": "2", "location": {"sheetId": page.id}}
    mark = {"createDeveloperMetadata": {"developerMetadata": older}}
    spreadsheet.batch_update({"requests": [mark]})
    page.add_validation("J2:J", gspread.utils.ValidationConditionType.one_of_list, ["sad", "loud"])
    await sheet.upsert([a_draft()])
    assert rule_of_reasons(spreadsheet, 2)["condition"]["type"] == "ONE_OF_LIST"
    assert rule_of_reasons(spreadsheet, 1)["condition"]["type"] == "ONE_OF_LIST"
