"""Posts whose text we hold, and how it is wiped.

A row stays for ever, so that no post is drafted twice; what its author wrote goes when the post is
past its time, or is gone from its platform. What was made of it (song, drafts, decisions) is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, case, null, or_, select, update

from services.common.database import rerun, writing
from services.gateway.schemas import Post
from worker.failpoints import reach
from worker.states import PostState
from worker.store.moves import move
from worker.store.posts import FREE, NO_CATALOGUE, is_free
from worker.tables import post
from worker.wall_clock import FARTHEST

ENDS = frozenset({PostState.NO_SONG, PostState.UNKNOWN_SONG, PostState.DECIDED})
# Nothing of these was laid before the curator.
BEFORE_THE_DESK = frozenset({PostState.STORED, PostState.SONG, PostState.RESOLVED})
# Why a post goes no further.
DELETED = "deleted on its platform"
UNFINISHED = "of another platform than today's, and not finished before its time was over"


@dataclass(frozen=True, slots=True)
class Held:
    """A post whose text this worker looks after until its lease lapses."""

    item_id: str
    lease: str
    origin: str
    id: str
    state: PostState  # of a parked post, the one that it was parked from
    since: datetime
    body: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        return self.state in ENDS

    @property
    def on_desk(self) -> bool:
        """Whether the curator's desk has its text, or may have it."""
        return self.state in {PostState.DRAFTED, PostState.DELIVERED, PostState.DECIDED}


class HeldPosts:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @rerun
    def claim(self, limit: int, *, lease: str, now: datetime, until: datetime) -> list[Held]:
        """Posts that it is time to ask about and that nobody works on, the longest due first."""
        due = (
            select(post.c.item_id)
            .where(is_to_be_asked_about(now), is_free(now))
            .order_by(post.c.ask_at)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
            .cte("due")
        )
        claimed = (
            update(post)
            .where(post.c.item_id.in_(select(due.c.item_id)))
            .values(lease=lease, leased_until=until)
            .returning(post)
        )
        with writing(self.engine) as connection:
            return [
                Held(
                    item_id=row.item_id,
                    lease=row.lease,
                    origin=row.origin,
                    id=row.id,
                    state=PostState(
                        row.parked_from if row.state == PostState.PARKED else row.state
                    ),
                    since=row.changed_at,
                    body=row.body,
                )
                for row in sorted(connection.execute(claimed), key=longest_due)
            ]

    @rerun
    def keep(self, posts: Sequence[Held], ask_at: Mapping[str, datetime]) -> None:
        """Hold on to their text until somebody asks again, by item."""
        with writing(self.engine) as connection:
            for each in in_order(posts):
                kept = {"ask_at": ask_at[each.item_id], **FREE}
                connection.execute(update(post).where(*mine(each)).values(kept))

    @rerun
    def wipe(self, posts: Sequence[Held], now: datetime, reason: str) -> None:
        """Wipe what their authors wrote. One of which nothing lay on the desk and that has not
        come to its end goes no further, for this reason."""
        with writing(self.engine) as connection:
            for each in in_order(posts):
                wipe(connection, each, now, reason)
                reach("texts.wiping")


def wipe(connection: Connection, held: Held, now: datetime, reason: str) -> None:
    """Inside the caller's transaction; one that somebody else works on by now is left alone."""
    wanted = select(post.c.state).where(*mine(held)).with_for_update(key_share=True)
    if connection.scalar(wanted) is None:
        return
    wiped = {
        "body": Post.model_validate(held.body).forgotten().model_dump(mode="json"),
        "candidates": null(),
        "reason": case(
            (post.c.reason.startswith(NO_CATALOGUE), f"{NO_CATALOGUE} it"), else_=post.c.reason
        ),
        "last_error": None,
        "ask_at": None,
        **FREE,
    }
    if held.state in BEFORE_THE_DESK:
        ended = {**wiped, "reason": reason, "parked_from": None}
        move(connection, post, held.item_id, to=PostState.GONE, now=now, values=ended)
    else:
        connection.execute(update(post).where(*mine(held)).values(wiped))


def is_to_be_asked_about(now: datetime) -> ColumnElement[bool]:
    """Posts that it is time to ask about; a time far ahead is of a wrong clock."""
    return or_(post.c.ask_at <= now, post.c.ask_at > now + FARTHEST)


def longest_due(row: Row[Any]) -> tuple[datetime, str]:
    return row.ask_at, row.item_id


def in_order(posts: Sequence[Held]) -> list[Held]:
    """Rows are locked in one order, so that two workers do not wait for each other."""
    return sorted(posts, key=lambda held: held.item_id)


def mine(held: Held) -> tuple[ColumnElement[bool], ...]:
    """The post, as long as the lease under which it was claimed is on it."""
    return post.c.item_id == held.item_id, post.c.lease == held.lease
