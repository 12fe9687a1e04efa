"""Drafts to the curator, decisions back, outcomes to the curator."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from services.gateway.routes.world import TheSheet
from services.gateway.schemas import (
    DecisionPage,
    DraftBatch,
    DraftId,
    Forgotten,
    Marked,
    Outcome,
    Received,
    Stored,
)

router = APIRouter(prefix="/drafts", tags=["drafts"])

MOST_DECISIONS = 2000
MOST_OUTCOMES = 500
OUTCOME = {"state": "published", "url": "https://x.com/i/status/19940123456789"}
BATCH = {
    "drafts": [
        {
            "id": "x:1994012345678901234:1",
            "item_id": "x:1994012345678901234",
            "rank": 1,
            "text": "A slow burn that never raises its voice.",
            "scores": {"score": 0.71, "log_prob": -2.9, "topic": 0.8, "novelty": 0.6},
            "post": {
                "origin": "x",
                "id": "1994012345678901234",
                "text": 'now playing "Teardrop" by Massive Attack',
                "author_id": "7",
                "created_at": "2026-11-22T08:00:00Z",
            },
            "song": {
                "title": "Teardrop",
                "artists": ["Massive Attack"],
                "genres": ["trip hop"],
                "genres_from": "musicbrainz",
                "score": 1.0,
            },
            "created_at": "2026-11-22T08:01:00Z",
        }
    ]
}


@router.put("", operation_id="put_drafts", summary="Put drafts before the curator")
async def put_drafts(
    batch: Annotated[DraftBatch, Body(examples=[BATCH])], sheet: TheSheet
) -> Stored:
    """Drafts that are there already stay as they are, and so do the curator's words."""
    return Stored(stored=await sheet.upsert(batch.drafts) if batch.drafts else 0)


@router.get("", operation_id="read_decisions", summary="Decisions after a cursor")
async def read_decisions(
    sheet: TheSheet,
    since: Annotated[
        str | None, Query(description="The cursor of the last answer.", max_length=500)
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_DECISIONS)] = 500,
    fresh: Annotated[
        bool, Query(description="Up to this moment; otherwise perhaps of the last minute.")
    ] = False,
) -> DecisionPage:
    """A decision may come more than once; its `version` tells whether it is news."""
    return await sheet.decisions(since, limit, fresh=fresh)


@router.patch("", operation_id="mark_drafts", summary="Say what became of drafts, by id")
async def mark_drafts(
    outcomes: Annotated[
        dict[DraftId, Outcome],
        Body(max_length=MOST_OUTCOMES, examples=[{"x:1994012345678901234:1": OUTCOME}]),
    ],
    sheet: TheSheet,
) -> Marked:
    """All of them in one go: a sheet elsewhere may count how often it is asked."""
    return Marked(missing=list(await sheet.mark_all(outcomes)) if outcomes else [])


@router.put("/forgotten", operation_id="forget_posts", summary="Wipe what posts said")
async def forget_posts(
    forgotten: Annotated[Forgotten, Body(examples=[{"item_ids": ["x:1994012345678901234"]}])],
    sheet: TheSheet,
) -> Received:
    """Of posts that are gone from their platform, or past their time. Drafts and decisions stay;
    what is not on the desk is passed over."""
    if forgotten.item_ids:
        await sheet.forget(forgotten.item_ids)
    return Received()


@router.patch("/{draft_id}", operation_id="mark_draft", summary="Say what became of a draft")
async def mark_draft(
    draft_id: Annotated[DraftId, Path(examples=["x:1994012345678901234:1"])],
    outcome: Annotated[
        Outcome,
        Body(examples=[OUTCOME]),
    ],
    sheet: TheSheet,
) -> Received:
    await sheet.mark(draft_id, outcome)
    return Received()
