"""The sheet that needs nobody else: drafts and decisions in the gateway's own database.

- An item (a post with its drafts) is decided as a whole: one draft approved, or all rejected.
- Every decision moves the item's version on with one conditional UPDATE; whoever carries an older
  version lost the race and is told who won it.
- Decisions are an append-only log, read by sequence: a worker that dies asks again from its cursor.
- Words are only ever added: a draft that is on the desk is not rewritten, a curator's text loses
  nothing but the white space around it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter

from sqlalchemy import Connection, Engine, func, select, update

from services.common.database import reading, writing
from services.common.problems import BadRequestError, ConflictError, NotFoundError
from services.gateway.schemas import DecisionPage, Draft, Outcome
from services.gateway.sheets.desk_records import carry, every_record
from services.gateway.sheets.desk_rows import (
    append_decisions,
    decision_of,
    decision_row,
    draft_row,
    forget,
    insert_new,
    item_by_id,
    item_row,
    items_by_id,
    plain,
    recently_decided_ids,
    waiting_above,
    waiting_ids,
)
from services.gateway.sheets.ledger import is_cursor
from services.gateway.sheets.sheet import Carried, DeskCounts, DeskDraft, DeskItem
from services.gateway.tables import desk_decision, desk_draft, desk_item

MAX_TEXT = 5000
MAX_REASON = 500
MAX_CURATOR = 100


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
        self, draft_id: str, *, text: str | None, version: int, curator: str
    ) -> DeskItem:
        words = None if text is None else bounded("text", text, MAX_TEXT)
        return await asyncio.to_thread(self._approve, draft_id, words, version, named(curator))

    async def reject(
        self, item_id: str, *, reason: str | None, version: int, curator: str
    ) -> DeskItem:
        given = bounded("reason", reason, MAX_REASON) if reason and reason.strip() else None
        return await asyncio.to_thread(self._reject, item_id, given, version, named(curator))

    async def undo(self, item_id: str, *, version: int, curator: str) -> DeskItem:
        return await asyncio.to_thread(self._undo, item_id, version, named(curator))

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

    def _approve(self, draft_id: str, words: str | None, version: int, curator: str) -> DeskItem:
        with writing(self.engine) as connection:
            item_id = item_of(connection, draft_id)
            move(connection, item_id, version, "waiting", "approved")
            (draft,) = (
                laid.draft
                for laid in item_by_id(connection, item_id).drafts
                if laid.draft.id == draft_id
            )
            row = decision_row(draft, "approved", curator, words=words)
            append_decisions(connection, [row])
            return item_by_id(connection, item_id)

    def _reject(self, item_id: str, reason: str | None, version: int, curator: str) -> DeskItem:
        with writing(self.engine) as connection:
            move(connection, item_id, version, "waiting", "rejected")
            drafts = item_by_id(connection, item_id).drafts
            rows = [decision_row(laid.draft, "rejected", curator, reason=reason) for laid in drafts]
            append_decisions(connection, rows)
            return item_by_id(connection, item_id)

    def _undo(self, item_id: str, version: int, curator: str) -> DeskItem:
        with writing(self.engine) as connection:
            # A worker that is just saying "it leaves now" is waited for, and makes us wait.
            own = select(desk_draft.c.id).where(desk_draft.c.item_id == item_id)
            connection.execute(own.with_for_update())
            item = item_by_id(connection, item_id)
            if item.state == "waiting":
                raise ConflictError("There is nothing to undo: this post waits for a decision.")
            refuse_if_leaving(item)
            move(connection, item_id, version, item.state, "waiting")
            # The words that were approved go along, so that an edit outlives its undoing.
            taken_back = [
                decision_row(laid.draft, "undecided", curator, words=laid.decision.text)
                for laid in item.drafts
                if laid.decision is not None and laid.decision.verdict != "undecided"
            ]
            append_decisions(connection, taken_back)
            # A failure belonged to the decision that was just taken back.
            connection.execute(
                update(desk_draft).where(desk_draft.c.item_id == item_id).values(outcome=None)
            )
            return item_by_id(connection, item_id)


def show(connection: Connection, draft_id: str, outcome: Outcome) -> None:
    """Store what became of a draft; raises NotFoundError."""
    item_id = item_of(connection, draft_id)
    connection.execute(
        update(desk_draft)
        .where(desk_draft.c.id == draft_id)
        .values(outcome=plain(outcome.model_dump(mode="json")))
    )
    if outcome.state == "published":
        # An undo that came too late must not put the item up for a second post.
        connection.execute(
            update(desk_item)
            .where(desk_item.c.id == item_id, desk_item.c.state == "waiting")
            .values(state="approved", version=desk_item.c.version + 1)
        )


def sequence_of(cursor: str | None) -> int:
    """Where the log is read on; from its start after a Google Sheet, which told all it had."""
    if cursor is None or is_cursor(cursor):
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        message = f"'{cursor[:40]}' is no cursor: hand back the `cursor` of an earlier answer."
        raise BadRequestError(message)
    return int(cursor)


def bounded(name: str, value: str, most: int) -> str:
    """`value` without the white space around it; raises BadRequestError when it cannot be kept."""
    value = value.strip()
    if not value:
        raise BadRequestError(f"The {name} is empty: write something, or reject the drafts.")
    if len(value) > most:
        raise BadRequestError(
            f"The {name} has {len(value):,} characters; {most:,} are the most that fit."
        )
    if "\x00" in value:
        raise BadRequestError(f"The {name} holds a NUL character, which no platform shows.")
    return value


def named(curator: str) -> str:
    return bounded("curator's name", curator, MAX_CURATOR)


def item_of(connection: Connection, draft_id: str) -> str:
    wanted = select(desk_draft.c.item_id).where(desk_draft.c.id == draft_id)
    item_id = connection.scalar(wanted)
    if item_id is None:
        raise NotFoundError(f"There is no draft '{draft_id}' on the desk.")
    return str(item_id)


def move(connection: Connection, item_id: str, version: int, state: str, to: str) -> None:
    """Move an item on; raises ConflictError unless it still is in `state` at `version`."""
    moved = connection.execute(
        update(desk_item)
        .where(
            desk_item.c.id == item_id,
            desk_item.c.version == version,
            desk_item.c.state == state,
        )
        .values(state=to, version=version + 1)
    )
    if moved.rowcount != 1:
        raise ConflictError(what_happened(item_by_id(connection, item_id)))


def what_happened(item: DeskItem) -> str:
    """Who decided an item, and how, in words for the one who came second."""
    decisions = [laid.decision for laid in item.drafts if laid.decision is not None]
    standing = [decision for decision in decisions if decision.verdict == item.state]
    if not standing:
        return "This post was decided and taken back while you looked at it: please look again."
    last = max(standing, key=lambda decision: int(decision.version))
    when = f"{last.decided_at:%H:%M} UTC"
    if last.verdict == "rejected":
        because = f" ({last.reason})" if last.reason else ""
        return f"{last.curator} rejected these drafts at {when}{because}."
    return f"{last.curator} approved a draft at {when}: “{last.text}”"


def refuse_if_leaving(item: DeskItem) -> None:
    """Raise ConflictError when a draft of the item is on its way out, or is out already."""
    for laid in item.drafts:
        state = laid.outcome.state if laid.outcome is not None else None
        approved = laid.decision is not None and laid.decision.verdict == "approved"
        if state == "published":
            raise ConflictError("This can no longer be undone: the post is published.")
        if state == "scheduled" and approved:
            raise ConflictError("This can no longer be undone: the post is on its way out.")
