"""The one place where a `state` column is written.

Workers that share PostgreSQL lock rows in one order, so that none waits for one that waits for it:
turn or cursor, post, draft, publication, outcome; posts by their ids. Locks leave the key alone
(`FOR NO KEY UPDATE`), so that rows which refer to a locked one can be written meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, insert, select, update

from worker.states import DRAFT, POST, PUBLICATION, START, Machine
from worker.tables import draft, post, publication

MACHINES: dict[str, Machine] = {post.name: POST, draft.name: DRAFT, publication.name: PUBLICATION}


class LeaseLostError(Exception):
    """Somebody else holds the row by now; what was done for it must not be stored."""


def lock(connection: Connection, table: Table, keys: Iterable[str]) -> None:
    """Let nobody else change these rows until the transaction ends."""
    (primary,) = table.primary_key
    wanted = select(primary).where(primary.in_(sorted(keys))).order_by(primary)
    connection.execute(wanted.with_for_update(key_share=True)).all()


def enter(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows in a state that the table of moves lets things begin in."""
    for state in {row["state"] for row in rows}:
        MACHINES[table.name].check(START, state)
    connection.execute(insert(table), rows)


def move(
    connection: Connection,
    table: Table,
    key: str | int,
    *,
    to: str,
    now: datetime,
    values: Mapping[str, object] | None = None,
    held: str | None = None,
) -> None:
    """Bring one row into the state `to`, with the values that go with it.

    Raises IllegalTransitionError when the table of moves has no such move, and LeaseLostError
    when a lease (`held`) is given that the row no longer carries.
    """
    (primary,) = table.primary_key
    row = connection.execute(
        select(table).where(primary == key).with_for_update(key_share=True)
    ).one()
    if held is not None and row.lease != held:
        message = f"{table.name} {key} is no longer held"
        raise LeaseLostError(message)
    MACHINES[table.name].check(row.state, to)
    changes = {"state": to, "changed_at": now, **(values or {})}
    connection.execute(update(table).where(primary == key).values(changes))


def move_all(
    connection: Connection,
    table: Table,
    which: ColumnElement[bool],
    *,
    source: str,
    to: str,
    now: datetime,
) -> None:
    """Bring every row of `which` that is in `source` into the state `to`."""
    MACHINES[table.name].check(source, to)
    rows = update(table).where(which, table.c.state == source)
    connection.execute(rows.values({"state": to, "changed_at": now}))
