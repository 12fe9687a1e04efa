"""Google Sheets, used through gspread as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gspread
import httpx
import pytest
from google.auth.exceptions import RefreshError
from gspread.exceptions import APIError, SpreadsheetNotFound
from gspread.utils import (
    InsertDataOption,
    ValidationConditionType,
    ValueInputOption,
    ValueRenderOption,
)

if TYPE_CHECKING:
    from tests.services.sandbox.conftest import Sandbox, StartSandbox

KEY = "sandbox-spreadsheet"
RAW, USER_ENTERED = ValueInputOption.raw, ValueInputOption.user_entered
UNFORMATTED = ValueRenderOption.unformatted


@pytest.fixture
def spreadsheet(start: StartSandbox) -> gspread.Spreadsheet:
    return start(google_per_minute=0).sheets().open_by_key(KEY)


@pytest.fixture
def gens(spreadsheet: gspread.Spreadsheet) -> gspread.Worksheet:
    return spreadsheet.add_worksheet("gens", rows=20, cols=8)


def overlays(worksheet: gspread.Worksheet, name: str) -> list[dict[str, Any]]:
    metadata = worksheet.spreadsheet.fetch_sheet_metadata()
    sheet = next(s for s in metadata["sheets"] if s["properties"]["sheetId"] == worksheet.id)
    return list(sheet[name])


def grid(worksheet: gspread.Worksheet) -> list[list[dict[str, Any]]]:
    metadata = worksheet.spreadsheet.fetch_sheet_metadata({"includeGridData": "true"})
    sheet = next(s for s in metadata["sheets"] if s["properties"]["sheetId"] == worksheet.id)
    return [row["values"] for row in sheet["data"][0]["rowData"]]


def test_a_new_spreadsheet_has_one_worksheet(spreadsheet: gspread.Spreadsheet) -> None:
    (worksheet,) = spreadsheet.worksheets()
    assert (worksheet.title, worksheet.row_count, worksheet.col_count) == ("Sheet1", 1000, 26)


def test_worksheets_are_added_found_and_deleted(spreadsheet: gspread.Spreadsheet) -> None:
    made = spreadsheet.add_worksheet("my gens", rows=10, cols=4)
    assert spreadsheet.worksheet("my gens").id == made.id
    with pytest.raises(APIError, match="already exists"):
        spreadsheet.add_worksheet("My Gens", rows=1, cols=1)
    spreadsheet.del_worksheet(made)
    assert [worksheet.title for worksheet in spreadsheet.worksheets()] == ["Sheet1"]


def test_an_unknown_spreadsheet_is_not_found(sandbox: Sandbox) -> None:
    with pytest.raises(SpreadsheetNotFound):
        sandbox.sheets().open_by_key("nothing")


def test_what_is_written_is_read(gens: gspread.Worksheet) -> None:
    gens.update([["a", 1, True], ["b", 2.5, False]], "A1")
    assert gens.get("A1:C2") == [["a", "1", "TRUE"], ["b", "2.5", "FALSE"]]
    assert gens.get("A1:C2", value_render_option=UNFORMATTED) == [["a", 1, True], ["b", 2.5, False]]


def test_trailing_emptiness_is_left_out(gens: gspread.Worksheet) -> None:
    gens.update([["a", "", "c", ""], ["", "", "", ""], ["d", "", "", ""], ["", ""]], "A1")
    read = gens.spreadsheet.values_get("gens!A1:D5")
    assert read["values"] == [["a", "", "c"], [], ["d"]]
    assert read["range"] == "gens!A1:D5"
    assert "values" not in gens.spreadsheet.values_get("gens!E1:E5")


def test_columns_can_be_read_as_rows(gens: gspread.Worksheet) -> None:
    gens.update([["a", "b"], ["c", "d"]], "A1")
    read = gens.spreadsheet.values_get("gens!A1:B2", {"majorDimension": "COLUMNS"})
    assert read["values"] == [["a", "c"], ["b", "d"]]


def test_open_ranges_run_to_the_edge_of_the_grid(gens: gspread.Worksheet) -> None:
    gens.update([["id", "x"], ["1", "y"], ["2", "z"]], "A1")
    assert gens.batch_get(["A2:A", "B2:B"]) == [[["1"], ["2"]], [["y"], ["z"]]]
    ranges = gens.spreadsheet.values_batch_get(["gens!A2:A", "gens!2:2", "gens"])["valueRanges"]
    assert [each["range"] for each in ranges] == ["gens!A2:A20", "gens!A2:H2", "gens!A1:H20"]


def test_raw_text_stays_text(gens: gspread.Worksheet) -> None:
    texts = ["=1+1", "TRUE", "1578466218075312129", "2026-11-22", "'quoted", "+1"]
    gens.update([texts], "A1", value_input_option=RAW)
    assert gens.get("A1:F1", value_render_option=UNFORMATTED) == [texts]


def test_user_entered_text_is_understood(gens: gspread.Worksheet) -> None:
    gens.update(
        [["=1+1", "TRUE", "1578466218075312129", "2026-11-22", "'quoted", "1,234.5"]],
        "A1",
        value_input_option=USER_ENTERED,
    )
    assert gens.get("A1:F1") == [
        ["#ERROR!", "TRUE", "1.57847E+18", "2026-11-22", "quoted", "1234.5"]
    ]
    assert gens.get("B1:D1", value_render_option=UNFORMATTED) == [
        [True, 1578466218075312129.0, 46348]
    ]
    assert gens.get("A1", value_render_option=ValueRenderOption.formula) == [["=1+1"]]


def test_null_leaves_a_cell_and_empty_text_clears_it(gens: gspread.Worksheet) -> None:
    gens.update([["a", "b", "c"]], "A1")
    gens.update([[None, "", "d"]], "A1")
    assert gens.get("A1:C1") == [["a", "", "d"]]


def test_a_write_outside_of_the_grid_is_refused(gens: gspread.Worksheet) -> None:
    with pytest.raises(APIError, match="exceeds grid limits"):
        gens.update([["x"]], "A21")
    with pytest.raises(APIError, match="exceeds grid limits"):
        gens.update([["x"] * 9], "A1")
    gens.add_rows(5)
    gens.update([["x"]], "A21")
    assert gens.spreadsheet.worksheet("gens").row_count == 25


def test_values_must_fit_their_range(gens: gspread.Worksheet) -> None:
    with pytest.raises(APIError, match="tried writing to row"):
        gens.update([["a"], ["b"]], "A1:B1")
    with pytest.raises(APIError, match="tried writing to column"):
        gens.update([["a", "b", "c"]], "A1:B1")


def test_several_ranges_are_written_at_once_or_not_at_all(gens: gspread.Worksheet) -> None:
    answer = gens.batch_update(
        [{"range": "A1:D1", "values": [["a", "b", "", "d"]]}, {"range": "A4", "values": [["e"]]}]
    )
    assert answer["totalUpdatedCells"] == 5
    assert answer["totalUpdatedRows"] == 2
    assert answer["totalUpdatedColumns"] == 4
    with pytest.raises(APIError):
        gens.batch_update([{"range": "A1", "values": [["z"]]}, {"range": "A99", "values": [["z"]]}])
    assert gens.get("A1:D4") == [["a", "b", "", "d"], [], [], ["e"]]


def test_the_first_append_names_no_table(gens: gspread.Worksheet) -> None:
    first: Any = gens.append_rows([["a", "b"]], value_input_option=RAW)
    second: Any = gens.append_rows([["c", "d"]], value_input_option=RAW, table_range="A1")
    assert "tableRange" not in first
    assert second["tableRange"] == "gens!A1:B1"
    assert second["updates"]["updatedRange"] == "gens!A2:B2"


def test_an_append_lands_below_its_table_and_shifts_with_it(gens: gspread.Worksheet) -> None:
    gens.update([["a", "b"], ["c", "d"]], "C3")
    gens.append_row(["e"])
    assert gens.acell("C5").value == "e"


def test_inserted_rows_push_what_is_below(gens: gspread.Worksheet) -> None:
    gens.update([["a"], [""], ["z"]], "A1")
    gens.append_rows([["b"]], insert_data_option=InsertDataOption.insert_rows, table_range="A1")
    assert gens.col_values(1) == ["a", "b", "", "z"]
    assert gens.spreadsheet.worksheet("gens").row_count == 21


def test_an_append_grows_the_grid(gens: gspread.Worksheet) -> None:
    gens.append_rows([[str(number)] for number in range(25)])
    assert len(gens.col_values(1)) == 25


def test_a_checkbox_holds_real_booleans(gens: gspread.Worksheet) -> None:
    gens.add_validation("G2:G", ValidationConditionType.boolean, [], strict=True, showCustomUi=True)
    gens.update([[True], [False]], "G2")
    assert gens.get("G2:G", value_render_option=UNFORMATTED) == [[True], [False]]
    cell = grid(gens)[1][6]
    assert cell["dataValidation"]["condition"]["type"] == "BOOLEAN"
    assert cell["userEnteredValue"] == {"boolValue": True}
    assert "dataValidation" not in grid(gens)[0][6]


def test_formats_freezes_and_widths_are_taken(gens: gspread.Worksheet) -> None:
    gens.format("A1:H1", {"textFormat": {"bold": True}})
    gens.freeze(rows=1, cols=2)
    gens.columns_auto_resize(0, 3)
    gens.set_basic_filter("A1:B5")
    found = gens.spreadsheet.worksheet("gens")
    assert (found.frozen_row_count, found.frozen_col_count) == (1, 2)
    gens.freeze(rows=0)
    assert gens.spreadsheet.worksheet("gens").frozen_row_count == 0


def test_ranges_are_protected_and_colours_conditional(gens: gspread.Worksheet) -> None:
    gens.add_protected_range("A1:A", editor_users_emails=["bot@sandbox.example.org"])
    (protected,) = overlays(gens, "protectedRanges")
    assert protected["protectedRangeId"] == 1
    rule = {
        "ranges": [{"sheetId": gens.id}],
        "booleanRule": {
            "condition": {"type": "NOT_BLANK"},
            "format": {"backgroundColor": {"green": 1}},
        },
    }
    gens.spreadsheet.batch_update(
        {"requests": [{"addConditionalFormatRule": {"rule": rule, "index": 0}}]}
    )
    assert overlays(gens, "conditionalFormats") == [rule]
    gens.delete_protected_range("1")
    assert overlays(gens, "protectedRanges") == []


def test_rows_are_sorted_with_empty_cells_last(gens: gspread.Worksheet) -> None:
    gens.update([["b", 2], ["", 9], ["a", 10], ["c", 1]], "A1", value_input_option=RAW)
    gens.sort((1, "asc"), range="A1:B4")
    assert gens.col_values(2) == ["10", "2", "1", "9"]
    gens.sort((2, "des"), range="A1:B4")
    assert gens.col_values(2) == ["10", "9", "2", "1"]


def test_rows_are_inserted_and_deleted(gens: gspread.Worksheet) -> None:
    gens.update([["a"], ["b"], ["c"]], "A1")
    gens.delete_rows(2)
    assert gens.col_values(1) == ["a", "c"]
    gens.insert_row(["b"], index=2)
    assert gens.col_values(1) == ["a", "b", "c"]
    assert gens.spreadsheet.worksheet("gens").row_count == 20


def test_ranges_and_sheets_are_cleared(gens: gspread.Worksheet) -> None:
    gens.update([["a", "b"], ["c", "d"]], "A1")
    gens.batch_clear(["A1", "B2:B"])
    assert gens.get_all_values() == [["", "b"], ["c", ""]]
    gens.clear()
    assert gens.get_all_values() == [[]]


@pytest.mark.parametrize("text", ["nowhere!A1", "A0", "gens!?", "1A", "'gens'A1"])
def test_what_is_no_range_is_named(gens: gspread.Worksheet, text: str) -> None:
    with pytest.raises(APIError, match="Unable to parse range"):
        gens.spreadsheet.values_get(text)


def test_titles_with_quotes_and_marks_are_understood(spreadsheet: gspread.Spreadsheet) -> None:
    sheet = spreadsheet.add_worksheet("it's! a 'test'", rows=5, cols=5)
    sheet.update([["x"]], "B2")
    assert sheet.get("B2") == [["x"]]


def test_one_wrong_request_undoes_the_others(gens: gspread.Worksheet) -> None:
    delete = {"sheetId": gens.id, "dimension": "ROWS", "startIndex": 0, "endIndex": 5}
    requests = [{"deleteDimension": {"range": delete}}, {"conjure": {}}]
    with pytest.raises(APIError, match="Unknown name"):
        gens.spreadsheet.batch_update({"requests": requests})
    assert gens.spreadsheet.worksheet("gens").row_count == 20


def test_the_quota_is_sixty_reads_a_minute(sandbox: Sandbox) -> None:
    worksheet = sandbox.sheets().open_by_key(KEY).sheet1  # two reads
    for _ in range(58):
        worksheet.get("A1")
    with pytest.raises(APIError, match="Quota exceeded") as error:
        worksheet.get("A1")
    assert error.value.response.status_code == 429
    worksheet.update([["writes have their own"]], "A1")
    sandbox.clock.now += 60
    assert worksheet.get("A1") == [["writes have their own"]]


def test_strangers_are_refused(sandbox: Sandbox) -> None:
    answer = httpx.get(f"{sandbox.base}/google/v4/spreadsheets/{KEY}")
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


def test_a_token_lives_an_hour(sandbox: Sandbox) -> None:
    client = sandbox.sheets()
    client.open_by_key(KEY)
    token = client.http_client.auth.token
    sandbox.clock.now += 3600
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.get(f"{sandbox.base}/google/v4/spreadsheets/{KEY}", headers=headers)
    assert answer.status_code == 401


def test_an_assertion_of_nobody_gets_no_token(sandbox: Sandbox) -> None:
    client = sandbox.sheets()
    client.http_client.auth._service_account_email = ""  # type: ignore[attr-defined]  # unstated
    with pytest.raises(RefreshError, match="invalid_grant"):
        client.http_client.login()


def test_spreadsheets_are_made_and_deleted(sandbox: Sandbox) -> None:
    client = sandbox.sheets()
    made = client.create("charts")
    assert client.open_by_key(made.id).title == "charts"
    client.del_spreadsheet(made.id)
    with pytest.raises(SpreadsheetNotFound):
        client.open_by_key(made.id)


def updated(gens: gspread.Worksheet, row: int, *texts: str) -> dict[str, Any]:
    cells = [{"userEnteredValue": {"stringValue": text} if text else {}} for text in texts]
    start = {"sheetId": gens.id, "rowIndex": row, "columnIndex": 0}
    rows = [{"values": cells}]
    return {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}}


def inserted(gens: gspread.Worksheet, row: int, *, inherit: bool = False) -> dict[str, Any]:
    place = {"sheetId": gens.id, "dimension": "ROWS", "startIndex": row, "endIndex": row + 1}
    return {"insertDimension": {"range": place, "inheritFromBefore": inherit}}


def test_cells_are_written_into_a_row_that_the_same_call_puts_in(gens: gspread.Worksheet) -> None:
    gens.update([["a"], ["b"]], "A1")
    requests = [inserted(gens, 1), updated(gens, 1, "=new", "")]
    gens.spreadsheet.batch_update({"requests": requests})
    assert gens.col_values(1) == ["a", "=new", "b"]


def test_a_change_answers_with_the_cells_that_are_asked_for(gens: gspread.Worksheet) -> None:
    gens.update([["a", "b"], ["c"]], "A1")
    answer = gens.spreadsheet.batch_update(
        {
            "requests": [updated(gens, 2, "d", "e")],
            "includeSpreadsheetInResponse": True,
            "responseRanges": ["gens!A2:A"],
            "responseIncludeGridData": True,
        }
    )
    (sheet,) = answer["updatedSpreadsheet"]["sheets"]
    (part,) = sheet["data"]
    values = [row["values"][0]["userEnteredValue"]["stringValue"] for row in part["rowData"]]
    assert (sheet["properties"]["title"], part["startRow"], values) == ("gens", 1, ["c", "d"])


@pytest.mark.parametrize(("row", "inherit"), [(20, False), (21, True)])
def test_nothing_is_put_in_below_the_last_row(
    gens: gspread.Worksheet, row: int, inherit: bool
) -> None:
    with pytest.raises(APIError, match="after last row in grid"):
        gens.spreadsheet.batch_update({"requests": [inserted(gens, row, inherit=inherit)]})


def test_cells_beyond_the_grid_are_not_updated(gens: gspread.Worksheet) -> None:
    with pytest.raises(APIError, match="exceeds grid limits"):
        gens.spreadsheet.batch_update({"requests": [updated(gens, 20, "x")]})


def test_what_is_typed_into_a_cell_for_text_stays_as_typed(gens: gspread.Worksheet) -> None:
    gens.format("B1:B9", {"numberFormat": {"type": "TEXT"}})
    typed = ["11/22/2026", "=) love", "50%", "1999", "TRUE", "+1 from me"]
    gens.update([[text] for text in typed], "B1", value_input_option=USER_ENTERED)
    assert gens.get("B1:B6", value_render_option=UNFORMATTED) == [[text] for text in typed]


def test_percentages_dates_and_a_leading_plus_are_understood(gens: gspread.Worksheet) -> None:
    typed = ["50%", "Nov 22, 2026", "22 November 2026", "+5", "+1 from me"]
    gens.update([typed], "A1", value_input_option=USER_ENTERED)
    read = gens.get("A1:E1", value_render_option=UNFORMATTED)
    assert read == [[0.5, 46348, 46348, 5, "#ERROR!"]]
