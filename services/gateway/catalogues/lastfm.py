"""Last.fm, asked by a small client of our own.

What its listeners tag an artist with holds genres, and also "seen live"; only genres are taken.
Songs that no other catalogue has are searched among its tracks, which listeners' players named.
Failures come with any HTTP status, 200 too; the number in the body says which it is. The API key
is part of every address, so no address is ever logged or told.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from services.gateway.catalogues.catalogue import Artist, Track
from services.gateway.catalogues.genres import is_genre
from services.gateway.catalogues.json_api import Document, JsonApi, json_object
from services.gateway.catalogues.pace import Pace
from services.gateway.vendor_calls import VendorCalls
from services.gateway.vendor_errors import (
    CredentialsError,
    FailedVendorError,
    RefusedByVendorError,
    VendorError,
)

NAME = "lastfm"
INTERVAL = 0.2  # five requests a second are tolerated
MOST_RESULTS = 10
# Tags count 100 for the artist's foremost one; what counts less than this is a few people's.
LEAST_COUNT = 10
# Whole sentences of Last.fm's have other numbers; these are the ones that decide what to do.
NOT_FOUND, RATE_LIMIT = 6, 29
KEY_REFUSED = frozenset({4, 10, 26})
UNWELL = frozenset({8, 11, 16})

T = TypeVar("T")


class LastFm:
    name = NAME

    def __init__(
        self, base_url: str, api_key: str, calls: VendorCalls, interval: float = INTERVAL
    ) -> None:
        # It logs every address at `info`.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.api = JsonApi(
            f"{base_url.rstrip('/')}/2.0/",
            calls,
            Pace(NAME, interval),
            params={"api_key": api_key, "format": "json"},
        )

    async def close(self) -> None:
        await self.api.close()

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        asked = {"track": title, "limit": str(MOST_RESULTS)}
        if artist:
            asked["artist"] = artist
        return await self._get("track.search", asked, _tracks) or []

    async def genres(self, artist: Artist) -> Sequence[str]:
        mbid = artist.ids.get("musicbrainz")
        if mbid and (genres := await self._genres({"mbid": mbid})):
            return genres
        # Many artists are known to it by their name only.
        return await self._genres({"artist": artist.name, "autocorrect": "1"})

    async def _genres(self, asked: Mapping[str, str]) -> list[str]:
        return await self._get("artist.gettoptags", asked, _genres) or []

    async def _get(
        self, method: str, asked: Mapping[str, str], read: Callable[[Document], T]
    ) -> T | None:
        """What `read` makes of a document; None where Last.fm knows of no such thing."""

        def answer(response: httpx.Response) -> T | None:
            document = self._document(response)
            if document is None:
                return None
            with self.api.in_shape():
                return read(document)

        return await self.api.get("", {"method": method, **asked}, answer)

    def _document(self, response: httpx.Response) -> Document | None:
        said = json_object(response)
        if said is None or "error" not in said:
            return self.api.document(response)
        with self.api.in_shape():
            number = int(said["error"])
        if number == NOT_FOUND:
            return None
        raise self._error(number)

    def _error(self, number: int) -> VendorError:
        if number == RATE_LIMIT:
            return self.api.busy()
        if number in KEY_REFUSED:
            detail = f"it refuses LASTFM_API_KEY (error {number}); check it."
            return CredentialsError(NAME, detail, retry_after=600)
        if number in UNWELL:
            return FailedVendorError(NAME, f"it is unwell (error {number}).", retry_after=10)
        return RefusedByVendorError(NAME, f"it refuses (error {number}).")


def _tracks(document: Document) -> list[Track]:
    return [_track(found) for found in _listed(document["results"]["trackmatches"], "track")]


def _track(found: Document) -> Track:
    """A track; Last.fm has no id for it but the address."""
    return Track(str(found["name"]), (Artist(str(found["artist"])),), {}, _address(found))


def _address(found: Document) -> str | None:
    url = str(found.get("url") or "")
    return url if url.startswith(("https://", "http://")) else None


def _genres(document: Document) -> list[str]:
    tags = _listed(document["toptags"], "tag")
    counted = [(str(tag["name"]), int(tag["count"])) for tag in tags]
    counted.sort(key=lambda tag: -tag[1])
    return [name for name, count in counted if count >= LEAST_COUNT and is_genre(name)]


def _listed(parent: Any, name: str) -> list[Document]:  # noqa: ANN401 - JSON
    """The elements of that name: a list, or one alone by itself, or blank text for none."""
    found = parent.get(name, []) if isinstance(parent, Mapping) else []
    return [found] if isinstance(found, Mapping) else list(found)
