"""Spotify, asked with spotipy (the only file that knows it).

Spotify says which song is meant. To apps in Development Mode (all small ones since February 2026)
it no longer says what an artist plays, so `genres` may be absent, null or a list. spotipy gets a
session of ours: its own one waits for as long as `Retry-After` asks, hours included.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOauthError

from services.gateway.catalogues.catalogue import Artist, Track
from services.gateway.catalogues.matching import song_score
from services.gateway.patience import patient
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import (
    BusyVendorError,
    CredentialsError,
    FailedVendorError,
    RefusedByVendorError,
    VendorError,
)

NAME = "spotify"
MOST_RESULTS = 10  # more is a 400 since February 2026
MOST_QUERY = 250
NO_SUCH_ID = (400, 404)  # it says 400 of an id that it never made
# An app that is not told one artist's genres is not told any; it is asked again after this.
SILENT_SECONDS = 3600.0

T = TypeVar("T")


class StaleTokenError(CredentialsError):
    """The token is not accepted, although its time is not over."""


class Spotify:
    """Spotify's catalogue, as seen with an app's own credentials."""

    name = NAME

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        api_url: str,
        accounts_url: str,
        market: str,
        calls: VendorCalls,
    ) -> None:
        self.calls, self.market = calls, market
        self.silent_until = 0.0
        # It logs every failure with what was searched for; here all of them are raised.
        logging.getLogger("spotipy.client").setLevel(logging.CRITICAL)
        self.tokens = MemoryCacheHandler()
        self.session = patient(requests.Session(), calls.timeout)
        auth = SpotifyClientCredentials(
            client_id,
            client_secret,
            requests_session=self.session,
            requests_timeout=calls.timeout,
            cache_handler=self.tokens,
        )
        auth.OAUTH_TOKEN_URL = f"{accounts_url.rstrip('/')}/api/token"
        self.auth, self.token_lock = auth, threading.Lock()
        self.client = spotipy.Spotify(
            auth_manager=auth, requests_session=self.session, requests_timeout=calls.timeout
        )
        self.client.prefix = f"{api_url.rstrip('/')}/v1/"

    def close(self) -> None:
        self.session.close()

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        fields = f'track:"{_bare(title)}"' + (f' artist:"{_bare(artist)}"' if artist else "")
        tracks = await self._search(fields)
        if any(_fits(title, artist, track) for track in tracks):
            return tracks
        # Field filters want the words as Spotify has them; a plain search forgives more.
        return await self._search(" ".join(filter(None, (_bare(title), _bare(artist or "")))))

    async def track(self, track_id: str) -> Track | None:
        return await self._ask(lambda: self._linked(track_id))

    async def genres(self, artist: Artist) -> Sequence[str]:
        if NAME not in artist.ids or time.monotonic() < self.silent_until:
            return []
        spotify_id = artist.ids[NAME]
        genres = await self._ask(lambda: _genres(self.client.artist(spotify_id)))
        if genres is None:
            self.silent_until = time.monotonic() + SILENT_SECONDS
        return genres or []

    def _linked(self, track_id: str) -> Track | None:
        try:
            item = self.client.track(track_id, market=self.market)
        except spotipy.SpotifyException as error:
            if error.http_status in NO_SUCH_ID:
                return None
            raise
        return _track(item) if item["artists"] else None

    async def _search(self, query: str) -> list[Track]:
        words = query[:MOST_QUERY]
        if not words:
            return []  # the title was all marks; an empty search is refused
        return await self._ask(
            lambda: _tracks(
                self.client.search(words, limit=MOST_RESULTS, type="track", market=self.market)
            )
        )

    async def _ask(self, question: Callable[[], T]) -> T:
        return await self.calls.read(partial(self._with_token, question))

    def _with_token(self, question: Callable[[], T]) -> T:
        """Ask, and ask again with a new token where the old one was taken back."""
        try:
            return self._answer(question)
        except StaleTokenError:
            self.tokens.token_info = None
            return self._answer(question)

    def _answer(self, question: Callable[[], T]) -> T:
        try:
            with self.token_lock:  # one token for all threads
                self.auth.get_access_token(as_dict=False)
            return question()
        except spotipy.SpotifyException as error:
            raise _error_from(error) from error
        except SpotifyOauthError as error:
            raise _token_error(error) from error
        except (AttributeError, KeyError, TypeError) as error:
            # spotipy trips over {"error": "text"}; the rest are answers in no shape we know.
            detail = f"its answer cannot be read ({type(error).__name__})."
            raise FailedVendorError(NAME, detail, retry_after=5) from error


def _genres(artist: Mapping[str, Any]) -> list[str] | None:
    """The artist's genres; None when Spotify does not tell this app any."""
    genres = artist.get("genres")
    return None if genres is None else [str(genre) for genre in genres]


def _tracks(document: Mapping[str, Any]) -> list[Track]:
    items = document["tracks"]["items"]
    return [_track(item) for item in items if item and item["artists"]]


def _track(item: Mapping[str, Any]) -> Track:
    artists = tuple(Artist(str(each["name"]), {NAME: str(each["id"])}) for each in item["artists"])
    url = (item.get("external_urls") or {}).get("spotify")
    return Track(str(item["name"]), artists, {NAME: str(item["id"])}, url)


def _fits(title: str, artist: str | None, track: Track) -> bool:
    names = tuple(each.name for each in track.artists)
    return song_score(title, artist, track.title, names) > 0


def _bare(text: str) -> str:
    """Without the marks that mean something in a search."""
    return " ".join(text.replace('"', " ").replace(":", " ").split())


def _error_from(error: spotipy.SpotifyException) -> VendorError:
    status, said = int(error.http_status), _said(error)
    if status == 401:
        return StaleTokenError(NAME, f"it refuses our token ({said}).", retry_after=60)
    if status == 403:
        detail = f"our app may not ask ({said})"
        return CredentialsError(NAME, detail, retry_after=600)
    if status == 429:
        pause = _seconds((error.headers or {}).get("Retry-After"))
        return BusyVendorError(NAME, "its rate limit is reached.", retry_after=pause)
    if status >= 500:
        return FailedVendorError(NAME, f"it is unwell (status {status}).", retry_after=10)
    return RefusedByVendorError(NAME, f"it refuses (status {status}): {said}")


def _said(error: spotipy.SpotifyException) -> str:
    """Spotify's words, without the address that spotipy puts before them."""
    return " ".join(str(error.msg).partition("\n")[2].split())[:200]


def _token_error(error: SpotifyOauthError) -> VendorError:
    answer = getattr(error.__context__, "response", None)
    status = getattr(answer, "status_code", 0)
    if status == 429:
        pause = _seconds(answer.headers.get("Retry-After")) if answer is not None else 5.0
        return BusyVendorError(NAME, "it gives no more tokens for now.", retry_after=pause)
    if 400 <= status < 500:
        detail = "it refuses SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET; check both."
        return CredentialsError(NAME, detail, retry_after=600)
    return FailedVendorError(NAME, f"it gives no token (status {status}).", retry_after=10)


def _seconds(value: str | None) -> float:
    try:
        return float(value or 5)
    except ValueError:
        return 5.0
