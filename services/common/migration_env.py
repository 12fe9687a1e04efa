"""The body of every service's Alembic `env.py`: migrate over the connection that is handed in."""

from alembic import context
from sqlalchemy import MetaData


def run_migrations(metadata: MetaData) -> None:
    """Run inside the transaction of `services.common.database.migrate`."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        user_module_prefix="",  # revisions import the types they use
        render_as_batch=True,  # SQLite cannot alter columns in place
    )
    context.run_migrations()
