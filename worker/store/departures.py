"""Which publication is next: what may leave, what waits, and what must not leave.

What may have left already is asked about at once, whatever the pace: it counts in it since its
first attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from worker.policy import Earlier, Hold, Policy, Waiting
from worker.policy.folding import folded
from worker.states import PublicationState
from worker.store.commands import is_paused
from worker.tables import post, publication
from worker.wording import own_words

# Of the lock under which one worker at a time lets a publication leave.
LEAVING_LOCK = 0x6C65_6176
PAUSED = "publishing is paused on /status"
CAN_BE_UNDONE = "the approval can still be undone (WORKER_UNDO_SECONDS)"
# Publications that a dry run would have let leave, by key, and when.
Rehearsed = Mapping[str, datetime]
NOTHING: Rehearsed = {}


@dataclass(frozen=True, slots=True)
class Departure:
    """The publication that is next: what it waits for, or why it must not leave at all."""

    row: Row[Any]
    hold: Hold | None = None
    objection: str | None = None


def alone(connection: Connection) -> None:
    """Let no other worker decide what leaves until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LEAVING_LOCK})


def departure(
    connection: Connection, policy: Policy, now: datetime, rehearsed: Rehearsed = NOTHING
) -> Departure | None:
    """The next one, unless none is approved."""
    doubtful = in_doubt(connection, now)
    row = approved(connection, now, rehearsed) if doubtful is None else doubtful
    if row is None:
        return None
    if is_paused(connection):
        return Departure(row, hold=Hold(PAUSED))
    if doubtful is not None:
        return Departure(row)
    why = f"it could not be sent: {row.last_error}" if row.last_error else CAN_BE_UNDONE
    waiting = Waiting(row.idempotency_key, row.next_at, why)
    left = [*left_lately(connection, policy.pace.most_a_day), *rehearsed.values()]
    if hold := policy.hold(waiting, left, now):
        return Departure(row, hold=hold)
    song = connection.scalar(select(post.c.song).where(post.c.item_id == row.item_id))
    words = bare(policy, row.text, song)
    return Departure(row, objection=policy.objection(row.text, words, before(connection, policy)))


def in_doubt(connection: Connection, now: datetime) -> Row[Any] | None:
    wanted = select(publication).where(
        publication.c.state == PublicationState.UNKNOWN, publication.c.next_at <= now
    )
    order = (publication.c.approved_at, publication.c.id)
    return connection.execute(wanted.order_by(*order).limit(1)).first()


def approved(connection: Connection, now: datetime, rehearsed: Rehearsed) -> Row[Any] | None:
    """In order of approval; one that cannot go yet lets the others pass."""
    ready = select(publication).where(
        publication.c.state == PublicationState.READY,
        publication.c.idempotency_key.not_in(rehearsed),
    )
    due = ready.where(publication.c.next_at <= now)
    first = connection.execute(
        due.order_by(publication.c.approved_at, publication.c.id).limit(1)
    ).first()
    if first is not None:
        return first
    return connection.execute(
        ready.order_by(publication.c.next_at, publication.c.id).limit(1)
    ).first()


def left_lately(connection: Connection, count: int) -> list[datetime]:
    """When the last so many left; an attempt under way counts from its own beginning."""
    underway = publication.c.state == PublicationState.SENDING
    left = select(publication.c.sent_at).where(publication.c.sent_at.is_not(None), ~underway)
    latest = left.order_by(publication.c.sent_at.desc()).limit(max(count, 1))
    leaving = select(publication.c.changed_at).where(underway)
    return [*connection.scalars(latest), *connection.scalars(leaving)]


def before(connection: Connection, policy: Policy) -> list[Earlier]:
    """The last posts that left, as far back as the policy compares."""
    if policy.likeness is None:
        return []
    wanted = (
        select(publication.c.text, publication.c.sent_at, post.c.song)
        .join(post, post.c.item_id == publication.c.item_id)
        .where(publication.c.sent_at.is_not(None))  # set for what left, or may have
        .order_by(publication.c.sent_at.desc(), publication.c.id.desc())
        .limit(policy.likeness.posts)
    )
    return [
        Earlier(bare(policy, row.text, row.song), row.sent_at) for row in connection.execute(wanted)
    ]


def bare(policy: Policy, words: str, song: Mapping[str, Any] | None) -> str:
    """A post without its song, where we still know which that was."""
    if not song:
        return folded(words)
    return own_words(words, song["title"], tuple(song["artists"]), policy.template)
