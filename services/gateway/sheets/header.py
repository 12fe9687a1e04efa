"""Row 1 of a worksheet: whether our columns stand where we write.

Columns are written by their place, so one that was moved is never written around: it is refused,
by name, until a person has put it back. Names that were only overwritten or cleared are put
right, when the rows below prove that everything else stands as we wrote it.
"""

from collections.abc import Sequence

from services.gateway.sheets.records import DETAILS, PLACES, STATE, STATES, draft_in, padded
from services.gateway.sheets.rows import COLUMNS, UNCLEAR, Cell, new_row, read_details

BOXES = (PLACES["approve"], PLACES["reject"])
WRITTEN_ONCE = slice(0, PLACES["approve"])


def is_right(header: Sequence[Cell]) -> bool:
    return list(header[: len(COLUMNS)]) == list(COLUMNS)


def fault_in(header: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str | None:
    """Why the names may not be written over row 1, in words for who can mend it; None if they may.

    `rows` are our columns below the header.
    """
    names = padded(header)
    if moved := _moved(header):
        return moved
    filled = [padded(cells) for cells in rows if any(cells)]
    if not filled and not any(header):
        return None
    if not filled and sum(map(_same, names, COLUMNS)) > len(COLUMNS) // 2:
        return None
    if filled and not any(map(_is_ours, names)) and _draft_in(names):
        return "row 1 holds a draft and not the names of the columns: insert a row above it."
    if filled and _stand_as_written(filled):
        return None
    found = ", ".join(str(name) for name in header if name != "") or "empty"
    return f"row 1 is {found}; it must be {', '.join(COLUMNS)}. Put it back."


def _same(name: Cell, ours: str) -> bool:
    return name == ours


def _is_ours(name: Cell) -> bool:
    return name in COLUMNS


def _moved(header: Sequence[Cell]) -> str | None:
    names = padded(header)
    for place, name in enumerate(header):
        wanted = PLACES.get(str(name), place)
        if wanted != place and names[wanted] != name:
            return (
                f"the column {name!r} stands in {letter(place)} and must stand in "
                f"{letter(wanted)}: undo the move, or take out what was put before it."
            )
    return None


def _draft_in(row: Sequence[Cell]) -> bool:
    return any(isinstance(row[box], bool) for box in BOXES) or bool(read_details(row[DETAILS]))


def _stand_as_written(rows: Sequence[Sequence[Cell]]) -> bool:
    """Some row still says what it said first, and no row has a box or a state in a wrong column."""
    straight = all(
        not isinstance(cell, bool) or place in BOXES
        for row in rows
        for place, cell in enumerate(row)
    ) and all(str(row[STATE]).partition(":")[0] in {"", UNCLEAR, *STATES} for row in rows)
    return straight and any(map(_stands_as_written, rows))


def _stands_as_written(row: Sequence[Cell]) -> bool:
    draft = draft_in(row, read_details(row[DETAILS]))
    return draft is not None and list(row[WRITTEN_ONCE]) == new_row(draft)[WRITTEN_ONCE]


def letter(place: int) -> str:
    """The name of one of the columns that a person may have moved ours to."""
    first, last = divmod(place, 26)
    return (chr(ord("A") + first - 1) if first else "") + chr(ord("A") + last)
