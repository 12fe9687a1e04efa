"""The time by which workers that share a database go.

Leases, the pace and the time to undo are moments that one worker writes and another reads: a
machine whose clock is wrong must not cut them short for all. On PostgreSQL it is the server's
clock, looked at before every job and counted on from there; a SQLite file has one worker, and its
machine's clock is the only one.
"""

from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import Engine, func, select

from services.common.database import reading
from worker.run import utc_now


class SharedClock:
    """Call it for the time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seen: tuple[datetime, float] | None = None

    def look(self) -> None:
        """Ask the server again, where there is one."""
        if self.engine.dialect.name != "postgresql":
            return
        with reading(self.engine) as connection:
            told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        self.seen = told, monotonic()

    def __call__(self) -> datetime:
        if self.seen is None:
            return utc_now()
        told, at = self.seen
        return told + timedelta(seconds=monotonic() - at)
