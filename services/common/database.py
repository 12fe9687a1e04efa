"""Databases: SQLite by default, Postgres by URL, the same SQL on both.

SQLite runs in WAL with `synchronous=FULL` (a commit survives power loss) and every writing
transaction begins with `BEGIN IMMEDIATE`, so that two writers queue instead of dead-locking.
Nobody commits inside business code: `writing()` is the transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, DateTime, Dialect, Engine, TypeDecorator, create_engine, event
from sqlalchemy.engine import make_url

BUSY_TIMEOUT_MS = 30_000


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. SQLite forgets time zones, so all are stored in UTC and come back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is given
        if value is not None and value.tzinfo is None:
            message = "an instant needs a time zone"
            raise ValueError(message)
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is given
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///path` (the folder is made) or `postgresql+psycopg://...`."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own type
    # The driver would otherwise begin transactions on its own terms (DEFERRED, and late).
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read-only view; it never waits for a writer."""
    with engine.connect().execution_options(reading=True) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of the block is stored, or none of it."""
    with engine.begin() as connection:
        yield connection


def migrate(engine: Engine, migrations: Path) -> None:
    """Bring the schema to its newest revision, in one transaction where the database can."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
