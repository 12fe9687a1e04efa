"""Changes of a worksheet as requests of `spreadsheets.batchUpdate`, and what its answer shows.

All requests of a body are done at once or not at all. A text is stored as it is, never run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.sheets import layout
from services.gateway.sheets.rows import Cell, text_of

Request = dict[str, Any]
Parts = Mapping[str, Sequence[Cell]]  # of one row: cells by the column that they begin in

# All that is read of an answer; a column of cells has many more fields.
ANSWERED = "updatedSpreadsheet.sheets.data(startRow,rowData.values.userEnteredValue)"
LETTERS = "ABCDEFGHIJKLM"


def written(sheet_id: int, row: int, first: str, rows: Sequence[Sequence[Cell]]) -> Request:
    """Cells from a row (0 is the header) and a column on."""
    column = LETTERS.index(first)
    start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": column}
    given = [{"values": [_value(cell) for cell in cells]} for cells in rows]
    return {"updateCells": {"start": start, "rows": given, "fields": "userEnteredValue"}}


def put_in(sheet_id: int, row: int, rows: Sequence[Sequence[Cell]]) -> list[Request]:
    """New rows above the one that is at `row`; what a curator typed there meanwhile moves down."""
    bottom = row + len(rows)
    place = {"sheetId": sheet_id, "dimension": "ROWS", "startIndex": row, "endIndex": bottom}
    # Never the looks of the header.
    return [
        {"insertDimension": {"range": place, "inheritFromBefore": row > 1}},
        *layout.below(sheet_id, top=row, bottom=bottom),
        written(sheet_id, row, "A", rows),
    ]


def placed(sheet_id: int, worksheet: str, cells: Mapping[int, Parts]) -> Mapping[str, Any]:
    """A body that writes cells by place (0 is the row below the header) and asks for the ids."""
    title = worksheet.replace("'", "''")
    return {
        "requests": [
            written(sheet_id, place + 1, first, [values])
            for place, parts in cells.items()
            for first, values in parts.items()
        ],
        "includeSpreadsheetInResponse": True,
        "responseRanges": [f"'{title}'!A:A"],
        "responseIncludeGridData": True,
    }


def ids_in(answer: Mapping[str, Any]) -> list[str]:
    """The ids below the header as they stood when what was asked for was done."""
    (sheet,) = answer["updatedSpreadsheet"]["sheets"]
    (part,) = sheet["data"]
    _, *rows = part["rowData"]
    return [_id_in(row) for row in rows]


def _id_in(row: Mapping[str, Any]) -> str:
    for cell in row.get("values", []):
        for value in cell.get("userEnteredValue", {}).values():
            return text_of(value)
    return ""


def still_due(written: Mapping[int, str], ids: Sequence[str]) -> dict[int, str]:
    """Which ids' cells must be written where, after what was written for ids by place.

    Rows that moved in between left it in another's place, which gets its own cells back.
    """
    due: dict[int, str] = {}
    for place, draft_id in written.items():
        there = ids[place] if place < len(ids) else ""
        if there != draft_id:
            due[place] = there
            if draft_id in ids:
                due[ids.index(draft_id)] = draft_id
    return due


def _value(cell: Cell) -> Request:
    """A CellData; an empty text empties the cell."""
    if isinstance(cell, bool):
        return {"userEnteredValue": {"boolValue": cell}}
    if isinstance(cell, str):
        return {"userEnteredValue": {"stringValue": cell}} if cell else {}
    return {"userEnteredValue": {"numberValue": cell}}
