"""What was published, in a tab of its own."""

from collections.abc import Sequence

import structlog

from services.gateway.schemas import PublishedPost
from services.gateway.sheets import google_errors
from services.gateway.sheets.google_changes import Parts
from services.gateway.sheets.google_placing import PLACINGS, write_until_right
from services.gateway.sheets.google_worksheet import GoogleWorksheet
from services.gateway.sheets.published import COLUMNS, READ, counts_of, row_of
from services.gateway.sheets.rows import text_of

log = structlog.get_logger()


def show(tab: GoogleWorksheet, posts: Sequence[PublishedPost]) -> None:
    """Posts that are not there are put in, unless they were there once; of the others the reception
    is brought up to date."""
    for _ in range(PLACINGS):
        rows = tab.read(*COLUMNS)
        ids = [text_of(row[0]) for row in rows]
        told = {post.draft_id: post for post in posts}
        new = [
            row_of(each) for each in told.values() if each.draft_id not in ids and not each.known
        ]
        if new and not tab.put_in(1 + len(rows), new):
            log.warning("sheet.rows_misplaced", tab=tab.place.worksheet, first=2 + len(rows))
            continue
        stands: dict[str, Parts] = {}
        for draft_id, row in zip(ids, rows, strict=True):
            if draft_id:
                stands.setdefault(draft_id, dict(zip(READ, row[-len(READ) :], strict=True)))
        wanted = {
            draft_id: {**counts, **counts_of(told[draft_id])} if draft_id in told else counts
            for draft_id, counts in stands.items()
        }
        due = {
            ids.index(draft_id): draft_id
            for draft_id in wanted
            if wanted[draft_id] != stands[draft_id]
        }
        write_until_right(tab, due, wanted, dict.fromkeys(READ, ""))
        return
    raise google_errors.moving()
