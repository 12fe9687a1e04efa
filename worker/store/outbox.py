"""Publications on their way out: what is due, who sends it, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, or_, select, update

from services.common.database import reading, rerun, writing
from services.gateway.schemas import Published
from worker.states import PublicationState
from worker.store.moves import move
from worker.store.outcomes import owe
from worker.store.posts import FREE
from worker.tables import publication

DAY = timedelta(days=1)
WAITING = (PublicationState.READY, PublicationState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast publications may leave: the least time between two, and how many in 24 hours."""

    interval: timedelta
    most_a_day: int


@dataclass(frozen=True, slots=True)
class Due:
    """A publication whose turn has come."""

    id: int
    draft_id: str
    key: str
    text: str
    announced: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """A publication that this worker is sending."""

    id: int
    draft_id: str
    key: str
    text: str
    lease: str
    attempts: int


class Outbox:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @rerun
    def recover(self, holder: str, now: datetime) -> int:
        """Whatever an earlier run was sending when it died: the outcome is unknown. How many."""
        mine = publication.c.lease.startswith(f"{holder}/", autoescape=True)
        wanted = select(publication.c.id).where(
            publication.c.state == PublicationState.SENDING,
            or_(mine, publication.c.leased_until < now),
        )
        with writing(self.engine) as connection:
            # What another one has locked is being settled.
            ids = connection.scalars(wanted.with_for_update(skip_locked=True)).all()
            for each in ids:
                values: dict[str, Any] = {
                    "uncertain": True,
                    "next_at": now,
                    "last_error": "died while sending",
                    **FREE,
                }
                move(
                    connection,
                    publication,
                    each,
                    to=PublicationState.UNKNOWN,
                    now=now,
                    values=values,
                )
        return len(ids)

    def due(self, pace: Pace, now: datetime) -> Due | None:
        """What leaves next: first what may have left already, then in order of approval."""
        with reading(self.engine) as connection:
            row = next_row(connection, pace, now)
        return (
            Due(row.id, row.draft_id, row.idempotency_key, row.text, row.announced) if row else None
        )

    @rerun
    def announce(self, due: Due) -> None:
        """The desk was told that this leaves now, and takes nothing back any more."""
        with writing(self.engine) as connection:
            connection.execute(update(publication).where(*same(due)).values(announced=True))

    @rerun
    def claim(
        self, due: Due, pace: Pace, *, lease: str, now: datetime, until: datetime
    ) -> Sending | None:
        """Begin to send; None when it was taken back, or is no longer the next, meanwhile."""
        with writing(self.engine) as connection:
            row = next_row(connection, pace, now, due.id)
            if row is None or row.idempotency_key != due.key:
                return None
            attempts = row.attempts + 1
            move(
                connection,
                publication,
                row.id,
                to=PublicationState.SENDING,
                now=now,
                values={
                    "attempts": attempts,
                    "sent_at": row.sent_at or now,
                    "lease": lease,
                    "leased_until": until,
                },
            )
        return Sending(row.id, row.draft_id, row.idempotency_key, row.text, lease, attempts)

    @rerun
    def published(self, sent: Sending, answer: Published, now: datetime) -> None:
        values: dict[str, Any] = {
            "origin": answer.origin,
            "remote_id": answer.id,
            "url": answer.url,
            "published_at": answer.created_at,
            "reconciled": answer.reconciled,
            "uncertain": False,
            "last_error": None,
        }
        with writing(self.engine) as connection:
            self._settle(connection, sent, PublicationState.PUBLISHED, now, values)
            owe(connection, sent.draft_id, "published", now, url=answer.url)

    @rerun
    def refused(self, sent: Sending, reason: str, now: datetime) -> None:
        """The platform will never have it."""
        with writing(self.engine) as connection:
            values: dict[str, Any] = {"uncertain": False, "sent_at": None, "last_error": reason}
            self._settle(connection, sent, PublicationState.FAILED, now, values)
            owe(connection, sent.draft_id, "failed", now, detail=reason)

    @rerun
    def unknown(self, sent: Sending, error: str, next_at: datetime, now: datetime) -> None:
        """It may have been accepted: it is asked about again, under the same key."""
        with writing(self.engine) as connection:
            values: dict[str, Any] = {"uncertain": True, "next_at": next_at, "last_error": error}
            self._settle(connection, sent, PublicationState.UNKNOWN, now, values)

    @rerun
    def unsent(self, sent: Sending, error: str, next_at: datetime, now: datetime) -> None:
        """This attempt was not accepted; an earlier one still may have been."""
        with writing(self.engine) as connection:
            wanted = select(publication.c.uncertain).where(publication.c.id == sent.id)
            uncertain = connection.scalar(wanted)
            state = PublicationState.UNKNOWN if uncertain else PublicationState.READY
            values: dict[str, Any] = {"next_at": next_at, "last_error": error}
            if not uncertain:
                values["sent_at"] = None
            self._settle(connection, sent, state, now, values)

    @rerun
    def fail(self, due: Due, reason: str, now: datetime) -> bool:
        """Give up on one that has not left; False when it is on its way, or another one, by now."""
        with writing(self.engine) as connection:
            ready = publication.c.state == PublicationState.READY
            wanted = select(publication.c.id).where(*same(due), ready)
            if connection.scalar(wanted.with_for_update()) is None:
                return False
            values: dict[str, Any] = {"last_error": reason}
            move(
                connection, publication, due.id, to=PublicationState.FAILED, now=now, values=values
            )
            owe(connection, due.draft_id, "failed", now, detail=reason)
            return True

    @rerun
    def postpone(self, due: Due, error: str, next_at: datetime) -> None:
        """Leave one where it is for a while."""
        with writing(self.engine) as connection:
            connection.execute(
                update(publication)
                .where(*same(due), publication.c.state.in_(WAITING))
                .values(next_at=next_at, last_error=error)
            )

    def _settle(
        self,
        connection: Connection,
        sent: Sending,
        state: PublicationState,
        now: datetime,
        values: dict[str, Any],
    ) -> None:
        values = {**values, **FREE}
        move(connection, publication, sent.id, to=state, now=now, values=values, held=sent.lease)


def same(due: Due) -> tuple[ColumnElement[bool], ...]:
    """The publication as it was found: under another key it holds other words."""
    return publication.c.id == due.id, publication.c.idempotency_key == due.key


def next_row(
    connection: Connection, pace: Pace, now: datetime, only: int | None = None
) -> Row[Any] | None:
    """The row that may leave now (`only` this one, if given)."""
    states = [PublicationState.UNKNOWN]
    if may_leave(connection, pace, now):
        states.append(PublicationState.READY)
    wanted = (
        select(publication)
        .where(publication.c.state.in_(states), publication.c.next_at <= now)
        .order_by(publication.c.uncertain.desc(), publication.c.approved_at, publication.c.id)
        .limit(1)
    )
    if only is not None:
        wanted = wanted.where(publication.c.id == only).with_for_update(skip_locked=True)
    return connection.execute(wanted).first()


def may_leave(connection: Connection, pace: Pace, now: datetime) -> bool:
    """Whether the pace lets one more leave."""
    last = connection.scalar(select(func.max(publication.c.sent_at)))
    if last is not None and last + pace.interval > now:
        return False
    today = select(func.count()).where(publication.c.sent_at > now - DAY)
    return (connection.scalar(today) or 0) < pace.most_a_day
