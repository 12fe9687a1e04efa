"""Alembic's entry to the gateway's schema."""

from services.common.migration_env import run_migrations
from services.gateway.tables import metadata

run_migrations(metadata)
