"""What the gateway keeps: publications, catalogue answers, spend, heartbeats, commands,
the audit log, the local desk."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from services.common.database import UtcDateTime

metadata = MetaData()

# One row per Idempotency-Key, written before the platform is asked: after a crash or a timeout
# the row says that something may have been sent, and the adapter looks before it sends again.
publication = Table(
    "publication",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("text", Text, nullable=False),
    Column("in_reply_to", String(200)),
    Column("state", String(20), nullable=False),  # sending, published, refused, deleted
    Column("attempts", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("last_attempt_at", UtcDateTime, nullable=False),
    Column("origin", String(20)),
    Column("remote_id", String(200)),
    Column("url", Text),
    Column("published_at", UtcDateTime),
    Column("detail", Text),
)

# What catalogues answered, "no such song" included (a null value), until it expires.
catalogue_answer = Table(
    "catalogue_answer",
    metadata,
    Column("catalogue", String(40), primary_key=True),
    Column("question", String(500), primary_key=True),
    Column("answer", JSON(none_as_null=True)),
    Column("expires_at", UtcDateTime, nullable=False),
)

# What calls to a vendor cost, by UTC day; reservations of calls in flight included.
spend = Table(
    "spend",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("vendor", String(20), primary_key=True),
    Column("operation", String(40), primary_key=True),
    Column("units", Integer, nullable=False),
    Column("micro_usd", BigInteger, nullable=False),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("worker", String(200), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("body", JSON, nullable=False),
)

# What people asked of the workers on `/status`; kept when it is done, as a record of who did what.
command = Table(
    "command",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),  # retry, pause, resume
    Column("item_id", String(230)),
    Column("given_by", String(200), nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index("command_open", "done_at", "id"),
)

# Append-only: who did what on the pages. Words are those of drafts and curators, never a post's.
audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(200), nullable=False),  # blank: nobody that is known
    Column("key_id", String(20)),
    Column("role", String(20)),
    Column("what", String(40), nullable=False),
    Column("item_id", String(230)),
    Column("before", Text),
    Column("after", Text),
    Column("remark", Text),  # a reason, an address
    Index("audit_who", "who", "number"),
    Index("audit_item", "item_id", "number"),
    sqlite_autoincrement=True,
)

desk_item = Table(
    "desk_item",
    metadata,
    Column("id", String(230), primary_key=True),  # origin:id
    Column("state", String(20), nullable=False),  # waiting, approved, rejected
    # Grows with every decision; a form that carries an older one lost the race.
    Column("version", Integer, nullable=False),
    Column("post", JSON, nullable=False),
    Column("song", JSON, nullable=False),
    Column("posted_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # What became of the approved draft, for the views: published, failed.
    Column("outcome", String(20)),
    # Who acted on it last, and when; an item that nobody touched has neither.
    Column("curator", String(200)),
    Column("acted_at", UtcDateTime),
    # A waiting item is away until then, and comes back by itself.
    Column("snoozed_until", UtcDateTime),
    # Items that were decided in one go, as long as nothing else happened to them.
    Column("batch", String(40)),
    Index("desk_item_queue", "state", "posted_at", "id"),
    Index("desk_item_view", "state", "outcome", "posted_at", "id"),
    Index("desk_item_acted", "acted_at"),
    Index("desk_item_snoozed", "state", "snoozed_until"),
    Index("desk_item_curator", "curator"),
    Index("desk_item_batch", "batch"),
)

# What a search looks at: without case and accents, line by line.
desk_words = Table(
    "desk_words",
    metadata,
    Column("item_id", String(230), ForeignKey("desk_item.id"), primary_key=True),
    Column("words", Text, nullable=False),  # song, artists, drafts, curators' words
    Column("genres", Text, nullable=False),
    Column("post", Text, nullable=False),  # wiped when the post is forgotten
)

desk_draft = Table(
    "desk_draft",
    metadata,
    Column("id", String(240), primary_key=True),  # origin:id:rank
    Column("item_id", String(230), ForeignKey("desk_item.id"), nullable=False, index=True),
    Column("rank", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("scores", JSON, nullable=False),  # JSON's null: a person's words, which nobody ranked
    Column("created_at", UtcDateTime, nullable=False),
    # worker; desk: the writer, because a curator asked for others; curator: a person.
    Column("made_by", String(20), nullable=False, server_default="worker"),
    Column("written", JSON(none_as_null=True)),  # by what, where the worker does not know it
    Column("outcome", JSON(none_as_null=True)),
)

# Append-only: the last row of a draft holds; the rows before it are the audit log.
desk_decision = Table(
    "desk_decision",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("draft_id", String(240), ForeignKey("desk_draft.id"), nullable=False, index=True),
    Column("verdict", String(20), nullable=False),  # approved, rejected, undecided
    Column("text", Text, nullable=False),
    Column("edited", Integer, nullable=False),
    Column("reason", Text),
    Column("curator", String(200), nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)
