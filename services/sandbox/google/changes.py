"""`spreadsheets.batchUpdate`: requests that change more than values, all of them or none."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from services.sandbox.google.a1 import grid_range
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
    worksheet.insert(place["dimension"], start, end - start)
    return {}


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


def _sort_range(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["range"]
    orders = [
        (order.get("dimensionIndex", 0), order.get("sortOrder") == "DESCENDING")
        for order in arguments["sortSpecs"]
    ]
    spreadsheet.by_id(place.get("sheetId", 0)).sort(grid_range(place), orders)
    return {}


def _set_validation(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["range"]
    rules = spreadsheet.by_id(place.get("sheetId", 0)).overlays.setdefault("dataValidation", [])
    rules[:] = [rule for rule in rules if rule["range"] != place]
    if rule := arguments.get("rule"):
        rules.append({"range": place, "rule": rule})
    return {}


def _repeat_cell(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["range"]
    formats = spreadsheet.by_id(place.get("sheetId", 0)).overlays.setdefault("formats", [])
    formats[:] = [
        each for each in formats if (each["range"], each["fields"]) != (place, arguments["fields"])
    ]
    formats.append({"range": place, "cell": arguments["cell"], "fields": arguments["fields"]})
    return {}


def _add_protected_range(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    protected = dict(arguments["protectedRange"])
    protected.setdefault("protectedRangeId", spreadsheet.next_overlay_id)
    spreadsheet.next_overlay_id += 1
    worksheet = spreadsheet.by_id(protected["range"].get("sheetId", 0))
    worksheet.overlays.setdefault("protectedRanges", []).append(protected)
    return {"addProtectedRange": {"protectedRange": protected}}


def _delete_protected_range(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    number = int(arguments["protectedRangeId"])
    for worksheet in spreadsheet.worksheets:
        ranges = worksheet.overlays.get("protectedRanges", [])
        for protected in ranges:
            if protected["protectedRangeId"] == number:
                ranges.remove(protected)
                return {}
    raise invalid(f"Invalid requests[0].deleteProtectedRange: No protected range with id: {number}")


def _add_conditional_format(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    rule = arguments["rule"]
    worksheet = spreadsheet.by_id(rule["ranges"][0].get("sheetId", 0))
    worksheet.overlays.setdefault("conditionalFormats", []).insert(arguments.get("index", 0), rule)
    return {}


def _delete_conditional_format(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    worksheet = spreadsheet.by_id(arguments.get("sheetId", 0))
    rule = worksheet.overlays.get("conditionalFormats", []).pop(arguments.get("index", 0))
    return {"deleteConditionalFormatRule": {"rule": rule}}


def _set_basic_filter(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    chosen = arguments["filter"]
    worksheet = spreadsheet.by_id(chosen["range"].get("sheetId", 0))
    worksheet.overlays["basicFilter"] = [chosen]
    return {}


def _clear_basic_filter(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    spreadsheet.by_id(arguments.get("sheetId", 0)).overlays.pop("basicFilter", None)
    return {}


def _change_appearance(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    """Widths and heights: checked for their worksheet, and of no other consequence here."""
    place = arguments.get("range") or arguments["dimensions"]
    spreadsheet.by_id(place.get("sheetId", 0))
    return {}


CHANGES: dict[str, Change] = {
    "addSheet": _add_sheet,
    "deleteSheet": _delete_sheet,
    "updateSheetProperties": _update_sheet,
    "appendDimension": _append_dimension,
    "insertDimension": _insert_dimension,
    "deleteDimension": _delete_dimension,
    "sortRange": _sort_range,
    "setDataValidation": _set_validation,
    "repeatCell": _repeat_cell,
    "addProtectedRange": _add_protected_range,
    "deleteProtectedRange": _delete_protected_range,
    "addConditionalFormatRule": _add_conditional_format,
    "deleteConditionalFormatRule": _delete_conditional_format,
    "setBasicFilter": _set_basic_filter,
    "clearBasicFilter": _clear_basic_filter,
    "updateDimensionProperties": _change_appearance,
    "autoResizeDimensions": _change_appearance,
}


def _check_new_title(spreadsheet: Spreadsheet, title: str, request: str) -> None:
    if spreadsheet.by_title(title):
        raise invalid(
            f'Invalid requests[0].{request}: A sheet with the name "{title}" already exists. '
            "Please enter another name."
        )


def _sheet_id(spreadsheet: Spreadsheet, title: str) -> int:
    name = f"{spreadsheet.id}\0{title}"
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) >> 1


def _paths(fields: str, properties: Document) -> list[tuple[str, ...]]:
    """A field mask's paths; `*` is every field given, the id aside."""
    if fields == "*":
        return [(name,) for name in properties if name != "sheetId"]
    return [tuple(path.strip().replace("/", ".").split(".")) for path in fields.split(",")]
