"""Developers' marks on worksheets, rows and columns; a mark goes where its row or column goes."""

from collections.abc import Iterator
from typing import Any

from services.sandbox.google.a1 import Box
from services.sandbox.google.errors import invalid
from services.sandbox.google.spreadsheet import Spreadsheet
from services.sandbox.google.worksheet import MARKS, Worksheet

Document = dict[str, Any]
TYPES = {"ROWS": "ROW", "COLUMNS": "COLUMN"}


def create(spreadsheet: Spreadsheet, arguments: Document) -> Document:
    """A worksheet's is listed with its properties."""
    asked = arguments["developerMetadata"]
    location = asked["location"]
    number = asked.get("metadataId", spreadsheet.next_overlay_id)
    spreadsheet.next_overlay_id += 1
    made = {
        "metadataId": number,
        "metadataKey": asked["metadataKey"],
        "metadataValue": asked.get("metadataValue", ""),
        "visibility": asked["visibility"],
    }
    if "dimensionRange" in location:
        place = location["dimensionRange"]
        if place["endIndex"] - place["startIndex"] != 1:
            raise invalid(
                "Invalid requests[0].createDeveloperMetadata: The dimension range must be of one "
                "row or column."
            )
        worksheet, kind = spreadsheet.by_id(place["sheetId"]), MARKS
        made["location"] = {
            "locationType": TYPES[place["dimension"]],
            "dimensionRange": dict(place),
        }
    elif "sheetId" in location:
        worksheet, kind = spreadsheet.by_id(location["sheetId"]), "developerMetadata"
        made["location"] = {"locationType": "SHEET", "sheetId": location["sheetId"]}
    else:
        raise invalid("Invalid requests[0].createDeveloperMetadata: only within worksheets here.")
    worksheet.overlays.setdefault(kind, []).append(made)
    return {"createDeveloperMetadata": {"developerMetadata": made}}


def matched(spreadsheet: Spreadsheet, data_filter: Document) -> Iterator[tuple[Worksheet, Box]]:
    """The rows and columns that bear a mark which a DeveloperMetadataLookup selects."""
    lookup = data_filter.get("developerMetadataLookup")
    if not lookup:
        raise invalid("Invalid dataFilter: only a developerMetadataLookup here.")
    sheet_id = lookup.get("metadataLocation", {}).get("sheetId")
    for worksheet in spreadsheet.worksheets:
        if sheet_id not in {None, worksheet.properties["sheetId"]}:
            continue
        for mark in worksheet.overlays.get(MARKS, []):
            if _selects(lookup, mark):
                yield worksheet, _box(mark["location"]["dimensionRange"])


def _selects(lookup: Document, mark: Document) -> bool:
    told = {"locationType": mark["location"]["locationType"], **mark}
    names = ("locationType", "metadataId", "metadataKey", "metadataValue", "visibility")
    return all(told[name] == lookup[name] for name in names if name in lookup)


def _box(place: Document) -> Box:
    start, end = place["startIndex"], place["endIndex"]
    return Box(left=start, right=end) if place["dimension"] == "COLUMNS" else Box(start, 0, end)
