"""A worker's name, which no other worker on the same PostgreSQL may bear.

Leases are taken back by name after a crash, so two workers of one name would take each other's.
The name is held as a lock of a session, which ends with its process; a machine that is gone is
noticed within a minute or so. A name that nobody holds is of a worker that is gone. SQLite's file
is on one machine, where its user can see who runs.
"""

import hashlib
from threading import Lock

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from services.common.settings import SettingsError

LOCK_NOT_AVAILABLE = "55P03"
SESSION = (
    "SET lock_timeout = '5s'",  # of a process killed a moment ago the server may not know yet
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)


class Name:
    """Holds a name from `hold` to `release`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.connection: Connection | None = None
        self.one_at_a_time = Lock()

    def hold(self, name: str) -> None:
        """Take the name, or see that it is still ours; raises SettingsError when another has it."""
        if self.engine.dialect.name != "postgresql":
            return
        with self.one_at_a_time:
            if not self._is_held():
                self._take(name)

    def release(self) -> None:
        """Let another worker bear the name."""
        if self.connection is not None:
            # Given back to the pool the session would live on, and the lock with it.
            self.connection.invalidate()
            self.connection.close()
            self.connection = None

    def _is_held(self) -> bool:
        """Whether the session is there that took the name."""
        if self.connection is None:
            return False
        try:
            self.connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.release()
            return False
        return True

    def _take(self, name: str) -> None:
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self.connection = connection
        try:
            for setting in SESSION:
                connection.execute(text(setting))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key_of(name)})
        except DBAPIError as error:
            self.release()
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            message = (
                f"Another worker called {name} uses this database: give each its own WORKER_NAME."
            )
            raise SettingsError(message) from error


def is_gone(connection: Connection, name: str) -> bool:
    """Whether surely no worker bears this name now; nobody can until the transaction ends."""
    if connection.dialect.name != "postgresql":
        return False
    free = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(connection.scalar(free, {"key": key_of(name)}))


def key_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
