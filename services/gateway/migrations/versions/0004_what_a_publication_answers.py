"""Which post a publication answers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publication", sa.Column("in_reply_to", sa.String(length=200), nullable=True))
