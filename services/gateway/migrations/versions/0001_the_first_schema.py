"""The first schema."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogue_answer",
        sa.Column("catalogue", sa.String(length=40), nullable=False),
        sa.Column("question", sa.String(length=500), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("catalogue", "question"),
    )
    op.create_table(
        "desk_item",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("post", sa.JSON(), nullable=False),
        sa.Column("song", sa.JSON(), nullable=False),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("desk_item", schema=None) as batch_op:
        batch_op.create_index("desk_item_queue", ["state", "posted_at", "id"], unique=False)

    op.create_table(
        "heartbeat",
        sa.Column("worker", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("worker"),
    )
    op.create_table(
        "publication",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("last_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=True),
        sa.Column("remote_id", sa.String(length=200), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "desk_draft",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["desk_item.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("desk_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_draft_item_id"), ["item_id"], unique=False)

    op.create_table(
        "desk_decision",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("draft_id", sa.String(length=200), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edited", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("curator", sa.String(length=200), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["desk_draft.id"],
        ),
        sa.PrimaryKeyConstraint("sequence"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("desk_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_decision_draft_id"), ["draft_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("desk_decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_desk_decision_draft_id"))

    op.drop_table("desk_decision")
    with op.batch_alter_table("desk_draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_desk_draft_item_id"))

    op.drop_table("desk_draft")
    op.drop_table("publication")
    op.drop_table("heartbeat")
    with op.batch_alter_table("desk_item", schema=None) as batch_op:
        batch_op.drop_index("desk_item_queue")

    op.drop_table("desk_item")
    op.drop_table("catalogue_answer")
