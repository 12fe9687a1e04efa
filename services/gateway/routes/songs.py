"""Which song is meant."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

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


@router.get(
    "/songs/{catalogue}/{track_id}",
    operation_id="linked_song",
    summary="The song that a link names, and its genres",
)
async def linked_song(
    songs: TheSongs,
    catalogue: Literal["spotify"],
    track_id: Annotated[
        str, Path(pattern=r"^[0-9A-Za-z]{22}$", examples=["3n3Ppam7vgaVa1iaRUc9Lp"])
    ],
) -> Song:
    """404 when the catalogue has no such track, or is none of those that are asked."""
    song = await songs.linked(catalogue, track_id)
    if song is None:
        raise NotFoundError(f"{catalogue} has no track {track_id}, or is not asked.")
    return song
