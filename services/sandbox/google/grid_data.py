"""`includeGridData=true`: every cell with what was entered, what is shown, its rule and its format;
and the widths of columns.
"""

from typing import Any

from services.sandbox.google.a1 import Box, grid_range
from services.sandbox.google.cells import Cell, Entered, rendered
from services.sandbox.google.spreadsheet import Spreadsheet
from services.sandbox.google.worksheet import Worksheet

Document = dict[str, Any]
Ranged = tuple[tuple[int, int, int, int], Document]  # top, left, bottom, right


def with_grid_data(spreadsheet: Spreadsheet) -> Document:
    """The metadata, with the cells of each worksheet down to the last filled or ruled row."""
    document = spreadsheet.metadata()
    document["sheets"] = [
        listed | {"data": [_data(worksheet)]}
        for listed, worksheet in zip(document["sheets"], spreadsheet.worksheets, strict=True)
    ]
    return document


def with_ranges(spreadsheet: Spreadsheet, ranges: list[str], *, grid: bool) -> Document:
    """The metadata of the worksheets that the ranges lie in, and the ranges' cells if wanted."""
    asked = [spreadsheet.find(text) for text in ranges]
    document = spreadsheet.metadata()
    document["sheets"] = [
        listed
        | ({"data": [_part(page, box) for page, box in asked if page is worksheet]} if grid else {})
        for listed, worksheet in zip(document["sheets"], spreadsheet.worksheets, strict=True)
        if any(page is worksheet for page, _ in asked)
    ]
    return document


def _part(worksheet: Worksheet, box: Box) -> Document:
    """A GridData; Google leaves out what is zero."""
    starts = {"startRow": box.top, "startColumn": box.left}
    part: Document = {name: start for name, start in starts.items() if start}
    return part | {"rowData": _rows(worksheet, box)}


def _data(worksheet: Worksheet) -> Document:
    return {
        "rowData": _rows(worksheet, Box()),
        "rowMetadata": _dimensions(worksheet, "ROWS", worksheet.row_count, 21),
        "columnMetadata": _dimensions(worksheet, "COLUMNS", worksheet.column_count, 100),
    }


def _dimensions(worksheet: Worksheet, dimension: str, count: int, pixels: int) -> list[Document]:
    """The properties of all rows or columns; later requests win."""
    found: list[Document] = [{"pixelSize": pixels} for _ in range(count)]
    for each in worksheet.overlays.get("dimensions", []):
        place = each["range"]
        if place["dimension"] == dimension:
            for properties in found[place.get("startIndex", 0) : place.get("endIndex", count)]:
                properties.update(each["properties"])
    return found


def _rows(worksheet: Worksheet, box: Box) -> list[Document]:
    rules = _ranged(worksheet, "dataValidation", "rule")
    formats = _ranged(worksheet, "formats", "cell")
    height = max([len(worksheet.rows), *(bottom for (_, _, bottom, _), _ in rules)])
    width = max([*map(len, worksheet.rows), *(right for (_, _, _, right), _ in rules)], default=0)
    top, left, bottom, right = worksheet.whole(box).edges()
    return [
        {
            "values": [
                _cell(worksheet.cell(row, column))
                | _rule(rules, row, column)
                | _format(formats, row, column)
                for column in range(left, min(width, right))
            ]
        }
        for row in range(top, min(height, bottom))
    ]


def _ranged(worksheet: Worksheet, overlay: str, name: str) -> list[Ranged]:
    return [
        (worksheet.whole(grid_range(each["range"])).edges(), each[name])
        for each in worksheet.overlays.get(overlay, [])
    ]


def _at(found: list[Ranged], row: int, column: int) -> list[Document]:
    """What lies over a cell, the first laid first."""
    return [
        document
        for (top, left, bottom, right), document in found
        if top <= row < bottom and left <= column < right
    ]


def _rule(rules: list[Ranged], row: int, column: int) -> Document:
    laid = _at(rules, row, column)
    return {"dataValidation": laid[-1]} if laid else {}


def _format(formats: list[Ranged], row: int, column: int) -> Document:
    given: Document = {}
    for cell in _at(formats, row, column):
        given |= cell.get("userEnteredFormat", {})
    return {"userEnteredFormat": given} if given else {}


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
