"""How a worksheet looks: requests of `spreadsheets.batchUpdate`.

- What is the machine's is grey and warns whoever edits it; it locks nobody out.
- A row's colour is its state: published, failed, scheduled, rejected, approved, in this order.
- The draft and the curator's own words are wide and wrapped; the details, for machines, are hidden.
  The id shows, narrow: people name drafts by it.
- Formulas hold no separators, which differ from one locale to the next.
- Whoever types a date or a smile into a cell for words is not taken to mean a number or a formula.
- Colours and protection begin at the header, so that rows put in right below it have them too.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from services.gateway.sheets.columns import Places, letter, names_from, runs
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


def cells(
    sheet_id: int, places: Places, names: Sequence[str], *, top: int = 1, bottom: int | None = None
) -> list[Request]:
    """Ranges of columns from row `top` (0 is the header) down, to `bottom` or the last."""
    rows = {"startRowIndex": top} | ({} if bottom is None else {"endRowIndex": bottom})
    return [
        {
            "sheetId": sheet_id,
            "startColumnIndex": places[run[0]],
            "endColumnIndex": places[run[-1]] + 1,
        }
        | rows
        for run in runs(places, sorted(names, key=places.__getitem__))
    ]


def begins(place: int, state: str) -> str:
    """A formula: the row's cell begins with the state (`failed: too long`)."""
    cell = f"${letter(place)}1"
    beyond = state[:-1] + chr(ord(state[-1]) + 1)
    return f'=({cell}>="{state}")*({cell}<"{beyond}")'


def ticked(place: int) -> str:
    return f"=${letter(place)}1=TRUE"


# What a row is by its box or its state, and its colour; the first that holds gives it.
COLOURS: Sequence[tuple[str, str, Mapping[str, float]]] = (
    ("published", "published", {"red": 0.72, "green": 0.88, "blue": 0.73}),
    ("failed", "failed", {"red": 0.96, "green": 0.78, "blue": 0.76}),
    ("on its way", "scheduled", {"red": 0.78, "green": 0.86, "blue": 0.97}),
    ("rejected", CHECKBOXES[1], {"red": 0.87, "green": 0.87, "blue": 0.87}),
    ("approved", CHECKBOXES[0], {"red": 0.99, "green": 0.95, "blue": 0.75}),
)


def formula(places: Places, sign: str) -> str:
    return ticked(places[sign]) if sign in CHECKBOXES else begins(places["state"], sign)


def whole(sheet_id: int, places: Places) -> list[Request]:
    """Everything, for a worksheet that does not bear a mark."""
    header = partial(cells, sheet_id, places, top=0, bottom=1)
    columns = partial(cells, sheet_id, places, top=0)
    return [
        frozen_header(sheet_id),
        *(look(place, HEADER, bold=True) for place in header(COLUMNS)),
        *below(sheet_id, places),
        *(width(sheet_id, places[name], pixels) for name, pixels in WIDTHS.items()),
        _dimension(sheet_id, places["details"], {"hiddenByUser": True}),
        *(_protected(place) for ends in MACHINES for place in columns(names_from(*ends))),
        *(_protected(place) for place in header(names_from(*WORDS))),
        *(
            _coloured(columns(COLUMNS), rank, formula(places, sign), colour)
            for rank, (_, sign, colour) in enumerate(COLOURS)
        ),
    ]


def renewed(sheet_id: int, mark: str, places: Places) -> list[Request]:
    """What a worksheet lacks that was laid out when the mark had this value."""
    return _for_words(partial(cells, sheet_id, places)) if int(mark) < 2 else []


def below(
    sheet_id: int, places: Places, *, top: int = 1, bottom: int | None = None
) -> list[Request]:
    """What new rows need: they may inherit nothing. Asking again changes nothing.

    The drop-down is no part of it: it comes from the row above, as curators may have changed it.
    """
    of = partial(cells, sheet_id, places, top=top, bottom=bottom)
    return [
        *(look(place, None) for place in of(COLUMNS)),
        *(look(place, GREY) for ends in MACHINES for place in of(names_from(*ends))),
        *_for_words(of),
        *(_checkboxes(place) for name in CHECKBOXES for place in of([name])),
    ]


def mark_on(listed: Mapping[str, Any], key: str = MARK["metadataKey"]) -> str | None:
    """A mark's value on a worksheet, as the spreadsheet's metadata lists it; the newest."""
    marks = listed.get("developerMetadata", [])
    values = [
        str(mark.get("metadataValue", "")) for mark in marks if mark.get("metadataKey") == key
    ]
    return max(values, default=None)


def marked(sheet_id: int) -> Request:
    mark = MARK | {"location": {"sheetId": sheet_id}}
    return {"createDeveloperMetadata": {"developerMetadata": mark}}


def _for_words(of: Callable[[Sequence[str]], list[Request]]) -> list[Request]:
    look = {"userEnteredFormat": {"numberFormat": {"type": "TEXT"}}}
    fields = "userEnteredFormat(numberFormat)"
    return [
        {"repeatCell": {"range": place, "cell": look, "fields": fields}}
        for name in TYPED
        for place in of([name])
    ]


def frozen_header(sheet_id: int) -> Request:
    properties = {"sheetId": sheet_id, "gridProperties": {"frozenRowCount": 1}}
    fields = "gridProperties.frozenRowCount"
    return {"updateSheetProperties": {"properties": properties, "fields": fields}}


def look(place: Request, colour: Mapping[str, float] | None, *, bold: bool = False) -> Request:
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


def width(sheet_id: int, place: int, pixels: int) -> Request:
    return _dimension(sheet_id, place, {"pixelSize": pixels})


def _dimension(sheet_id: int, place: int, properties: Request) -> Request:
    column = {
        "sheetId": sheet_id,
        "dimension": "COLUMNS",
        "startIndex": place,
        "endIndex": place + 1,
    }
    fields = ",".join(properties)
    return {
        "updateDimensionProperties": {"range": column, "properties": properties, "fields": fields}
    }


def _protected(place: Request) -> Request:
    description = "Written by deephypebot: what is changed here may not be found again."
    protected = {"range": place, "description": description, "warningOnly": True}
    return {"addProtectedRange": {"protectedRange": protected}}


def _coloured(
    ranges: Sequence[Request], rank: int, holds: str, colour: Mapping[str, float]
) -> Request:
    condition = {"type": "CUSTOM_FORMULA", "values": [{"userEnteredValue": holds}]}
    rule = {
        "ranges": ranges,
        "booleanRule": {"condition": condition, "format": {"backgroundColor": colour}},
    }
    return {"addConditionalFormatRule": {"rule": rule, "index": rank}}
