"""Who made a draft, and by what it was written where that was not the worker."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made_by = sa.Column("made_by", sa.String(length=20), nullable=False, server_default="worker")
    op.add_column("desk_draft", made_by)
    op.add_column("desk_draft", sa.Column("written", sa.JSON(), nullable=True))
