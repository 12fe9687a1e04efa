"""Spotify's endpoints: the API, and the accounts host that gives tokens."""

from base64 import b64decode
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.sandbox import tokens
from services.sandbox.answers import json_response, refuse
from services.sandbox.catalogue import Catalogue
from services.sandbox.catalogue.identity import is_spotify_id
from services.sandbox.catalogue.search import parse
from services.sandbox.settings import SandboxSettings
from services.sandbox.spotify.errors import accounts_failure, refused, spotify_failure
from services.sandbox.spotify.objects import artist_object, track_object
from services.sandbox.vendor_app import vendor_app

MAX_LIMIT, DEFAULT_LIMIT, MAX_OFFSET = 10, 5, 1000
# Taken from apps in Development Mode in 2024 and 2026.
GONE = (
    "/v1/artists",
    "/v1/tracks",
    "/v1/albums",
    "/v1/artists/{id}/top-tracks",
    "/v1/artists/{id}/related-artists",
    "/v1/audio-features/{id}",
    "/v1/audio-analysis/{id}",
    "/v1/recommendations",
    "/v1/browse/new-releases",
)


class SpotifyAccounts:
    """The accounts host: client credentials in, a bearer token out."""

    def __init__(self, settings: SandboxSettings, clock: Callable[[], float]) -> None:
        self.settings, self.clock = settings, clock

    def app(self) -> Starlette:
        return vendor_app([Route("/api/token", self.token, methods=["POST"])], accounts_failure)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        client, secret = _basic(request.headers.get("authorization", ""))
        client = client or str(form.get("client_id", ""))
        secret = secret or str(form.get("client_secret", ""))
        wanted = self.settings.spotify_client_secret
        if not client or not secret or (wanted and secret != wanted.get_secret_value()):
            raise refuse(400, {"error": "invalid_client", "error_description": "Invalid client"})
        if form.get("grant_type") != "client_credentials":
            description = "grant_type must be client_credentials"
            raise refuse(400, {"error": "unsupported_grant_type", "error_description": description})
        lifetime = self.settings.spotify_token_seconds
        token = tokens.issue("spotify", self.clock() + lifetime)
        return json_response(
            {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}
        )


class SpotifyApi:
    """The API host, in Development Mode or with extended quota."""

    def __init__(
        self, settings: SandboxSettings, catalogue: Catalogue, clock: Callable[[], float]
    ) -> None:
        self.settings, self.catalogue, self.clock = settings, catalogue, clock

    def app(self) -> Starlette:
        routes = [
            Route("/v1/search", self.search),
            Route("/v1/artists/{id}", self.artist),
            Route("/v1/tracks/{id}", self.track),
            *(Route(path, self.gone) for path in GONE),
        ]
        return vendor_app(routes, spotify_failure)

    async def search(self, request: Request) -> Response:
        self._authorise(request)
        query = request.query_params
        if not query.get("q", "").strip():
            raise refused(400, "No search query")
        if query.get("type") != "track":
            raise refused(
                400, "Bad search type field" if query.get("type") else "Missing parameter type"
            )
        limit = _number(query.get("limit"), DEFAULT_LIMIT, 1, MAX_LIMIT, "limit")
        offset = _number(query.get("offset"), 0, 0, MAX_OFFSET, "offset")
        hits = self.catalogue.song_index.search(parse(query["q"]))
        songs = [self.catalogue.songs[hit.place] for hit in hits[offset : offset + limit]]
        following = request.url.include_query_params(offset=offset + limit)
        page = {
            "href": str(request.url),
            "items": [track_object(song) for song in songs],
            "limit": limit,
            "next": str(following) if offset + limit < len(hits) else None,
            "offset": offset,
            "previous": None,
            "total": len(hits),
        }
        return json_response({"tracks": page})

    async def artist(self, request: Request) -> Response:
        self._authorise(request)
        name = self.catalogue.artist_by_spotify_id.get(_checked_id(request))
        if name is None:
            raise refused(404, "Resource not found")
        genres = self.catalogue.genres.get(name, ()) if self.settings.spotify_extended else None
        return json_response(artist_object(name, genres))

    async def track(self, request: Request) -> Response:
        self._authorise(request)
        song = self.catalogue.song_by_id.get(_checked_id(request))
        if song is None:
            raise refused(404, "Resource not found")
        return json_response(track_object(song))

    async def gone(self, request: Request) -> Response:
        self._authorise(request)
        raise refused(403, "Forbidden")

    def _authorise(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise refused(401, "No token provided")
        if scheme != "Bearer":
            raise refused(400, "Only valid bearer authentication supported")
        expires = tokens.expiry("spotify", token)
        if expires is None:
            raise refused(401, "Invalid access token")
        if expires <= self.clock():
            raise refused(401, "The access token expired")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, credentials = header.partition(" ")
    try:
        client, _, secret = b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (client, secret) if scheme == "Basic" else ("", "")


def _checked_id(request: Request) -> str:
    value = str(request.path_params["id"])
    if not is_spotify_id(value):
        raise refused(400, "Invalid base62 id")
    return value


def _number(value: str | None, default: int, least: int, most: int, name: str) -> int:
    if value is None:
        return default
    if not value.isdecimal() or not least <= int(value) <= most:
        raise refused(400, f"Invalid {name}")
    return int(value)
