"""Posts on which a step failed too often, until somebody has them tried again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from services.common.database import reading, rerun, writing
from services.gateway.schemas import Parked
from services.gateway.wording import credit
from worker.states import PostState
from worker.store.moves import move
from worker.store.posts import FRESH
from worker.tables import post

MOST_SHOWN = 20
MOST_WORDS = 300


class ParkedPosts:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def newest(self) -> list[Parked]:
        """The newest of them, as people are told."""
        wanted = (
            select(post)
            .where(post.c.state == PostState.PARKED)
            .order_by(post.c.changed_at.desc(), post.c.item_id)
            .limit(MOST_SHOWN)
        )
        with reading(self.engine) as connection:
            return [told(row) for row in connection.execute(wanted)]

    @rerun
    def retry_all(self, now: datetime) -> int:
        """Put every parked post back to the step where it failed; how many."""
        with writing(self.engine) as connection:
            return retry(connection, now)


def told(row: Row[Any]) -> Parked:
    """Without the words of the post, which the gateway would keep for longer than it may."""
    return Parked(
        item_id=row.item_id,
        step=row.parked_from,
        error=(row.last_error or "")[:MOST_WORDS],
        at=row.changed_at,
        song=song_of(row),
        url=row.body.get("url"),
    )


def song_of(row: Row[Any]) -> str | None:
    """The song that the catalogues found, or the likeliest one that the post may name."""
    song = row.song or next(iter(row.candidates or ()), None)
    if song is None or not song["title"]:  # a link names a song by its id
        return None
    by = f" by {credit(song['artists'])}" if song["artists"] else ""
    return f"“{song['title']}”{by}"[:MOST_WORDS]


def retry(connection: Connection, now: datetime, item_id: str | None = None) -> int:
    """Put this post, or all, back to the step where it failed, if it is parked; how many."""
    wanted = select(post.c.item_id, post.c.parked_from).where(post.c.state == PostState.PARKED)
    if item_id is not None:
        wanted = wanted.where(post.c.item_id == item_id)
    in_order = wanted.order_by(post.c.item_id).with_for_update(key_share=True)
    rows = connection.execute(in_order).all()
    for row in rows:
        back = {"next_at": now, "parked_from": None, **FRESH}
        move(connection, post, row.item_id, to=row.parked_from, now=now, values=back)
    return len(rows)
