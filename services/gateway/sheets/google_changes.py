"""Changes of a worksheet as requests to Google, and what its answers show.

- All requests of a body are done at once or not at all. A text is stored as it is, never run.
- New rows are put in, by `spreadsheets.batchUpdate`, which knows columns by their place only: its
  answer shows row 1 as it stood at that moment.
- Cells of rows that stand are written by `values.batchUpdateByDataFilter` into columns that bear
  our tags (developer metadata, which goes where a column goes): its answer shows the ids as they
  stood, and the names.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.gateway.sheets.columns import Places, runs
from services.gateway.sheets.rows import Cell, text_of

Request = dict[str, Any]
Parts = Mapping[str, Cell]  # of one row, by column

# On each column, with its name, and on the worksheet when all of them are known to be right.
TAG, TAGGED = "deephypebot-column", "deephypebot-columns"
# All that is read of an answer; a cell has many more fields.
HEADER_SHOWN = "updatedSpreadsheet.sheets.data(rowData.values.userEnteredValue)"
COLUMNS_SHOWN = "responses(dataFilter,updatedData)"


def written(
    sheet_id: int, row: int, places: Places, rows: Sequence[Sequence[Cell]]
) -> Iterable[Request]:
    """Whole rows from `row` (0 is the header) on, their cells in the order of `places`."""
    names = list(places)
    for run in runs(places, names):
        ours = slice(names.index(run[0]), names.index(run[-1]) + 1)
        start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": places[run[0]]}
        given = [{"values": [_value(cell) for cell in cells[ours]]} for cells in rows]
        yield {"updateCells": {"start": start, "rows": given, "fields": "userEnteredValue"}}


def put_in(
    sheet_id: int,
    row: int,
    places: Places,
    rows: Sequence[Sequence[Cell]],
    looks: Sequence[Request],
) -> list[Request]:
    """New rows above the one that is at `row`; what a curator typed there meanwhile moves down."""
    bottom = row + len(rows)
    place = {"sheetId": sheet_id, "dimension": "ROWS", "startIndex": row, "endIndex": bottom}
    # Never the looks of the header.
    return [
        {"insertDimension": {"range": place, "inheritFromBefore": row > 1}},
        *looks,
        *written(sheet_id, row, places, rows),
    ]


def showing_header(worksheet: str, requests: Sequence[Request]) -> Request:
    """A body that asks for row 1 as it stands when the requests are done."""
    title = worksheet.replace("'", "''")
    return {
        "requests": requests,
        "includeSpreadsheetInResponse": True,
        "responseRanges": [f"'{title}'!1:1"],
        "responseIncludeGridData": True,
    }


def header_in(answer: Mapping[str, Any]) -> list[Cell]:
    (sheet,) = answer["updatedSpreadsheet"]["sheets"]
    (part,) = sheet["data"]
    (row,) = part.get("rowData", [{}])
    return [
        next(iter(cell.get("userEnteredValue", {}).values()), "") for cell in row.get("values", [])
    ]


def tags(sheet_id: int, series: str, places: Places) -> list[Request]:
    """Tag every column. Only those of the `series` that `tagged` names are ever looked for."""
    return [
        _created(
            f"{series}:{name}",
            TAG,
            {
                "dimensionRange": {
                    "sheetId": sheet_id,
                    "dimension": "COLUMNS",
                    "startIndex": place,
                    "endIndex": place + 1,
                }
            },
        )
        for name, place in places.items()
    ]


def tagged(sheet_id: int, series: str) -> Request:
    return _created(series, TAGGED, {"sheetId": sheet_id})


def placed(sheet_id: int, series: str, cells: Mapping[int, Parts]) -> Request:
    """A body that writes cells by place (0 is the row below the header) and column, and asks for
    these columns and the ids."""
    columns: dict[str, dict[int, Cell]] = {"id": {}}
    for place, parts in cells.items():
        for name, cell in parts.items():
            columns.setdefault(name, {})[place] = cell
    return {
        "valueInputOption": "RAW",
        "data": [
            {
                "dataFilter": _column(sheet_id, series, name),
                "majorDimension": "COLUMNS",
                "values": [_column_of(column)],
            }
            for name, column in columns.items()
        ],
        "includeValuesInResponse": True,
        "responseValueRenderOption": "UNFORMATTED_VALUE",
    }


def columns_in(answer: Mapping[str, Any]) -> dict[str, list[Cell]]:
    """The columns that `placed` asked for, by the name that is on their tag."""
    found: dict[str, list[Cell]] = {}
    for response in answer.get("responses", []):
        tag = response["dataFilter"]["developerMetadataLookup"]["metadataValue"]
        data = response["updatedData"]
        values = data.get("values", [])
        if data.get("majorDimension") == "COLUMNS":
            cells = [*values[0]] if values else []
        else:
            cells = [row[0] if row else "" for row in values]
        found[str(tag).partition(":")[2]] = cells
    return found


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


def ids_of(cells: Iterable[Cell]) -> list[str]:
    return [text_of(cell) for cell in cells]


def _created(value: str, key: str, location: Request) -> Request:
    mark = {"metadataKey": key, "metadataValue": value, "visibility": "DOCUMENT"}
    return {"createDeveloperMetadata": {"developerMetadata": mark | {"location": location}}}


def _column(sheet_id: int, series: str, name: str) -> Request:
    """The column with a tag. A copy of the worksheet may bear the same ones."""
    return {
        "developerMetadataLookup": {
            "locationType": "COLUMN",
            "metadataKey": TAG,
            "metadataValue": f"{series}:{name}",
            "metadataLocation": {"sheetId": sheet_id},
            "locationMatchingStrategy": "INTERSECTING_LOCATION",
        }
    }


def _column_of(cells: Mapping[int, Cell]) -> list[Cell | None]:
    """A column from row 1 down; None leaves a cell as it is."""
    return [None, *(cells.get(place) for place in range(max(cells, default=-1) + 1))]


def _value(cell: Cell) -> Request:
    """A CellData; an empty text empties the cell."""
    if isinstance(cell, bool):
        return {"userEnteredValue": {"boolValue": cell}}
    if isinstance(cell, str):
        return {"userEnteredValue": {"stringValue": cell}} if cell else {}
    return {"userEnteredValue": {"numberValue": cell}}
