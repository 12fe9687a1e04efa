"""Posts that mention the bot, publications that answer them, and how publications are received.

What was published before is not asked about: much of it is old, and some platforms charge.
"""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.false()
    op.add_column("post", sa.Column("asked", sa.Boolean(), nullable=False, server_default=no))
    op.add_column("publication", sa.Column("in_reply_to", sa.String(length=200), nullable=True))
    op.create_table(
        "reception",
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("likes", sa.Integer(), nullable=True),
        sa.Column("reposts", sa.Integer(), nullable=True),
        sa.Column("replies", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["publication_id"], ["publication.id"]),
        sa.PrimaryKeyConstraint("publication_id", "hours"),
    )
    op.create_index("reception_due", "reception", ["read_at", "next_at"])


def downgrade() -> None:
    op.drop_table("reception")
    op.drop_column("publication", "in_reply_to")
    op.drop_column("post", "asked")
