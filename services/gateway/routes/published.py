"""What was published and how it was received, for curators to see beside their drafts."""

from typing import Annotated

from fastapi import APIRouter, Body

from services.gateway.routes.world import TheSheet
from services.gateway.schemas import PublishedPosts, Received

router = APIRouter(prefix="/published", tags=["drafts"])

POSTS = {
    "posts": [
        {
            "draft_id": "x:1994012345678901234:1",
            "published_at": "2026-11-22T09:00:00Z",
            "title": "Teardrop",
            "artists": ["Massive Attack"],
            "text": "A slow burn that never raises its voice.",
            "url": "https://x.com/i/status/19940123456789",
            "readings": [{"hours": 1, "likes": 3, "reposts": 1, "replies": 0}],
        }
    ]
}


@router.put("", operation_id="show_published", summary="Show what was published")
async def show_published(
    published: Annotated[PublishedPosts, Body(examples=[POSTS])], sheet: TheSheet
) -> Received:
    """A post that is told again, with more readings, is the same post. The local desk shows what
    was published without being told."""
    if published.posts:
        await sheet.show(published.posts)
    return Received()
