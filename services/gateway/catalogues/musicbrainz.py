"""MusicBrainz, asked by a small client of our own: one request per interval, shared by all.

It knows which artist a Spotify artist is (`/ws/2/url`), so genres are found by id; only artists
that it has no such link for are searched by name. Songs that Spotify does not have are searched
among its recordings.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import TypeVar

import httpx

from services.gateway.catalogues.catalogue import Artist, Track
from services.gateway.catalogues.genres import is_genre
from services.gateway.catalogues.json_api import Document, JsonApi
from services.gateway.catalogues.matching import artist_score
from services.gateway.catalogues.pace import Pace
from services.gateway.vendor_calls import VendorCalls

NAME = "musicbrainz"
SPOTIFY_ARTIST = "https://open.spotify.com/artist/{id}"
MOST_RESULTS = 5
SAME_NAME = 0.92
TAGS_TAKEN = 5

T = TypeVar("T")


class MusicBrainz:
    name = NAME

    def __init__(self, base_url: str, contact: str, interval: float, calls: VendorCalls) -> None:
        self.api = JsonApi(
            f"{base_url.rstrip('/')}/ws/2/",
            calls,
            Pace(NAME, interval),
            headers={"User-Agent": f"deephypebot/{version('deephypebot')} ( {contact} )"},
            params={"fmt": "json"},
        )

    async def close(self) -> None:
        await self.api.close()

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        query = f"recording:{_quoted(title)}"
        if artist:
            query += f" AND artist:{_quoted(artist)}"
        return await self._get("recording", _tracks, query=query, limit=str(MOST_RESULTS))

    async def genres(self, artist: Artist) -> Sequence[str]:
        artist_id = await self._artist_id(artist)
        if artist_id is None:
            return []
        begun = NAME not in artist.ids
        return await self._get(f"artist/{artist_id}", _genres, begun=begun, inc="genres tags")

    async def _artist_id(self, artist: Artist) -> str | None:
        if NAME in artist.ids:
            return artist.ids[NAME]
        if spotify_id := artist.ids.get("spotify"):
            resource = SPOTIFY_ARTIST.format(id=spotify_id)
            linked = await self._get("url", _linked_artists, resource=resource, inc="artist-rels")
            if linked:
                return linked[0]
        return await self._search_artist(artist.name, begun=spotify_id is not None)

    async def _search_artist(self, name: str, *, begun: bool) -> str | None:
        query, limit = f"artist:{_quoted(name)}", str(MOST_RESULTS)
        found = await self._get("artist", _artists, begun=begun, query=query, limit=limit)
        for artist in found:
            if artist_score(name, [artist.name]) >= SAME_NAME:
                return artist.ids[NAME]
        return None

    async def _get(
        self, path: str, read: Callable[[Document], T], *, begun: bool = False, **params: str
    ) -> T:
        """What `read` makes of a document, which is empty where there is no such thing."""

        def answer(response: httpx.Response) -> T:
            document = self._document(response)
            with self.api.in_shape():
                return read(document)

        return await self.api.get(path, params, answer, begun=begun)

    def _document(self, response: httpx.Response) -> Document:
        if response.status_code == 404:
            return {}
        if response.status_code == 503:  # what it says to the hasty
            raise self.api.busy()
        return self.api.document(response)


def _tracks(document: Document) -> list[Track]:
    tracks = map(_track, document.get("recordings", []))
    return [track for track in tracks if track.artists]


def _track(recording: Document) -> Track:
    credit = [part["artist"] for part in recording.get("artist-credit", [])]
    artists = tuple(Artist(str(each["name"]), {NAME: str(each["id"])}) for each in credit)
    recording_id = str(recording["id"])
    url = f"https://musicbrainz.org/recording/{recording_id}"
    return Track(str(recording["title"]), artists, {NAME: recording_id}, url)


def _linked_artists(document: Document) -> list[str]:
    relations = document.get("relations", [])
    return [str(relation["artist"]["id"]) for relation in relations if "artist" in relation]


def _artists(document: Document) -> list[Artist]:
    return [
        Artist(str(found.get("name", "")), {NAME: str(found["id"])})
        for found in document.get("artists", [])
    ]


def _genres(document: Document) -> list[str]:
    """The curated genres, most voted first; people's tags for genres where there are none."""
    genres = _by_votes(document.get("genres") or [])
    tags = filter(is_genre, _by_votes(document.get("tags") or []))
    return genres or list(tags)[:TAGS_TAKEN]


def _by_votes(named: Sequence[Document]) -> list[str]:
    votes = {str(each["name"]): int(each.get("count", 0)) for each in named}
    return sorted((name for name in votes if votes[name] > 0), key=lambda name: -votes[name])


def _quoted(text: str) -> str:
    """A phrase of MusicBrainz' search language."""
    return '"' + text.replace("\\", " ").replace('"', " ").strip() + '"'
