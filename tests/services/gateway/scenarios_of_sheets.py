"""What a sheet does, one method at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from services.gateway.schemas import (
    Decision,
    Draft,
    Outcome,
    PublishedPost,
    Reading,
)
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.sheets.rows import COLUMNS
from services.gateway.sheets.sheet import DeskDraft
from services.gateway.vendor_errors import SilentVendorError
from tests.services.gateway.on_google import a_draft
from tests.services.gateway.scenarios import SECONDS, Bench, OpenScenario, Scenario, numbers


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
class MarkAll(OfSheet):
    async def prepare(self) -> None:
        await super().prepare()
        await self.control.upsert(self.drafts)

    async def act(self) -> None:
        outcome = Outcome(state="scheduled")
        outcomes = {draft.id: outcome for draft in self.drafts} | {"x:nothing:1": outcome}
        assert await self.sheet.mark_all(outcomes) == ["x:nothing:1"]

    async def check(self) -> None:
        assert all("scheduled" in self.row(draft) for draft in self.drafts)


@dataclass
class Carry(OfSheet):
    """Each draft gets one row, and its decision comes along."""

    async def prepare(self) -> None:
        await super().prepare()
        first, second = self.drafts
        decision = Decision(
            draft_id=first.id,
            verdict="approved",
            text="my own words",
            edited=True,
            decided_at=first.created_at,
            version="1",
        )
        self.records = [DeskDraft(draft=first, decision=decision), DeskDraft(draft=second)]

    async def act(self) -> None:
        await self.sheet.carry(self.records)

    async def check(self) -> None:
        assert ["my own words" in self.row(draft) for draft in self.drafts] == [True, False]


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
class Show(OfSheet):
    """Each post that was published gets one row in the tab beside, with its likes."""

    async def prepare(self) -> None:
        await super().prepare()
        self.posts = [a_post(draft) for draft in self.drafts]

    async def act(self) -> None:
        await self.sheet.show(self.posts)

    async def check(self) -> None:
        opened = self.control.shown.open().page
        rows = [[str(cell) for cell in row] for row in opened.get_values()]
        for post in self.posts:
            (found,) = [row for row in rows if row[0] == post.draft_id]
            assert "7" in found


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
    "mark_all": MarkAll,
    "forget": Forget,
    "show": Show,
    "records": Records,
    "carry": Carry,
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


def a_post(draft: Draft) -> PublishedPost:
    reading = Reading(hours=1, likes=7, reposts=0, replies=0)
    return PublishedPost(
        draft_id=draft.id,
        published_at=draft.created_at,
        title="Hurt",
        artists=["Johnny Cash"],
        text=draft.text,
        readings=[reading],
    )
