"""MusicBrainz's endpoints."""

from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.sandbox.answers import VendorError, json_answer, json_response
from services.sandbox.catalogue import Catalogue
from services.sandbox.catalogue.identity import musicbrainz_id, spotify_id
from services.sandbox.catalogue.search import Hit, Index, parse
from services.sandbox.limits import Bucket, Clock
from services.sandbox.musicbrainz.documents import (
    Document,
    artist_document,
    recording_result,
    search_result,
)
from services.sandbox.musicbrainz.errors import HELP, musicbrainz_failure
from services.sandbox.settings import SandboxSettings
from services.sandbox.vendor_app import vendor_app

ARTIST_URL = "https://open.spotify.com/artist/"
LISTENS_TYPE = "769085a1-c2f7-4c24-a532-2375a77693bd"
# How far above the average rate a client may go for a moment.
BURST = 5
MAX_LIMIT, DEFAULT_LIMIT = 100, 25


class MusicBrainz:
    """The web service over the catalogue's artists."""

    def __init__(self, settings: SandboxSettings, catalogue: Catalogue, clock: Clock) -> None:
        self.catalogue = catalogue
        self.bucket = Bucket(clock, settings.musicbrainz_per_second, BURST)

    def app(self) -> Starlette:
        routes = [
            Route("/ws/2/url", self.url),
            Route("/ws/2/artist", self.search),
            Route("/ws/2/recording", self.recordings),
            Route("/ws/2/artist/{mbid}", self.artist),
        ]
        return vendor_app(routes, musicbrainz_failure)

    async def url(self, request: Request) -> Response:
        """One `resource` answers the url; several answer those of them that are known."""
        self._enter(request)
        resources = request.query_params.getlist("resource")
        if not resources:
            raise _bad_request("Either a resource or a linked entity must be given.")
        found = [document for resource in resources if (document := self._url(resource))]
        if len(resources) > 1:
            return json_response({"url-count": len(found), "url-offset": 0, "urls": found})
        if not found:
            raise VendorError(musicbrainz_failure(404))
        return json_response(found[0])

    async def artist(self, request: Request) -> Response:
        self._enter(request)
        mbid = request.path_params["mbid"]
        try:
            UUID(mbid)
        except ValueError:
            raise _bad_request("Invalid mbid.") from None
        name = self.catalogue.artist_by_musicbrainz_id.get(mbid)
        if name is None:
            raise VendorError(musicbrainz_failure(404))
        included = frozenset(request.query_params.get("inc", "").replace("+", " ").split())
        return json_response(artist_document(name, self._genres(name), included))

    async def search(self, request: Request) -> Response:
        self._enter(request)
        hits, limit = self._search(request, self.catalogue.artist_index)
        names = [(self.catalogue.artists[hit.place], hit.score) for hit in hits[:limit]]
        artists = [search_result(name, self._genres(name), score) for name, score in names]
        return json_response({"count": len(hits), "offset": 0, "artists": artists})

    async def recordings(self, request: Request) -> Response:
        self._enter(request)
        hits, limit = self._search(request, self.catalogue.song_index)
        found = [
            recording_result(self.catalogue.songs[hit.place], hit.score) for hit in hits[:limit]
        ]
        return json_response({"count": len(hits), "offset": 0, "recordings": found})

    @staticmethod
    def _search(request: Request, index: Index) -> tuple[list[Hit], int]:
        """All that fits the `query`, and how much of it is wanted."""
        text = request.query_params.get("query", "")
        if not text.strip():
            raise _bad_request("Missing parameter: query.")
        asked = request.query_params.get("limit", "")
        limit = min(int(asked), MAX_LIMIT) if asked.isdecimal() else DEFAULT_LIMIT
        return index.search(parse(text)), limit

    def _genres(self, name: str) -> tuple[str, ...]:
        return self.catalogue.genres.get(name, ())

    def _url(self, resource: str) -> Document | None:
        name = self.catalogue.artist_by_spotify_id.get(resource.removeprefix(ARTIST_URL))
        if name is None or not resource.startswith(ARTIST_URL):
            return None
        relation = {
            "artist": artist_document(name, (), frozenset()),
            "direction": "backward",
            "ended": False,
            "target-type": "artist",
            "type": "free streaming",
            "type-id": LISTENS_TYPE,
        }
        return {
            "id": musicbrainz_id(spotify_id("url", resource)),
            "resource": resource,
            "relations": [relation],
        }

    def _enter(self, request: Request) -> None:
        """Refuse the anonymous and the hasty, and formats other than JSON."""
        agent = request.headers.get("user-agent", "").strip()
        if not agent:
            raise VendorError(musicbrainz_failure(403))
        address = request.client.host if request.client else ""
        if not self.bucket.take((address, agent)):
            raise VendorError(musicbrainz_failure(503))
        if request.query_params.get("fmt") != "json" and "json" not in request.headers.get(
            "accept", ""
        ):
            raise VendorError(
                json_answer(406, {"error": "Only fmt=json lives here.", "help": HELP})
            )


def _bad_request(message: str) -> VendorError:
    return VendorError(json_answer(400, {"error": message, "help": HELP}))
