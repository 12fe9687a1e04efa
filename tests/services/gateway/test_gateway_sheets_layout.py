"""The Google worksheet's looks and its header: laid out once, mended where that is safe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gspread
import pytest

from services.gateway.schemas import Draft, Outcome, Post, Scores, Song
from services.gateway.sheets import layout
from services.gateway.sheets.columns import letter
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.sheets.rows import COLUMNS
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import NotDoneError
from tests.service_account import at_work, service_account

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox, StartSandbox

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
KEY = "sandbox-spreadsheet"

OpenSheet = Callable[[], GoogleSheet]


@pytest.fixture
def sandbox(start_sandbox: StartSandbox) -> Sandbox:
    return start_sandbox(google_per_minute=0)


@pytest.fixture
def open_sheet(sandbox: Sandbox, metrics: VendorMetrics) -> Iterator[OpenSheet]:
    """Opens the sheet as a process that just started does."""
    opened: list[GoogleSheet] = []

    def open_sheet() -> GoogleSheet:
        base = f"{sandbox.base}/google"
        calls = VendorCalls("google", 5.0, metrics)
        place = SheetPlace(KEY, "gens")
        opened.append(GoogleSheet(service_account(base), place, calls, base_url=base))
        return opened[-1]

    yield open_sheet
    for sheet in opened:
        sheet.close()


@pytest.fixture
def sheet(open_sheet: OpenSheet) -> GoogleSheet:
    return open_sheet()


@pytest.fixture
def spreadsheet(sandbox: Sandbox) -> Iterator[gspread.Spreadsheet]:
    with at_work(f"{sandbox.base}/google") as client:
        yield client.open_by_key(KEY)


def a_draft(number: int = 1) -> Draft:
    return Draft(
        id=f"x:{number}:1",
        item_id=f"x:{number}",
        rank=1,
        text=f"a slow burn, number {number}",
        scores=Scores(score=0.5, log_prob=-1.0, topic=0.5, novelty=0.5),
        post=Post(origin="x", id=str(number), text="a post", author_id="7", created_at=NOW),
        song=Song(title="Hurt", artists=["Johnny Cash"], genres=["country", "folk"], score=1.0),
        created_at=NOW,
    )


def listed(spreadsheet: gspread.Spreadsheet) -> dict[str, Any]:
    sheets = spreadsheet.fetch_sheet_metadata({"includeGridData": "true"})["sheets"]
    found: dict[str, Any] = next(s for s in sheets if s["properties"]["title"] == "gens")
    return found


def everything(spreadsheet: gspread.Spreadsheet) -> list[list[Any]]:
    option = gspread.utils.ValueRenderOption.unformatted
    values: list[list[Any]] = spreadsheet.worksheet("gens").get_values(value_render_option=option)
    return values


def place(name: str) -> int:
    return COLUMNS.index(name)


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
