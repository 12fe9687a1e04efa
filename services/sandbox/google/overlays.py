"""What requests lay over a worksheet's cells: rules, formats, protection, colours."""

import math
from typing import Any

from services.sandbox.google.a1 import grid_range
from services.sandbox.google.errors import invalid
from services.sandbox.google.spreadsheet import Spreadsheet

Document = dict[str, Any]


def set_validation(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["range"]
    rules = spreadsheet.by_id(place.get("sheetId", 0)).overlays.setdefault("dataValidation", [])
    rules[:] = [rule for rule in rules if rule["range"] != place]
    rule = arguments.get("rule")
    if rule and not _lies_there(rules, place, {"rule": rule}):
        rules.append({"range": place, "rule": rule})
    return {}


def repeat_cell(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    place = arguments["range"]
    formats = spreadsheet.by_id(place.get("sheetId", 0)).overlays.setdefault("formats", [])
    formats[:] = [
        each for each in formats if (each["range"], each["fields"]) != (place, arguments["fields"])
    ]
    look = {"cell": arguments["cell"], "fields": arguments["fields"]}
    if not _lies_there(formats, place, look):
        formats.append({"range": place, **look})
    return {}


def _lies_there(laid: list[Document], place: Document, look: Document) -> bool:
    """Whether the same lies over a range already, with nothing on top of it.

    Or every row that is put in would be remembered by its own.
    """
    top, left, bottom, right = _edges(place)
    for each in reversed(laid):
        its_top, its_left, its_bottom, its_right = _edges(each["range"])
        if its_top < bottom and top < its_bottom and its_left < right and left < its_right:
            inside = its_top <= top and bottom <= its_bottom
            inside = inside and its_left <= left and right <= its_right
            same = all(each[name] == value for name, value in look.items())
            if same and inside:
                return True
            if each.get("fields") == look.get("fields"):
                return False
    return False


def _edges(place: Document) -> tuple[float, float, float, float]:
    box = grid_range(place)
    bottom = math.inf if box.bottom is None else box.bottom
    return box.top, box.left, bottom, math.inf if box.right is None else box.right


def add_protected_range(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    protected = dict(arguments["protectedRange"])
    protected.setdefault("protectedRangeId", spreadsheet.next_overlay_id)
    spreadsheet.next_overlay_id += 1
    worksheet = spreadsheet.by_id(protected["range"].get("sheetId", 0))
    worksheet.overlays.setdefault("protectedRanges", []).append(protected)
    return {"addProtectedRange": {"protectedRange": protected}}


def delete_protected_range(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    number = int(arguments["protectedRangeId"])
    for worksheet in spreadsheet.worksheets:
        ranges = worksheet.overlays.get("protectedRanges", [])
        for protected in ranges:
            if protected["protectedRangeId"] == number:
                ranges.remove(protected)
                return {}
    raise invalid(f"Invalid requests[0].deleteProtectedRange: No protected range with id: {number}")


def add_conditional_format(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    rule = arguments["rule"]
    worksheet = spreadsheet.by_id(rule["ranges"][0].get("sheetId", 0))
    worksheet.overlays.setdefault("conditionalFormats", []).insert(arguments.get("index", 0), rule)
    return {}


def delete_conditional_format(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    worksheet = spreadsheet.by_id(arguments.get("sheetId", 0))
    rule = worksheet.overlays.get("conditionalFormats", []).pop(arguments.get("index", 0))
    return {"deleteConditionalFormatRule": {"rule": rule}}


def set_basic_filter(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    chosen = arguments["filter"]
    worksheet = spreadsheet.by_id(chosen["range"].get("sheetId", 0))
    worksheet.overlays["basicFilter"] = [chosen]
    return {}


def clear_basic_filter(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    spreadsheet.by_id(arguments.get("sheetId", 0)).overlays.pop("basicFilter", None)
    return {}


def update_dimensions(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    """Widths, heights and what is hidden; seen in the grid data."""
    place = arguments["range"]
    names = [name.strip() for name in arguments["fields"].split(",")]
    given = arguments["properties"]
    chosen = dict(given) if names == ["*"] else {name: given.get(name) for name in names}
    spreadsheet.by_id(place.get("sheetId", 0)).overlays.setdefault("dimensions", []).append(
        {"range": place, "properties": chosen}
    )
    return {}


def resize_to_fit(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    """Checked for its worksheet, and of no other consequence: nothing is drawn here."""
    spreadsheet.by_id(arguments["dimensions"].get("sheetId", 0))
    return {}
