"""A real sandbox on a real port, and a gateway's adapters pointed at it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import gspread
import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from services.common.database import migrate, open_database
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.spend import Budget, Spend
from services.gateway.timelines.bluesky import BlueskyTimeline
from services.gateway.timelines.bluesky_session import Login
from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.timelines.x import XKeys, XTimeline
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.sandbox.app import create_app as create_sandbox
from services.sandbox.settings import SandboxSettings
from tests.served import served
from tests.service_account import at_work, service_account
from tests.services.gateway.clock import Clock
from tests.services.gateway.on_bluesky import HANDLE, Open
from tests.services.gateway.on_google import KEY, Curator

# Assertions of modules that are no tests are explained too.
pytest.register_assert_rewrite(
    "tests.services.gateway.curators",
    "tests.services.gateway.scenarios",
    "tests.services.gateway.scenarios_of_catalogues",
    "tests.services.gateway.scenarios_of_sheets",
    "tests.services.gateway.scenarios_of_timelines",
)

MIGRATIONS = Path(__file__).resolve().parents[3] / "services/gateway/migrations"
KEYS = XKeys("key", "secret", "1000-token", "secret")


class Sandbox:
    """A running sandbox, seen from the outside."""

    def __init__(self, base: str, clock: Clock, http: httpx.Client) -> None:
        self.base, self.clock, self.http = base, clock, http

    def say(self, text: str, author: str = "visitor") -> str:
        """Write a post into the timeline; its id."""
        answer = self.http.post("/sandbox/posts", json={"text": text, "author": author})
        return str(answer.raise_for_status().json()["id"])

    def delete(self, post_id: str) -> None:
        """Delete a post, as its author might."""
        self.http.delete(f"/sandbox/posts/{post_id}").raise_for_status()

    def texts(self, *, by_bot: bool = True) -> list[str]:
        """What stands on the timeline, newest first."""
        posts = self.http.get("/sandbox/posts", params={"limit": 500}).json()
        return [post["text"] for post in posts if post["by_bot"] == by_bot]

    def answers_to(self, post_id: str) -> list[dict[str, Any]]:
        """What the bot wrote in answer to a post, newest first."""
        posts = self.http.get("/sandbox/posts", params={"limit": 500}).json()
        return [post for post in posts if post["by_bot"] and post["reply_to"] == post_id]

    def plan(self, vendor: str, fault: str, **more: object) -> None:
        plan = {"vendor": vendor, "fault": fault, **more}
        self.http.post("/sandbox/faults", json=plan).raise_for_status()


StartSandbox = Callable[..., Sandbox]
OpenSheet = Callable[[], GoogleSheet]


@contextmanager
def running(settings: SandboxSettings, clock: Clock) -> Iterator[Sandbox]:
    """Serve the sandbox in a thread until the block ends."""
    with (
        served(create_sandbox(settings, clock), settings) as base,
        httpx.Client(base_url=base, timeout=30) as http,
    ):
        yield Sandbox(base, clock, http)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start_sandbox(clock: Clock) -> Iterator[StartSandbox]:
    """Starts sandboxes with the given settings; they end with the test."""
    with ExitStack() as cleanup:

        def start(clock: Clock = clock, **settings: object) -> Sandbox:
            plain: dict[str, Any] = {
                "port": 0,
                "feed_burst": 0,
                "feed_interval": 1e9,
                "musicbrainz_per_second": 0,
            }
            made = SandboxSettings(_env_file=None, **{**plain, **settings})
            return cleanup.enter_context(running(made, clock))

        yield start


@pytest.fixture
def sandbox(start_sandbox: StartSandbox) -> Sandbox:
    """A sandbox whose timeline is empty and whose clock stands still."""
    return start_sandbox()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The gateway's database, empty."""
    engine = open_database(f"sqlite:///{tmp_path / 'gateway.sqlite3'}")
    migrate(engine, MIGRATIONS)
    yield engine
    engine.dispose()


@pytest.fixture
def metrics() -> VendorMetrics:
    return VendorMetrics(CollectorRegistry())


@pytest.fixture
def spend(engine: Engine, clock: Clock) -> Spend:
    """A ledger without a budget."""
    return Spend(engine, "x", Budget(), clock)


@pytest.fixture
def x_timeline(
    sandbox: Sandbox, metrics: VendorMetrics, spend: Spend, clock: Clock
) -> Iterator[XTimeline]:
    """The bot's timeline on the sandbox."""
    calls = VendorCalls("x", 6.0, metrics, clock)
    timeline = XTimeline(KEYS, f"{sandbox.base}/x", "https://x.test/i/{id}", calls, spend)
    yield timeline
    timeline.close()


@pytest.fixture
def open_bluesky(metrics: VendorMetrics, tmp_path: Path) -> Open:
    """Timelines that share one session file, as one process after the other does."""

    @contextmanager
    def opened(base: str, handle: str = HANDLE, password: str = "secret") -> Iterator[Any]:
        login = Login(f"{base}/bluesky", handle, password)
        calls = VendorCalls("bluesky", 6.0, metrics)
        kept, url = tmp_path / "bluesky.session", "https://bsky.test/{author}/{id}"
        timeline = BlueskyTimeline(login, kept, url, calls)
        yield timeline
        timeline.close()

    return opened


@pytest.fixture
def mastodon_timeline(sandbox: Sandbox, metrics: VendorMetrics) -> Iterator[MastodonTimeline]:
    """The bot's account on the sandbox's instance."""
    calls = VendorCalls("mastodon", 6.0, metrics)
    timeline = MastodonTimeline(f"{sandbox.base}/mastodon", "token", "unlisted", calls)
    yield timeline
    timeline.close()


@pytest.fixture
def bluesky_timeline(
    sandbox: Sandbox, metrics: VendorMetrics, tmp_path: Path
) -> Iterator[BlueskyTimeline]:
    """The same on Bluesky."""
    login = Login(f"{sandbox.base}/bluesky", "deephypebot.bsky.social", "secret")
    calls = VendorCalls("bluesky", 6.0, metrics)
    kept, url = tmp_path / "bluesky.session", "https://bsky.test/{author}/{id}"
    timeline = BlueskyTimeline(login, kept, url, calls)
    yield timeline
    timeline.close()


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., GatewaySettings]:
    """Complete settings of a gateway before a sandbox (or before nothing)."""

    def settings(base: str = "http://127.0.0.1:9", **changes: object) -> GatewaySettings:
        values: dict[str, Any] = {
            "data_dir": tmp_path,
            "upstream_timeout": 1.0,
            "publish_settle_seconds": 0.0,
            "x_base_url": f"{base}/x",
            "x_consumer_key": "key",
            "x_consumer_secret": "secret",
            "x_access_token": "1000-token",
            "x_access_token_secret": "secret",
            "mastodon_base_url": f"{base}/mastodon",
            "mastodon_access_token": "token",
            "bluesky_base_url": f"{base}/bluesky",
            "bluesky_handle": "deephypebot.bsky.social",
            "bluesky_app_password": "secret",
            "spotify_api_url": f"{base}/spotify",
            "spotify_accounts_url": f"{base}/spotify-accounts",
            "spotify_client_id": "id",
            "spotify_client_secret": "secret",
            "musicbrainz_url": f"{base}/musicbrainz",
            "musicbrainz_contact": "operator@example.org",
            "musicbrainz_interval": 0.0,
        }
        return GatewaySettings(_env_file=None, **{**values, **changes})

    return settings


@asynccontextmanager
async def opened(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncExitStack() as cleanup:
        await cleanup.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        yield await cleanup.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://gateway")
        )


@pytest.fixture
def open_app() -> Callable[[FastAPI], Any]:
    """`async with open_app(app) as client`: the app with its lifespan, and a client of it."""
    return opened


@pytest.fixture
def account(sandbox: Sandbox) -> dict[str, str]:
    """The key file of a Google service account."""
    return service_account(f"{sandbox.base}/google")


@pytest.fixture
def open_sheet(
    sandbox: Sandbox, account: dict[str, str], metrics: VendorMetrics, clock: Clock
) -> Iterator[OpenSheet]:
    """Opens the sheet as a process that just started does."""
    with ExitStack() as cleanup:

        def open_sheet() -> GoogleSheet:
            calls = VendorCalls("google", 6.0, metrics, clock)
            base = f"{sandbox.base}/google"
            sheet = GoogleSheet(account, SheetPlace(KEY, "gens"), calls, base_url=base, holds=0)
            cleanup.callback(sheet.close)
            return sheet

        yield open_sheet


@pytest.fixture
def sheet(open_sheet: OpenSheet) -> GoogleSheet:
    return open_sheet()


@pytest.fixture
def spreadsheet(sandbox: Sandbox) -> Iterator[gspread.Spreadsheet]:
    with at_work(f"{sandbox.base}/google") as client:
        yield client.open_by_key(KEY)


@pytest.fixture
def curator(sandbox: Sandbox) -> Iterator[Curator]:
    with at_work(f"{sandbox.base}/google") as client:
        yield Curator(client)
