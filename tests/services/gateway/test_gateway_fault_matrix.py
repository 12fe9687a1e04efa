"""Every method of every adapter, under every fault: a typed error or success, and in the end right.

Never a hang, never another exception, no post lost, none written twice.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.common.database import migrate, open_database
from services.common.problems import ProblemError
from services.gateway.app import MIGRATIONS
from services.gateway.catalogues.catalogue import Catalogue, Linked
from services.gateway.catalogues.lastfm import LastFm
from services.gateway.catalogues.musicbrainz import MusicBrainz
from services.gateway.catalogues.spotify import Spotify
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.sheet import Movable, Sheet
from services.gateway.spend import Budget, Spend
from services.gateway.timelines.bluesky import BlueskyTimeline
from services.gateway.timelines.bluesky_session import Login
from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.timelines.timeline import Timeline
from services.gateway.timelines.x import XKeys, XTimeline
from services.gateway.vendor_calls import VendorMetrics
from services.sandbox.fault_plans import EVERYWHERE, FAULTS, Plan
from tests.service_account import service_account
from tests.services.gateway.clock import Clock
from tests.services.gateway.scenarios import (
    LONGEST_CALL,
    Bench,
    OpenScenario,
    numbers,
    until_through,
)
from tests.services.gateway.scenarios_of_catalogues import OF_CATALOGUES, of_catalogue
from tests.services.gateway.scenarios_of_sheets import OF_SHEETS, of_sheet
from tests.services.gateway.scenarios_of_timelines import OF_TIMELINES, of_timeline

if TYPE_CHECKING:
    from tests.services.gateway.conftest import StartSandbox


@asynccontextmanager
async def x(bench: Bench, seconds: float) -> AsyncIterator[Timeline]:
    calls = bench.calls("x", seconds)
    spend = Spend(bench.engine, "x", Budget(), bench.sandbox.clock)
    keys = XKeys("key", "secret", "1000-token", "secret")
    timeline = XTimeline(keys, f"{bench.sandbox.base}/x", "https://x.test/{id}", calls, spend)
    yield timeline
    timeline.close()


@asynccontextmanager
async def mastodon(bench: Bench, seconds: float) -> AsyncIterator[Timeline]:
    base, calls = f"{bench.sandbox.base}/mastodon", bench.calls("mastodon", seconds)
    timeline = MastodonTimeline(base, "token", "public", calls)
    yield timeline
    timeline.close()


@asynccontextmanager
async def bluesky(bench: Bench, seconds: float) -> AsyncIterator[Timeline]:
    login = Login(f"{bench.sandbox.base}/bluesky", "deephypebot.bsky.social", "secret")
    kept = bench.folder / f"session {next(numbers)}"
    calls = bench.calls("bluesky", seconds)
    timeline = BlueskyTimeline(login, kept, "https://bsky.test/{author}/{id}", calls)
    yield timeline
    timeline.close()


@asynccontextmanager
async def spotify(bench: Bench, seconds: float) -> AsyncIterator[Catalogue]:
    base = bench.sandbox.base
    catalogue = Spotify(
        "id",
        "secret",
        api_url=f"{base}/spotify",
        accounts_url=f"{base}/spotify-accounts",
        market="US",
        calls=bench.calls("spotify", seconds),
    )
    yield catalogue
    catalogue.close()


@asynccontextmanager
async def lastfm(bench: Bench, seconds: float) -> AsyncIterator[Catalogue]:
    calls = bench.calls("lastfm", seconds)
    catalogue = LastFm(f"{bench.sandbox.base}/lastfm", "key", calls, interval=0.0)
    yield catalogue
    await catalogue.close()


@asynccontextmanager
async def musicbrainz(bench: Bench, seconds: float) -> AsyncIterator[Catalogue]:
    base = f"{bench.sandbox.base}/musicbrainz"
    catalogue = MusicBrainz(base, "me@example.org", 0.0, bench.calls("musicbrainz", seconds))
    yield catalogue
    await catalogue.close()


TIMELINES = {"x": x, "mastodon": mastodon, "bluesky": bluesky}
CATALOGUES = {"spotify": spotify, "musicbrainz": musicbrainz, "lastfm": lastfm}
ADAPTERS: dict[str, type] = {
    "x": XTimeline,
    "mastodon": MastodonTimeline,
    "bluesky": BlueskyTimeline,
    "google": GoogleSheet,
    "spotify": Spotify,
    "musicbrainz": MusicBrainz,
    "lastfm": LastFm,
}
# Methods that ask nobody, or only for others that have a scenario.
WITHOUT_SCENARIO = {"x.platform", "bluesky.platform", "x.ask", "mastodon.read"} | {
    f"{vendor}.close" for vendor in ADAPTERS
}
VENDORS = (*TIMELINES, "google", *CATALOGUES)
SCENARIOS: dict[str, OpenScenario] = {
    **{
        f"{vendor}.{name}": of_timeline(opened, name)
        for vendor, opened in TIMELINES.items()
        for name in OF_TIMELINES
        if name != "platform" or vendor == "mastodon"  # the others know it by heart
    },
    **{f"google.{name}": of_sheet(name) for name in OF_SHEETS},
    **{
        f"{vendor}.{name}": of_catalogue(opened, name)
        for vendor, opened in CATALOGUES.items()
        for name in OF_CATALOGUES
        if name != "track" or vendor == "spotify"  # people link to no other
    },
}


def faults_of(method: str) -> dict[str, Plan]:
    """The faults that a method meets. Only timelines come in pages."""
    return FAULTS if method.partition(".")[0] in TIMELINES else EVERYWHERE


CELLS = [(method, fault) for method in SCENARIOS for fault in faults_of(method)]


@pytest.fixture
def bench_of(
    start_sandbox: StartSandbox, metrics: VendorMetrics, tmp_path: Path
) -> Iterator[Callable[[str], Bench]]:
    """A bench for a method, with a sandbox and a database of its own."""
    with ExitStack() as cleanup:

        def bench_of(method: str) -> Bench:
            sandbox = start_sandbox(
                clock=Clock(),
                feed_burst=1,
                feed_interval=30 if method.endswith(".posts") else 1e9,
                x_limits=False,
                mastodon_limits=False,
                bluesky_limits=False,
                google_per_minute=0,
                spotify_extended=True,
                lastfm_per_second=0,
            )
            folder = tmp_path / method
            engine = open_database(f"sqlite:///{folder / 'gateway.sqlite3'}")
            cleanup.callback(engine.dispose)
            migrate(engine, MIGRATIONS)
            account = service_account(f"{sandbox.base}/google")
            return Bench(sandbox, engine, metrics, folder, account)

        yield bench_of


@pytest.mark.timeout(600)
@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_fault_costs_more_than_time(bench_of: Callable[[str], Bench], vendor: str) -> None:
    methods = [method for method in SCENARIOS if method.startswith(f"{vendor}.")]
    await asyncio.gather(*(at_the_bench(method, bench_of(method)) for method in methods))


async def at_the_bench(method: str, bench: Bench) -> None:
    async with bench.cleanup:
        await go_through(method, bench)


async def go_through(method: str, bench: Bench) -> None:
    """Meet every fault with this method."""
    vendor = method.partition(".")[0]
    for fault, plan in faults_of(method).items():
        async with SCENARIOS[method](bench) as scenario:
            await scenario.prepare()
            bench.sandbox.plan(vendor, times=1000, **plan)
            started = time.monotonic()
            try:
                async with asyncio.timeout(2 * LONGEST_CALL):
                    await scenario.act()
            except ProblemError as error:
                outcome = type(error).__name__
            else:
                outcome = "ok"
            seconds = time.monotonic() - started
            assert seconds < LONGEST_CALL, f"{method}, {fault}: {outcome} after {seconds:.1f} s"
            bench.sandbox.http.delete("/sandbox/faults")
            try:
                await until_through(scenario, bench)
                await scenario.check()
            except Exception as error:
                message = f"{method}, after {fault} ({outcome}): {error!r}"
                raise AssertionError(message) from error


def test_the_matrix_is_large(record_property: Callable[[str, object], None]) -> None:
    record_property("shown: fault matrix", f"{len(SCENARIOS)} methods, {len(CELLS)} cells")
    assert len(CELLS) >= 300


def public_methods(adapter: type) -> set[str]:
    return {
        name
        for name, value in inspect.getmembers(adapter, inspect.isfunction)
        if not name.startswith("_")
    }


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_method_of_an_adapter_has_a_scenario(vendor: str) -> None:
    methods = {f"{vendor}.{name}" for name in public_methods(ADAPTERS[vendor])}
    assert methods - SCENARIOS.keys() == WITHOUT_SCENARIO & methods


@pytest.mark.parametrize(
    ("ports", "adapters"),
    [
        ((Timeline,), TIMELINES),
        ((Sheet, Movable), {"google"}),
        ((Catalogue,), CATALOGUES),
        ((Linked,), {"spotify"}),
    ],
)
def test_every_method_of_a_port_has_a_scenario(
    ports: tuple[type, ...], adapters: Collection[str]
) -> None:
    methods = {name for port in ports for name in public_methods(port)}
    asked = {f"{vendor}.{name}" for vendor in adapters for name in methods}
    assert asked <= SCENARIOS.keys() | WITHOUT_SCENARIO
