"""`spreadsheets.batchUpdate`: requests that change more than values, all of them or none."""

import copy
from collections.abc import Callable
from hashlib import blake2b
from itertools import count
from typing import Any

from services.sandbox.google import metadata, overlays
from services.sandbox.google.a1 import Box, grid_range
from services.sandbox.google.cells import Cell, entered
from services.sandbox.google.errors import invalid
from services.sandbox.google.spreadsheet import COLUMNS, ROWS, Spreadsheet
from services.sandbox.google.worksheet import Worksheet

Document = dict[str, Any]
Change = Callable[[Spreadsheet, Document], Document]


def apply(spreadsheet: Spreadsheet, requests: list[Document]) -> tuple[Spreadsheet, Document]:
    """A changed copy, and the answer; raises Google's 400 for the first request that is wrong."""
    changed = spreadsheet.copy()
    replies = []
    for place, request in enumerate(requests):
        ((name, arguments),) = request.items() if len(request) == 1 else (("", {}),)
        change = CHANGES.get(name)
        if change is None:
            raise invalid(
                f"Invalid JSON payload received. Unknown name \"{name}\" at 'requests[{place}]': "
                "Cannot find field."
            )
        try:
            replies.append(change(changed, arguments))
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise invalid(f"Invalid requests[{place}].{name}: missing or wrong {error}") from error
    return changed, {"spreadsheetId": spreadsheet.id, "replies": replies}


def _add_sheet(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    asked = arguments.get("properties", {})
    number = len(spreadsheet.worksheets)
    title = asked.get("title", f"Sheet{number + 1}")
    _check_new_title(spreadsheet, title, "addSheet")
    grid = asked.get("gridProperties", {})
    sheet_id = asked.get("sheetId", _sheet_id(spreadsheet, title))
    worksheet = Worksheet.empty(
        sheet_id, title, number, grid.get("rowCount", ROWS), grid.get("columnCount", COLUMNS)
    )
    worksheet.grid.update(grid)
    spreadsheet.worksheets.insert(asked.get("index", number), worksheet)
    spreadsheet.reindex()
    return {"addSheet": {"properties": worksheet.properties}}


def _delete_sheet(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    worksheet = spreadsheet.by_id(arguments["sheetId"])
    if len(spreadsheet.worksheets) == 1:
        raise invalid(
            "Invalid requests[0].deleteSheet: You can't remove all the sheets in a document."
        )
    spreadsheet.worksheets.remove(worksheet)
    spreadsheet.reindex()
    return {}


def _duplicate_sheet(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    source = spreadsheet.by_id(arguments["sourceSheetId"])
    title = arguments.get("newSheetName") or f"Copy of {source.title}"
    _check_new_title(spreadsheet, title, "duplicateSheet")
    worksheet = copy.deepcopy(source)
    new_id = arguments.get("newSheetId")
    worksheet.properties["sheetId"] = _sheet_id(spreadsheet, title) if new_id is None else new_id
    worksheet.properties["title"] = title
    spreadsheet.worksheets.insert(arguments.get("insertSheetIndex") or 0, worksheet)
    spreadsheet.reindex()
    return {"duplicateSheet": {"properties": worksheet.properties}}


def _update_spreadsheet(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    if arguments["fields"] != "title":
        raise invalid("Invalid requests[0].updateSpreadsheetProperties: only the title here.")
    spreadsheet.title = str(arguments["properties"]["title"])
    return {}


def _update_sheet(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    properties = arguments["properties"]
    worksheet = spreadsheet.by_id(properties["sheetId"])
    for path in _paths(arguments["fields"], properties):
        *folders, name = path
        source, target = properties, worksheet.properties
        for folder in folders:
            source, target = source.get(folder, {}), target.setdefault(folder, {})
        if path == ("title",) and properties["title"].casefold() != worksheet.title.casefold():
            _check_new_title(spreadsheet, properties["title"], "updateSheetProperties")
        if name in source:
            target[name] = source[name]
        else:
            target.pop(name, None)
    worksheet.crop()
    spreadsheet.worksheets.sort(key=lambda each: (each.properties["index"], each is not worksheet))
    spreadsheet.reindex()
    return {}


def _append_dimension(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    worksheet = spreadsheet.by_id(arguments.get("sheetId", 0))
    count = "rowCount" if arguments["dimension"] == "ROWS" else "columnCount"
    worksheet.grid[count] += arguments["length"]
    return {}


def _insert_dimension(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["range"]
    worksheet = spreadsheet.by_id(place.get("sheetId", 0))
    start, end = place.get("startIndex", 0), place["endIndex"]
    kind, size = "row", worksheet.row_count
    if place["dimension"] == "COLUMNS":
        kind, size = "column", worksheet.column_count
    if start > size or (start == size and not arguments.get("inheritFromBefore")):
        raise invalid(
            f"Invalid requests[0].insertDimension: range.startIndex[{start}] is after last {kind} "
            f"in grid[{size - 1}]"
        )
    worksheet.insert(place["dimension"], start, end - start)
    return {}


def _update_cells(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    """Values only, from a cell to the right and down; a cell without one is emptied."""
    if arguments["fields"] != "userEnteredValue":
        raise invalid("Invalid requests[0].updateCells: only userEnteredValue here.")
    start, rows = arguments["start"], arguments["rows"]
    worksheet = spreadsheet.by_id(start.get("sheetId", 0))
    top, left = start.get("rowIndex", 0), start.get("columnIndex", 0)
    width = max((len(row.get("values", [])) for row in rows), default=0)
    if not worksheet.holds(Box(top, left, top + len(rows), left + width)):
        raise invalid(
            f"Invalid requests[0].updateCells: Attempting to write column: {left + width - 1}, "
            f"row: {top + len(rows) - 1}, which exceeds grid limits. Max rows: "
            f"{worksheet.row_count}, max columns: {worksheet.column_count}"
        )
    for row, given in enumerate(rows, top):
        for column, cell in enumerate(given.get("values", []), left):
            worksheet.put(row, column, _extended(cell.get("userEnteredValue", {})))
    return {}


def _extended(value: Document) -> Cell:
    """The cell of an ExtendedValue; a text is none that a person typed."""
    if "formulaValue" in value:
        return entered(value["formulaValue"], "USER_ENTERED")
    return entered(next(iter(value.values()), None), "RAW")


def _delete_dimension(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["range"]
    worksheet = spreadsheet.by_id(place.get("sheetId", 0))
    size = worksheet.row_count if place["dimension"] == "ROWS" else worksheet.column_count
    start, end = place.get("startIndex", 0), min(place.get("endIndex", size), size)
    if end - start >= size:
        kind = place["dimension"].lower()
        raise invalid(
            f"Invalid requests[0].deleteDimension: You can't delete all the {kind} on the sheet."
        )
    worksheet.delete(place["dimension"], start, end)
    return {}


def _move_dimension(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["source"]
    worksheet = spreadsheet.by_id(place.get("sheetId", 0))
    start, end, to = place["startIndex"], place["endIndex"], arguments["destinationIndex"]
    if start < to < end:
        raise invalid(
            "Invalid requests[0].moveDimension: Cannot move a dimension into the middle of itself."
        )
    worksheet.move(place["dimension"], start, end, to)
    return {}


def _sort_range(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["range"]
    orders = [
        (order.get("dimensionIndex", 0), order.get("sortOrder") == "DESCENDING")
        for order in arguments["sortSpecs"]
    ]
    spreadsheet.by_id(place.get("sheetId", 0)).sort(grid_range(place), orders)
    return {}


CHANGES: dict[str, Change] = {
    "addSheet": _add_sheet,
    "deleteSheet": _delete_sheet,
    "duplicateSheet": _duplicate_sheet,
    "updateSheetProperties": _update_sheet,
    "updateSpreadsheetProperties": _update_spreadsheet,
    "appendDimension": _append_dimension,
    "insertDimension": _insert_dimension,
    "deleteDimension": _delete_dimension,
    "moveDimension": _move_dimension,
    "sortRange": _sort_range,
    "updateCells": _update_cells,
    "setDataValidation": overlays.set_validation,
    "repeatCell": overlays.repeat_cell,
    "addProtectedRange": overlays.add_protected_range,
    "deleteProtectedRange": overlays.delete_protected_range,
    "addConditionalFormatRule": overlays.add_conditional_format,
    "deleteConditionalFormatRule": overlays.delete_conditional_format,
    "setBasicFilter": overlays.set_basic_filter,
    "clearBasicFilter": overlays.clear_basic_filter,
    "updateDimensionProperties": overlays.update_dimensions,
    "autoResizeDimensions": overlays.resize_to_fit,
    "createDeveloperMetadata": metadata.create,
}


def _check_new_title(spreadsheet: Spreadsheet, title: str, request: str) -> None:
    if spreadsheet.by_title(title):
        raise invalid(
            f'Invalid requests[0].{request}: A sheet with the name "{title}" already exists. '
            "Please enter another name."
        )


def _sheet_id(spreadsheet: Spreadsheet, title: str) -> int:
    """One that is free: a tab that bore this title may have another by now."""
    taken = {worksheet.properties["sheetId"] for worksheet in spreadsheet.worksheets}
    ids = (_number(f"{spreadsheet.id}\0{title}\0{attempt}") for attempt in count())
    return next(each for each in ids if each not in taken)


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) >> 1


def _paths(fields: str, properties: Document) -> list[tuple[str, ...]]:
    """A field mask's paths; `*` is every field given, the id aside."""
    if fields == "*":
        return [(name,) for name in properties if name != "sheetId"]
    return [tuple(path.strip().replace("/", ".").split(".")) for path in fields.split(",")]
