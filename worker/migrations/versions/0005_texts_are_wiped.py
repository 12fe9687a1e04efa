"""A post knows when to ask whether its text may still be kept."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("post", sa.Column("ask_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE post SET ask_at = stored_at")
    op.create_index("post_held", "post", ["ask_at"])


def downgrade() -> None:
    op.drop_index("post_held", "post")
    op.drop_column("post", "ask_at")
