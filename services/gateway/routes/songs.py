"""Which song is meant."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.common.problems import NotFoundError
from services.gateway.routes.world import TheSongs
from services.gateway.schemas import Song

router = APIRouter(tags=["songs"])


@router.get("/songs", operation_id="find_song", summary="The canonical song, and its genres")
async def find_song(
    songs: TheSongs,
    title: Annotated[str, Query(min_length=1, max_length=300, examples=["Teardrop (Remastered)"])],
    artist: Annotated[
        str | None,
        Query(
            max_length=300, description="As written; may name guests.", examples=["massive attak"]
        ),
    ] = None,
) -> Song:
    """404 when no catalogue has a song that is close enough to what was asked for."""
    asked = title.strip(), (artist or "").strip() or None
    song = await songs.find(*asked) if asked[0] else None
    if song is None:
        by = f" by {asked[1]!r}" if asked[1] else ""
        raise NotFoundError(f"No catalogue has a song {asked[0]!r}{by}.")
    return song
