"""Reading the timeline and the mentions: a page's posts, its gap and its cursor are stored all or
none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from services.common.database import inserting, reading, rerun, writing
from services.gateway.schemas import Gap, Post, TimelinePage
from worker.failpoints import reach
from worker.states import POST, START, PostState
from worker.store.moves import lock, move
from worker.store.posts import FREE, FRESH, item_id_of
from worker.store.turns import check_turn
from worker.tables import cursor, gap, post

TIMELINE = "timeline"
MENTIONS = "mentions"
# A deleted post must leave within 24 hours: this, and time to ask again when nobody answers.
ASK_AFTER = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Position:
    """Where reading goes on; `cursor` is None when there was nothing to read so far."""

    cursor: str | None
    read_at: datetime | None = field(default=None, compare=False)  # the last time


class Timeline:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def position(self, source: str = TIMELINE) -> Position | None:
        """None: it was never read."""
        with reading(self.engine) as connection:
            row = connection.execute(select(cursor).where(cursor.c.source == source)).first()
        return Position(row.cursor, row.changed_at) if row else None

    @rerun
    def take(self, page: TimelinePage, now: datetime, held: str | None = None) -> int:
        """Store a page; how many of its posts were new.

        Raises LeaseLostError when a lease (`held`) is given that the timeline's turn no longer
        carries: another worker has read on, and this page's cursor would lead back.
        """
        with writing(self.engine) as connection:
            if held is not None:
                check_turn(connection, TIMELINE, held)
            new = insert_new_posts(connection, page.posts, now)
            reach("posts.storing")
            if page.gap is not None:
                note_gap(connection, TIMELINE, page.gap, now)
            set_cursor(connection, TIMELINE, page.cursor, now)
            return new

    @rerun
    def take_mentions(self, page: TimelinePage, now: datetime, held: str | None = None) -> int:
        """Store a page of mentions, as `take` does; how many of its posts were new.

        One that the timeline brought before is the same post, and is now asked for.
        """
        with writing(self.engine) as connection:
            if held is not None:
                check_turn(connection, MENTIONS, held)
            new = insert_new_posts(connection, page.posts, now)
            reach("mentions.storing")
            if ids := [item_id_of(each) for each in page.posts]:
                lock(connection, post, ids)
                read_again(connection, ids, now)
                connection.execute(update(post).where(post.c.item_id.in_(ids)).values(asked=True))
            if page.gap is not None:
                note_gap(connection, MENTIONS, page.gap, now)
            set_cursor(connection, MENTIONS, page.cursor, now)
            return new


def read_again(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """Have those parsed once more that were not known for mentions: what named no song, or waits
    for a catalogue. Whoever works on one that was not asked for loses it."""
    unasked = post.c.item_id.in_(ids), ~post.c.asked
    connection.execute(update(post).where(*unasked).values(FREE))
    read = select(post.c.item_id).where(
        *unasked,
        post.c.state.in_((PostState.NO_SONG, PostState.SONG)),
        post.c.ask_at.is_not(None),  # or its text is wiped
    )
    for item_id in connection.scalars(read).all():
        afresh = {"next_at": now, "rule": None, "reason": None, **FRESH}
        move(connection, post, item_id, to=PostState.STORED, now=now, values=afresh)


def insert_new_posts(connection: Connection, posts: Sequence[Post], now: datetime) -> int:
    """Insert the posts that are not there yet; how many those were."""
    if not posts:
        return 0
    POST.check(START, PostState.STORED)
    added = inserting(connection, post).on_conflict_do_nothing().returning(post.c.item_id)
    return len(connection.execute(added, [post_row(each, now) for each in posts]).all())


def post_row(given: Post, now: datetime) -> dict[str, Any]:
    return {
        "item_id": item_id_of(given),
        "origin": given.origin,
        "id": given.id,
        "state": PostState.STORED,
        "body": given.model_dump(mode="json"),
        "posted_at": given.created_at,
        "stored_at": now,
        "changed_at": now,
        "next_at": now,
        "ask_at": now + ASK_AFTER,
        "attempts": 0,
        "faults": 0,
    }


def note_gap(connection: Connection, source: str, given: Gap, now: datetime) -> None:
    connection.execute(insert(gap).values(source=source, noted_at=now, **given.model_dump()))


def set_cursor(connection: Connection, source: str, value: str | None, now: datetime) -> None:
    """Move a cursor; a page without one leaves it where it was."""
    moved = connection.execute(
        update(cursor)
        .where(cursor.c.source == source)
        .values(cursor=cursor.c.cursor if value is None else value, changed_at=now)
    )
    if moved.rowcount == 0:
        connection.execute(insert(cursor).values(source=source, cursor=value, changed_at=now))
