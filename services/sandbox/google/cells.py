"""What a cell holds, how input becomes it, and how it is shown.

RAW keeps input as it came. USER_ENTERED reads it as a person's typing: numbers, percentages,
booleans, dates and formulas are recognised, but not in a cell whose format is TEXT. Formulas are
kept and never calculated.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

FORMULA_SHOWN = "#ERROR!"
NUMBER = re.compile(r"[+-]?(\d+(,\d{3})*(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
PERCENT = re.compile(r"[+-]?\d+(\.\d*)?%")
ISO_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
US_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
MONTH_DATES = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y")
DAY_ZERO = date(1899, 12, 30).toordinal()
MOST_DIGITS = 10


@dataclass(frozen=True)
class Entered:
    """A formula, or a date or a percentage with the way it was written."""

    value: float
    shown: str
    formula: str | None = None


Cell = str | bool | int | float | Entered | None


def is_empty(cell: Cell) -> bool:
    return cell is None or cell == ""


def entered(value: Any, option: str, *, as_text: bool = False) -> Cell:  # noqa: ANN401 - a value of a JSON body
    """The cell that an input value makes; `option` is RAW or USER_ENTERED."""
    if not isinstance(value, str) or option == "RAW":
        return value if isinstance(value, str | bool | int | float) else None
    if as_text:
        return value
    if value.startswith("'"):
        return value[1:]
    if value.startswith("=") and len(value) > 1:
        return Entered(0, FORMULA_SHOWN, value)
    if value.upper() in {"TRUE", "FALSE"}:
        return value.upper() == "TRUE"
    return _typed(value)


def _typed(text: str) -> Cell:
    stripped = text.strip()
    if NUMBER.fullmatch(stripped):
        number = float(stripped.replace(",", ""))
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    if PERCENT.fullmatch(stripped):
        return Entered(float(stripped[:-1]) / 100, stripped)
    if day := _day(stripped):
        return Entered(day.toordinal() - DAY_ZERO, stripped)
    if stripped.startswith("+") and len(stripped) > 1:  # as in other spreadsheets before it
        return Entered(0, FORMULA_SHOWN, f"={stripped}")
    return text


def _day(text: str) -> date | None:
    try:
        if ISO_DATE.fullmatch(text):
            year, month, day = map(int, text.split("-"))
            return date(year, month, day)
        if US_DATE.fullmatch(text):
            month, day, year = map(int, text.split("/"))
            return date(year, month, day)
    except ValueError:
        return None
    return _day_with_a_month(text)


def _day_with_a_month(text: str) -> date | None:
    for form in MONTH_DATES:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def rendered(cell: Cell, option: str) -> str | bool | int | float:
    """The cell as FORMATTED_VALUE, UNFORMATTED_VALUE or FORMULA."""
    if cell is None:
        return ""
    if isinstance(cell, Entered):
        if cell.formula is not None:
            return cell.formula if option == "FORMULA" else cell.shown
        return cell.shown if option == "FORMATTED_VALUE" else cell.value
    if option == "FORMATTED_VALUE":
        return _formatted(cell)
    return cell


def _formatted(cell: str | float | bool) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, str):
        return cell
    digits = MOST_DIGITS if abs(cell) < 1e15 else 6
    if isinstance(cell, int) and abs(cell) < 1e15:
        return str(cell)
    return f"{cell:.{digits}G}"


def sort_key(cell: Cell) -> tuple[int, float, str]:
    """Google's order: numbers, texts, booleans; empty cells are left to the caller."""
    if isinstance(cell, Entered):
        return (0, cell.value, "")
    if isinstance(cell, bool):
        return (2, float(cell), "")
    if isinstance(cell, int | float):
        return (0, float(cell), "")
    return (1, 0, str(cell).casefold())


def to_json(cell: Cell) -> object:
    if isinstance(cell, Entered):
        return {"value": cell.value, "shown": cell.shown, "formula": cell.formula}
    return cell


def from_json(document: Any) -> Cell:  # noqa: ANN401 - a value of a JSON document
    if isinstance(document, dict):
        return Entered(document["value"], document["shown"], document["formula"])
    return entered(document, "RAW")
