"""The sheet that needs nobody else: drafts and decisions in the gateway's own database.

- An item (a post with its drafts) is decided as a whole: one draft approved, or all rejected.
- Every decision moves the item's version on with one conditional UPDATE; whoever carries an older
  version lost the race and is told who won it.
- Decisions are an append-only log, read by sequence: a worker that dies asks again from its cursor.
- Words are only ever added: a draft that is on the desk is not rewritten, a curator's text loses
  nothing but the white space around it.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, select

from services.common.database import reading, rerun, writing
from services.common.problems import BadRequestError, NotFoundError
from services.gateway.people import Actor
from services.gateway.schemas import DecisionPage, Draft, Outcome, PublishedPost
from services.gateway.sheets import desk_deciding as deciding
from services.gateway.sheets import desk_views as views
from services.gateway.sheets.desk_deciding import MAX_TEXT, By, bounded, named, reason_of
from services.gateway.sheets.desk_making import add, approve_own
from services.gateway.sheets.desk_records import carry, every_record
from services.gateway.sheets.desk_rows import (
    decision_of,
    forget,
    item_by_id,
    items_by_id,
    lay,
    made_here,
)
from services.gateway.sheets.ledger import is_cursor
from services.gateway.sheets.sheet import (
    WAITING,
    Approved,
    Batch,
    Carried,
    DeskCounts,
    DeskDraft,
    DeskItem,
    Fits,
    NewDraft,
    Tick,
    Wanted,
)
from services.gateway.tables import desk_decision, desk_item

P = ParamSpec("P")
R = TypeVar("R")


def now_in_utc() -> datetime:
    return datetime.now(UTC)


class LocalSheet:
    """All protocols of `sheets.sheet`, `Sheet`, `Movable` and `Desk`, over one database."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = now_in_utc) -> None:
        self.engine = engine
        self.clock = clock

    # Sheet: what the worker asks.

    async def upsert(self, drafts: Sequence[Draft]) -> int:
        return await self._write(lay, drafts)

    async def decisions(
        self, since: str | None, limit: int, *, fresh: bool = False
    ) -> DecisionPage:
        del fresh  # they always are
        return await self._read(decisions_after, since, limit)

    async def mark(self, draft_id: str, outcome: Outcome) -> None:
        await self._write(deciding.show, draft_id, outcome)

    async def mark_all(self, outcomes: Mapping[str, Outcome]) -> Sequence[str]:
        return await self._write(show_all, outcomes)

    async def forget(self, item_ids: Collection[str]) -> None:
        await self._write(forget, item_ids)

    async def show(self, posts: Sequence[PublishedPost]) -> None:
        """Nothing: the desk's own views show what was published."""

    # Movable: what an operator asks who changes the sheet.

    async def records(self) -> list[DeskDraft]:
        return await self._read(lambda connection: list(every_record(connection)))

    async def carry(self, records: Sequence[DeskDraft]) -> Carried:
        return await self._write(carry, records)

    # Desk: what the curator's page asks.

    async def queue(
        self, limit: int, after: str | None = None, wanted: Wanted = WAITING
    ) -> list[DeskItem]:
        return await self._read(items_in, wanted, self.clock(), limit, after)

    async def found(self, wanted: Wanted) -> int:
        return await self._read(views.count_in, wanted, self.clock())

    async def item(self, item_id: str) -> DeskItem:
        return await self._read(item_by_id, item_id)

    async def items(self, item_ids: Sequence[str]) -> list[DeskItem]:
        return await self._read(items_by_id, item_ids)

    async def counts(self) -> DeskCounts:
        return await self._read(views.counts, self.clock())

    async def recent(self, limit: int) -> list[DeskItem]:
        return await self._read(recent_items, self.clock(), limit)

    async def approved(self, limit: int) -> list[Approved]:
        return await self._read(views.recently_approved, limit)

    async def above(self, item_id: str, wanted: Wanted = WAITING) -> int:
        return await self._read(views.above, wanted, self.clock(), item_id)

    async def approve(
        self, draft_id: str, *, text: str | None, version: int, curator: Actor | str
    ) -> DeskItem:
        words = None if text is None else bounded("text", text, MAX_TEXT)
        by = By(named(curator))
        return await self._write(deciding.approve, draft_id, words, version, by)

    async def approve_own(
        self, item_id: str, *, text: str, version: int, curator: Actor | str
    ) -> DeskItem:
        words, by = bounded("text", text, MAX_TEXT), By(named(curator))
        return await self._write(approve_own, item_id, words, version, by)

    async def add(
        self, item_id: str, drafts: Sequence[NewDraft], *, manner: str, curator: Actor | str
    ) -> list[Draft]:
        return await self._write(add, item_id, drafts, manner, By(named(curator)))

    async def reject(
        self, item_id: str, *, reason: str | None, version: int, curator: Actor | str
    ) -> DeskItem:
        given, by = reason_of(reason), By(named(curator))
        return await self._write(deciding.reject, item_id, given, version, by)

    async def undo(self, item_id: str, *, version: int, curator: Actor | str) -> DeskItem:
        return await self._write(deciding.undo, item_id, version, By(named(curator)))

    async def snooze(
        self, item_id: str, *, until: datetime, version: int, curator: Actor | str
    ) -> DeskItem:
        by = By(named(curator))
        return await self._write(deciding.snooze, item_id, until, version, by)

    async def approve_all(
        self, ticks: Sequence[Tick], *, fits: Fits, curator: Actor | str
    ) -> Batch:
        return await self._write(deciding.approve_all, ticks, fits, new_batch(curator))

    async def reject_all(
        self, ticks: Sequence[Tick], *, reason: str | None, curator: Actor | str
    ) -> Batch:
        given = reason_of(reason)
        return await self._write(deciding.reject_all, ticks, given, new_batch(curator))

    async def snooze_all(
        self, ticks: Sequence[Tick], *, until: datetime, curator: Actor | str
    ) -> Batch:
        return await self._write(deciding.snooze_all, ticks, until, new_batch(curator))

    async def batch(self, name: str) -> list[DeskItem]:
        return await self._read(items_of_batch, name)

    async def undo_all(self, name: str, *, curator: Actor | str) -> Batch:
        return await self._write(deciding.undo_all, name, By(named(curator)))

    async def _read(
        self, ask: Callable[Concatenate[Connection, P], R], *given: P.args, **more: P.kwargs
    ) -> R:
        def transaction() -> R:
            with reading(self.engine) as connection:
                return ask(connection, *given, **more)

        return await asyncio.to_thread(transaction)

    async def _write(
        self, act: Callable[Concatenate[Connection, P], R], *given: P.args, **more: P.kwargs
    ) -> R:
        def transaction() -> R:
            with writing(self.engine) as connection:
                return act(connection, *given, **more)

        return await asyncio.to_thread(rerun(transaction))


def new_batch(curator: Actor | str) -> By:
    return By(named(curator), secrets.token_hex(8))


def items_in(
    connection: Connection, wanted: Wanted, now: datetime, limit: int, after: str | None
) -> list[DeskItem]:
    return items_by_id(connection, views.ids_in(connection, wanted, now, limit, after))


def recent_items(connection: Connection, now: datetime, limit: int) -> list[DeskItem]:
    return items_by_id(connection, views.recent_ids(connection, now, limit))


def items_of_batch(connection: Connection, name: str) -> list[DeskItem]:
    newest_first = select(desk_item.c.id).where(desk_item.c.batch == name)
    ids = connection.scalars(newest_first.order_by(desk_item.c.posted_at.desc()))
    return items_by_id(connection, list(ids))


def decisions_after(connection: Connection, since: str | None, limit: int) -> DecisionPage:
    wanted = select(desk_decision).where(desk_decision.c.sequence > sequence_of(since))
    in_order = wanted.order_by(desk_decision.c.sequence).limit(limit)
    rows = connection.execute(in_order).all()
    made = made_here(connection, {row.draft_id for row in rows})
    decisions = [decision_of(row, made.get(row.draft_id)) for row in rows]
    return DecisionPage(decisions=decisions, cursor=decisions[-1].version if decisions else since)


def show_all(connection: Connection, outcomes: Mapping[str, Outcome]) -> list[str]:
    gone = []
    # In one order, so that two callers do not wait for each other.
    for draft_id, outcome in sorted(outcomes.items(), key=itemgetter(0)):
        try:
            deciding.show(connection, draft_id, outcome)
        except NotFoundError:
            gone.append(draft_id)
    return gone


def sequence_of(cursor: str | None) -> int:
    """Where the log is read on; from its start after a Google Sheet, which told all it had."""
    if cursor is None or is_cursor(cursor):
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        message = f"'{cursor[:40]}' is no cursor: hand back the `cursor` of an earlier answer."
        raise BadRequestError(message)
    return int(cursor)
