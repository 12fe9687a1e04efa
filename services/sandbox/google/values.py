"""`spreadsheets.values`: reading, writing, appending and clearing ranges of values."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from services.sandbox.google.a1 import Box, written
from services.sandbox.google.cells import Cell, entered, rendered
from services.sandbox.google.errors import invalid, invalid_value
from services.sandbox.google.metadata import matched
from services.sandbox.google.spreadsheet import Document, Spreadsheet
from services.sandbox.google.worksheet import Worksheet

RENDER_OPTIONS = {"FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"}
INPUT_OPTIONS = {"RAW", "USER_ENTERED"}
DIMENSIONS = {"ROWS", "COLUMNS"}
LONGEST_CELL = 50_000  # UTF-16 units

Insertion = Literal["OVERWRITE", "INSERT_ROWS"]


@dataclass(frozen=True)
class Update:
    """Values for a place in a worksheet, checked; None leaves its cell as it is."""

    worksheet: Worksheet
    box: Box
    cells: list[list[Cell]]

    def apply(self) -> None:
        top, left, _, _ = self.box.edges()
        for row, cells in enumerate(self.cells, top):
            for column, cell in enumerate(cells, left):
                if cell is not None:
                    self.worksheet.put(row, column, cell)

    def summary(self, spreadsheet: Spreadsheet) -> Document:
        top, left, bottom, right = self.box.edges()
        return {
            "spreadsheetId": spreadsheet.id,
            "updatedRange": written(self.worksheet.title, self.box),
            "updatedRows": bottom - top,
            "updatedColumns": right - left,
            "updatedCells": sum(cell is not None for row in self.cells for cell in row),
        }


def get(spreadsheet: Spreadsheet, text: str, render: str, dimension: str) -> Document:
    """A ValueRange; `values` is absent when all is empty."""
    if render not in RENDER_OPTIONS or dimension not in DIMENSIONS:
        raise invalid(f"Invalid value at 'value_render_option', \"{render}\"")
    worksheet, box = spreadsheet.find(text)
    _check_inside(worksheet, box)
    box = worksheet.whole(box)
    document: Document = {"range": written(worksheet.title, box), "majorDimension": dimension}
    cells = worksheet.read(box)
    if dimension == "COLUMNS":
        cells = _transposed(cells)
    if cells:
        document["values"] = [[rendered(cell, render) for cell in row] for row in cells]
    return document


def update(spreadsheet: Spreadsheet, text: str, body: Document, option: str) -> Update:
    """An update that is sure to fit; nothing is written yet."""
    worksheet, box = spreadsheet.find(text)
    return _fitting(worksheet, box, body, option)


def updates_by_filter(
    spreadsheet: Spreadsheet, body: Document, option: str
) -> list[tuple[Update, Box]]:
    """The updates of a DataFilterValueRange, of every range that its filter matches."""
    return [
        (_fitting(worksheet, box, body, option), worksheet.whole(box))
        for worksheet, box in matched(spreadsheet, body.get("dataFilter", {}))
    ]


def summary_by_filter(
    spreadsheet: Spreadsheet, update: Update, box: Box, body: Document, render: str | None
) -> Document:
    """The answer to one of them; with all that stands in its range then, where that is wanted."""
    summary = update.summary(spreadsheet) | {"dataFilter": body["dataFilter"]}
    if render is not None:
        where = written(update.worksheet.title, box)
        dimension = body.get("majorDimension") or "ROWS"
        summary["updatedData"] = get(spreadsheet, where, render, dimension)
    return summary


def _fitting(worksheet: Worksheet, box: Box, body: Document, option: str) -> Update:
    given = _values(body, option)
    _check_inside(worksheet, box)
    height, width = len(given), max(map(len, given), default=0)
    top, left, bottom, right = worksheet.whole(box).edges()
    target = Box(top, left, top + max(1, height), left + max(1, width))
    if not box.is_cell:
        where = written(worksheet.title, worksheet.whole(box))
        if top + height > bottom:
            message = f"tried writing to row [{bottom + 1}]"
            raise invalid(f"Requested writing within range [{where}], but {message}")
        if left + width > right:
            message = f"tried writing to column [{right + 1}]"
            raise invalid(f"Requested writing within range [{where}], but {message}")
    _check_inside(worksheet, target)
    return Update(worksheet, target, _cells(worksheet, target, given, option))


def batch_summary(spreadsheet: Spreadsheet, updates: list[Update]) -> Document:
    """The answer to several updates; rows and columns that two of them touch count once."""
    summaries = [update.summary(spreadsheet) for update in updates]
    rows: set[tuple[str, int]] = set()
    columns: set[tuple[str, int]] = set()
    for update in updates:
        title, (top, left, bottom, right) = update.worksheet.title, update.box.edges()
        rows |= {(title, row) for row in range(top, bottom)}
        columns |= {(title, column) for column in range(left, right)}
    return {
        "spreadsheetId": spreadsheet.id,
        "totalUpdatedRows": len(rows),
        "totalUpdatedColumns": len(columns),
        "totalUpdatedCells": sum(summary["updatedCells"] for summary in summaries),
        "totalUpdatedSheets": len({update.worksheet.title for update in updates}),
        "responses": summaries,
    }


def append(
    spreadsheet: Spreadsheet, text: str, body: Document, option: str, insertion: Insertion
) -> Document:
    """Write below the table that the range touches; the grid grows when it must."""
    worksheet, box = spreadsheet.find(text)
    given = _values(body, option)
    _check_inside(worksheet, box)
    table = worksheet.table(box)
    top, left = (box.top, box.left) if table is None else (table.edges()[2], table.left)
    height, width = len(given), max(map(len, given), default=0)
    if table is not None and insertion == "INSERT_ROWS":
        worksheet.insert("ROWS", top, height)
    target = Box(top, left, top + max(1, height), left + max(1, width))
    _grow(worksheet, target)
    applied = Update(worksheet, target, _cells(worksheet, target, given, option))
    applied.apply()
    document: Document = {"spreadsheetId": spreadsheet.id}
    if table is not None:
        document["tableRange"] = written(worksheet.title, table)
    return document | {"updates": applied.summary(spreadsheet)}


def clear(spreadsheet: Spreadsheet, text: str) -> str:
    """Empty a range; returns it as Google writes it."""
    worksheet, box = spreadsheet.find(text)
    _check_inside(worksheet, box)
    worksheet.clear(box)
    return written(worksheet.title, worksheet.whole(box))


def _values(body: Document, option: str) -> list[list[Any]]:
    """The rows of a ValueRange, checked."""
    if option not in INPUT_OPTIONS:
        raise invalid("'valueInputOption' is required but not specified")
    values = body.get("values", [])
    if not isinstance(values, list):
        raise invalid_value("data.values", "google.protobuf.ListValue", str(values))
    for place, row in enumerate(values):
        if not isinstance(row, list):
            raise invalid_value(f"data.values[{place}]", "google.protobuf.ListValue", str(row))
        for cell in row:
            if isinstance(cell, dict | list):
                raise invalid(f"Invalid values[{place}]: list_value or struct_value {{ }}")
            if isinstance(cell, str) and len(cell.encode("utf-16-le")) > 2 * LONGEST_CELL:
                raise invalid(
                    f"Your input contains more than the maximum of {LONGEST_CELL} characters in a "
                    "single cell."
                )
    return _transposed(values) if body.get("majorDimension") == "COLUMNS" else values


def _cells(worksheet: Worksheet, box: Box, rows: list[list[Any]], option: str) -> list[list[Cell]]:
    """What the values become in their places."""

    def cell(value: Any, row: int, column: int) -> Cell:  # noqa: ANN401 - a value of a JSON body
        if value is None:
            return None
        return entered(value, option, as_text=option != "RAW" and worksheet.is_text(row, column))

    return [
        [cell(value, row, column) for column, value in enumerate(values, box.left)]
        for row, values in enumerate(rows, box.top)
    ]


def _transposed(rows: list[list[Any]]) -> list[list[Any]]:
    columns = [list(column) for column in zip_longest(*rows)]
    for column in columns:
        while column and column[-1] is None:
            column.pop()
    return columns


def _check_inside(worksheet: Worksheet, box: Box) -> None:
    whole = worksheet.whole(box)
    if worksheet.holds(whole) and whole.top < worksheet.row_count:
        return
    raise invalid(
        f"Range ({written(worksheet.title, whole)}) exceeds grid limits. "
        f"Max rows: {worksheet.row_count}, max columns: {worksheet.column_count}"
    )


def _grow(worksheet: Worksheet, box: Box) -> None:
    _, _, bottom, right = box.edges()
    worksheet.grid["rowCount"] = max(worksheet.row_count, bottom)
    worksheet.grid["columnCount"] = max(worksheet.column_count, right)
