"""Turns at what one worker at a time does for all that share the database.

The timeline is read once per interval, whoever reads it, and the desk is looked at once per
interval: several workers must not ask a vendor several times, nor overtake each other in what
they tell the curator.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from services.common.database import inserting, rerun, writing
from worker.store.moves import LeaseLostError
from worker.store.name import is_gone
from worker.tables import turn
from worker.wall_clock import FARTHEST


class Turns:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @rerun
    def take(
        self, name: str, lease: str, *, now: datetime, until: datetime, every: timedelta
    ) -> bool:
        """Whether it is this worker's turn: no other is at it, or was within the interval.

        Its own last turn does not count, so that a worker which died goes on when it is back; nor
        is one at it that is gone.
        """
        holder = lease.partition("/")[0]
        new = {"holder": holder, "taken_at": now, "lease": lease, "leased_until": until}
        with writing(self.engine) as connection:
            first = inserting(connection, turn).values(name=name, **new)
            if connection.scalar(first.on_conflict_do_nothing().returning(turn.c.name)):
                return True
            wanted = select(turn).where(turn.c.name == name).with_for_update(key_share=True)
            row = connection.execute(wanted).one()
            if row.holder != holder:
                if was_lately(row, now, every):
                    return False
                if at_it(row, now) and not is_gone(connection, row.holder):
                    return False
            connection.execute(update(turn).where(turn.c.name == name).values(new))
            return True

    @rerun
    def end(self, name: str, lease: str) -> None:
        """Give up the turn, if it is still ours."""
        with writing(self.engine) as connection:
            ours = update(turn).where(turn.c.name == name, turn.c.lease == lease)
            connection.execute(ours.values(lease=None, leased_until=None))


def at_it(row: Row[Any], now: datetime) -> bool:
    return bool(row.lease is not None and now <= row.leased_until <= now + FARTHEST)


def was_lately(row: Row[Any], now: datetime, every: timedelta) -> bool:
    # A time that lies ahead is of a clock that is wrong.
    return bool(timedelta(0) <= now - row.taken_at < every)


def check_turn(connection: Connection, name: str, lease: str) -> None:
    """Keep the turn until the transaction ends; raises LeaseLostError when it is another's."""
    wanted = select(turn.c.lease).where(turn.c.name == name).with_for_update(key_share=True)
    if connection.scalar(wanted) != lease:
        message = f"it is no longer our turn at the {name}"
        raise LeaseLostError(message)
