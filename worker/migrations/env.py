"""Alembic's entry to the worker's schema."""

from services.common.migration_env import run_migrations
from worker.tables import metadata

run_migrations(metadata)
