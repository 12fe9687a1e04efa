"""Drafts that were made at the desk, and come with their first decision."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from services.gateway.schemas import Draft
from worker.states import DraftState, PostState
from worker.store.moves import enter
from worker.store.posts import deliver_item
from worker.tables import draft, post

ON_THE_DESK = frozenset({PostState.DRAFTED, PostState.DELIVERED, PostState.DECIDED})


def take_in(connection: Connection, given: Draft, now: datetime) -> bool:
    """Store a draft as one that lies on the desk; False when it is of no post whose drafts we laid
    there."""
    if given.id != f"{given.item_id}:{given.rank}":
        return False
    row = connection.execute(select(post).where(post.c.item_id == given.item_id)).first()
    if row is None:
        return False
    parked = row.state == PostState.PARKED
    if (row.parked_from if parked else row.state) not in ON_THE_DESK:
        return False
    if parked or row.state == PostState.DRAFTED:
        # Decided before we heard that the desk has what the worker wrote.
        deliver_item(connection, given.item_id, now)
    enter(connection, draft, [made_row(given, now)])
    return True


def made_row(given: Draft, now: datetime) -> dict[str, Any]:
    return {
        "id": given.id,
        "item_id": given.item_id,
        "rank": given.rank,
        "state": DraftState.DELIVERED,
        "text": given.text,
        "made_by": given.made_by,
        "created_at": given.created_at,
        "changed_at": now,
        **(given.scores.model_dump() if given.scores else {}),
        **(given.written.model_dump() if given.written else {}),
    }
