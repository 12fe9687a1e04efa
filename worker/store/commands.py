"""What people ask of the worker on `/status`, each thing done once, in the order in which it came.

The number of the last command is kept like any other cursor, in the transaction that acts on it.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine, select

from services.common.database import inserting, reading, rerun, writing
from services.gateway.schemas import Command
from worker.failpoints import reach
from worker.store.parked import retry
from worker.store.timeline import set_cursor
from worker.tables import cursor, switch

log = structlog.get_logger()

COMMANDS = "commands"
PAUSED = "paused"


class Commands:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def obeyed(self) -> int:
        """The last command that was acted on; 0 before the first."""
        with reading(self.engine) as connection:
            return last_obeyed(connection)

    def paused(self) -> bool:
        """Whether publishing is paused."""
        with reading(self.engine) as connection:
            return is_paused(connection)

    @rerun
    def obey(self, given: Sequence[Command], now: datetime) -> int:
        """Act on those that are new; how many."""
        with writing(self.engine) as connection:
            # The row is there before it is locked, so that two workers take turns.
            first = inserting(connection, cursor)
            first = first.values(source=COMMANDS, cursor="0", changed_at=now)
            connection.execute(first.on_conflict_do_nothing())
            last = last_obeyed(connection, lock=True)
            new = sorted((each for each in given if each.id > last), key=lambda each: each.id)
            for each in new:
                act_on(connection, each, now)
                reach("commands.storing")
            if new:
                set_cursor(connection, COMMANDS, str(new[-1].id), now)
        return len(new)


def last_obeyed(connection: Connection, *, lock: bool = False) -> int:
    wanted = select(cursor.c.cursor).where(cursor.c.source == COMMANDS)
    return int(connection.scalar(wanted.with_for_update(key_share=True) if lock else wanted) or 0)


def act_on(connection: Connection, given: Command, now: datetime) -> None:
    if given.kind == "retry":
        count = retry(connection, now, given.item_id)
        log.info("command.retry", item_id=given.item_id, posts=count)
        return
    throw(connection, PAUSED, on=given.kind == "pause", now=now)
    log.warning("publishing.switched", by=given.kind)


def is_paused(connection: Connection) -> bool:
    return bool(connection.scalar(select(switch.c.is_on).where(switch.c.name == PAUSED)))


def throw(connection: Connection, name: str, *, on: bool, now: datetime) -> None:
    row = inserting(connection, switch).values(name=name, is_on=on, changed_at=now)
    thrown = {"is_on": row.excluded.is_on, "changed_at": row.excluded.changed_at}
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=thrown))
