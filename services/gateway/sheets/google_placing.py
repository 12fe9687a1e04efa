"""Writing into rows that people move meanwhile."""

from collections.abc import Mapping, Sequence

from services.gateway.sheets import google_errors
from services.gateway.sheets.google_changes import Parts, still_due
from services.gateway.sheets.google_worksheet import GoogleWorksheet

PLACINGS = 4  # how often a write is repeated whose rows move away under it


def write_until_right(
    worksheet: GoogleWorksheet,
    due: Mapping[int, str],
    wanted: Mapping[str, Parts],
    otherwise: Parts,
) -> Sequence[str]:
    """Write the cells that are wanted of each id into the place where it is due, and again where
    rows moved meanwhile; returns the ids as they stood, by place."""
    ids: Sequence[str] = ()
    for _ in range(PLACINGS):
        if not due:
            break
        ids = worksheet.write_placed({each: wanted.get(due[each], otherwise) for each in due})
        due = still_due(due, ids)
    if due:
        raise google_errors.moving()
    return ids
