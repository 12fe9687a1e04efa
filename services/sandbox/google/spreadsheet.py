"""A spreadsheet: worksheets in order, found by id, title or range."""

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from services.sandbox.google.a1 import Box, RangeError, read_cells, split_title
from services.sandbox.google.errors import invalid
from services.sandbox.google.worksheet import Worksheet

Document = dict[str, Any]
ROWS, COLUMNS = 1000, 26
WHITE = {"red": 1, "green": 1, "blue": 1}
DEFAULT_FORMAT = {
    "backgroundColor": WHITE,
    "padding": {"top": 2, "right": 3, "bottom": 2, "left": 3},
    "verticalAlignment": "BOTTOM",
    "wrapStrategy": "OVERFLOW_CELL",
    "textFormat": {
        "foregroundColor": {},
        "fontFamily": "arial,sans,sans-serif",
        "fontSize": 10,
        "bold": False,
        "italic": False,
        "strikethrough": False,
        "underline": False,
        "foregroundColorStyle": {"rgbColor": {}},
    },
    "backgroundColorStyle": {"rgbColor": WHITE},
}
THEME = {
    "primaryFontFamily": "Arial",
    "themeColors": [
        {"colorType": kind, "color": {"rgbColor": color}}
        for kind, color in (
            ("TEXT", {}),
            ("BACKGROUND", WHITE),
            ("ACCENT1", {"red": 0.25882354, "green": 0.52156866, "blue": 0.95686275}),
            ("LINK", {"red": 0.06666667, "green": 0.33333334, "blue": 0.8}),
        )
    ],
}
# Overlays that a spreadsheet's metadata lists beside a worksheet's properties.
LISTED = ("protectedRanges", "conditionalFormats", "developerMetadata")


@dataclass
class Spreadsheet:
    id: str
    title: str
    worksheets: list[Worksheet] = field(default_factory=list)
    next_overlay_id: int = 1

    @classmethod
    def new(cls, spreadsheet_id: str, title: str) -> "Spreadsheet":
        return cls(spreadsheet_id, title, [Worksheet.empty(0, "Sheet1", 0, ROWS, COLUMNS)])

    def metadata(self) -> Document:
        """What `spreadsheets.get` says without grid data."""
        return {
            "spreadsheetId": self.id,
            "properties": {
                "title": self.title,
                "locale": "en_US",
                "autoRecalc": "ON_CHANGE",
                "timeZone": "Etc/GMT",
                "defaultFormat": DEFAULT_FORMAT,
                "spreadsheetTheme": THEME,
            },
            "sheets": [self._listed(worksheet) for worksheet in self.worksheets],
            "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{self.id}/edit",
        }

    def _listed(self, worksheet: Worksheet) -> Document:
        listed: Document = {"properties": worksheet.properties}
        listed |= {name: worksheet.overlays[name] for name in LISTED if name in worksheet.overlays}
        if filters := worksheet.overlays.get("basicFilter"):
            listed["basicFilter"] = filters[0]
        return listed

    def by_id(self, sheet_id: int) -> Worksheet:
        for worksheet in self.worksheets:
            if worksheet.properties["sheetId"] == sheet_id:
                return worksheet
        raise invalid(f"Invalid requests[0]: No grid with id: {sheet_id}")

    def by_title(self, title: str) -> Worksheet | None:
        """Titles differ by more than case."""
        wanted = title.casefold()
        return next((w for w in self.worksheets if w.title.casefold() == wanted), None)

    def find(self, text: str) -> tuple[Worksheet, Box]:
        """The worksheet and the cells of an A1 range; raises Google's 400.

        A text that is no range may be a worksheet's bare title.
        """
        try:
            title, cells = split_title(text)
            worksheet = self.worksheets[0] if title is None else self.by_title(title)
            if worksheet is not None:
                return worksheet, read_cells(cells)
        except RangeError:
            worksheet = self.by_title(text)
            if worksheet is not None:
                return worksheet, Box()
        raise invalid(f"Unable to parse range: {text}")

    def copy(self) -> "Spreadsheet":
        return copy.deepcopy(self)

    def reindex(self) -> None:
        for index, worksheet in enumerate(self.worksheets):
            worksheet.properties["index"] = index

    def dumps(self) -> str:
        return json.dumps(
            {
                "id": self.id,
                "title": self.title,
                "next_overlay_id": self.next_overlay_id,
                "worksheets": [worksheet.to_json() for worksheet in self.worksheets],
            }
        )

    @classmethod
    def loads(cls, text: str) -> "Spreadsheet":
        document = json.loads(text)
        worksheets = [Worksheet.from_json(each) for each in document["worksheets"]]
        return cls(document["id"], document["title"], worksheets, document["next_overlay_id"])
