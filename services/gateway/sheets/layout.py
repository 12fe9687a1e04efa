"""How a worksheet looks: requests of `spreadsheets.batchUpdate`.

- What is the machine's is grey and warns whoever edits it; it locks nobody out.
- A row's colour is its state: published, failed, scheduled, rejected, approved, in this order.
- The draft and the curator's own words are wide and wrapped; the details, for machines, are hidden.
  The id shows, narrow: people name drafts by it.
- Formulas hold no separators, which differ from one locale to the next.
- Whoever types a date or a smile into a cell for words is not taken to mean a number or a formula.
- Colours and protection begin at the header, so that rows put in right below it have them too.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from services.gateway.sheets.rows import CHECKBOXES, COLUMNS

Request = dict[str, Any]

# On the worksheet when it is laid out, so that nothing is laid twice, whoever restarts.
MARK = {"metadataKey": "deephypebot-layout", "metadataValue": "3", "visibility": "DOCUMENT"}

GREY = {"red": 0.95, "green": 0.95, "blue": 0.95}
HEADER = {"red": 0.85, "green": 0.85, "blue": 0.85}
WIDTHS = {
    "id": 90,
    "post": 260,
    "song": 140,
    "artists": 140,
    "genres": 140,
    "draft": 320,
    "approve": 70,
    "edited text": 320,
    "reject": 70,
    "reason": 160,
    "state": 140,
    "url": 160,
}
MACHINES = (("id", "draft"), ("state", "details"))
WORDS = ("approve", "reason")
TYPED = ("draft", "edited text", "reason")


def column(name: str) -> int:
    return COLUMNS.index(name)


def cells(
    sheet_id: int, first: str, last: str, *, top: int = 1, bottom: int | None = None
) -> Request:
    """A range of columns from row `top` (0 is the header) down, to `bottom` or the last."""
    place = {
        "sheetId": sheet_id,
        "startRowIndex": top,
        "startColumnIndex": column(first),
        "endColumnIndex": column(last) + 1,
    }
    return place if bottom is None else place | {"endRowIndex": bottom}


def begins(name: str, state: str) -> str:
    """A formula: the row's cell begins with the state (`failed: too long`)."""
    cell = f"${chr(ord('A') + column(name))}1"
    beyond = state[:-1] + chr(ord(state[-1]) + 1)
    return f'=({cell}>="{state}")*({cell}<"{beyond}")'


def ticked(letter: str) -> str:
    return f"=${letter}1=TRUE"


# What a row is when a formula holds, and its colour; the first that holds gives it.
COLOURS: Sequence[tuple[str, str, Mapping[str, float]]] = (
    ("published", begins("state", "published"), {"red": 0.72, "green": 0.88, "blue": 0.73}),
    ("failed", begins("state", "failed"), {"red": 0.96, "green": 0.78, "blue": 0.76}),
    ("on its way", begins("state", "scheduled"), {"red": 0.78, "green": 0.86, "blue": 0.97}),
    ("rejected", ticked(CHECKBOXES[1]), {"red": 0.87, "green": 0.87, "blue": 0.87}),
    ("approved", ticked(CHECKBOXES[0]), {"red": 0.99, "green": 0.95, "blue": 0.75}),
)


def whole(sheet_id: int) -> list[Request]:
    """Everything, for a worksheet that does not bear a mark."""
    return [
        _frozen_header(sheet_id),
        _look(cells(sheet_id, *_ends(), top=0, bottom=1), HEADER, bold=True),
        *below(sheet_id),
        *(_width(sheet_id, name, pixels) for name, pixels in WIDTHS.items()),
        _dimension(sheet_id, "details", {"hiddenByUser": True}),
        *(_protected(cells(sheet_id, *ends, top=0)) for ends in MACHINES),
        _protected(cells(sheet_id, *WORDS, top=0, bottom=1)),
        *(
            _coloured(sheet_id, place, formula, colour)
            for place, (_, formula, colour) in enumerate(COLOURS)
        ),
    ]


def renewed(sheet_id: int, mark: str) -> list[Request]:
    """What a worksheet lacks that was laid out when the mark had this value."""
    return _for_words(sheet_id) if int(mark) < 2 else []


def below(sheet_id: int, *, top: int = 1, bottom: int | None = None) -> list[Request]:
    """What new rows need: they may inherit nothing. Asking again changes nothing.

    The drop-down is no part of it: it comes from the row above, as curators may have changed it.
    """
    place = partial(cells, sheet_id, top=top, bottom=bottom)
    return [
        _look(place(*_ends()), None),
        *(_look(place(*ends), GREY) for ends in MACHINES),
        *_for_words(sheet_id, top=top, bottom=bottom),
        *(_checkboxes(place(name, name)) for name in ("approve", "reject")),
    ]


def mark_on(listed: Mapping[str, Any]) -> str | None:
    """The mark's value on a worksheet, as the spreadsheet's metadata lists it; the newest."""
    marks = listed.get("developerMetadata", [])
    values = [
        str(mark.get("metadataValue", ""))
        for mark in marks
        if mark.get("metadataKey") == MARK["metadataKey"]
    ]
    return max(values, default=None)


def marked(sheet_id: int) -> Request:
    mark = MARK | {"location": {"sheetId": sheet_id}}
    return {"createDeveloperMetadata": {"developerMetadata": mark}}


def _for_words(sheet_id: int, *, top: int = 1, bottom: int | None = None) -> list[Request]:
    look = {"userEnteredFormat": {"numberFormat": {"type": "TEXT"}}}
    return [
        {
            "repeatCell": {
                "range": cells(sheet_id, name, name, top=top, bottom=bottom),
                "cell": look,
                "fields": "userEnteredFormat(numberFormat)",
            }
        }
        for name in TYPED
    ]


def _ends() -> tuple[str, str]:
    return COLUMNS[0], COLUMNS[-1]


def _frozen_header(sheet_id: int) -> Request:
    properties = {"sheetId": sheet_id, "gridProperties": {"frozenRowCount": 1}}
    fields = "gridProperties.frozenRowCount"
    return {"updateSheetProperties": {"properties": properties, "fields": fields}}


def _look(place: Request, colour: Mapping[str, float] | None, *, bold: bool = False) -> Request:
    look: Request = {"wrapStrategy": "WRAP", "verticalAlignment": "TOP"}
    if colour is not None:
        look = {"backgroundColor": colour}
    if bold:
        look["textFormat"] = {"bold": True}
    fields = f"userEnteredFormat({','.join(look)})"
    return {"repeatCell": {"range": place, "cell": {"userEnteredFormat": look}, "fields": fields}}


def _checkboxes(place: Request) -> Request:
    condition = {"type": "BOOLEAN", "values": []}
    rule = {"condition": condition, "strict": True, "showCustomUi": True}
    return {"setDataValidation": {"range": place, "rule": rule}}


def _width(sheet_id: int, name: str, pixels: int) -> Request:
    return _dimension(sheet_id, name, {"pixelSize": pixels})


def _dimension(sheet_id: int, name: str, properties: Request) -> Request:
    place = {
        "sheetId": sheet_id,
        "dimension": "COLUMNS",
        "startIndex": column(name),
        "endIndex": column(name) + 1,
    }
    fields = ",".join(properties)
    return {
        "updateDimensionProperties": {"range": place, "properties": properties, "fields": fields}
    }


def _protected(place: Request) -> Request:
    description = "Written by deephypebot: what is changed here may not be found again."
    protected = {"range": place, "description": description, "warningOnly": True}
    return {"addProtectedRange": {"protectedRange": protected}}


def _coloured(sheet_id: int, place: int, formula: str, colour: Mapping[str, float]) -> Request:
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": formula}]}
    rule = {
        "ranges": [cells(sheet_id, *_ends(), top=0)],
        "booleanRule": {"condition": condition, "format": {"backgroundColor": colour}},
    }
    return {"addConditionalFormatRule": {"rule": rule, "index": place}}
