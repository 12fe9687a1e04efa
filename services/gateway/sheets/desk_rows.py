"""Rows of the local desk: how items, drafts and decisions are written and read back.

Everything here runs inside the caller's transaction, on SQLite and PostgreSQL alike.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select, text, update

from services.common.database import inserting
from services.common.problems import NotFoundError
from services.gateway.schemas import Decision, Draft, Outcome, Post, Scores, Song, Written
from services.gateway.sheets.desk_words import forget_words, hold_items, keep_words, words_row
from services.gateway.sheets.sheet import DeskDraft, DeskItem
from services.gateway.tables import desk_decision, desk_draft, desk_item

Rows = Sequence[Mapping[str, Any]]
BATCH = 200  # items; what they take stays far below SQLite's most variables


def insert_new(connection: Connection, table: Table, rows: Rows) -> set[str]:
    """Insert the rows whose id is not there yet; the ids of those."""
    if not rows:
        return set()
    added = inserting(connection, table).on_conflict_do_nothing().returning(table.c.id)
    return set(connection.scalars(added, rows))


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """JSON without NUL characters, which PostgreSQL cannot store."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def item_row(draft: Draft) -> dict[str, Any]:
    return {
        "id": draft.item_id,
        "state": "waiting",
        "version": 1,
        "post": plain(draft.post.model_dump(mode="json")),
        "song": plain(draft.song.model_dump(mode="json")),
        "posted_at": draft.post.created_at,
        "created_at": draft.created_at,
    }


def draft_row(draft: Draft) -> dict[str, Any]:
    return {
        "id": draft.id,
        "item_id": draft.item_id,
        "rank": draft.rank,
        "text": plain(draft.text),
        "scores": draft.scores.model_dump(mode="json") if draft.scores else None,
        "created_at": draft.created_at,
        "made_by": draft.made_by,
        "written": plain(draft.written.model_dump(mode="json")) if draft.written else None,
        "outcome": None,
    }


def lay(connection: Connection, drafts: Sequence[Draft]) -> int:
    """Store drafts that are not there yet, and let them be found; how many those were."""
    items: dict[str, Draft] = {}
    for draft in drafts:
        items.setdefault(draft.item_id, draft)
    insert_new(connection, desk_item, [item_row(draft) for draft in items.values()])
    hold_items(connection, items)
    new = insert_new(connection, desk_draft, [draft_row(draft) for draft in drafts])
    refresh_words(connection, sorted({draft.item_id for draft in drafts if draft.id in new}))
    return len(new)


def refresh_words(connection: Connection, item_ids: Sequence[str]) -> None:
    """Let items be found by what they say now, a few hundred at a time."""
    for first in range(0, len(item_ids), BATCH):
        keep_words(connection, words_of(connection, item_ids[first : first + BATCH]))


def words_of(connection: Connection, ids: Sequence[str]) -> list[dict[str, str]]:
    """What a search looks at, of each of these items."""
    drafts = select(desk_draft.c.item_id, desk_draft.c.text).order_by(desk_draft.c.rank)
    standing = (
        select(func.max(desk_decision.c.sequence))
        .join(desk_draft, desk_draft.c.id == desk_decision.c.draft_id)
        .where(desk_draft.c.item_id.in_(ids))
        .group_by(desk_decision.c.draft_id)
    )
    decided = (
        select(desk_draft.c.item_id, desk_decision.c.text)
        .join(desk_draft, desk_draft.c.id == desk_decision.c.draft_id)
        .where(desk_decision.c.sequence.in_(standing))
    )
    said: dict[str, list[str]] = {item_id: [] for item_id in ids}
    for query in (drafts.where(desk_draft.c.item_id.in_(ids)), decided):
        for item_id, words in connection.execute(query):
            said[item_id].append(words)
    about = select(desk_item.c.id, desk_item.c.song, desk_item.c.post)
    rows = connection.execute(about.where(desk_item.c.id.in_(ids)))
    return [words_row(row.id, row.song, row.post, said[row.id]) for row in rows]


def decision_row(
    draft: Draft, verdict: str, curator: str, *, words: str | None = None, reason: str | None = None
) -> dict[str, Any]:
    words = draft.text if words is None else words
    return {
        "draft_id": draft.id,
        "verdict": verdict,
        "text": words,
        "edited": int(words != draft.text),
        "reason": reason,
        "curator": curator,
        "decided_at": datetime.now(UTC),
    }


def append_decisions(connection: Connection, rows: Rows) -> None:
    """Add to the log of decisions, in an order that readers can follow.

    A reader keeps the last sequence it saw. PostgreSQL hands out sequences before the commit, so
    two writers could commit in the other order and the reader would miss one: the lock makes
    them take turns (readers pass). SQLite has one writer anyway.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE desk_decision IN EXCLUSIVE MODE"))
    connection.execute(insert(desk_decision), rows)


def decision_of(row: Row[Any], made: Draft | None = None) -> Decision:
    """A decision from its row; `made` is the draft, for a reader who may not have it."""
    return Decision(
        draft_id=row.draft_id,
        verdict=row.verdict,
        text=row.text,
        edited=bool(row.edited),
        reason=row.reason,
        curator=row.curator,
        decided_at=row.decided_at,
        version=str(row.sequence),
        made=made,
    )


def made_here(connection: Connection, draft_ids: Collection[str]) -> dict[str, Draft]:
    """Those of these drafts that were made at the desk."""
    wanted = select(desk_draft, desk_item.c.post, desk_item.c.song).join(desk_item)
    mine = wanted.where(desk_draft.c.id.in_(draft_ids), desk_draft.c.made_by != "worker")
    return {
        row.id: _draft(row, Post.model_validate(row.post), Song.model_validate(row.song))
        for row in connection.execute(mine)
    }


def standing_decisions(connection: Connection, draft_ids: Sequence[str]) -> dict[str, Decision]:
    """The decision that holds, by draft."""
    last = (
        select(func.max(desk_decision.c.sequence))
        .where(desk_decision.c.draft_id.in_(draft_ids))
        .group_by(desk_decision.c.draft_id)
    )
    rows = connection.execute(select(desk_decision).where(desk_decision.c.sequence.in_(last)))
    return {row.draft_id: decision_of(row) for row in rows}


def items_by_id(connection: Connection, ids: Sequence[str]) -> list[DeskItem]:
    """Whole items, in the order of `ids`."""
    if not ids:
        return []
    drafts = connection.execute(
        select(desk_draft).where(desk_draft.c.item_id.in_(ids)).order_by(desk_draft.c.rank)
    ).all()
    decisions = standing_decisions(connection, [row.id for row in drafts])
    own: dict[str, list[Row[Any]]] = {item_id: [] for item_id in ids}
    for row in drafts:
        own[row.item_id].append(row)
    rows = connection.execute(select(desk_item).where(desk_item.c.id.in_(ids)))
    items = {row.id: _item(row, own[row.id], decisions) for row in rows}
    return [items[item_id] for item_id in ids if item_id in items]


def item_by_id(connection: Connection, item_id: str) -> DeskItem:
    found = items_by_id(connection, [item_id])
    if not found:
        raise NotFoundError(f"There is no item '{item_id}' on the desk.")
    return found[0]


def _item(row: Row[Any], drafts: Sequence[Row[Any]], decisions: dict[str, Decision]) -> DeskItem:
    post, song = Post.model_validate(row.post), Song.model_validate(row.song)
    return DeskItem(
        item_id=row.id,
        version=row.version,
        state=row.state,
        post=post,
        song=song,
        drafts=[_laid(draft, post, song, decisions.get(draft.id)) for draft in drafts],
        curator=row.curator,
        acted_at=row.acted_at,
        snoozed_until=row.snoozed_until,
    )


def _laid(row: Row[Any], post: Post, song: Song, decision: Decision | None) -> DeskDraft:
    outcome = Outcome.model_validate(row.outcome) if row.outcome is not None else None
    return DeskDraft(draft=_draft(row, post, song), decision=decision, outcome=outcome)


def _draft(row: Row[Any], post: Post, song: Song) -> Draft:
    return Draft(
        id=row.id,
        item_id=row.item_id,
        rank=row.rank,
        text=row.text,
        scores=Scores.model_validate(row.scores) if row.scores is not None else None,
        made_by=row.made_by,
        written=Written.model_validate(row.written) if row.written is not None else None,
        post=post,
        song=song,
        created_at=row.created_at,
    )


def forget(connection: Connection, item_ids: Collection[str]) -> None:
    """Wipe what the authors of these items' posts wrote."""
    hold_items(connection, item_ids)
    wanted = select(desk_item.c.id, desk_item.c.post).where(desk_item.c.id.in_(item_ids))
    for row in connection.execute(wanted).all():
        kept = Post.model_validate(row.post).forgotten().model_dump(mode="json")
        connection.execute(update(desk_item).where(desk_item.c.id == row.id).values(post=kept))
        forget_words(connection, row.id)
