"""Opening databases: errors in words, and one PostgreSQL database for several services."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from services.common.database import open_migrated, reading, writing
from services.common.settings import SettingsError

ROOT = Path(__file__).resolve().parents[3]
MIGRATIONS = {
    "gateway": ROOT / "services/gateway/migrations",
    "worker": ROOT / "worker/migrations",
}


def open_and_close(url: str, service: str) -> None:
    open_migrated(url, MIGRATIONS[service], service).dispose()


@pytest.mark.postgres
def test_services_share_a_postgres_each_in_its_own_schema(postgres: str) -> None:
    for service in MIGRATIONS:
        open_and_close(postgres, service)
    found = "SELECT schemaname FROM pg_tables WHERE tablename = :name ORDER BY 1"
    engine = open_migrated(postgres, MIGRATIONS["worker"], "worker")
    with reading(engine) as connection:
        for name in ("alembic_version", "publication"):
            assert list(connection.scalars(text(found), {"name": name})) == ["gateway", "worker"]
    engine.dispose()


@pytest.mark.postgres
def test_services_that_start_at_once_migrate_in_turn(postgres: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        starts = [pool.submit(open_and_close, postgres, "worker") for _ in range(4)]
    assert [start.exception() for start in starts] == [None] * 4


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("a phrase with s3cret", "no sqlite:///path"),
        ("postgresql+psycopg://bot:s3cret@127.0.0.1:port/db", "no sqlite:///path"),
        ("oracle+nonsense://bot:s3cret@127.0.0.1/db", "no sqlite:///path"),
        ("postgresql+psycopg://bot:s3cret@127.0.0.1:1/db", r"bot:\*\*\*@127.0.0.1:1/db cannot be"),
        ("sqlite:////proc/nowhere/db", "sqlite:////proc/nowhere/db cannot be opened"),
    ],
)
def test_what_cannot_be_opened_is_told_with_its_setting_and_no_secret(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        open_and_close(url, "gateway")
    assert "GATEWAY_DATABASE_URL" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_database_of_a_newer_version_is_told_in_words(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'worker.sqlite3'}"
    engine = open_migrated(url, MIGRATIONS["worker"], "worker")
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SettingsError, match=r"another version of deephypebot .*'9999'"):
        open_and_close(url, "worker")
