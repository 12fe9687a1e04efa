"""MusicBrainz, asked by a small client of our own: one request per interval, shared by all.

It knows which artist a Spotify artist is (`/ws/2/url`), so genres are found by id; only artists
that it has no such link for are searched by name. Songs that Spotify does not have are searched
among its recordings.
"""

from collections.abc import Sequence
from importlib.metadata import version

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
        document = await self._get("recording", query=query, limit=str(MOST_RESULTS))
        with self.api.in_shape():
            tracks = [_track(recording) for recording in document.get("recordings", [])]
        return [track for track in tracks if track.artists]

    async def genres(self, artist: Artist) -> Sequence[str]:
        with self.api.in_shape():
            artist_id = await self._artist_id(artist)
            if artist_id is None:
                return []
            return _genres(await self._get(f"artist/{artist_id}", inc="genres tags"))

    async def _artist_id(self, artist: Artist) -> str | None:
        if NAME in artist.ids:
            return artist.ids[NAME]
        if spotify_id := artist.ids.get("spotify"):
            resource = SPOTIFY_ARTIST.format(id=spotify_id)
            document = await self._get("url", resource=resource, inc="artist-rels")
            for relation in document.get("relations", []):
                if "artist" in relation:
                    return str(relation["artist"]["id"])
        return await self._search_artist(artist.name)

    async def _search_artist(self, name: str) -> str | None:
        query = f"artist:{_quoted(name)}"
        document = await self._get("artist", query=query, limit=str(MOST_RESULTS))
        for found in document.get("artists", []):
            if artist_score(name, [str(found.get("name", ""))]) >= SAME_NAME:
                return str(found["id"])
        return None

    async def _get(self, path: str, **params: str) -> Document:
        """A document; empty where MusicBrainz knows of no such thing."""
        return await self.api.get(path, params, self._read)

    def _read(self, response: httpx.Response) -> Document:
        if response.status_code == 404:
            return {}
        if response.status_code == 503:  # what it says to the hasty
            raise self.api.busy()
        return self.api.document(response)


def _track(recording: Document) -> Track:
    credit = [part["artist"] for part in recording.get("artist-credit", [])]
    artists = tuple(Artist(str(each["name"]), {NAME: str(each["id"])}) for each in credit)
    recording_id = str(recording["id"])
    url = f"https://musicbrainz.org/recording/{recording_id}"
    return Track(str(recording["title"]), artists, {NAME: recording_id}, url)


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
