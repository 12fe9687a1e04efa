"""Databases: SQLite by default, Postgres by URL, the same SQL on both.

SQLite runs in WAL with `synchronous=FULL` (a commit survives power loss) and every writing
transaction begins with `BEGIN IMMEDIATE`, so that two writers queue instead of dead-locking.
Nobody commits inside business code: `writing()` is the transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import stamina
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    Table,
    TypeDecorator,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from services.common.settings import SettingsError

BUSY_TIMEOUT_MS = 30_000
# Of the lock under which one service at a time brings a PostgreSQL schema up to date.
MIGRATION_LOCK = 0x6879_7065
# Why PostgreSQL undoes a transaction for the sake of others: serialisation failure, deadlock.
UNDONE = frozenset({"40001", "40P01"})

P = ParamSpec("P")
R = TypeVar("R")


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


def was_undone(error: Exception) -> bool:
    """Whether the database undid a transaction that may go through when it is tried again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in UNDONE


def rerun(transaction: Callable[P, R]) -> Callable[P, R]:
    """Run a transaction again when the database undid it for the sake of another one."""
    return stamina.retry(on=was_undone, attempts=8, timeout=None, wait_initial=0.02, wait_max=0.5)(
        transaction
    )


def inserting(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say what happens when the row is there already."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def migrate(
    engine: Engine, migrations: Path, schema: str | None = None, revision: str = "head"
) -> None:
    """Bring the schema up to a revision, in one transaction where the database can."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK}
            )
            if schema is not None:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def open_migrated(url: str, migrations: Path, service: str) -> Engine:
    """A service's database, with its schema up to date; raises SettingsError.

    On PostgreSQL the tables lie in a schema named after the service, so that several services
    may share one database.
    """
    setting, parsed = database_setting(service), address_of(url, service)
    try:
        engine = open_database(parsed.render_as_string(hide_password=False))
    except OSError as error:
        raise SettingsError(_unopened(parsed, error, setting)) from error
    try:
        migrate(engine, migrations, service)
    except DBAPIError as error:
        engine.dispose()
        raise SettingsError(_unopened(parsed, error.orig or error, setting)) from error
    except CommandError as error:
        engine.dispose()
        message = (
            f"The database {_shown(parsed)} is of another version of deephypebot ({error}): use "
            "the newer one, or restore the backup from before the upgrade."
        )
        raise SettingsError(message) from error
    return engine


def address_of(url: str, service: str) -> URL:
    """Where a service's tables lie; raises SettingsError for what no database can be at."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" and "options" not in parsed.query:
            parsed = parsed.update_query_dict(
                {"options": f"-csearch_path={service} -ctimezone=UTC"}
            )
        create_engine(parsed)  # finds the driver, and connects to nothing yet
    except (ArgumentError, ImportError, ValueError) as error:
        message = (
            f"{database_setting(service)} is no sqlite:///path and no "
            "postgresql+psycopg://user@host/name."
        )
        raise SettingsError(message) from error
    return parsed


def database_setting(service: str) -> str:
    return f"{service.upper()}_DATABASE_URL"


def _unopened(url: URL, cause: BaseException, setting: str) -> str:
    return (
        f"The database {_shown(url)} cannot be opened ({cause}): set {setting}, or DATA_DIR for a "
        "file."
    )


def _shown(url: URL) -> str:
    """The address without its password."""
    return url.set(query={}).render_as_string()
