"""Catalogues as the gateway opens them, at a sandbox."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import Engine

from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.musicbrainz import MusicBrainz
from services.gateway.catalogues.songs import Songs
from services.gateway.catalogues.spotify import Spotify
from services.gateway.vendor_calls import VendorCalls, VendorMetrics


@asynccontextmanager
async def spotify_at(
    base: str,
    metrics: VendorMetrics,
    seconds: float = 6.0,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Spotify]:
    spotify = Spotify(
        "id",
        "secret",
        api_url=f"{base}/spotify",
        accounts_url=f"{base}/spotify-accounts",
        market="US",
        calls=VendorCalls("spotify", seconds, metrics, clock),
    )
    try:
        yield spotify
    finally:
        spotify.close()


@asynccontextmanager
async def musicbrainz_at(
    base: str, metrics: VendorMetrics, interval: float = 0.0, seconds: float = 6.0
) -> AsyncIterator[MusicBrainz]:
    calls = VendorCalls("musicbrainz", seconds, metrics)
    musicbrainz = MusicBrainz(f"{base}/musicbrainz", "me@example.org", interval, calls)
    try:
        yield musicbrainz
    finally:
        await musicbrainz.close()


@asynccontextmanager
async def songs_at(base: str, metrics: VendorMetrics, engine: Engine) -> AsyncIterator[Songs]:
    async with spotify_at(base, metrics) as spotify, musicbrainz_at(base, metrics) as brainz:
        yield Songs([spotify, brainz], Answers(engine))


def calls_to(metrics: VendorMetrics) -> int:
    """How many calls were made to any vendor."""
    samples = [sample for metric in metrics.seconds.collect() for sample in metric.samples]
    return sum(int(sample.value) for sample in samples if sample.name.endswith("_count"))
