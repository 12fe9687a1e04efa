"""What the catalogues know of the song that a visitor names."""

from dataclasses import dataclass

import structlog
from fastapi import Request

from services.gateway.adapters import Adapters
from services.gateway.pages.playground.wish import Wish
from services.gateway.vendor_errors import VendorError

log = structlog.get_logger()

ELSEWHERE = (
    "A link from another site does not ask the catalogues. Press Write to have the song looked up."
)


@dataclass(frozen=True)
class LookUp:
    """The wish with what was found, or the reason why nobody could be asked."""

    wish: Wish
    failure: str | None = None


async def look_up(request: Request, wish: Wish) -> LookUp:
    """Ask the catalogues for the genres of the song, where they are wanted and not known."""
    if not wish.wants_song:
        return LookUp(wish)
    if request.headers.get("sec-fetch-site") == "cross-site":
        return LookUp(wish, ELSEWHERE)
    adapters: Adapters = request.app.state.adapters
    if adapters.songs is None:
        return LookUp(wish, f"This gateway has no catalogues yet. {adapters.missing['catalogues']}")
    try:
        song = await adapters.songs.find(wish.title, wish.artist or None)
    except VendorError as error:
        log.warning("playground.song_unknown", why=error.detail)
        return LookUp(wish, f"The catalogues could not be asked: {error.detail}")
    return LookUp(wish.of_song(song))
