"""Which song is meant, and what its artists play: catalogues asked in order, answers kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.catalogue import Artist, Catalogue, Linked, Track
from services.gateway.catalogues.genres import gathered
from services.gateway.catalogues.matching import (
    bare_credit,
    bare_title,
    plain,
    plain_title,
    readable,
    song_score,
)
from services.gateway.schemas import Song
from services.gateway.vendor_errors import BusyVendorError, VendorError

log = structlog.get_logger()

# Guests beyond the third say little about what a song sounds like.
ARTISTS_ASKED = 3
SOON_SECONDS = 60.0


@dataclass
class Songs:
    """Asks the catalogues in the order given."""

    catalogues: Sequence[Catalogue]
    answers: Answers

    async def find(self, title: str, artist: str | None) -> Song | None:
        """The canonical song, or None when no catalogue has it.

        Raises VendorError when a catalogue that might have had it could not be asked. Genres are
        worth waiting in line for, and worth a short rest that a vendor asks for (BusyVendorError),
        but not worth waiting for a vendor to recover: then the song is given without, and the
        writer can write without.
        """
        title, artist = readable(title), readable(artist or "") or None
        if not title:
            return None
        track, score = await self._track(title, artist)
        return await self._song(track, score) if track else None

    async def linked(self, catalogue: str, track_id: str) -> Song | None:
        """The song of a catalogue's own id; None when it has none, or is none of ours.

        Raises VendorError as `find` does.
        """
        for each in self.catalogues:
            if each.name == catalogue and isinstance(each, Linked):
                track = await self._linked_in(each, track_id)
                return await self._song(track, 1.0) if track else None
        return None

    async def _song(self, track: Track, score: float) -> Song:
        genres, source = await self._genres(track.artists[:ARTISTS_ASKED])
        return Song(
            title=track.title,
            artists=[artist.name for artist in track.artists],
            genres=genres,
            genres_from=source,
            score=round(score, 4),
            url=track.url,
            ids=track.ids,
        )

    async def _linked_in(self, catalogue: Linked, track_id: str) -> Track | None:
        async def ask() -> Any:  # noqa: ANN401 - JSON
            track = await catalogue.track(track_id)
            return asdict(_readable(track)) if track else None

        kept = await self.answers.get(catalogue.name, f"linked\t{track_id}", ask)
        return _track(kept) if kept else None

    async def _track(self, title: str, artist: str | None) -> tuple[Track | None, float]:
        failure: VendorError | None = None
        for catalogue in self.catalogues:
            try:
                track = await self._track_in(catalogue, title, artist)
            except VendorError as error:
                log.warning("catalogue.failed", catalogue=catalogue.name, why=error.detail)
                failure = failure or error
                continue
            if track is not None:
                return track, _score(title, artist, track)
        if failure is not None:
            raise failure
        return None, 0.0

    async def _track_in(self, catalogue: Catalogue, title: str, artist: str | None) -> Track | None:
        async def ask() -> Any:  # noqa: ANN401 - JSON
            # Guests and editions stand elsewhere in a catalogue, or not at all.
            tracks = await catalogue.tracks(bare_title(title), artist and bare_credit(artist))
            tracks = [_readable(track) for track in tracks]
            best = max(tracks, key=lambda track: _score(title, artist, track), default=None)
            return asdict(best) if best and _score(title, artist, best) else None

        question = f"track\t{plain_title(title)}\t{plain(artist or '')}"
        kept = await self.answers.get(catalogue.name, question, ask)
        return _track(kept) if kept else None

    async def _genres(self, artists: Sequence[Artist]) -> tuple[list[str], str | None]:
        """The genres of the artists together, from the first catalogue that knows any."""
        waiting: BusyVendorError | None = None
        for catalogue in self.catalogues:
            try:
                answers = await asyncio.gather(
                    *(self._genres_in(catalogue, artist) for artist in artists)
                )
            except VendorError as error:
                if isinstance(error, BusyVendorError) and _is_soon(error):
                    waiting = error
                    continue
                log.warning("catalogue.failed", catalogue=catalogue.name, why=error.detail)
                continue
            if genres := gathered(answers):
                return genres, catalogue.name
        if waiting is not None:
            raise waiting
        return [], None

    async def _genres_in(self, catalogue: Catalogue, artist: Artist) -> list[str]:
        async def ask() -> Any:  # noqa: ANN401 - JSON
            return gathered([await catalogue.genres(artist)])

        known = next(iter(artist.ids.values()), None) or plain(artist.name)
        genres: list[str] = await self.answers.get(catalogue.name, f"genres\t{known}", ask)
        return genres


def _score(title: str, artist: str | None, track: Track) -> float:
    return song_score(title, artist, track.title, tuple(each.name for each in track.artists))


def _is_soon(error: BusyVendorError) -> bool:
    """Whether it is worth coming again for genres; without them a song is drafted for good."""
    return error.retry_after is not None and error.retry_after <= SOON_SECONDS


def _readable(track: Track) -> Track:
    """What a catalogue says, fit to be shown and stored."""
    artists = tuple(replace(artist, name=readable(artist.name)) for artist in track.artists)
    ids = {catalogue: readable(known) for catalogue, known in track.ids.items()}
    url = track.url and readable(track.url)
    return Track(readable(track.title), artists, ids, url)


def _track(kept: dict[str, Any]) -> Track:
    artists = tuple(Artist(**artist) for artist in kept["artists"])
    return Track(**{**kept, "artists": artists})
