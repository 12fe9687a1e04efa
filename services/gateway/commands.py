"""What people ask of the workers on `/status`.

Commands are numbered by the clock, upwards in any case: a worker is told those above the last one
that it remembers. A lost answer or a crash repeats none, and a worker whose database was restored
is told again what it forgot: publishing that was paused stays so.
"""

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, text, update

from services.common.database import reading, writing
from services.gateway import audit
from services.gateway.people import Actor
from services.gateway.schemas import Command
from services.gateway.tables import command

AT_ONCE = 100  # commands in one answer

Kind = Literal["retry", "pause", "resume"]
DONE: dict[Kind, audit.What] = {"retry": "retried", "pause": "paused", "resume": "resumed"}


def give(engine: Engine, kind: Kind, by: Actor, item_id: str | None = None) -> None:
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
        row = {"id": number, "kind": kind, "item_id": item_id, "given_at": now}
        connection.execute(insert(command).values(**row, given_by=by.name))
        audit.note(connection, by, DONE[kind], item_id)


def waiting(engine: Engine) -> list[Command]:
    """What no worker has acted on yet, in the order given."""
    return _told(engine, command.c.done_at.is_(None))


def above(engine: Engine, last: int) -> list[Command]:
    """What was asked for after this command, done or not, in the order given."""
    return _told(engine, command.c.id > last)


def note_obeyed(connection: Connection, last: int) -> None:
    """A worker has acted on every command up to this one."""
    done = update(command).where(command.c.done_at.is_(None), command.c.id <= last)
    connection.execute(done.values(done_at=datetime.now(UTC)))


def _told(engine: Engine, which: ColumnElement[bool]) -> list[Command]:
    columns = command.c.id, command.c.kind, command.c.item_id
    wanted = select(*columns).where(which).order_by(command.c.id).limit(AT_ONCE)
    with reading(engine) as connection:
        rows = connection.execute(wanted)
        return [Command.model_validate(row, from_attributes=True) for row in rows]


def _waits(connection: Connection, item_id: str | None) -> bool:
    """Whether a retry of all, or of this post, waits to be acted on."""
    same = command.c.item_id.is_(None) | (command.c.item_id == item_id)
    waits = select(command.c.id).where(command.c.done_at.is_(None), command.c.kind == "retry", same)
    return connection.execute(waits.limit(1)).first() is not None
