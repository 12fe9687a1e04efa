"""The audit log: who did what on the pages, and when.

A row is written in the transaction of the change that it tells of, or there is neither. It holds
the words of drafts and of curators; what somebody posted stands nowhere in it, since that must be
wiped in time and this is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Select, insert, select

from services.common.database import reading, writing
from services.gateway.people import Actor
from services.gateway.tables import audit

What = Literal[
    "approved",
    "edited",  # approved in the curator's own words
    "wrote",  # words of their own beside the drafts, and approved them
    "asked for others",  # of the writer
    "rejected",
    "undone",
    "snoozed",
    "paused",
    "resumed",
    "retried",
    "logged in",
    "logged out",
    "refused login",
]
BATCH = 500


@dataclass(frozen=True)
class Entry:
    number: int
    at: datetime
    who: str
    key_id: str | None
    role: str | None
    what: str
    item_id: str | None
    before: str | None
    after: str | None
    remark: str | None


@dataclass(frozen=True)
class Filter:
    """Which entries are asked for: of a person, about an item, or all."""

    who: str | None = None
    item_id: str | None = None

    def entries(self) -> Select[Any]:
        wanted = select(audit)
        if self.who is not None:
            wanted = wanted.where(audit.c.who == self.who)
        if self.item_id is not None:
            wanted = wanted.where(audit.c.item_id == self.item_id)
        return wanted


def note(
    connection: Connection,
    by: Actor,
    what: What,
    item_id: str | None = None,
    *,
    before: str | None = None,
    after: str | None = None,
    remark: str | None = None,
) -> None:
    """Write down what `by` does, in the transaction that does it."""
    connection.execute(
        insert(audit).values(
            at=datetime.now(UTC),
            who=by.name,
            key_id=by.key_id,
            role=by.role,
            what=what,
            item_id=item_id,
            before=before,
            after=after,
            remark=remark,
        )
    )


def note_alone(engine: Engine, by: Actor, what: What, *, remark: str | None = None) -> None:
    """Write down what changes nothing else in the database."""
    with writing(engine) as connection:
        note(connection, by, what, remark=remark)


def newest(engine: Engine, wanted: Filter, limit: int, below: int | None = None) -> list[Entry]:
    """The newest entries first, older than the one numbered `below`."""
    ordered = wanted.entries().order_by(audit.c.number.desc()).limit(limit)
    if below is not None:
        ordered = ordered.where(audit.c.number < below)
    with reading(engine) as connection:
        return [Entry(**row) for row in connection.execute(ordered).mappings()]


def every(engine: Engine, wanted: Filter, batch: int = BATCH) -> Iterator[Entry]:
    """All entries, the oldest first, read in batches: no reader holds up a writer for long."""
    last = 0
    ordered = wanted.entries().order_by(audit.c.number).limit(batch)
    while True:
        with reading(engine) as connection:
            rows = connection.execute(ordered.where(audit.c.number > last)).mappings().all()
        entries = [Entry(**row) for row in rows]
        yield from entries
        if len(entries) < batch:
            return
        last = entries[-1].number
