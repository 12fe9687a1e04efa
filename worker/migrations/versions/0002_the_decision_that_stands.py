"""A draft knows which decision of it stands."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LAST = """
UPDATE draft SET decision_version = (
    SELECT version FROM decision WHERE draft_id = draft.id
    ORDER BY stored_at DESC, decided_at DESC LIMIT 1
)
"""


def upgrade() -> None:
    op.add_column("draft", sa.Column("decision_version", sa.String(length=200), nullable=True))
    op.execute(LAST)


def downgrade() -> None:
    op.drop_column("draft", "decision_version")
