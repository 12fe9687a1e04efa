"""Publications on their way out: what is due, who sends it, and what became of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, or_, select, update

from services.common.database import reading, rerun, writing
from services.gateway.schemas import Published
from worker.policy import Hold, Policy
from worker.states import PublicationState
from worker.store.departures import NOTHING, WAITING, Rehearsed, alone, departure
from worker.store.moves import move
from worker.store.outcomes import owe
from worker.store.posts import FREE
from worker.store.publicity import owe_publicity
from worker.store.receptions import schedule
from worker.tables import outcome, publication, publicity
from worker.wall_clock import FARTHEST

# Long enough for any time to undo an approval.
SETTLED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Due:
    """The publication that is next: what it waits for, or why it must not leave at all."""

    id: int
    draft_id: str
    key: str
    text: str
    announced: bool
    certain: bool  # it has surely not left
    hold: Hold | None = None
    objection: str | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A publication that this worker is sending."""

    id: int
    draft_id: str
    key: str
    text: str
    in_reply_to: str | None
    lease: str
    attempts: int
    begun_at: datetime


class Outbox:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @rerun
    def recover(self, holder: str, now: datetime, back: timedelta | None = None) -> int:
        """Whatever an earlier run was sending when it died: the outcome is unknown. How many.

        What a wrong clock wrote ahead of `now` is mended, too; `back` is by how much the clock
        was set back, if this worker saw that.
        """
        mine = publication.c.lease.startswith(f"{holder}/", autoescape=True)
        lapsed = or_(publication.c.leased_until < now, publication.c.leased_until > now + FARTHEST)
        wanted = select(publication.c.id).where(
            publication.c.state == PublicationState.SENDING, or_(mine, lapsed)
        )
        with writing(self.engine) as connection:
            # What another one has locked is being settled.
            ids = connection.scalars(wanted.with_for_update(skip_locked=True, key_share=True)).all()
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
            keep_to_clock(connection, now, back)
        return len(ids)

    def due(self, policy: Policy, now: datetime, rehearsed: Rehearsed = NOTHING) -> Due | None:
        """What leaves next: first what may have left already, then in order of approval."""
        with reading(self.engine) as connection:
            found = departure(connection, policy, now, rehearsed)
        if found is None:
            return None
        row = found.row
        return Due(
            id=row.id,
            draft_id=row.draft_id,
            key=row.idempotency_key,
            text=row.text,
            announced=row.announced,
            certain=row.state == PublicationState.READY,
            hold=found.hold,
            objection=found.objection,
        )

    @rerun
    def announce(self, due: Due) -> bool:
        """The desk is about to be told that this leaves now; whether it still may."""
        with writing(self.engine) as connection:
            waiting = update(publication).where(
                *same(due), publication.c.state == PublicationState.READY
            )
            if connection.execute(waiting.values(announced=True)).rowcount == 0:
                return False
            # Whatever is owed from before, told after this, would let the approval be taken back.
            stale = update(outcome).where(outcome.c.draft_id == due.draft_id)
            connection.execute(stale.values(owed=False))
            return True

    @rerun
    def open_again(self, now: datetime) -> None:
        """What was announced and did not leave can be taken back again, and the desk is told so."""
        kept = publication.c.announced & (publication.c.state == PublicationState.READY)
        wanted = select(publication.c.id, publication.c.draft_id).where(kept)
        in_order = wanted.order_by(publication.c.id).with_for_update(key_share=True)
        with writing(self.engine) as connection:
            for row in connection.execute(in_order).all():
                own = update(publication).where(publication.c.id == row.id)
                connection.execute(own.values(announced=False))
                owe(connection, row.draft_id, "waiting", now)

    @rerun
    def claim(
        self, due: Due, policy: Policy, *, lease: str, now: datetime, until: datetime
    ) -> Sending | None:
        """Begin to send; None when it was taken back, or is no longer the next, meanwhile."""
        with writing(self.engine) as connection:
            alone(connection)
            found = departure(connection, policy, now)
            if found is None or found.hold or found.objection or found.row.id != due.id:
                return None
            certain = found.row.state == PublicationState.READY
            if certain and not found.row.announced:
                return None  # the desk was told meanwhile that it may be taken back
            wanted = select(publication).where(*same(due), publication.c.state == found.row.state)
            row = connection.execute(
                wanted.with_for_update(skip_locked=True, key_share=True)
            ).first()
            if row is None:
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
        return Sending(
            id=row.id,
            draft_id=row.draft_id,
            key=row.idempotency_key,
            text=row.text,
            in_reply_to=row.in_reply_to,
            lease=lease,
            attempts=attempts,
            begun_at=now,
        )

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
        if not answer.reconciled:
            # It was this attempt that left, not an earlier one.
            values["sent_at"] = sent.begun_at
        with writing(self.engine) as connection:
            self._settle(connection, sent, PublicationState.PUBLISHED, now, values)
            owe(connection, sent.draft_id, "published", now, url=answer.url)
            schedule(connection, sent.id, answer.created_at)
            owe_publicity(connection, sent.id, now)

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
            if connection.scalar(wanted.with_for_update(key_share=True)) is None:
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


def keep_to_clock(connection: Connection, now: datetime, back: timedelta | None) -> None:
    """Bring back to `now` what was written when the clock was ahead, or it would wait for that.

    A clock that is seen to be set back takes along what lies ahead of it. A worker that did not
    see it cannot tell a wrong clock from another worker's, and mends what is a day ahead, or more.
    """
    ahead = now if back else now + FARTHEST
    left = select(publication.c.id, publication.c.sent_at).where(publication.c.sent_at > ahead)
    waiting = select(publication.c.id, publication.c.next_at).where(
        publication.c.state.in_(WAITING),
        publication.c.next_at > ahead,
    )
    for row in connection.execute(left.order_by(publication.c.sent_at)).all():
        moment = min(now, row.sent_at - back) if back else now
        correct(connection, row.id, sent_at=moment)
    for row in connection.execute(waiting.order_by(publication.c.next_at)).all():
        moment = max(now, row.next_at - back) if back else now + SETTLED
        correct(connection, row.id, next_at=moment)
    for table in (outcome, publicity):
        owed = update(table).where(table.c.owed, table.c.next_at > ahead)
        connection.execute(owed.values(next_at=now))


def correct(connection: Connection, row_id: int, **values: datetime) -> None:
    connection.execute(update(publication).where(publication.c.id == row_id).values(values))
