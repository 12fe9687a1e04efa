"""What people ask of the worker."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "command",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("item_id", sa.String(length=230), nullable=True),
        sa.Column("given_by", sa.String(length=200), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("command_open", "command", ["done_at", "id"])
