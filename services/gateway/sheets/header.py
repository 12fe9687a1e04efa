"""Row 1 of a worksheet: whether it names our columns.

Columns are found by these names, so people may move them and put their own between. Where a name is
missing nothing is guessed: names that were only overwritten or cleared are put right when the rows
below prove that every column stands where we made it; anything else is refused, by name, until a
person has put it back.
"""

from collections.abc import Sequence

from services.gateway.sheets.columns import doubled_in, missing_in
from services.gateway.sheets.records import DETAILS, PLACES, STATE, STATES, draft_in, padded
from services.gateway.sheets.rows import COLUMNS, UNCLEAR, Cell, new_row, read_details

BOXES = (PLACES["approve"], PLACES["reject"])
WRITTEN_ONCE = slice(0, PLACES["approve"])


def fault_in(header: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str | None:
    """Why the names may not be written over row 1, in words for who can mend it; None if they may.

    `rows` are the columns below the header in which we make ours.
    """
    if lost := _lost(header):
        return lost
    names = padded(header)
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


def _lost(header: Sequence[Cell]) -> str | None:
    """What must be said where names are not only overwritten: columns moved or went too."""
    if doubled := doubled_in(header):
        return f"two columns are named {doubled[0]!r}: give the one that is yours another name."
    if any(PLACES.get(str(name), place) != place for place, name in enumerate(header)):
        missing = " and ".join(map(repr, missing_in(header)))
        return f"row 1 has no {missing}: undo what took it away, or name the column again."
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
