"""How our publications were received: which readings are due, and what each of them said."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, insert, or_, select, update

from services.common.database import reading, rerun, writing
from services.gateway.schemas import Reception
from worker.store.publicity import owe_publicity
from worker.tables import publication, reception
from worker.wall_clock import FARTHEST

HOURS = (1, 24, 7 * 24)
OLDEST = timedelta(hours=max(HOURS))


@dataclass(frozen=True, slots=True)
class Publicity:
    """A publication of which at least one reading is due."""

    publication_id: int
    remote_id: str
    attempts: int


class Receptions:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def due(self, origin: str, now: datetime, limit: int) -> list[Publicity]:
        """Publications on a platform whose turn has come, the longest due first."""
        wanted = (
            select(
                publication.c.id, publication.c.remote_id, func.max(reception.c.attempts).label("n")
            )
            .join(reception, reception.c.publication_id == publication.c.id)
            .where(is_due(now), publication.c.origin == origin)
            .group_by(publication.c.id, publication.c.remote_id)
            .order_by(func.min(reception.c.next_at), publication.c.id)
            .limit(limit)
        )
        with reading(self.engine) as connection:
            rows = connection.execute(wanted).all()
        return [Publicity(row.id, row.remote_id, row.n) for row in rows]

    @rerun
    def take(
        self,
        asked: Sequence[Publicity],
        received: Collection[Reception],
        *,
        due_at: datetime,
        now: datetime,
    ) -> None:
        """Store one reading: for each publication that was asked about, what was due then.

        A reading that comes late is dated as it was. What the platform did not name is gone, and
        is not asked about again.
        """
        found = {each.id: each for each in received}
        with writing(self.engine) as connection:
            for each in asked:
                of_it = reception.c.publication_id == each.publication_id
                if (got := found.get(each.remote_id)) is not None:
                    counts = got.model_dump(exclude={"id"})
                    store(connection, and_(of_it, is_due(due_at)), now, counts)
                    owe_publicity(connection, each.publication_id, now)
                else:
                    store(connection, and_(of_it, reception.c.read_at.is_(None)), now, GONE)

    @rerun
    def postpone(self, asked: Sequence[Publicity], next_at: datetime, due_at: datetime) -> None:
        """Ask about these later; what falls due meanwhile waits with them."""
        ids = [each.publication_id for each in asked]
        with writing(self.engine) as connection:
            waits = update(reception).where(
                reception.c.publication_id.in_(ids),
                is_due(due_at),
            )
            connection.execute(
                waits.values(next_at=next_at, attempts=reception.c.attempts + 1),
            )


GONE: Mapping[str, Any] = {"gone": True}


def is_due(now: datetime) -> ColumnElement[bool]:
    """Readings whose time has come; what lies further ahead than any is of a wrong clock."""
    at = reception.c.next_at
    return and_(reception.c.read_at.is_(None), or_(at <= now, at > now + OLDEST + FARTHEST))


def store(
    connection: Connection, which: ColumnElement[bool], now: datetime, values: Mapping[str, Any]
) -> None:
    connection.execute(update(reception).where(which).values(read_at=now, **values))


def schedule(connection: Connection, publication_id: int, published_at: datetime) -> None:
    """Have a publication read at each age, inside the caller's transaction."""
    rows = [
        {
            "publication_id": publication_id,
            "hours": hours,
            "next_at": published_at + timedelta(hours=hours),
            "attempts": 0,
            "gone": False,
        }
        for hours in HOURS
    ]
    connection.execute(insert(reception), rows)
