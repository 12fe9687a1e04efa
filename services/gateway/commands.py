"""What people ask of the workers on `/status`, kept until a worker says that it acted on it.

Commands are numbered by the clock, upwards in any case: a worker acts on those above the last one
that it remembers, so that a lost answer, a crash or a restored backup repeats none and loses none.
"""

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, Engine, func, insert, select, text, update

from services.common.database import reading, writing
from services.gateway.schemas import Command
from services.gateway.tables import command

AT_ONCE = 100  # commands in one answer

Kind = Literal["retry", "pause", "resume"]


def give(engine: Engine, kind: Kind, by: str, item_id: str | None = None) -> None:
    """Ask for something; a retry that waits already is not asked for again."""
    now = datetime.now(UTC)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            # A higher number must not be seen before a lower one is.
            connection.execute(text("LOCK TABLE command IN EXCLUSIVE MODE"))
        if kind == "retry" and _waits(connection, item_id):
            return
        last = connection.scalar(select(func.max(command.c.id))) or 0
        number = max(last + 1, int(now.timestamp() * 1_000_000))
        row = {"id": number, "kind": kind, "item_id": item_id, "given_by": by, "given_at": now}
        connection.execute(insert(command).values(row))


def waiting(engine: Engine) -> list[Command]:
    """What no worker has acted on yet, in the order given."""
    with reading(engine) as connection:
        rows = connection.execute(
            select(command.c.id, command.c.kind, command.c.item_id)
            .where(command.c.done_at.is_(None))
            .order_by(command.c.id)
            .limit(AT_ONCE)
        )
        return [Command.model_validate(row, from_attributes=True) for row in rows]


def note_obeyed(connection: Connection, last: int) -> None:
    """A worker has acted on every command up to this one."""
    done = update(command).where(command.c.done_at.is_(None), command.c.id <= last)
    connection.execute(done.values(done_at=datetime.now(UTC)))


def _waits(connection: Connection, item_id: str | None) -> bool:
    """Whether a retry of all, or of this post, waits to be acted on."""
    same = command.c.item_id.is_(None) | (command.c.item_id == item_id)
    waits = select(command.c.id).where(command.c.done_at.is_(None), command.c.kind == "retry", same)
    return connection.execute(waits.limit(1)).first() is not None
