"""A year in a minute: `python -m benchmarks.year`.

A simulated clock runs 365 days of polling against the sandbox, with its rate limits, its tokens
that expire and a fault a day; each day a draft goes to the Google Sheet and a sentence is
published, each week a song is looked up. At the end nothing may be lost, said twice, or dearer
than the budget.
"""

import argparse
import asyncio
import logging
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, func, select

from benchmarks.table import print_row
from services.common.database import migrate, open_database, reading
from services.common.problems import ProblemError
from services.gateway.app import MIGRATIONS
from services.gateway.catalogues.answers import Answers
from services.gateway.catalogues.songs import Songs
from services.gateway.catalogues.spotify import Spotify
from services.gateway.publications import Publications
from services.gateway.schemas import Draft, Post, Scores, Song
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.spend import MICRO, Budget, Spend
from services.gateway.tables import spend
from services.gateway.timelines.bluesky import BlueskyTimeline
from services.gateway.timelines.bluesky_session import Login
from services.gateway.timelines.mastodon import MastodonTimeline
from services.gateway.timelines.timeline import Timeline
from services.gateway.timelines.x import XKeys, XTimeline
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import RefusedByVendorError
from services.sandbox.app import create_app
from services.sandbox.fault_plans import FAULTS, Plan
from services.sandbox.settings import SandboxSettings
from tests.served import served

BEGINS = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
DAY = 86_400.0
POST_EVERY = 3600.0  # seconds: 24 posts a day
# The day's posts cost $0.12 and the publication $0.015; a fifth of this is kept for publishing, a
# tenth for asking what is still there, and after a fault more posts are waiting than the rest buys.
DAILY = Decimal("0.23")
SONG_EVERY = 7  # days
SILENCE_SECONDS = 0.3  # that a vendor is allowed
PATIENCE_SECONDS = 30.0  # of the reader beside
FAULT_SECONDS = 6 * 3600.0
KEYS = XKeys("key", "secret", "1000-token", "secret")
KNOWN = (
    ("Midnight City", "M83"),
    ("Digital Love", "Daft Punk"),
    ("Teardrop", "Massive Attack"),
    ("Hurt", "Johnny Cash"),
)
CATCHING_UP = 40  # polls, after the last day
STATE = "sandbox.sqlite3"
# Columns that must be zero.
PROMISES = ("lost", "twice", "unsaid", "undrafted", "unfound", "overdrawn", "owed")
MEGABYTE = 1 << 20


class Clock:
    def __init__(self) -> None:
        self.now = BEGINS

    def __call__(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@dataclass
class World:
    """The sandbox, and what the adapters share."""

    base: str
    http: httpx.Client
    clock: Clock
    engine: Engine
    folder: Path
    metrics: VendorMetrics = field(default_factory=lambda: VendorMetrics(CollectorRegistry()))

    def calls(self, vendor: str, seconds: float = SILENCE_SECONDS) -> VendorCalls:
        return VendorCalls(vendor, seconds, self.metrics, self.clock)

    def plan(self, vendor: str, plan: Plan) -> None:
        fault = {"vendor": vendor, "times": 1000, **plan}
        self.http.post("/sandbox/faults", json=fault).raise_for_status()

    def clear(self) -> None:
        self.http.delete("/sandbox/faults").raise_for_status()


@dataclass
class Account:
    """What came of the year so far."""

    seen: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)  # seen by a reader whom no fault meets
    drafted: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    unfound: int = 0  # songs that the catalogue has
    polls: int = 0
    failed: int = 0
    memory: list[float] = field(default_factory=list)


def main() -> None:
    """Print a line for each platform; exit with 1 when a promise was broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--hours", type=float, default=12.0, help="from one poll to the next")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--timeline", choices=list(TIMELINES), action="append")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    broken = 0.0
    for number, name in enumerate(options.timeline or TIMELINES):
        with tempfile.TemporaryDirectory() as folder, a_world(Path(folder)) as world:
            year = Year(
                world, name, options.days, options.hours * 3600, random.Random(options.seed)
            )
            began = time.monotonic()
            row = asyncio.run(year.live())
            row["seconds"] = time.monotonic() - began
        print_row(name, row, first=number == 0)
        broken += sum(row[promise] for promise in PROMISES)
    sys.exit(broken > 0)


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    clock = Clock()
    settings = SandboxSettings(
        _env_file=None,
        port=0,
        feed_burst=1,
        feed_interval=POST_EVERY,
        state=folder / STATE,
        musicbrainz_per_second=0,
        spotify_extended=True,
    )
    engine = open_database(f"sqlite:///{folder / 'gateway.sqlite3'}")
    migrate(engine, MIGRATIONS)
    try:
        with (
            served(create_app(settings, clock), settings) as base,
            httpx.Client(base_url=base, timeout=30) as http,
        ):
            yield World(base, http, clock, engine, folder)
    finally:
        engine.dispose()


@asynccontextmanager
async def x(world: World, budget: Budget, seconds: float) -> AsyncIterator[Timeline]:
    # The reader beside it keeps books of its own.
    vendor = "x" if budget.daily else "the reader beside"
    ledger = Spend(world.engine, vendor, budget, world.clock)
    post_url = "https://x.example/{id}"
    timeline = XTimeline(KEYS, f"{world.base}/x", post_url, world.calls("x", seconds), ledger)
    yield timeline
    timeline.close()


@asynccontextmanager
async def mastodon(world: World, _: Budget, seconds: float) -> AsyncIterator[Timeline]:
    calls = world.calls("mastodon", seconds)
    timeline = MastodonTimeline(f"{world.base}/mastodon", "token", "public", calls)
    yield timeline
    timeline.close()


@asynccontextmanager
async def bluesky(world: World, _: Budget, seconds: float) -> AsyncIterator[Timeline]:
    login = Login(f"{world.base}/bluesky", "deephypebot.bsky.social", "secret")
    kept = world.folder / f"bluesky.session {id(login)}"
    post_url = "https://bsky.example/{author}/{id}"
    timeline = BlueskyTimeline(login, kept, post_url, world.calls("bluesky", seconds))
    yield timeline
    timeline.close()


TIMELINES = {"x": x, "mastodon": mastodon, "bluesky": bluesky}


@asynccontextmanager
async def songs(world: World) -> AsyncIterator[Songs]:
    spotify = Spotify(
        "id",
        "secret",
        api_url=f"{world.base}/spotify",
        accounts_url=f"{world.base}/spotify-accounts",
        market="US",
        calls=world.calls("spotify"),
    )
    answers = Answers(world.engine, clock=world.clock.moment)
    yield Songs([spotify], answers)
    spotify.close()


@asynccontextmanager
async def sheet(world: World) -> AsyncIterator[GoogleSheet]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {
        "client_email": "bot@example.org",
        "private_key": pem,
        "token_uri": f"{world.base}/google/token",
    }
    place = SheetPlace("sandbox-spreadsheet", "gens")
    opened = GoogleSheet(account, place, world.calls("google"), base_url=f"{world.base}/google")
    yield opened
    opened.close()


@dataclass
class Approval:
    """A sentence that is to be published; where it is refused, a curator approves it anew."""

    text: str
    version: int = 1

    async def publish(self, publications: Publications) -> None:
        try:
            await publications.publish(f"{self.text} {self.version}", self.text)
        except RefusedByVendorError:
            self.version += 1
            raise


Task = Callable[[], Awaitable[object]]


@dataclass
class Year:
    world: World
    name: str
    days: int
    every: float
    dice: random.Random
    account: Account = field(default_factory=Account)
    cursor: str | None = None
    cursor_beside: str | None = None
    owed: list[Task] = field(default_factory=list)

    async def live(self) -> dict[str, float]:
        """Go through the days, then catch up with what the last fault left undone."""
        open_timeline = TIMELINES[self.name]
        budget = Budget(DAILY, publishes_beyond=False)
        async with (
            open_timeline(self.world, budget, SILENCE_SECONDS) as self.timeline,
            open_timeline(self.world, Budget(), PATIENCE_SECONDS) as self.beside,
            songs(self.world) as self.songs,
            sheet(self.world) as self.sheet,
        ):
            self.publications = Publications(
                self.world.engine, self.timeline, timedelta(0), self.world.clock.moment
            )
            self.cursor = self.cursor_beside = (await self.timeline.posts(None, 1)).cursor
            for day in range(self.days):
                await self._day(day)
            for _ in range(CATCHING_UP):
                await self._poll()
            await self._look_beside()
            return await self._row()

    async def _day(self, day: int) -> None:
        """A day has one fault, at one vendor, for some hours."""
        polls = round(DAY / self.every)
        struck = self.dice.randrange(polls)
        lasts = max(1, round(FAULT_SECONDS / self.every))
        vendor = self.dice.choice((self.name, self.name, "spotify", "google"))
        plan = self.dice.choice(list(FAULTS.values()))
        await self._look_beside()
        self._owe(day)
        for poll in range(polls):
            if poll == struck:
                self.world.plan(vendor, plan)
            if poll == struck + lasts:
                self.world.clear()
            await self._poll()
        self.world.clear()
        self.account.memory.append(resident_megabytes())

    def _owe(self, day: int) -> None:
        """The day's song, draft and publication."""
        draft = a_draft(day, self.world.clock.moment())
        approval = Approval(f"A slow and golden evening, number {day}.")
        self.account.drafted.append(draft.id)
        self.account.said.append(approval.text)
        self.owed += [
            partial(self.sheet.upsert, [draft]),
            partial(approval.publish, self.publications),
        ]
        if day % SONG_EVERY == 0:
            title, artist = KNOWN[day // SONG_EVERY % len(KNOWN)]
            self.owed.append(partial(self._find, title, artist))

    async def _find(self, title: str, artist: str) -> None:
        self.account.unfound += await self.songs.find(title, artist) is None

    async def _poll(self) -> None:
        """What the worker does: read, then whatever is owed; what fails is tried the next time."""
        self.world.clock.now += self.every
        self.account.polls += 1
        try:
            page = await self.timeline.posts(self.cursor, 200)
        except ProblemError:
            self.account.failed += 1
        else:
            self.account.seen += [post.id for post in page.posts]
            self.cursor = page.cursor
        waiting, self.owed = self.owed, []
        for task in waiting:
            try:
                await task()
            except ProblemError:
                self.owed.append(task)

    async def _look_beside(self) -> None:
        """What is there, as a reader sees it whom no fault meets and no budget stops."""
        page = await self.beside.posts(self.cursor_beside, 500)
        self.account.there += [post.id for post in page.posts]
        self.cursor_beside = page.cursor

    async def _row(self) -> dict[str, float]:
        account, out = self.account, Counter(published(self.world.folder))
        rows = Counter(record.draft.id for record in await self.sheet.records())
        return {
            "polls": account.polls,
            "failed": account.failed,
            "posts": len(account.there),
            "lost": len(set(account.there) - set(account.seen)),
            "twice": sum((Counter(account.seen) - Counter(set(account.seen))).values())
            + sum((out - Counter(set(out))).values())
            + sum((rows - Counter(set(rows))).values()),
            "unsaid": len(set(account.said) - set(out)),
            "undrafted": len(set(account.drafted) - set(rows)),
            "unfound": account.unfound,
            "owed": len(self.owed),
            "overdrawn": days_overdrawn(self.world.engine),
            "MiB grown": account.memory[-1] - account.memory[len(account.memory) // 4],
        }


def published(folder: Path) -> list[str]:
    """What the sandbox has from the bot."""
    with closing(sqlite3.connect(folder / STATE)) as state:
        return [text for (text,) in state.execute("SELECT text FROM posts WHERE by_bot")]


def days_overdrawn(engine: Engine) -> int:
    """On how many days X cost more than the budget."""
    day = func.sum(spend.c.micro_usd)
    mine = select(spend.c.day).where(spend.c.vendor == "x").group_by(spend.c.day)
    with reading(engine) as connection:
        return len(connection.execute(mine.having(day > int(DAILY * MICRO))).all())


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / MEGABYTE


def a_draft(day: int, at: datetime) -> Draft:
    return Draft(
        id=f"x:{day}:1",
        item_id=f"x:{day}",
        rank=1,
        text=f"A slow burn, number {day}.",
        scores=Scores(score=0.5, log_prob=-1.0, topic=0.5, novelty=0.5),
        post=Post(origin="x", id=str(day), text="a post", author_id="7", created_at=at),
        song=Song(title="Hurt", artists=["Johnny Cash"], genres=["country"], score=1.0),
        created_at=at,
    )


if __name__ == "__main__":
    main()
