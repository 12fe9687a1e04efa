"""The sandbox's application: one process, every vendor below its own prefix.

The world is made with the application, not in its lifespan, so that tests may drive it without
one; the lifespan only closes it.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.common.app import create_service
from services.sandbox import catalogue, feed
from services.sandbox.bluesky.app import BlueskyApi
from services.sandbox.faults import Faults
from services.sandbox.google.app import Google
from services.sandbox.lastfm.app import LastFm
from services.sandbox.limits import Windows
from services.sandbox.mastodon.app import MastodonApi
from services.sandbox.musicbrainz.app import MusicBrainz
from services.sandbox.page.routes import Pages
from services.sandbox.settings import SandboxSettings
from services.sandbox.spotify.app import SpotifyAccounts, SpotifyApi
from services.sandbox.store import Store
from services.sandbox.strikes import FaultMiddleware
from services.sandbox.timeline import Timeline
from services.sandbox.x.app import XApi

DESCRIPTION = (
    "Stand-ins for X (`/x`), Mastodon (`/mastodon`), Bluesky (`/bluesky`), Spotify (`/spotify`, "
    "`/spotify-accounts`), MusicBrainz (`/musicbrainz`), Last.fm (`/lastfm`) and Google Sheets "
    "(`/google`), with the public timeline as a page."
)


def create_app(settings: SandboxSettings, clock: Callable[[], float] = time.time) -> FastAPI:
    """`clock` gives Unix seconds. Raises FeedError and CatalogueError for files it cannot use."""
    posts = feed.replay(settings.feed) if settings.feed else feed.built_in(settings.seed)
    songs = catalogue.load(settings.catalogue)
    store = Store(settings.state)
    timeline = Timeline(
        posts,
        store,
        burst=settings.feed_burst,
        interval=settings.feed_interval,
        clock=clock,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = create_service(
        settings, title="deephypebot sandbox", description=DESCRIPTION, lifespan=lifespan
    )
    faults = Faults()
    app.mount("/x", XApi(settings, timeline, Windows(clock)).app())
    app.mount("/mastodon", MastodonApi(settings, timeline, store, Windows(clock)).app())
    app.mount("/bluesky", BlueskyApi(settings, timeline, store, Windows(clock), clock).app())
    app.mount("/spotify", SpotifyApi(settings, songs, clock).app())
    app.mount("/spotify-accounts", SpotifyAccounts(settings, clock).app())
    app.mount("/musicbrainz", MusicBrainz(settings, songs, clock).app())
    app.mount("/lastfm", LastFm(settings, songs, clock).app())
    app.mount("/google", Google(settings, store, Windows(clock), clock).app())
    Pages(timeline, faults, settings.desk_url).install(app)
    app.middleware_stack = FaultMiddleware(app.build_middleware_stack(), faults)
    return app
