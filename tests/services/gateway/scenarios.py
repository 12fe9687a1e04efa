"""What adapters do, one method at a time: how it is called, and what must hold in the end.

A scenario's `act` is the call that meets the fault, as often as it is repeated; `check` is asked
once it came through.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from sqlalchemy import Engine

from services.gateway.catalogues.catalogue import Catalogue, Linked, Track
from services.gateway.publications import Publications, UnsettledError
from services.gateway.schemas import Draft, Outcome, Post, Published, Scores, Song
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.sheets.rows import COLUMNS
from services.gateway.timelines.timeline import Intent, Timeline
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from services.gateway.vendor_errors import NotDoneError, RefusedByVendorError, SilentVendorError

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox

T = TypeVar("T")

SECONDS, PATIENCE = 0.5, 10.0
LONGEST_CALL = 10.0
BOT = "deephypebot"
numbers = count(1)


@dataclass
class Bench:
    """A running sandbox, and what an adapter needs besides."""

    sandbox: Sandbox
    engine: Engine
    metrics: VendorMetrics
    folder: Path
    account: dict[str, str] = field(default_factory=dict)
    cleanup: AsyncExitStack = field(default_factory=AsyncExitStack)
    controls: dict[object, object] = field(default_factory=dict)

    async def control(self, opened: Callable[[Bench, float], AbstractAsyncContextManager[T]]) -> T:
        """An adapter with patience, used where nothing is wrong; one for all cells."""
        if opened not in self.controls:
            self.controls[opened] = await self.cleanup.enter_async_context(opened(self, PATIENCE))
        return cast("T", self.controls[opened])

    def calls(self, vendor: str, seconds: float) -> VendorCalls:
        return VendorCalls(vendor, seconds, self.metrics, self.sandbox.clock)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.sandbox.clock(), UTC)

    def pass_by(self, seconds: float) -> None:
        self.sandbox.clock.now += seconds


class Scenario(Protocol):
    async def prepare(self) -> None:
        """What comes before the fault."""

    async def act(self) -> None: ...

    async def check(self) -> None: ...


# The second argument: how long the vendor may stay silent, seconds.
OpenTimeline = Callable[[Bench, float], AbstractAsyncContextManager[Timeline]]
OpenScenario = Callable[[Bench], AbstractAsyncContextManager[Scenario]]


@dataclass
class ReadPosts:
    """Every post that came meanwhile is read, and once."""

    timeline: Timeline
    control: Timeline
    bench: Bench
    cursor: str | None = None
    seen: list[str] = field(default_factory=list)

    async def prepare(self) -> None:
        self.cursor = self.begun = (await self.control.posts(None, 1)).cursor
        self.bench.pass_by(3600)

    async def act(self) -> None:
        page = await self.timeline.posts(self.cursor, 500)
        self.seen += [post.id for post in page.posts]
        self.cursor = page.cursor

    async def check(self) -> None:
        for _ in range(3):  # what a moment of silence cut short, on a busy machine
            with suppress(SilentVendorError):
                await self.act()
        expected = await self._everything()
        assert len(expected) > 50
        assert sorted(self.seen) == sorted(post.id for post in expected)

    async def _everything(self) -> list[Post]:
        """What came, however many answers a busy machine makes of it."""
        posts, cursor = list[Post](), self.begun
        while (page := await self.control.posts(cursor, 500)).posts:
            posts += page.posts
            cursor = page.cursor
        return posts


@dataclass
class ReadMentions:
    timeline: Timeline
    control: Timeline
    bench: Bench
    cursor: str | None = None
    texts: list[str] = field(default_factory=list)

    async def prepare(self) -> None:
        self.bench.sandbox.say(f"@{BOT} the one before")
        self.cursor = self.begun = (await self.control.mentions(None, 1)).cursor
        self.asked = [f"@{BOT} question {next(numbers)}" for _ in range(3)]
        for text in self.asked:
            self.bench.sandbox.say(text)

    async def act(self) -> None:
        page = await self.timeline.mentions(self.cursor, 50)
        self.texts += [post.text for post in page.posts]
        self.cursor = page.cursor

    async def check(self) -> None:
        expected = [post.text for post in (await self.control.mentions(self.begun, 50)).posts]
        assert set(self.asked) <= set(expected)
        assert sorted(self.texts) == sorted(expected)


@dataclass
class Publish:
    """The text is out once; or never, where it was refused for good."""

    timeline: Timeline
    control: Timeline
    bench: Bench
    refused: bool = False

    async def prepare(self) -> None:
        self.text = f"a warm haze, number {next(numbers)}"
        self.publications = Publications(
            self.bench.engine, self.timeline, settle=timedelta(0), clock=self.bench.now
        )

    async def act(self) -> None:
        try:
            await self.publications.publish(self.text, self.text)
        except RefusedByVendorError:
            self.refused = True

    async def check(self) -> None:
        out = self.bench.sandbox.texts().count(self.text)
        assert out == (0 if self.refused else 1)


@dataclass
class OfOurPost:
    """What is done with a post that is out already."""

    timeline: Timeline
    control: Timeline
    bench: Bench

    async def prepare(self) -> None:
        self.intent = Intent(f"key {next(numbers)}", f"slow, {next(numbers)}", self.bench.now())
        self.ours = await self.control.publish(self.intent)


@dataclass
class Find(OfOurPost):
    found: list[Published] = field(default_factory=list)

    async def act(self) -> None:
        self.found = await self.timeline.find(self.intent)

    async def check(self) -> None:
        assert [post.id for post in self.found] == [self.ours.id]


@dataclass
class Receive(OfOurPost):
    ids: list[str] = field(default_factory=list)

    async def act(self) -> None:
        self.ids = [each.id for each in await self.timeline.receptions([self.ours.id])]

    async def check(self) -> None:
        assert self.ids == [self.ours.id]


@dataclass
class Delete(OfOurPost):
    refused: bool = False

    async def act(self) -> None:
        try:
            await self.timeline.delete(self.ours.id)
        except RefusedByVendorError:
            self.refused = True

    async def check(self) -> None:
        if self.refused:  # nothing remembers a deletion for us, as nothing must be repeated
            await self.control.delete(self.ours.id)
        assert self.intent.text not in self.bench.sandbox.texts()


@dataclass
class Present:
    """A post that its author deleted is told from one that is still there."""

    timeline: Timeline
    control: Timeline
    bench: Bench
    shown: set[str] = field(default_factory=set)

    async def prepare(self) -> None:
        texts = [f"a kettle, number {next(numbers)}" for _ in range(2)]
        gone, _ = (self.bench.sandbox.say(text) for text in texts)
        page = await self.control.posts(None, 10)
        found = {post.text: post.id for post in page.posts}
        self.ids = [found[text] for text in texts]
        self.bench.sandbox.delete(gone)

    async def act(self) -> None:
        self.shown = set((await self.timeline.present(self.ids)).shown)

    async def check(self) -> None:
        assert self.shown == set(self.ids[1:])


@dataclass
class Allow:
    """What the platform allows is known; of those that have to ask."""

    timeline: Timeline
    control: Timeline
    bench: Bench

    async def prepare(self) -> None:
        self.longest = (await self.control.platform()).longest

    async def act(self) -> None:
        assert (await self.timeline.platform()).longest == self.longest

    async def check(self) -> None: ...


OF_TIMELINES = {
    "posts": ReadPosts,
    "mentions": ReadMentions,
    "publish": Publish,
    "find": Find,
    "receptions": Receive,
    "present": Present,
    "delete": Delete,
    "platform": Allow,
}


def of_timeline(open_timeline: OpenTimeline, name: str) -> OpenScenario:
    @asynccontextmanager
    async def scenario(bench: Bench) -> AsyncIterator[Scenario]:
        async with open_timeline(bench, SECONDS) as timeline:
            control = await bench.control(open_timeline)
            yield OF_TIMELINES[name](timeline, control, bench)

    return scenario


@dataclass
class OfSheet:
    """What is done with a sheet, and another view of it through which a curator works."""

    sheet: GoogleSheet
    control: GoogleSheet
    bench: Bench

    async def prepare(self) -> None:
        self.drafts = [a_draft(next(numbers)) for _ in range(2)]

    def rows(self) -> list[list[str]]:
        opened = self.control.worksheet.open().page
        return [[str(cell) for cell in row] for row in opened.get_values()]

    def row(self, draft: Draft) -> list[str]:
        (found,) = [row for row in self.rows() if row[0] == draft.id]
        return found


@dataclass
class Upsert(OfSheet):
    async def act(self) -> None:
        await self.sheet.upsert(self.drafts)

    async def check(self) -> None:
        for draft in self.drafts:
            assert draft.text in self.row(draft)


@dataclass
class Decide(OfSheet):
    """Both decisions come, each once."""

    cursor: str | None = None
    came: list[str] = field(default_factory=list)

    async def prepare(self) -> None:
        await super().prepare()
        await self.control.upsert(self.drafts)
        # What was decided in the cells before is no news; each sheet has its own cursor.
        while self.cursor is None:
            with suppress(SilentVendorError):  # a busy machine
                self.cursor = (await self.sheet.decisions(None, 500)).cursor
        worksheet = self.control.worksheet.open().page
        ids = worksheet.col_values(COLUMNS.index("id") + 1)
        for draft in self.drafts:
            worksheet.update_cell(ids.index(draft.id) + 1, COLUMNS.index("approve") + 1, value=True)

    async def act(self) -> None:
        page = await self.sheet.decisions(self.cursor, 500)
        self.came += [each.draft_id for each in page.decisions]
        self.cursor = page.cursor

    async def check(self) -> None:
        assert sorted(self.came) == sorted(draft.id for draft in self.drafts)


@dataclass
class Mark(OfSheet):
    async def prepare(self) -> None:
        await super().prepare()
        await self.control.upsert(self.drafts)

    async def act(self) -> None:
        outcome = Outcome(state="published", url="https://example.org/1")
        await self.sheet.mark(self.drafts[0].id, outcome)

    async def check(self) -> None:
        assert "published" in self.row(self.drafts[0])
        assert "published" not in self.row(self.drafts[1])


@dataclass
class Forget(OfSheet):
    async def prepare(self) -> None:
        await super().prepare()
        await self.control.upsert(self.drafts)

    async def act(self) -> None:
        await self.sheet.forget([self.drafts[0].item_id])

    async def check(self) -> None:
        first, second = ("a post" in str(self.row(draft)) for draft in self.drafts)
        assert (first, second) == (False, True)


@dataclass
class Records(OfSheet):
    """Everything that lies there comes along."""

    ids: set[str] = field(default_factory=set)

    async def prepare(self) -> None:
        await super().prepare()
        await self.control.upsert(self.drafts)

    async def act(self) -> None:
        self.ids = {record.draft.id for record in await self.sheet.records()}

    async def check(self) -> None:
        assert {draft.id for draft in self.drafts} <= self.ids


@dataclass
class MakeReady(OfSheet):
    address: str = ""

    async def act(self) -> None:
        self.address = (await self.sheet.prepare()).address

    async def check(self) -> None:
        assert self.address
        assert self.rows()[0] == list(COLUMNS)


OF_SHEETS = {
    "upsert": Upsert,
    "decisions": Decide,
    "mark": Mark,
    "forget": Forget,
    "records": Records,
    "prepare": MakeReady,
}


@asynccontextmanager
async def google(bench: Bench, seconds: float) -> AsyncIterator[GoogleSheet]:
    place = SheetPlace("sandbox-spreadsheet", "gens")
    base, calls = f"{bench.sandbox.base}/google", bench.calls("google", seconds)
    sheet = GoogleSheet(bench.account, place, calls, base_url=base)
    yield sheet
    sheet.close()


def of_sheet(name: str) -> OpenScenario:
    @asynccontextmanager
    async def scenario(bench: Bench) -> AsyncIterator[Scenario]:
        async with google(bench, SECONDS) as sheet:
            yield OF_SHEETS[name](sheet, await bench.control(google), bench)

    return scenario


def a_draft(number: int) -> Draft:
    made = datetime(2026, 11, 22, 8, tzinfo=UTC) + timedelta(seconds=number)
    return Draft(
        id=f"x:{number}:1",
        item_id=f"x:{number}",
        rank=1,
        text=f"a slow burn, number {number}",
        scores=Scores(score=0.5, log_prob=-1.0, topic=0.5, novelty=0.5),
        post=Post(origin="x", id=str(number), text="a post", author_id="7", created_at=made),
        song=Song(title="Hurt", artists=["Johnny Cash"], genres=["country"], score=1.0),
        created_at=made,
    )


OpenCatalogue = Callable[[Bench, float], AbstractAsyncContextManager[Catalogue]]


@dataclass
class SearchTracks:
    catalogue: Catalogue
    control: Catalogue
    found: Sequence[Track] = ()

    async def prepare(self) -> None: ...

    async def act(self) -> None:
        self.found = await self.catalogue.tracks("Midnight City", "M83")

    async def check(self) -> None:
        assert any(track.title == "Midnight City" for track in self.found)


@dataclass
class NameGenres:
    catalogue: Catalogue
    control: Catalogue
    genres: Sequence[str] = ()

    async def prepare(self) -> None:
        (self.artist, *_) = (await self.control.tracks("Midnight City", "M83"))[0].artists

    async def act(self) -> None:
        self.genres = await self.catalogue.genres(self.artist)

    async def check(self) -> None:
        assert self.genres


@dataclass
class FollowLink:
    catalogue: Catalogue
    control: Catalogue
    found: Track | None = None

    async def prepare(self) -> None:
        self.wanted = (await self.control.tracks("Midnight City", "M83"))[0]

    async def act(self) -> None:
        assert isinstance(self.catalogue, Linked)
        self.found = await self.catalogue.track(self.wanted.ids[self.catalogue.name])

    async def check(self) -> None:
        assert self.found == self.wanted


OF_CATALOGUES = {"tracks": SearchTracks, "genres": NameGenres, "track": FollowLink}


def of_catalogue(open_catalogue: OpenCatalogue, name: str) -> OpenScenario:
    @asynccontextmanager
    async def scenario(bench: Bench) -> AsyncIterator[Scenario]:
        async with (
            open_catalogue(bench, SECONDS) as catalogue,
            open_catalogue(bench, 10) as control,
        ):
            yield OF_CATALOGUES[name](catalogue, control)

    return scenario


async def until_through(scenario: Scenario, bench: Bench, times: int = 6) -> None:
    """Repeat a call as its caller would, an hour later each time, and once more when it came.

    What was cut short comes with the second call, and what came must not come again. A machine
    that others use too may be silent for a moment.
    """
    through = 0
    for _ in range(times):
        bench.pass_by(3600)
        try:
            async with asyncio.timeout(LONGEST_CALL):
                await scenario.act()
        except (NotDoneError, SilentVendorError, UnsettledError):
            continue
        through += 1
        if through == 2:
            return
    raise AssertionError("it never came through, although nothing is wrong any more")
