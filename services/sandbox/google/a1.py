"""A1 notation: reading ranges, and writing them as Google does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CELLS = re.compile(r"\$?([A-Za-z]{0,3})\$?(\d*)(?::\$?([A-Za-z]{0,3})\$?(\d*))?")
PLAIN_TITLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}\d+")


class RangeError(ValueError):
    """Not a range."""


@dataclass(frozen=True)
class Box:
    """Rows and columns from zero, ends exclusive; an end of None runs to the grid's edge."""

    top: int = 0
    left: int = 0
    bottom: int | None = None
    right: int | None = None

    def within(self, rows: int, columns: int) -> "Box":
        """The same box with its open ends at the edges of the grid."""
        bottom = rows if self.bottom is None else self.bottom
        right = columns if self.right is None else self.right
        return Box(self.top, self.left, bottom, right)

    @property
    def is_cell(self) -> bool:
        return self.bottom == self.top + 1 and self.right == self.left + 1

    def edges(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right of a box without open ends."""
        if self.bottom is None or self.right is None:
            message = "a box with open ends has no edges"
            raise RangeError(message)
        return self.top, self.left, self.bottom, self.right


def split_title(text: str) -> tuple[str | None, str]:
    """A worksheet's title, if one is named, and the cells: `'my gens'!A1:B2`."""
    if text.startswith("'"):
        title, quote, rest = text[1:].replace("''", "\0").partition("'")
        if not quote or (rest and not rest.startswith("!")):
            raise RangeError(text)
        return title.replace("\0", "'"), rest.removeprefix("!").replace("\0", "''")
    title, bang, cells = text.rpartition("!")
    return (title, cells) if bang else (None, text)


def read_cells(text: str) -> Box:
    """`A1`, `A1:B2`, `A2:A`, `1:1`; the empty text is the whole grid."""
    if not text:
        return Box()
    match = CELLS.fullmatch(text)
    if not match or not (match[1] or match[2]):
        raise RangeError(text)
    left, top = _column(match[1]), _row(match[2])
    if ":" not in text:
        if left is None or top is None:
            raise RangeError(text)
        return Box(top, left, top + 1, left + 1)
    right, bottom = _column(match[3]), _row(match[4])
    top, bottom = _ordered(top, bottom)
    left, right = _ordered(left, right)
    return Box(
        top or 0,
        left or 0,
        None if bottom is None else bottom + 1,
        None if right is None else right + 1,
    )


def grid_range(document: Mapping[str, Any]) -> Box:
    """A GridRange object; what it leaves out is unbounded."""
    return Box(
        document.get("startRowIndex", 0),
        document.get("startColumnIndex", 0),
        document.get("endRowIndex"),
        document.get("endColumnIndex"),
    )


def written(title: str, box: Box) -> str:
    """`Sheet1!A1:B2`; a title that is no plain word stands in quotes."""
    top, left, bottom, right = box.edges()
    first, last = f"{letters(left)}{top + 1}", f"{letters(right - 1)}{bottom}"
    cells = first if box.is_cell else f"{first}:{last}"
    return f"{_quoted(title)}!{cells}"


def letters(column: int) -> str:
    """The name of a column: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _quoted(title: str) -> str:
    if PLAIN_TITLE.fullmatch(title) and not LIKE_A_CELL.fullmatch(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def _column(name: str | None) -> int | None:
    if not name:
        return None
    number = 0
    for letter in name.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _row(digits: str | None) -> int | None:
    if not digits:
        return None
    if int(digits) == 0:
        raise RangeError(digits)
    return int(digits) - 1


def _ordered(first: int | None, last: int | None) -> tuple[int | None, int | None]:
    if first is not None and last is not None and last < first:
        return last, first
    return first, last
