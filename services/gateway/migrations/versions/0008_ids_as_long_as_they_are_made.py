"""Ids of items and drafts as long as the worker makes them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LONGEST = {
    ("desk_item", "id"): 230,
    ("desk_words", "item_id"): 230,
    ("desk_draft", "item_id"): 230,
    ("desk_draft", "id"): 240,
    ("desk_decision", "draft_id"): 240,
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return  # it minds no length
    for (table, column), longest in LONGEST.items():
        op.alter_column(table, column, type_=sa.String(length=longest))
