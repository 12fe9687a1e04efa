"""The legend: a tab that says what the columns and colours mean, and holds the drop-down's reasons.

It is made once, with the layout, and belongs to the curators from then on: the reasons are theirs
to change, and a legend that was deleted is not made again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.sheets.columns import Places
from services.gateway.sheets.layout import COLOURS, GREY, HEADER
from services.gateway.sheets.rows import COLUMNS

Request = dict[str, Any]

TITLES = ("legend", "deephypebot legend")  # the first that no other tab has
ROWS = 40
REASONS = (
    "wrong song",
    "not about this song",
    "says nothing",
    "clumsy words",
    "repeats itself",
    "unkind",
    "too much like an earlier post",
    "not now",
)
MEANINGS: Mapping[str, str] = {
    "id": "Names the draft. Rows may be sorted, filtered and deleted; the bot finds them by this.",
    "post": "What somebody wrote about the song.",
    "song": "The song, as the catalogue names it.",
    "artists": "Who plays it.",
    "genres": "What the draft was written from.",
    "draft": "What the bot would say.",
    "approve": "Tick it, and the draft is published (with your words, if there are any).",
    "edited text": "Your own words, to be published in place of the draft.",
    "reject": "Tick it, and the draft is never published.",
    "reason": "Why not. Choose one or write your own; the list is on the left here, change it.",
    "state": "What became of it. The bot writes here.",
    "url": "Where it was published.",
    "details": "Hidden: the whole draft, for the bot.",
}
PUBLISHED = (
    "What was published, and how it was liked, reposted and answered when it was an hour, a day "
    "and a week old. Sort, filter and delete its rows as you like: what you deleted stays deleted."
)
WIDTHS = (200, 30, 120, 520)


def reasons(sheet_id: int, title: str, places: Places) -> Request:
    """A drop-down in the column of reasons, in which other words may be typed as well."""
    where = f"='{title}'!$A$2:$A${ROWS}"
    condition = {"type": "ONE_OF_RANGE", "values": [{"userEnteredValue": where}]}
    place = {
        "sheetId": sheet_id,
        "startRowIndex": 1,
        "startColumnIndex": places["reason"],
        "endColumnIndex": places["reason"] + 1,
    }
    rule = {"condition": condition, "strict": False, "showCustomUi": True}
    return {"setDataValidation": {"range": place, "rule": rule}}


def free_title(taken: Mapping[str, int]) -> str | None:
    """A title that none of the tabs (id by title) has, in whatever case."""
    titles = {title.casefold() for title in taken}
    return next((title for title in TITLES if title not in titles), None)


def made(sheet_id: int, title: str) -> list[Request]:
    """The tab, with everything in it."""
    rows = _rows()
    properties = {
        "sheetId": sheet_id,
        "title": title,
        "gridProperties": {"rowCount": ROWS, "columnCount": len(WIDTHS), "frozenRowCount": 1},
    }
    start = {"sheetId": sheet_id, "rowIndex": 0, "columnIndex": 0}
    values = [{"values": [_value(text) for text in row]} for row in rows]
    first_colour = 1 + len(COLUMNS) + 2
    return [
        {"addSheet": {"properties": properties}},
        {"updateCells": {"start": start, "rows": values, "fields": "userEnteredValue"}},
        _look(sheet_id, (0, ROWS), (0, len(WIDTHS)), {"wrapStrategy": "WRAP"}),
        _look(sheet_id, (0, 1), (0, len(WIDTHS)), _filled(HEADER) | {"textFormat": {"bold": True}}),
        _look(sheet_id, (1, len(rows)), (3, 4), _filled(GREY)),
        *(
            _look(sheet_id, (first_colour + place,) * 2, (2, 3), _filled(colour))
            for place, (_, _, colour) in enumerate(COLOURS)
        ),
        *(_width(sheet_id, place, pixels) for place, pixels in enumerate(WIDTHS)),
    ]


def _rows() -> Sequence[Sequence[str]]:
    said = [
        *MEANINGS.items(),
        ("", ""),
        ("colour", "what it says of a row"),
        *((name, f"The draft is {name}.") for name, _, _ in COLOURS),
        ("", ""),
        ("the tab published", PUBLISHED),
    ]
    left = [*REASONS, *[""] * len(said)]
    return [
        ("reasons for the drop-down", "", "column", "what it is for"),
        *((reason, "", name, words) for reason, (name, words) in zip(left, said, strict=False)),
    ]


def _value(text: str) -> Request:
    return {"userEnteredValue": {"stringValue": text}} if text else {}


def _filled(colour: Mapping[str, float]) -> Request:
    return {"backgroundColor": colour}


def _look(
    sheet_id: int, rows: tuple[int, int], columns: tuple[int, int], look: Mapping[str, Any]
) -> Request:
    """A look of the rows from the first to before the second (of one, if they are the same)."""
    place = {
        "sheetId": sheet_id,
        "startRowIndex": rows[0],
        "endRowIndex": max(rows[1], rows[0] + 1),
        "startColumnIndex": columns[0],
        "endColumnIndex": columns[1],
    }
    fields = f"userEnteredFormat({','.join(look)})"
    return {"repeatCell": {"range": place, "cell": {"userEnteredFormat": look}, "fields": fields}}


def _width(sheet_id: int, place: int, pixels: int) -> Request:
    where = {"sheetId": sheet_id, "dimension": "COLUMNS", "startIndex": place}
    return {
        "updateDimensionProperties": {
            "range": where | {"endIndex": place + 1},
            "properties": {"pixelSize": pixels},
            "fields": "pixelSize",
        }
    }
