"""Which song is meant."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.common.problems import NotFoundError
from services.gateway.catalogues.matching import readable
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
    song = await songs.find(title, artist)
    if song is None:
        by = f" by {readable(artist)!r}" if artist else ""
        raise NotFoundError(f"No catalogue has a song {readable(title)!r}{by}.")
    return song
