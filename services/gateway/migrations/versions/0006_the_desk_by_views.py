"""What the views of the desk and its search are read by."""

import unicodedata
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 200
item = sa.table(
    "desk_item",
    sa.column("id"),
    sa.column("state"),
    sa.column("song", sa.JSON()),
    sa.column("post", sa.JSON()),
    sa.column("outcome"),
    sa.column("curator"),
    sa.column("acted_at", UtcDateTime()),
)
draft = sa.table(
    "desk_draft",
    sa.column("id"),
    sa.column("item_id"),
    sa.column("text"),
    sa.column("outcome", sa.JSON(none_as_null=True)),
)
decision = sa.table(
    "desk_decision",
    sa.column("sequence"),
    sa.column("draft_id"),
    sa.column("text"),
    sa.column("curator"),
    sa.column("decided_at", UtcDateTime()),
)
words = sa.table(
    "desk_words", *(sa.column(name) for name in ("item_id", "words", "genres", "post"))
)


# As it was folded then: what the service does by now must not change an old upgrade.
PLAIN = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)


def lines(texts: Iterable[str]) -> str:
    return "\n".join(map(fold, texts))


def fold(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return " ".join(bare.replace("\0", " ").translate(PLAIN).split())


def upgrade() -> None:
    for column in (
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("curator", sa.String(length=200), nullable=True),
        sa.Column("acted_at", UtcDateTime(), nullable=True),
        sa.Column("snoozed_until", UtcDateTime(), nullable=True),
        sa.Column("batch", sa.String(length=40), nullable=True),
    ):
        op.add_column("desk_item", column)
    op.create_index("desk_item_view", "desk_item", ["state", "outcome", "posted_at", "id"])
    op.create_index("desk_item_acted", "desk_item", ["acted_at"])
    op.create_index("desk_item_snoozed", "desk_item", ["state", "snoozed_until"])
    op.create_index("desk_item_curator", "desk_item", ["curator"])
    op.create_index("desk_item_batch", "desk_item", ["batch"])
    op.create_table(
        "desk_words",
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("genres", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["desk_item.id"]),
        sa.PrimaryKeyConstraint("item_id"),
    )
    connection = op.get_bind()
    ids = list(connection.scalars(sa.select(item.c.id)))
    for first in range(0, len(ids), BATCH):
        fill(connection, ids[first : first + BATCH])


def fill(connection: sa.Connection, ids: Sequence[str]) -> None:
    """What the new columns say of items that were there before."""
    drafts = connection.execute(sa.select(draft).where(draft.c.item_id.in_(ids))).all()
    home = {row.id: row.item_id for row in drafts}
    log = sa.select(decision).where(decision.c.draft_id.in_(list(home)))
    decisions = connection.execute(log.order_by(decision.c.sequence)).all()
    last = {home[row.draft_id]: row for row in decisions}
    for row in connection.execute(sa.select(item).where(item.c.id.in_(ids))).all():
        own = [each for each in drafts if each.item_id == row.id]
        became = {each.outcome["state"] for each in own if each.outcome} if own else set()
        values = {
            "outcome": next((state for state in ("published", "failed") if state in became), None)
            if row.state == "approved"
            else None,
            "curator": last[row.id].curator if row.id in last else None,
            "acted_at": last[row.id].decided_at if row.id in last else None,
        }
        connection.execute(sa.update(item).where(item.c.id == row.id).values(values))
        standing = {each.draft_id: each.text for each in decisions}
        said = [standing[each.id] for each in own if each.id in standing]
        song = row.song
        found_by = [song["title"], *song["artists"], *(each.text for each in own), *said]
        connection.execute(
            sa.insert(words).values(
                item_id=row.id,
                words=lines(dict.fromkeys(found_by)),
                genres=lines(song.get("genres") or []),
                post=lines([row.post["text"], row.post.get("author") or ""]),
            )
        )
