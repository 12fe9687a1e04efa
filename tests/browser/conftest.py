"""A real gateway process with posts on its desk, and Chromium in front of it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from sqlalchemy import delete

from services.common.database import open_database, writing
from services.gateway.tables import metadata

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
# What Playwright would start it with, as far as a test could tell the difference.
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--remote-debugging-port=0",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--password-store=basic",
    "--use-mock-keychain",
)
# Nothing listens there: the desk needs no vendor.
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Gateway:
    """A running gateway, as the worker sees it."""

    base: str

    def lay(self, *numbers: int, drafts: int = 3, text: str = "") -> None:
        """Put posts on the desk; a higher number is a newer post."""
        laid = [draft for number in numbers for draft in _drafts(number, drafts, text)]
        httpx.put(f"{self.base}/v1/drafts", json={"drafts": laid}).raise_for_status()

    def decisions(self) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.base}/v1/drafts").raise_for_status()
        decisions: list[dict[str, Any]] = answer.json()["decisions"]
        return decisions


def _drafts(number: int, count: int, text: str) -> list[dict[str, Any]]:
    at = (NOON + timedelta(minutes=number)).isoformat()
    post = {
        "origin": "x",
        "id": str(number),
        "text": text or f"on the radio: song {number}",
        "author_id": "7",
        "created_at": at,
    }
    song = {"title": f"Song {number}", "artists": ["Grimes"], "genres": ["art pop"], "score": 0.9}
    scores = {"score": 0.9, "log_prob": -2.0, "topic": 0.5, "novelty": 0.8}
    return [
        {
            "id": f"x:{number}:{rank}",
            "item_id": f"x:{number}",
            "rank": rank,
            "text": f"sentence {rank} about song {number}.",
            "scores": scores,
            "post": post,
            "song": song,
            "created_at": at,
        }
        for rank in range(1, count + 1)
    ]


@pytest.fixture(scope="module")
def inference_url() -> str:
    """Where the gateway looks for the writer, which the desk does not need."""
    return NOWHERE


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    """What the gateway of a file is told beyond the usual."""
    return {}


@pytest.fixture(scope="session")
def usual_process(
    chromium_address: str,  # noqa: ARG001 - where there is none, no process is started
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Path]]:
    """A gateway process for all files that ask for nothing special."""
    with running_gateway(tmp_path_factory.mktemp("gateway"), {}) as started:
        yield started


@pytest.fixture(scope="module")
def process(
    request: pytest.FixtureRequest,
    chromium_address: str,  # noqa: ARG001 - as above
    inference_url: str,
    more_settings: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Path]]:
    """The gateway process for the tests of a file: its address and its data folder."""
    if inference_url == NOWHERE and not more_settings:
        yield request.getfixturevalue("usual_process")
        return
    special = {"INFERENCE_URL": inference_url, **more_settings}
    with running_gateway(tmp_path_factory.mktemp("gateway"), special) as started:
        yield started


@contextmanager
def running_gateway(folder: Path, special: dict[str, str]) -> Iterator[tuple[str, Path]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "GATEWAY_PORT": str(port),
        "DATA_DIR": str(folder),
        "X_BASE_URL": NOWHERE,
        "SPOTIFY_API_URL": NOWHERE,
        "MUSICBRAINZ_URL": NOWHERE,
        "INFERENCE_URL": NOWHERE,
        "LOG_LEVEL": "warning",
        **special,
    }
    log = folder / "gateway.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.gateway"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **settings},
            stderr=stream,
            stdout=stream,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_alive(base, process, log)
        yield base, folder
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def gateway(process: tuple[str, Path]) -> Gateway:
    """The gateway as if it had just been set up: it knows of nothing."""
    base, folder = process
    engine = open_database(f"sqlite:///{folder / 'gateway.sqlite3'}")
    with writing(engine) as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    engine.dispose()
    return Gateway(base)


def _wait_until_alive(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{base}/livez").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the gateway did not come up:\n{log.read_text()}")


@pytest.fixture(scope="session")
def chromium_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the Chromium of all tests of this process is spoken to."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    folder = tmp_path_factory.mktemp("chromium")
    with (folder / "chromium.log").open("w") as log:
        process = subprocess.Popen(
            [CHROMIUM, *SWITCHES, f"--user-data-dir={folder}", "about:blank"],
            stdout=log,
            stderr=log,
        )
    try:
        yield _debugging_address(folder, process)
    finally:
        process.terminate()
        process.wait(10)


def _debugging_address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Chromium writes down at which port it listens when it does."""
    deadline = time.monotonic() + 120
    told = folder / "DevToolsActivePort"
    while time.monotonic() < deadline and process.poll() is None:
        port, _, path = told.read_text().partition("\n") if told.exists() else ("", "", "")
        if path:
            return f"ws://127.0.0.1:{port}{path.strip()}"
        time.sleep(0.05)
    pytest.fail(f"Chromium did not come up:\n{(folder / 'chromium.log').read_text()}")


@pytest.fixture(scope="module")
def chromium(chromium_address: str) -> Iterator[Browser]:
    # Playwright keeps an event loop running in this thread: asynchronous tests come after it. So
    # it comes and goes with every file, while Chromium and the gateway stay.
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(chromium_address)
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said; a test that provokes a complaint clears it."""
    return []


@pytest.fixture
def open_page(gateway: Gateway, chromium: Browser, complaints: list[str]) -> Iterator[OpenPage]:
    """`open_page(path, context options)`: a page in a browser of its own.

    Anything that the console complains of (a script's error, a breach of the content security
    policy, a missing file) fails the test.
    """
    contexts = []

    def open_page(path: str = "/curate", **options: Any) -> Page:  # noqa: ANN401 - Playwright's own
        context = chromium.new_context(base_url=gateway.base, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        watch(page, complaints)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def watch(page: Page, complaints: list[str]) -> None:
    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The desk of a curator, wide enough for two columns."""
    return open_page(viewport={"width": 1280, "height": 860})
