"""Drafts to the curator, decisions back, outcomes to the curator."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.gateway.routes.world import TheSheet
from services.gateway.schemas import DecisionPage, DraftBatch, Outcome, Received, Stored

router = APIRouter(prefix="/drafts", tags=["drafts"])

MOST_DECISIONS = 2000


@router.put("", operation_id="put_drafts", summary="Put drafts before the curator")
async def put_drafts(batch: DraftBatch, sheet: TheSheet) -> Stored:
    """Drafts that are there already stay as they are, and so do the curator's words."""
    return Stored(stored=await sheet.upsert(batch.drafts) if batch.drafts else 0)


@router.get("", operation_id="read_decisions", summary="Decisions after a cursor")
async def read_decisions(
    sheet: TheSheet,
    since: Annotated[
        str | None, Query(description="The cursor of the last answer.", max_length=500)
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_DECISIONS)] = 500,
) -> DecisionPage:
    """A decision may come more than once; its `version` tells whether it is news."""
    return await sheet.decisions(since, limit)


@router.patch("/{draft_id}", operation_id="mark_draft", summary="Say what became of a draft")
async def mark_draft(
    draft_id: Annotated[str, Path(max_length=200, examples=["x:1994012345678901234:1"])],
    outcome: Outcome,
    sheet: TheSheet,
) -> Received:
    await sheet.mark(draft_id, outcome)
    return Received()
