"""Every call that gspread documents and that somebody may want of the sandbox: done, read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gspread
import pytest
from gspread.exceptions import APIError, SpreadsheetNotFound, WorksheetNotFound
from gspread.utils import ValidationConditionType

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox, StartSandbox

KEY = "sandbox-spreadsheet"
TABLE = [["id", "text"], ["x:1", "hello"], ["x:2", "world"], ["x:3", "hello"]]

Page = gspread.Worksheet
Call = Callable[[Page], object]


@pytest.fixture
def page(start: StartSandbox) -> Page:
    """A worksheet of 10 rows and 6 columns with a table in its corner."""
    spreadsheet = start(google_per_minute=0).sheets().open_by_key(KEY)
    page = spreadsheet.add_worksheet("gens", rows=10, cols=6)
    page.update(TABLE, "A1")
    return page


def again(page: Page) -> Page:
    """The worksheet as Google has it now."""
    return page.spreadsheet.get_worksheet_by_id(page.id)


def listed(page: Page) -> dict[str, Any]:
    sheets = page.spreadsheet.fetch_sheet_metadata({"includeGridData": "true"})["sheets"]
    found: dict[str, Any] = next(s for s in sheets if s["properties"]["sheetId"] == page.id)
    return found


def cell(page: Page, row: int, column: int) -> dict[str, Any]:
    found: dict[str, Any] = listed(page)["data"][0]["rowData"][row]["values"][column]
    return found


def column(page: Page, place: int) -> dict[str, Any]:
    found: dict[str, Any] = listed(page)["data"][0]["columnMetadata"][place]
    return found


def size(page: Page) -> tuple[int, int]:
    return again(page).row_count, again(page).col_count


def ids(page: Page) -> list[object]:
    return [*page.col_values(1)[1:]]


def asked(page: Page, *requests: dict[str, Any]) -> Any:  # noqa: ANN401 - Google's answer
    return page.spreadsheet.batch_update({"requests": list(requests)})


def coloured(page: Page, green: float) -> dict[str, Any]:
    formula = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": '=$B1="hello"'}]}
    colour = {"backgroundColor": {"green": green}}
    return {
        "ranges": [{"sheetId": page.id}],
        "booleanRule": {"condition": formula, "format": colour},
    }


def colour_twice(page: Page) -> None:
    for green in (1, 0.5):
        rule = {"rule": coloured(page, green), "index": 0}
        asked(page, {"addConditionalFormatRule": rule})


def colour_and_clear(page: Page) -> None:
    colour_twice(page)
    asked(page, {"deleteConditionalFormatRule": {"sheetId": page.id, "index": 0}})


def greens(page: Page) -> list[float]:
    rules = listed(page).get("conditionalFormats", [])
    return [rule["booleanRule"]["format"]["backgroundColor"]["green"] for rule in rules]


def mark(page: Page) -> None:
    metadata = {
        "metadataKey": "made-by",
        "metadataValue": "a test",
        "location": {"sheetId": page.id},
        "visibility": "DOCUMENT",
    }
    asked(page, {"createDeveloperMetadata": {"developerMetadata": metadata}})


def move_first_column_behind_the_second(page: Page) -> None:
    source = {"sheetId": page.id, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 1}
    asked(page, {"moveDimension": {"source": source, "destinationIndex": 2}})


def protect(page: Page) -> None:
    page.add_protected_range("A1:B4", warning_only=True, description="the machine's")


def protect_and_delete(page: Page) -> None:
    protect(page)
    page.delete_protected_range("1")


def protected(page: Page) -> list[tuple[str, bool]]:
    found = page.spreadsheet.list_protected_ranges(page.id)
    return [(each["description"], each["warningOnly"]) for each in found]


def validate(page: Page) -> None:
    page.add_validation("C2:C4", ValidationConditionType.boolean, [], strict=True)


def duplicate(page: Page) -> None:
    page.duplicate(new_sheet_name="copy")


# By call: do it, read its effect, and what is to be read.
CALLS: dict[str, tuple[Call, Call, object]] = {
    "update": (lambda p: p.update([["new"]], "B2"), lambda p: p.get("B2"), [["new"]]),
    "update_acell": (lambda p: p.update_acell("B2", "new"), lambda p: p.get("B2"), [["new"]]),
    "update_cell": (lambda p: p.update_cell(2, 2, "new"), lambda p: p.get("B2"), [["new"]]),
    "update_cells": (
        lambda p: p.update_cells([gspread.Cell(2, 2, "new"), gspread.Cell(3, 2, "newer")]),
        lambda p: p.get("B2:B3"),
        [["new"], ["newer"]],
    ),
    "batch_update": (
        lambda p: p.batch_update(
            [{"range": "A2", "values": [["a"]]}, {"range": "B3:B4", "values": [["b"], ["c"]]}]
        ),
        lambda p: p.batch_get(["A2", "B3:B4"]),
        [[["a"]], [["b"], ["c"]]],
    ),
    "append_row": (lambda p: p.append_row(["x:4", "!"]), lambda p: p.row_values(5), ["x:4", "!"]),
    "append_rows": (
        lambda p: p.append_rows([["x:4"], ["x:5"]]),
        ids,
        ["x:1", "x:2", "x:3", "x:4", "x:5"],
    ),
    "insert_row": (lambda p: p.insert_row(["x:0"], 2), ids, ["x:0", "x:1", "x:2", "x:3"]),
    "insert_rows": (
        lambda p: p.insert_rows([["a"], ["b"]], 3),
        ids,
        ["x:1", "a", "b", "x:2", "x:3"],
    ),
    "insert_cols": (
        lambda p: p.insert_cols([["n"]], 1),
        lambda p: p.row_values(1),
        ["n", "id", "text"],
    ),
    "delete_rows": (lambda p: p.delete_rows(2, 3), ids, ["x:3"]),
    "delete_columns": (lambda p: p.delete_columns(1), lambda p: p.row_values(1), ["text"]),
    "add_rows": (lambda p: p.add_rows(5), size, (15, 6)),
    "add_cols": (lambda p: p.add_cols(2), size, (10, 8)),
    "resize": (lambda p: p.resize(rows=4, cols=2), size, (4, 2)),
    "sort": (lambda p: p.sort((2, "des"), (1, "asc"), range="A2:B4"), ids, ["x:2", "x:1", "x:3"]),
    "clear": (lambda p: p.clear(), lambda p: p.get_all_values(), [[]]),
    "batch_clear": (
        lambda p: p.batch_clear(["A1:B1", "A4"]),
        lambda p: p.col_values(1),
        ["", "x:1", "x:2"],
    ),
    "freeze": (
        lambda p: p.freeze(rows=1, cols=2),
        lambda p: (again(p).frozen_row_count, again(p).frozen_col_count),
        (1, 2),
    ),
    "format": (
        lambda p: p.format("A1:B1", {"textFormat": {"bold": True}}),
        lambda p: [cell(p, row, 1).get("userEnteredFormat") for row in (0, 1)],
        [{"textFormat": {"bold": True}}, None],
    ),
    "add_validation": (
        validate,
        lambda p: [
            cell(p, row, 2).get("dataValidation", {}).get("condition", {}).get("type")
            for row in (0, 1)
        ],
        [None, "BOOLEAN"],
    ),
    "add_protected_range": (protect, protected, [("the machine's", True)]),
    "delete_protected_range": (
        protect_and_delete,
        protected,
        [],
    ),
    "hide_columns": (lambda p: p.hide_columns(0, 1), lambda p: column(p, 0)["hiddenByUser"], True),
    "unhide_columns": (
        lambda p: (p.hide_columns(0, 2), p.unhide_columns(0, 1)),
        lambda p: [column(p, place)["hiddenByUser"] for place in (0, 1)],
        [False, True],
    ),
    "set_basic_filter": (
        lambda p: p.set_basic_filter("A1:B4"),
        lambda p: listed(p)["basicFilter"]["range"]["endRowIndex"],
        4,
    ),
    "clear_basic_filter": (
        lambda p: (p.set_basic_filter("A1:B4"), p.clear_basic_filter()),
        lambda p: "basicFilter" in listed(p),
        False,
    ),
    "update_title": (lambda p: p.update_title("drafts"), lambda p: again(p).title, "drafts"),
    "update_index": (
        lambda p: p.update_index(0),
        lambda p: [w.title for w in p.spreadsheet.worksheets()],
        ["gens", "Sheet1"],
    ),
    "duplicate": (duplicate, lambda p: p.spreadsheet.worksheet("copy").get_all_values(), TABLE),
    "add_worksheet": (
        lambda p: p.spreadsheet.add_worksheet("more", rows=3, cols=2),
        lambda p: size(p.spreadsheet.worksheet("more")),
        (3, 2),
    ),
    "del_worksheet": (
        lambda p: p.spreadsheet.del_worksheet(p),
        lambda p: [w.title for w in p.spreadsheet.worksheets()],
        ["Sheet1"],
    ),
    "spreadsheet.update_title": (
        lambda p: p.spreadsheet.update_title("charts"),
        lambda p: p.spreadsheet.fetch_sheet_metadata()["properties"]["title"],
        "charts",
    ),
    "addConditionalFormatRule": (colour_twice, greens, [0.5, 1]),
    "deleteConditionalFormatRule": (colour_and_clear, greens, [1]),
    "createDeveloperMetadata": (
        mark,
        lambda p: [(m["metadataKey"], m["metadataValue"]) for m in listed(p)["developerMetadata"]],
        [("made-by", "a test")],
    ),
    "moveDimension": (
        move_first_column_behind_the_second,
        lambda p: p.row_values(1),
        ["text", "id"],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_has_the_effect_that_can_be_read(page: Page, name: str) -> None:
    call, effect, expected = CALLS[name]
    call(page)
    assert effect(page) == expected


READS: dict[str, tuple[Call, object]] = {
    "get": (lambda p: p.get("A1:B2"), TABLE[:2]),
    "batch_get": (lambda p: p.batch_get(["A2", "B2:B3"]), [[["x:1"]], [["hello"], ["world"]]]),
    "acell": (lambda p: p.acell("B3").value, "world"),
    "cell": (lambda p: p.cell(3, 2).value, "world"),
    "range": (lambda p: [each.value for each in p.range("A2:B2")], TABLE[1]),
    "row_values": (lambda p: p.row_values(3), TABLE[2]),
    "col_values": (lambda p: p.col_values(2), ["text", "hello", "world", "hello"]),
    "find": (lambda p: found.address if (found := p.find("world")) else None, "B3"),
    "find nothing": (lambda p: p.find("nothing"), None),
    "findall": (lambda p: [each.address for each in p.findall("hello")], ["B2", "B4"]),
    "get_all_values": (lambda p: p.get_all_values(), TABLE),
    "get_all_records": (
        lambda p: p.get_all_records(),
        [{"id": draft_id, "text": text} for draft_id, text in TABLE[1:]],
    ),
    "worksheets": (lambda p: [w.title for w in p.spreadsheet.worksheets()], ["Sheet1", "gens"]),
    "worksheet": (lambda p: p.spreadsheet.worksheet("gens").get("A2"), [["x:1"]]),
    "get_worksheet": (lambda p: p.spreadsheet.get_worksheet(1).title, "gens"),
}


@pytest.mark.parametrize("name", READS)
def test_a_call_reads_what_is_there(page: Page, name: str) -> None:
    call, expected = READS[name]
    assert call(page) == expected


def test_a_spreadsheet_is_opened_by_title_key_and_address(page: Page, sandbox: Sandbox) -> None:
    client = sandbox.sheets()
    assert client.open("deephypebot drafts").id == KEY
    assert client.open_by_url(f"https://docs.google.com/spreadsheets/d/{KEY}/edit").id == KEY
    assert [each.id for each in client.openall()] == [KEY]
    with pytest.raises(SpreadsheetNotFound):
        client.open("no such title")
    with pytest.raises(WorksheetNotFound):
        page.spreadsheet.worksheet("no such worksheet")


def test_anothers_spreadsheet_is_not_open_to_us(sandbox: Sandbox) -> None:
    with pytest.raises(PermissionError) as refusal:
        sandbox.sheets().open_by_key("private-spreadsheet")
    cause = refusal.value.__cause__
    assert isinstance(cause, APIError)
    assert cause.error["status"] == "PERMISSION_DENIED"


@pytest.mark.parametrize("request_name", ["conjure", "addChart", "mergeCells", ""])
def test_a_request_that_the_sandbox_does_not_know_is_googles_400(
    page: Page, request_name: str
) -> None:
    with pytest.raises(APIError, match="Unknown name") as refusal:
        asked(page, {request_name: {}})
    assert refusal.value.response.status_code == 400
    assert refusal.value.error["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "request_",
    [
        {"addConditionalFormatRule": {"index": 0}},
        {"createDeveloperMetadata": {"developerMetadata": {"metadataKey": "k"}}},
        {"moveDimension": {"source": {"dimension": "COLUMNS"}}},
        {"setDataValidation": {}},
    ],
)
def test_a_request_that_lacks_something_is_googles_400(
    page: Page, request_: dict[str, Any]
) -> None:
    with pytest.raises(APIError, match="missing or wrong") as refusal:
        asked(page, request_)
    assert refusal.value.response.status_code == 400
