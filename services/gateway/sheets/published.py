"""The tab of what was published: a row a post, with its reception as it grows.

All of it is the machine's. Curators sort, filter and delete rows as they like, and put columns of
their own between; a row that they deleted is not put in again.
"""

from collections.abc import Sequence
from typing import Any

from services.gateway.schemas import PublishedPost
from services.gateway.sheets import layout
from services.gateway.sheets.columns import Places, doubled_in, missing_in
from services.gateway.sheets.rows import Cell, cell_text

Request = dict[str, Any]

TITLES = ("published", "deephypebot published")
AGES = {1: "1 h", 24: "24 h", 168: "7 d"}
COUNTS = ("likes", "reposts", "replies")
TOLD = ("id", "published", "song", "artists", "words", "link")
READ = tuple(f"{count} {age}" for age in AGES.values() for count in COUNTS)
COLUMNS = (*TOLD, *READ)
AS_MADE: Places = {name: place for place, name in enumerate(COLUMNS)}
WIDTHS = {"id": 90, "published": 130, "song": 140, "artists": 140, "words": 320, "link": 160}


def title_beside(drafts: str) -> str:
    """The tab's title, beside the worksheet of drafts."""
    return next(title for title in TITLES if title != drafts.casefold())


def row_of(post: PublishedPost) -> list[Cell]:
    counts = counts_of(post)
    texts = (
        post.draft_id,
        f"{post.published_at:%Y-%m-%d %H:%M}",
        post.title,
        ", ".join(post.artists),
        post.text,
        post.url or "",
    )
    return [*(cell_text(text) for text in texts), *(counts.get(name, "") for name in READ)]


def counts_of(post: PublishedPost) -> dict[str, Cell]:
    """What is known of its reception, by column."""
    return {
        f"{count} {AGES[reading.hours]}": getattr(reading, count)
        for reading in post.readings
        for count in COUNTS
    }


def fault_in(header: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str | None:
    """As of the drafts' header: why our names may not be written over row 1; None if they may."""
    if not any(header) and not any(map(any, rows)):
        return None
    if doubled := doubled_in(header, COLUMNS):
        return f"two columns are named {doubled[0]!r}: give the one that is yours another name."
    missing = " and ".join(map(repr, missing_in(header, COLUMNS)))
    return f"row 1 has no {missing}: undo what took it away, or name the column again."


def whole(sheet_id: int, places: Places) -> list[Request]:
    header = layout.cells(sheet_id, places, COLUMNS, top=0, bottom=1)
    return [
        layout.frozen_header(sheet_id),
        *(layout.look(place, layout.HEADER, bold=True) for place in header),
        *below(sheet_id, places),
        *(layout.width(sheet_id, places[name], pixels) for name, pixels in WIDTHS.items()),
    ]


def below(
    sheet_id: int, places: Places, *, top: int = 1, bottom: int | None = None
) -> list[Request]:
    place = layout.cells(sheet_id, places, COLUMNS, top=top, bottom=bottom)
    return [layout.look(each, None) for each in place]


def renewed(sheet_id: int, mark: str, places: Places) -> list[Request]:  # noqa: ARG001 - as the drafts' layout
    return []
