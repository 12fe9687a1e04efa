"""Drafts that are made at the local desk, inside the caller's transaction: by the writer, because a
curator asked for others, or by a curator.

They are drafts of their item like any other. Their ranks stand above all that the worker may ever
lay, so nobody else gives an id to the same draft; whoever takes one holds the item meanwhile.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from services.common.problems import ConflictError
from services.gateway import audit
from services.gateway.schemas import Draft, Scores, Written
from services.gateway.sheets.desk_deciding import By, move, what_happened
from services.gateway.sheets.desk_rows import append_decisions, decision_row, item_by_id, lay
from services.gateway.sheets.desk_words import fold, hold_items
from services.gateway.sheets.sheet import LAST_RANK_OF_WORKER, DeskItem, NewDraft

MOST_DRAFTS = 30  # of an item, before nobody reads them any more


def add(
    connection: Connection, item_id: str, drafts: Sequence[NewDraft], manner: str, by: By
) -> list[Draft]:
    """As `Desk.add`."""
    hold_items(connection, [item_id])
    item = item_by_id(connection, item_id)
    refuse_more(item)
    new = unsaid(item, drafts)[: MOST_DRAFTS - len(item.drafts)]
    laid = [
        at_desk(item, at, each.text, made_by="desk", scores=each.scores, written=each.written)
        for at, each in enumerate(new, next_rank(item))
    ]
    lay(connection, laid)
    texts = "\n".join(draft.text for draft in laid) or None
    audit.note(connection, by.actor, "asked for others", item_id, after=texts, remark=manner)
    return laid


def approve_own(connection: Connection, item_id: str, words: str, version: int, by: By) -> DeskItem:
    """As `Desk.approve_own`."""
    move(connection, item_id, version, "waiting", by.acted() | {"state": "approved"})
    item = item_by_id(connection, item_id)
    draft = at_desk(item, next_rank(item), words, made_by="curator")
    lay(connection, [draft])
    audit.note(connection, by.actor, "wrote", item_id, after=words)
    append_decisions(connection, [decision_row(draft, "approved", by.actor.name)])
    return item_by_id(connection, item_id)


def refuse_more(item: DeskItem) -> None:
    """Raise ConflictError for an item that takes no other drafts."""
    if item.state != "waiting":
        raise ConflictError(what_happened(item))
    if len(item.drafts) >= MOST_DRAFTS:
        raise ConflictError(
            f"{MOST_DRAFTS} drafts are the most for one post. Mend one of them, or write your own."
        )


def unsaid(item: DeskItem, drafts: Sequence[NewDraft]) -> list[NewDraft]:
    """Those that say something which no draft before them says, case and accents aside."""
    said = {"", *(fold(text) for laid in item.drafts for text in (laid.draft.text, laid.words))}
    new = []
    for each in drafts:
        if (words := fold(each.text)) not in said:
            said.add(words)
            new.append(each)
    return new


def next_rank(item: DeskItem) -> int:
    return 1 + max(LAST_RANK_OF_WORKER, *(laid.draft.rank for laid in item.drafts))


def at_desk(
    item: DeskItem,
    rank: int,
    text: str,
    *,
    made_by: Literal["desk", "curator"],
    scores: Scores | None = None,
    written: Written | None = None,
) -> Draft:
    return Draft(
        id=f"{item.item_id}:{rank}",
        item_id=item.item_id,
        rank=rank,
        text=text,
        scores=scores,
        made_by=made_by,
        written=written,
        post=item.post,
        song=item.song,
        created_at=datetime.now(UTC),
    )
