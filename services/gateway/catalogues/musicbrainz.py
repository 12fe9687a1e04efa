"""MusicBrainz, asked by a small client of our own: one request per interval, shared by all.

It knows which artist a Spotify artist is (`/ws/2/url`), so genres are found by id; only artists
that it has no such link for are searched by name. Songs that Spotify does not have are searched
among its recordings.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import httpx

from services.gateway.catalogues.catalogue import Artist, Track
from services.gateway.catalogues.matching import artist_score
from services.gateway.vendor_calls import CONNECT_SECONDS, VendorCalls
from services.gateway.vendor_errors import (
    BusyVendorError,
    FailedVendorError,
    RefusedByVendorError,
    SilentVendorError,
    UnreachableError,
    WaitingLineError,
)

NAME = "musicbrainz"
SPOTIFY_ARTIST = "https://open.spotify.com/artist/{id}"
MOST_RESULTS = 5
SAME_NAME = 0.92
TAGS_TAKEN = 5
# A caller whose turn is further away than this is sent away, to come back then.
LONGEST_QUEUE_SECONDS = 20.0

Document = Mapping[str, Any]


class Pace:
    """Lets one caller through per interval, in the order of their coming."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.next_turn = 0.0

    async def turn(self) -> None:
        """Wait for one's turn; raises WaitingLineError when it is too far away."""
        now = time.monotonic()
        wait = max(0.0, self.next_turn - now)
        if wait > LONGEST_QUEUE_SECONDS:
            raise WaitingLineError(NAME, "too many questions are waiting.", retry_after=wait)
        self.next_turn = now + wait + self.interval
        if wait:
            await asyncio.sleep(wait)

    def pause(self, seconds: float) -> None:
        """Nobody asks for a while."""
        self.next_turn = max(self.next_turn, time.monotonic() + seconds)


class MusicBrainz:
    name = NAME

    def __init__(self, base_url: str, contact: str, interval: float, calls: VendorCalls) -> None:
        self.calls, self.pace = calls, Pace(interval)
        self.http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/ws/2/",
            headers={"User-Agent": f"deephypebot/{version('deephypebot')} ( {contact} )"},
            params={"fmt": "json"},
            timeout=httpx.Timeout(calls.seconds, connect=min(CONNECT_SECONDS, calls.seconds)),
        )

    async def close(self) -> None:
        await self.http.aclose()

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        query = f"recording:{_quoted(title)}"
        if artist:
            query += f" AND artist:{_quoted(artist)}"
        document = await self._get("recording", query=query, limit=str(MOST_RESULTS))
        with _in_shape():
            tracks = [_track(recording) for recording in document.get("recordings", [])]
        return [track for track in tracks if track.artists]

    async def genres(self, artist: Artist) -> Sequence[str]:
        with _in_shape():
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

        async def ask() -> Document:
            await self.pace.turn()
            with self.calls.measured(), self.calls.deadline():
                return self._read(await self._answer(path, params))

        return await self.calls.repeat(ask)

    async def _answer(self, path: str, params: dict[str, str]) -> httpx.Response:
        try:
            return await self.http.get(path, params=params)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise UnreachableError(NAME, "cannot be reached.", retry_after=10) from error
        except httpx.TimeoutException as error:
            raise SilentVendorError(NAME, "no answer in time.", retry_after=5) from error
        except httpx.HTTPError as error:
            detail = f"the connection broke ({type(error).__name__})."
            raise FailedVendorError(NAME, detail, retry_after=5) from error

    def _read(self, response: httpx.Response) -> Document:
        status = response.status_code
        if status == 404:
            return {}
        if status in {429, 503}:
            self.pace.pause(5.0)
            raise BusyVendorError(NAME, "it asks us to slow down.", retry_after=5)
        if status >= 500:
            raise FailedVendorError(NAME, f"it is unwell (status {status}).", retry_after=10)
        if status >= 400:
            raise RefusedByVendorError(NAME, f"it refuses (status {status}).")
        try:
            document = response.json()
        except ValueError:
            document = None
        if not isinstance(document, Mapping):
            raise FailedVendorError(NAME, "its answer is no JSON object.", retry_after=5)
        return document


@contextmanager
def _in_shape() -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        detail = f"its answer cannot be read ({type(error).__name__})."
        raise FailedVendorError(NAME, detail, retry_after=5) from error


def _track(recording: Document) -> Track:
    credit = [part["artist"] for part in recording.get("artist-credit", [])]
    artists = tuple(Artist(str(each["name"]), {NAME: str(each["id"])}) for each in credit)
    recording_id = str(recording["id"])
    url = f"https://musicbrainz.org/recording/{recording_id}"
    return Track(str(recording["title"]), artists, {NAME: recording_id}, url)


def _genres(document: Document) -> list[str]:
    """The curated genres, most voted first; people's tags only where there are none."""
    genres = _by_votes(document.get("genres") or [])
    return genres or _by_votes(document.get("tags") or [])[:TAGS_TAKEN]


def _by_votes(named: Sequence[Document]) -> list[str]:
    votes = {str(each["name"]): int(each.get("count", 0)) for each in named}
    return sorted((name for name in votes if votes[name] > 0), key=lambda name: -votes[name])


def _quoted(text: str) -> str:
    """A phrase of MusicBrainz' search language."""
    return '"' + text.replace("\\", " ").replace('"', " ").strip() + '"'
