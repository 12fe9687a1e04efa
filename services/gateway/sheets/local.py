"""The sheet that needs nobody else: drafts and decisions in the gateway's own database.

- An item (a post with its drafts) is decided as a whole: one draft approved, or all rejected.
- Every decision moves the item's version on with one conditional UPDATE; whoever carries an older
  version lost the race and is told who won it.
- Decisions are an append-only log, read by sequence: a worker that dies asks again from its cursor.
- Words are only ever added: a draft that is on the desk is not rewritten, a curator's text loses
  nothing but the white space around it.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Concatenate, ParamSpec

from sqlalchemy import Connection, Engine, func, select

from services.common.database import reading, writing
from services.common.problems import BadRequestError, NotFoundError
from services.gateway.people import Actor
from services.gateway.schemas import DecisionPage, Draft, Outcome
from services.gateway.sheets.desk_deciding import (
    MAX_REASON,
    MAX_TEXT,
    approve,
    bounded,
    named,
    reject,
    show,
    undo,
)
from services.gateway.sheets.desk_records import carry, every_record
from services.gateway.sheets.desk_rows import (
    decision_of,
    draft_row,
    forget,
    insert_new,
    item_by_id,
    item_row,
    items_by_id,
    recently_decided_ids,
    waiting_above,
    waiting_ids,
)
from services.gateway.sheets.ledger import is_cursor
from services.gateway.sheets.sheet import Carried, DeskCounts, DeskDraft, DeskItem
from services.gateway.tables import desk_decision, desk_draft, desk_item

P = ParamSpec("P")


class LocalSheet:
    """All protocols of `sheets.sheet`, `Sheet`, `Movable` and `Desk`, over one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # Sheet: what the worker asks.

    async def upsert(self, drafts: Sequence[Draft]) -> int:
        return await asyncio.to_thread(self._upsert, drafts)

    async def decisions(
        self, since: str | None, limit: int, *, fresh: bool = False
    ) -> DecisionPage:
        del fresh  # they always are
        return await asyncio.to_thread(self._decisions, since, limit)

    async def mark(self, draft_id: str, outcome: Outcome) -> None:
        await asyncio.to_thread(self._mark, draft_id, outcome)

    async def mark_all(self, outcomes: Mapping[str, Outcome]) -> Sequence[str]:
        return await asyncio.to_thread(self._mark_all, outcomes)

    async def forget(self, item_ids: Collection[str]) -> None:
        await asyncio.to_thread(self._forget, item_ids)

    # Movable: what an operator asks who changes the sheet.

    async def records(self) -> list[DeskDraft]:
        return await asyncio.to_thread(self._records)

    async def carry(self, records: Sequence[DeskDraft]) -> Carried:
        return await asyncio.to_thread(self._carry, records)

    # Desk: what the curator's page asks.

    async def queue(self, limit: int, after: str | None = None) -> list[DeskItem]:
        return await asyncio.to_thread(self._queue, limit, after)

    async def item(self, item_id: str) -> DeskItem:
        return await asyncio.to_thread(self._item, item_id)

    async def counts(self) -> DeskCounts:
        return await asyncio.to_thread(self._counts)

    async def recent(self, limit: int) -> list[DeskItem]:
        return await asyncio.to_thread(self._recent, limit)

    async def above(self, item_id: str) -> int:
        return await asyncio.to_thread(self._above, item_id)

    async def approve(
        self, draft_id: str, *, text: str | None, version: int, curator: Actor | str
    ) -> DeskItem:
        words = None if text is None else bounded("text", text, MAX_TEXT)
        return await asyncio.to_thread(
            self._decided, approve, draft_id, words, version, named(curator)
        )

    async def reject(
        self, item_id: str, *, reason: str | None, version: int, curator: Actor | str
    ) -> DeskItem:
        given = bounded("reason", reason, MAX_REASON) if reason and reason.strip() else None
        return await asyncio.to_thread(
            self._decided, reject, item_id, given, version, named(curator)
        )

    async def undo(self, item_id: str, *, version: int, curator: Actor | str) -> DeskItem:
        return await asyncio.to_thread(self._decided, undo, item_id, version, named(curator))

    def _upsert(self, drafts: Sequence[Draft]) -> int:
        with writing(self.engine) as connection:
            insert_new(connection, desk_item, [item_row(draft) for draft in drafts])
            return insert_new(connection, desk_draft, [draft_row(draft) for draft in drafts])

    def _decisions(self, since: str | None, limit: int) -> DecisionPage:
        wanted = (
            select(desk_decision)
            .where(desk_decision.c.sequence > sequence_of(since))
            .order_by(desk_decision.c.sequence)
            .limit(limit)
        )
        with reading(self.engine) as connection:
            decisions = [decision_of(row) for row in connection.execute(wanted)]
        return DecisionPage(
            decisions=decisions, cursor=decisions[-1].version if decisions else since
        )

    def _mark(self, draft_id: str, outcome: Outcome) -> None:
        with writing(self.engine) as connection:
            show(connection, draft_id, outcome)

    def _mark_all(self, outcomes: Mapping[str, Outcome]) -> list[str]:
        gone = []
        with writing(self.engine) as connection:
            # In one order, so that two callers do not wait for each other.
            for draft_id, outcome in sorted(outcomes.items(), key=itemgetter(0)):
                try:
                    show(connection, draft_id, outcome)
                except NotFoundError:
                    gone.append(draft_id)
        return gone

    def _forget(self, item_ids: Collection[str]) -> None:
        with writing(self.engine) as connection:
            forget(connection, item_ids)

    def _records(self) -> list[DeskDraft]:
        with reading(self.engine) as connection:
            return list(every_record(connection))

    def _carry(self, records: Sequence[DeskDraft]) -> Carried:
        with writing(self.engine) as connection:
            return carry(connection, records)

    def _queue(self, limit: int, after: str | None) -> list[DeskItem]:
        with reading(self.engine) as connection:
            return items_by_id(connection, waiting_ids(connection, limit, after))

    def _item(self, item_id: str) -> DeskItem:
        with reading(self.engine) as connection:
            return item_by_id(connection, item_id)

    def _recent(self, limit: int) -> list[DeskItem]:
        with reading(self.engine) as connection:
            return items_by_id(connection, recently_decided_ids(connection, limit))

    def _above(self, item_id: str) -> int:
        with reading(self.engine) as connection:
            return waiting_above(connection, item_id)

    def _decided(
        self,
        decide: Callable[Concatenate[Connection, P], DeskItem],
        *given: P.args,
        **more: P.kwargs,
    ) -> DeskItem:
        with writing(self.engine) as connection:
            return decide(connection, *given, **more)

    def _counts(self) -> DeskCounts:
        items = select(func.count()).select_from(desk_item)
        # Through the approved items: the waiting drafts, which may be many, are not touched.
        outcomes = (
            select(func.count())
            .select_from(desk_draft)
            .join(desk_item, desk_item.c.id == desk_draft.c.item_id)
            .where(desk_item.c.state == "approved")
        )
        state = desk_draft.c.outcome["state"].as_string()
        columns = [
            *(items.where(desk_item.c.state == s) for s in ("waiting", "approved", "rejected")),
            *(outcomes.where(state == s) for s in ("published", "failed")),
        ]
        counted = select(*(column.scalar_subquery() for column in columns))
        with reading(self.engine) as connection:
            waiting, approved, rejected, published, failed = connection.execute(counted).one()
        return DeskCounts(
            waiting=waiting,
            approved=approved,
            rejected=rejected,
            published=published,
            failed=failed,
        )


def sequence_of(cursor: str | None) -> int:
    """Where the log is read on; from its start after a Google Sheet, which told all it had."""
    if cursor is None or is_cursor(cursor):
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        message = f"'{cursor[:40]}' is no cursor: hand back the `cursor` of an earlier answer."
        raise BadRequestError(message)
    return int(cursor)
