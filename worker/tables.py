"""What the worker keeps. `state` columns change only by the moves of `worker.states`.

A row that somebody works on carries a `lease` (the holder's name and a random part, so that a
holder who lost it cannot write any more) and the time when it lapses.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)

from services.common.database import UtcDateTime

metadata = MetaData()


class State(TypeDecorator[str]):
    """A state by its plain name (psycopg would write an enum's Python name)."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the signature is given
        return None if value is None else str(value)


# Where reading goes on: of the timeline, of the curator's decisions, of people's commands.
cursor = Table(
    "cursor",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("cursor", Text),  # null: nothing was there yet when it was first read
    Column("changed_at", UtcDateTime, nullable=False),
)

# What one worker at a time does for all that share the database: whose turn it is, or was last.
turn = Table(
    "turn",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("lease", String(120)),
    Column("leased_until", UtcDateTime),
)

# What people switch on and off while the bot runs.
switch = Table(
    "switch",
    metadata,
    Column("name", String(40), primary_key=True),  # paused: nothing is published
    Column("is_on", Boolean, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

# Posts that the platform no longer showed when they were asked for.
gap = Table(
    "gap",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String(40), nullable=False),
    Column("after", Text, nullable=False),
    Column("before", Text),
    Column("reason", Text, nullable=False),
    Column("noted_at", UtcDateTime, nullable=False),
)

post = Table(
    "post",
    metadata,
    Column("item_id", String(230), primary_key=True),  # origin:id
    Column("origin", String(20), nullable=False),
    Column("id", String(200), nullable=False),
    Column("state", State, nullable=False),
    Column("body", JSON, nullable=False),  # the post as the gateway gave it
    Column("asked", Boolean, nullable=False, server_default=false()),  # it mentions the bot
    Column("posted_at", UtcDateTime, nullable=False),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("candidates", JSON(none_as_null=True)),  # songs that the text may name, best first
    Column("rule", String(80)),
    Column("reason", Text),  # why the post ended without drafts
    Column("song", JSON(none_as_null=True)),  # as the catalogue knows it
    # Of the step that is next: tries, those the post itself is to blame for, and when to try.
    Column("attempts", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("last_error", Text),
    Column("parked_from", State),
    Column("lease", String(120)),
    Column("leased_until", UtcDateTime),
    Column("ask_at", UtcDateTime),  # whether its text may still be kept; null: it is wiped
    UniqueConstraint("origin", "id"),
    Index("post_held", "ask_at"),
    Index("post_queue", "state", "next_at", "posted_at"),
    Index("post_lease", "lease"),
)

draft = Table(
    "draft",
    metadata,
    Column("id", String(240), primary_key=True),  # origin:id:rank
    Column("item_id", String(230), ForeignKey("post.item_id"), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("state", State, nullable=False),
    Column("text", Text, nullable=False),
    # worker; desk: the writer, because a curator asked for others; curator: a person.
    Column("made_by", String(20), nullable=False, server_default="worker"),
    # Null of a person's own words: nobody ranked them, and no writer wrote them.
    Column("score", Float),
    Column("log_prob", Float),
    Column("topic", Float),
    Column("novelty", Float),
    Column("latent", JSON(none_as_null=True)),
    Column("seed", BigInteger),
    Column("model", String(200)),
    Column("model_revision", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("decision_version", String(200)),  # of the decision that stands
    UniqueConstraint("item_id", "rank"),
    Index("draft_state", "state"),
)

# Every decision. One that is read twice in a row is acted on once; one that returns is dated anew.
decision = Table(
    "decision",
    metadata,
    Column("draft_id", String(240), ForeignKey("draft.id"), primary_key=True),
    Column("version", String(200), primary_key=True),
    Column("verdict", String(20), nullable=False),  # approved, rejected, undecided
    Column("text", Text, nullable=False),
    Column("edited", Boolean, nullable=False),
    Column("reason", Text),
    Column("curator", String(200)),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("stored_at", UtcDateTime, nullable=False),
)

# The outbox: one row per post, written with the decision that approves one of its drafts.
publication = Table(
    "publication",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", String(230), ForeignKey("post.item_id"), nullable=False, unique=True),
    Column("draft_id", String(240), ForeignKey("draft.id"), nullable=False, unique=True),
    Column("idempotency_key", String(200), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("in_reply_to", String(200)),  # the id of the post that it answers
    Column("state", State, nullable=False),
    Column("approved_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("announced", Boolean, nullable=False),  # the desk is told that it leaves now, or was
    Column("uncertain", Boolean, nullable=False),  # some attempt may have been accepted
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),  # when the first attempt left; the pace counts from here
    Column("lease", String(120)),
    Column("leased_until", UtcDateTime),
    Column("origin", String(20)),
    Column("remote_id", String(200)),
    Column("url", Text),
    Column("published_at", UtcDateTime),
    Column("reconciled", Boolean, nullable=False),
    Column("last_error", Text),
    Index("publication_queue", "state", "next_at"),
    Index("publication_pace", "sent_at"),
    Index("publication_remote", "remote_id"),
)

# How a publication was received, by hours of age: a row for each reading to come, from the moment
# when it is published.
reception = Table(
    "reception",
    metadata,
    Column("publication_id", Integer, ForeignKey("publication.id"), primary_key=True),
    Column("hours", Integer, primary_key=True),
    Column("next_at", UtcDateTime, nullable=False),  # when it is due, or to be tried again
    Column("attempts", Integer, nullable=False),
    Column("read_at", UtcDateTime),  # when it was read, late or not
    Column("gone", Boolean, nullable=False),  # the platform had it no more
    Column("likes", Integer),
    Column("reposts", Integer),
    Column("replies", Integer),
    Index("reception_due", "read_at", "next_at"),
)

# What the curator is to be shown of a draft; owed until the desk has it.
outcome = Table(
    "outcome",
    metadata,
    Column("draft_id", String(240), ForeignKey("draft.id"), primary_key=True),
    Column("state", String(20), nullable=False),  # waiting, published, failed
    Column("url", Text),
    Column("detail", Text),
    Column("version", Integer, nullable=False),  # an older one that was shown is not this one
    Column("owed", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("last_error", Text),
    Index("outcome_owed", "owed", "next_at"),
)

# What the curator is to be shown of a publication, with its reception; owed as an outcome is.
publicity = Table(
    "publicity",
    metadata,
    Column("publication_id", Integer, ForeignKey("publication.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("owed", Boolean, nullable=False),
    Column("known", Boolean, nullable=False),  # the desk had it once
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("last_error", Text),
    Index("publicity_owed", "owed", "next_at"),
)
