"""`includeGridData=true`: every cell with what was entered, what is shown, and its rule."""

from typing import Any

from services.sandbox.google.a1 import grid_range
from services.sandbox.google.cells import Cell, Entered, rendered
from services.sandbox.google.spreadsheet import Spreadsheet
from services.sandbox.google.worksheet import Worksheet

Document = dict[str, Any]


def with_grid_data(spreadsheet: Spreadsheet) -> Document:
    """The metadata, with the cells of each worksheet down to the last filled or ruled row."""
    document = spreadsheet.metadata()
    document["sheets"] = [
        listed | {"data": [{"rowData": _rows(worksheet)}]}
        for listed, worksheet in zip(document["sheets"], spreadsheet.worksheets, strict=True)
    ]
    return document


def _rows(worksheet: Worksheet) -> list[Document]:
    rules = [
        (worksheet.whole(grid_range(each["range"])).edges(), each["rule"])
        for each in worksheet.overlays.get("dataValidation", [])
    ]
    height = max([len(worksheet.rows), *(bottom for (_, _, bottom, _), _ in rules)])
    width = max([*map(len, worksheet.rows), *(right for (_, _, _, right), _ in rules)], default=0)
    return [
        {
            "values": [
                _cell(worksheet.cell(row, column)) | _rule(rules, row, column)
                for column in range(width)
            ]
        }
        for row in range(height)
    ]


def _rule(
    rules: list[tuple[tuple[int, int, int, int], Document]], row: int, column: int
) -> Document:
    for (top, left, bottom, right), rule in reversed(rules):
        if top <= row < bottom and left <= column < right:
            return {"dataValidation": rule}
    return {}


def _cell(cell: Cell) -> Document:
    if cell is None:
        return {}
    if isinstance(cell, Entered) and cell.formula is not None:
        entered: Document = {"formulaValue": cell.formula}
    else:
        value = rendered(cell, "UNFORMATTED_VALUE")
        kind = "boolValue" if isinstance(value, bool) else "numberValue"
        entered = {"stringValue" if isinstance(value, str) else kind: value}
    return {"userEnteredValue": entered, "formattedValue": rendered(cell, "FORMATTED_VALUE")}
