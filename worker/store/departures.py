"""Which publication is next: what may leave, what waits, and what must not leave.

What may have left already comes first. Whoever asks what became of it has it sent where it is not
out, so it keeps to pauses, quiet hours and the pace like any other.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from services.common.words.folding import folded
from services.gateway.wording import own_words
from worker.policy import Earlier, Hold, Policy, Waiting
from worker.states import PublicationState
from worker.store.commands import is_paused
from worker.tables import post, publication

WAITING = (PublicationState.READY, PublicationState.UNKNOWN)
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
    row = next_in_line(connection, now, rehearsed)
    if row is None:
        return None
    if is_paused(connection):
        return Departure(row, hold=Hold(PAUSED))
    left = left_lately(connection, policy.pace.most_a_day, {row.idempotency_key, *rehearsed})
    waiting = Waiting(row.idempotency_key, row.next_at, why_not_before(row))
    if hold := policy.hold(waiting, [*left, *rehearsed.values()], now):
        return Departure(row, hold=hold)
    if row.state == PublicationState.UNKNOWN:
        return Departure(row)
    song = connection.scalar(select(post.c.song).where(post.c.item_id == row.item_id))
    words = bare(policy, row.text, song)
    return Departure(row, objection=policy.objection(row.text, words, before(connection, policy)))


def next_in_line(connection: Connection, now: datetime, rehearsed: Rehearsed) -> Row[Any] | None:
    """What may be out already, then in order of approval; one that cannot go yet lets the others
    pass."""
    waiting = select(publication).where(
        publication.c.state.in_(WAITING), publication.c.idempotency_key.not_in(rehearsed)
    )
    ready = publication.c.state == PublicationState.READY  # false comes before true
    due = waiting.where(publication.c.next_at <= now)
    in_order = due.order_by(ready, publication.c.approved_at, publication.c.id)
    soonest = waiting.order_by(publication.c.next_at, publication.c.id)
    first = connection.execute(in_order.limit(1)).first()
    return first or connection.execute(soonest.limit(1)).first()


def why_not_before(row: Row[Any]) -> str:
    """What keeps one back until its `next_at`."""
    if row.state == PublicationState.UNKNOWN:
        return f"it is not known whether the last attempt went through: {row.last_error}"
    return f"it could not be sent: {row.last_error}" if row.last_error else CAN_BE_UNDONE


def left_lately(connection: Connection, count: int, besides: Collection[str]) -> list[datetime]:
    """When the last so many left, besides these keys; an attempt under way counts from its own
    beginning."""
    underway = publication.c.state == PublicationState.SENDING
    left = select(publication.c.sent_at).where(
        publication.c.sent_at.is_not(None), ~underway, publication.c.idempotency_key.not_in(besides)
    )
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
