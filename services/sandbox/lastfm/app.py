"""Last.fm's one address, and the methods asked of it."""

from collections.abc import Awaitable, Callable
from functools import cached_property

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.sandbox.answers import json_response
from services.sandbox.catalogue import Catalogue
from services.sandbox.catalogue.identity import folded
from services.sandbox.catalogue.search import Query
from services.sandbox.lastfm.documents import top_tags, track_matches
from services.sandbox.lastfm.errors import (
    BAD_KEY,
    BAD_METHOD,
    BAD_PARAMETERS,
    HASTE,
    lastfm_failure,
    no_such_artist,
    refused,
)
from services.sandbox.limits import Bucket, Clock
from services.sandbox.settings import SandboxSettings
from services.sandbox.vendor_app import vendor_app

MAX_LIMIT, DEFAULT_LIMIT = 1000, 30
# How well a name must fit for autocorrection to take it.
NEAR_ENOUGH = 0.85

Method = Callable[[Request], Awaitable[Response]]


class LastFm:
    """The web service over the catalogue's artists and songs."""

    def __init__(self, settings: SandboxSettings, catalogue: Catalogue, clock: Clock) -> None:
        self.key, self.catalogue = settings.lastfm_api_key, catalogue
        rate = settings.lastfm_per_second
        self.bucket = Bucket(clock, rate, max(1, round(rate)))
        self.methods: dict[str, Method] = {
            "artist.gettoptags": self.top_tags,
            "track.search": self.search,
        }

    def app(self) -> Starlette:
        return vendor_app([Route("/2.0/", self.call)], lastfm_failure)

    async def call(self, request: Request) -> Response:
        query = request.query_params
        method = self.methods.get(query.get("method", "").casefold())
        if method is None:
            raise refused(BAD_METHOD)
        given = query.get("api_key", "")
        if not given or (self.key and given != self.key.get_secret_value()):
            raise refused(BAD_KEY)
        if not self.bucket.take(request.client.host if request.client else ""):
            raise refused(HASTE)
        if query.get("format") != "json":
            raise refused(BAD_PARAMETERS)  # XML, in truth, which does not live here
        return await method(request)

    async def top_tags(self, request: Request) -> Response:
        query = request.query_params
        if mbid := query.get("mbid"):
            name = self.catalogue.artist_by_musicbrainz_id.get(mbid)
        elif asked := query.get("artist", "").strip():
            name = self._artist(asked, corrected=query.get("autocorrect") == "1")
        else:
            raise refused(BAD_PARAMETERS)
        if name is None:
            raise no_such_artist(by_id=bool(mbid))
        return json_response(top_tags(name, self.catalogue.genres.get(name, ())))

    async def search(self, request: Request) -> Response:
        query = request.query_params
        title, artist = query.get("track", "").strip(), query.get("artist", "").strip()
        if not title:
            raise refused(BAD_PARAMETERS)
        limit = _number(query.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)
        page = _number(query.get("page"), 1, MAX_LIMIT)
        words = Query(tuple(folded(title).split()), tuple(folded(artist).split()), ())
        hits = self.catalogue.song_index.search(words)
        songs = [self.catalogue.songs[hit.place] for hit in hits[(page - 1) * limit :][:limit]]
        document = track_matches(songs, title, artist, total=len(hits), page=page, limit=limit)
        return json_response(document)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {name.casefold(): name for name in self.catalogue.artists}

    def _artist(self, asked: str, *, corrected: bool) -> str | None:
        """Who bears the name, case aside; with correction, who bears one that is much like it."""
        if (name := self._names.get(asked.casefold())) or not corrected:
            return name
        hits = self.catalogue.artist_index.search(Query((), tuple(folded(asked).split()), ()))
        best = next((hit for hit in hits if hit.score >= NEAR_ENOUGH), None)
        return self.catalogue.artists[best.place] if best else None


def _number(value: str | None, default: int, most: int) -> int:
    """A count from 1 on; whatever else is given counts as not given."""
    given = int(value) if value and value.isdecimal() else 0
    return min(given, most) or default
