"""Drafts that were made at the desk; those in a person's own words have no scores and no writer."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPTIONAL: dict[str, sa.types.TypeEngine[Any]] = {
    "score": sa.Float(),
    "log_prob": sa.Float(),
    "topic": sa.Float(),
    "novelty": sa.Float(),
    "latent": sa.JSON(),
    "seed": sa.BigInteger(),
    "model": sa.String(length=200),
    "model_revision": sa.String(length=200),
}


def upgrade() -> None:
    made_by = sa.Column("made_by", sa.String(length=20), nullable=False, server_default="worker")
    op.add_column("draft", made_by)
    for name, kind in OPTIONAL.items():
        if op.get_bind().dialect.name == "sqlite":
            replace(name, kind)
        else:
            op.alter_column("draft", name, nullable=True)


def replace(name: str, kind: sa.types.TypeEngine[Any]) -> None:
    """SQLite changes no column, and other tables refer to this one: it can't be made anew."""
    op.add_column("draft", sa.Column(f"new_{name}", kind, nullable=True))
    draft = sa.table("draft", sa.column(name), sa.column(f"new_{name}"))
    op.execute(sa.update(draft).values({f"new_{name}": draft.c[name]}))
    op.execute(f"ALTER TABLE draft DROP COLUMN {name}")
    op.execute(f"ALTER TABLE draft RENAME COLUMN new_{name} TO {name}")
