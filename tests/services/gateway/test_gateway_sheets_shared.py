"""What every sheet promises, whoever holds the drafts: Google by gspread, or our own database."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import gspread
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.common.database import migrate, open_database
from services.common.problems import NotFoundError
from services.gateway.schemas import Decision, Draft, Outcome, Post, Scores, Song
from services.gateway.sheets.google import GoogleSheet
from services.gateway.sheets.google_worksheet import SheetPlace
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.records import records_in, row_of
from services.gateway.sheets.rows import COLUMNS, details, without_post
from services.gateway.sheets.sheet import DeskDraft
from services.gateway.vendor_calls import VendorCalls, VendorMetrics
from tests.service_account import at_work, service_account

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.gateway.sheets.sheet import Sheet
    from tests.services.gateway.conftest import StartSandbox

MIGRATIONS = Path(__file__).resolve().parents[3] / "services/gateway/migrations"

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
KEY = "sandbox-spreadsheet"


class Curator(Protocol):
    """Somebody who decides, one draft of its own post at a time, where the sheet lets them."""

    async def approve(self, draft_id: str, words: str | None = None) -> None: ...
    async def reject(self, draft_id: str, reason: str | None = None) -> None: ...
    async def take_back(self, draft_id: str) -> None: ...
    async def reads(self, draft_id: str) -> str:
        """The draft as it stands before them."""

    async def words(self, draft_id: str) -> str:
        """What they themselves wrote."""

    async def sees(self, draft_id: str) -> tuple[str, str]:
        """State and address that are shown."""

    async def post(self, draft_id: str) -> str:
        """What the post's author wrote, and who that is, as far as the sheet holds it."""


class InGoogle:
    """Ticks boxes and writes into cells, as a person does."""

    def __init__(self, client: gspread.Client) -> None:
        self.client = client

    def page(self) -> gspread.Worksheet:
        return self.client.open_by_key(KEY).worksheet("gens")

    def put(self, draft_id: str, **values: str | bool) -> None:
        page = self.page()
        row = page.col_values(1).index(draft_id) + 1
        for name, value in values.items():
            where = gspread.utils.rowcol_to_a1(row, COLUMNS.index(name.replace("_", " ")) + 1)
            page.update([[value]], where, raw=True)

    def cell(self, draft_id: str, name: str) -> str:
        row = next(row for row in self.page().get_all_values() if row[0] == draft_id)
        return str(row[COLUMNS.index(name)])

    async def approve(self, draft_id: str, words: str | None = None) -> None:
        self.put(draft_id, approve=True, edited_text=words or "")

    async def reject(self, draft_id: str, reason: str | None = None) -> None:
        self.put(draft_id, reject=True, reason=reason or "")

    async def take_back(self, draft_id: str) -> None:
        self.put(draft_id, approve=False, reject=False)

    async def reads(self, draft_id: str) -> str:
        return self.cell(draft_id, "draft")

    async def words(self, draft_id: str) -> str:
        return self.cell(draft_id, "edited text")

    async def sees(self, draft_id: str) -> tuple[str, str]:
        return self.cell(draft_id, "state").partition(":")[0], self.cell(draft_id, "url")

    async def post(self, draft_id: str) -> str:
        hidden = json.loads(self.cell(draft_id, "details"))["post"]
        seen = [self.cell(draft_id, "post"), hidden["text"], hidden["author_id"]]
        return "\n".join(part for part in seen if part)


class AtTheDesk:
    """Presses the buttons of the page /curate."""

    def __init__(self, desk: LocalSheet) -> None:
        self.desk = desk

    async def approve(self, draft_id: str, words: str | None = None) -> None:
        version = (await self.desk.item(item_of(draft_id))).version
        await self.desk.approve(draft_id, text=words, version=version, curator="Ada")

    async def reject(self, draft_id: str, reason: str | None = None) -> None:
        item = await self.desk.item(item_of(draft_id))
        await self.desk.reject(item.item_id, reason=reason, version=item.version, curator="Ada")

    async def take_back(self, draft_id: str) -> None:
        item = await self.desk.item(item_of(draft_id))
        await self.desk.undo(item.item_id, version=item.version, curator="Ada")

    async def reads(self, draft_id: str) -> str:
        (laid,) = (await self.desk.item(item_of(draft_id))).drafts
        return laid.draft.text

    async def words(self, draft_id: str) -> str:
        (laid,) = (await self.desk.item(item_of(draft_id))).drafts
        return laid.decision.text if laid.decision else ""

    async def sees(self, draft_id: str) -> tuple[str, str]:
        (laid,) = (await self.desk.item(item_of(draft_id))).drafts
        return (laid.outcome.state, laid.outcome.url or "") if laid.outcome else ("", "")

    async def post(self, draft_id: str) -> str:
        post = (await self.desk.item(item_of(draft_id))).post
        return "\n".join(part for part in (post.text, post.author_id) if part)


def item_of(draft_id: str) -> str:
    return draft_id.rpartition(":")[0]


@pytest.fixture
def google(
    start_sandbox: StartSandbox, metrics: VendorMetrics
) -> Iterator[tuple[GoogleSheet, InGoogle]]:
    base = f"{start_sandbox(google_per_minute=0).base}/google"
    calls = VendorCalls("google", 5.0, metrics)
    place = SheetPlace(KEY, "gens")
    sheet = GoogleSheet(service_account(base), place, calls, base_url=base, holds=0)
    with at_work(base) as client:
        yield sheet, InGoogle(client)
    sheet.close()


@pytest.fixture
def sqlite(engine: Engine) -> tuple[LocalSheet, AtTheDesk]:
    desk = LocalSheet(engine)
    return desk, AtTheDesk(desk)


@pytest.fixture
def on_postgres(postgres: str) -> Iterator[tuple[LocalSheet, AtTheDesk]]:
    engine = open_database(postgres)
    migrate(engine, MIGRATIONS)
    desk = LocalSheet(engine)
    yield desk, AtTheDesk(desk)
    engine.dispose()


@pytest.fixture(
    params=["google", "sqlite", pytest.param("on_postgres", marks=pytest.mark.postgres)]
)
def both(request: pytest.FixtureRequest) -> tuple[Sheet, Curator]:
    both: tuple[Sheet, Curator] = request.getfixturevalue(request.param)
    return both


@pytest.fixture
def sheet(both: tuple[Sheet, Curator]) -> Sheet:
    return both[0]


@pytest.fixture
def curator(both: tuple[Sheet, Curator]) -> Curator:
    return both[1]


def a_draft(number: int = 1, text: str | None = None, post: str = "a post") -> Draft:
    at = NOW + timedelta(seconds=number)
    return Draft(
        id=f"x:{number}:1",
        item_id=f"x:{number}",
        rank=1,
        text=text or f"a slow burn, number {number}",
        scores=Scores(score=0.5, log_prob=-1.0, topic=0.5, novelty=0.5),
        post=Post(origin="x", id=str(number), text=post, author_id="7", created_at=at),
        song=Song(title=post[:200], artists=[post[:200]], genres=["folk"], score=1.0),
        created_at=at,
    )


def said(decisions: list[Decision]) -> list[tuple[str, str, str, bool, str | None]]:
    return [
        (each.draft_id, each.verdict, each.text, each.edited, each.reason) for each in decisions
    ]


async def test_upserting_counts_the_new_ones_and_is_idempotent(sheet: Sheet) -> None:
    assert await sheet.upsert([]) == 0
    assert await sheet.upsert([a_draft(1), a_draft(2), a_draft(1)]) == 2
    assert await sheet.upsert([a_draft(2), a_draft(3)]) == 1
    assert await sheet.upsert([a_draft(1), a_draft(2), a_draft(3)]) == 0


async def test_the_longest_ids_are_kept_whole(sheet: Sheet, curator: Curator) -> None:
    item_id = f"mastodon:{'1' * 200}"
    draft = a_draft().model_copy(update={"id": f"{item_id}:1", "item_id": item_id})
    assert await sheet.upsert([draft]) == 1
    await curator.approve(draft.id)
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert decision.draft_id == draft.id
    await sheet.mark(draft.id, Outcome(state="published", url="https://x.test/1"))
    assert await curator.sees(draft.id) == ("published", "https://x.test/1")
    await sheet.forget([item_id])
    assert await curator.post(draft.id) == ""


async def test_nothing_decided_is_no_decision(sheet: Sheet) -> None:
    await sheet.upsert([a_draft()])
    page = await sheet.decisions(None, 10)
    assert page.decisions == []
    assert (await sheet.decisions(page.cursor, 10)).decisions == []


async def test_decisions_come_back_once_per_cursor(sheet: Sheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1), a_draft(2), a_draft(3), a_draft(4)])
    await curator.approve("x:1:1")
    await curator.approve("x:2:1", words="  better words ")
    await curator.reject("x:3:1", reason=" dull ")
    page = await sheet.decisions(None, 10)
    assert said(page.decisions) == [
        ("x:1:1", "approved", "a slow burn, number 1", False, None),
        ("x:2:1", "approved", "better words", True, None),
        ("x:3:1", "rejected", "a slow burn, number 3", False, "dull"),
    ]
    assert (await sheet.decisions(page.cursor, 10)).decisions == []


async def test_a_changed_mind_is_news_under_another_version(sheet: Sheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    cursor, seen = None, []
    for change in (curator.approve, curator.take_back, curator.reject):
        await change("x:1:1")
        page = await sheet.decisions(cursor, 10)
        seen += page.decisions
        cursor = page.cursor
    assert [each.verdict for each in seen] == ["approved", "undecided", "rejected"]
    assert len({each.version for each in seen}) == 3


async def test_other_words_are_news(sheet: Sheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    await curator.approve("x:1:1", words="first thoughts")
    first = await sheet.decisions(None, 10)
    await curator.take_back("x:1:1")
    await curator.approve("x:1:1", words="second thoughts")
    second = await sheet.decisions(first.cursor, 10)
    assert second.decisions[-1].text == "second thoughts"
    assert second.decisions[-1].version != first.decisions[-1].version


async def test_decisions_come_in_bounded_pages_and_none_is_lost(
    sheet: Sheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(n) for n in range(1, 8)])
    for n in range(1, 8):
        await curator.approve(f"x:{n}:1")
    cursor, seen = None, []
    for _ in range(4):
        page = await sheet.decisions(cursor, 3)
        assert len(page.decisions) <= 3
        seen += [each.draft_id for each in page.decisions]
        cursor = page.cursor
    assert seen == [f"x:{n}:1" for n in range(1, 8)]


async def test_a_cursor_can_be_asked_again(sheet: Sheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    before = (await sheet.decisions(None, 10)).cursor
    await curator.approve("x:1:1")
    lost = await sheet.decisions(before, 10)
    again = await sheet.decisions(before, 10)
    assert said(lost.decisions) == said(again.decisions) != []
    assert lost.decisions[0].version == again.decisions[0].version
    assert lost.cursor == again.cursor


async def test_a_cursor_of_the_other_sheet_tells_everything_again(
    sheet: Sheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft()])
    await curator.approve("x:1:1")
    other = "0123456789abcdef01234567" if isinstance(sheet, LocalSheet) else "17"
    page = await sheet.decisions(other, 10)
    assert [each.draft_id for each in page.decisions] == ["x:1:1"]
    assert (await sheet.decisions(page.cursor, 10)).decisions == []


async def test_a_curators_words_survive_everything(sheet: Sheet, curator: Curator) -> None:
    await sheet.upsert([a_draft()])
    await curator.approve("x:1:1", words="my own words")
    await sheet.upsert([a_draft(1, text="the machine again"), a_draft(2)])
    await sheet.mark("x:1:1", Outcome(state="failed", detail="too long"))
    assert await curator.words("x:1:1") == "my own words"
    assert await curator.reads("x:1:1") == "a slow burn, number 1"
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert (decision.text, decision.edited) == ("my own words", True)


@pytest.mark.parametrize("state", ["waiting", "scheduled", "published", "failed"])
async def test_what_became_of_a_draft_is_shown(sheet: Sheet, curator: Curator, state: str) -> None:
    await sheet.upsert([a_draft(1), a_draft(2)])
    await curator.approve("x:1:1")
    shown = {"state": state, "url": "https://x.test/1", "detail": "as it went"}
    await sheet.mark("x:1:1", Outcome.model_validate(shown))
    assert await curator.sees("x:1:1") == (state, "https://x.test/1")
    assert await curator.sees("x:2:1") == ("", "")


@pytest.mark.parametrize("state", ["waiting", "scheduled"])
async def test_what_is_published_stays_so(sheet: Sheet, curator: Curator, state: str) -> None:
    await sheet.upsert([a_draft()])
    await curator.approve("x:1:1")
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    await sheet.mark("x:1:1", Outcome.model_validate({"state": state}))
    assert await curator.sees("x:1:1") == ("published", "https://x.test/1")


async def test_marking_an_unknown_draft_is_an_error(sheet: Sheet) -> None:
    await sheet.upsert([a_draft()])
    with pytest.raises(NotFoundError, match="x:9:1"):
        await sheet.mark("x:9:1", Outcome(state="scheduled"))


@pytest.mark.parametrize(
    "text",
    [
        '=IMPORTXML("https://example.org", "//a")',
        "+1 for this one",
        "-- a dash",
        "@somebody",
        "'=1+1",
        "'tis fine",
        "\tafter a tab",
        "1994012345678901234",
        "TRUE",
        "2026-11-22",
        "two\nlines",
        "<script>alert(1)</script> & <b>bold</b>",
        "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET} \U0001fae9",
        "\N{ARABIC LETTER MEEM}\N{ZERO WIDTH NON-JOINER}\N{ARABIC LETTER YEH}",
        "x" * 5000,
    ],
)
async def test_hostile_text_is_text_and_comes_back_as_it_was_drafted(
    sheet: Sheet, curator: Curator, text: str
) -> None:
    await sheet.upsert([a_draft(1, text=text, post=text)])
    await curator.approve("x:1:1")
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert (decision.text, decision.edited) == (text, False)


@pytest.mark.parametrize(
    "text",
    [
        "a \N{RIGHT-TO-LEFT OVERRIDE}eert\N{POP DIRECTIONAL FORMATTING} tree",
        "nul \x00 and bell \x07",
        "\N{ZERO WIDTH NO-BREAK SPACE}a mark that hides\N{ZERO WIDTH SPACE}",
    ],
)
async def test_of_text_with_unseen_marks_is_approved_what_can_be_seen(
    sheet: Sheet, curator: Curator, text: str
) -> None:
    await sheet.upsert([a_draft(1, text=text, post=text)])
    await curator.approve("x:1:1")
    (decision,) = (await sheet.decisions(None, 10)).decisions
    assert decision.text == await curator.reads("x:1:1")
    assert seen(decision.text) == seen(text)


def seen(text: str) -> str:
    """A text without the marks that nobody sees, and without what stands for them."""
    seen = "".join(mark for mark in text if unicodedata.category(mark) not in {"Cc", "Cf"})
    return re.sub(r"\s+", " ", seen.replace("\N{REPLACEMENT CHARACTER}", ""))


async def test_a_huge_post_can_be_decided_on(sheet: Sheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1, post="\N{COLLISION SYMBOL}" * 100_000), a_draft(2)])
    await curator.approve("x:1:1")
    assert len((await sheet.decisions(None, 10)).decisions) == 1


def test_a_lone_surrogate_is_no_draft() -> None:
    with pytest.raises(ValidationError, match="valid string"):
        a_draft(1, text="half \ud83d a mark")


async def test_many_outcomes_are_shown_at_once(sheet: Sheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1), a_draft(2)])
    published = Outcome(state="published", url="https://x.test/1")
    outcomes = {"x:1:1": published, "x:2:1": Outcome(state="scheduled"), "x:9:1": published}
    assert list(await sheet.mark_all(outcomes)) == ["x:9:1"]
    assert await curator.sees("x:1:1") == ("published", "https://x.test/1")
    assert (await curator.sees("x:2:1"))[0] == "scheduled"


async def test_what_a_post_said_is_forgotten_and_nothing_else(
    sheet: Sheet, curator: Curator
) -> None:
    await sheet.upsert([a_draft(1), a_draft(2), a_draft(3)])
    await curator.approve("x:1:1", "my own words")
    await sheet.mark("x:1:1", Outcome(state="published", url="https://x.test/1"))
    for _ in range(2):
        await sheet.forget(["x:1", "x:3", "x:9"])
    assert await curator.post("x:1:1") == await curator.post("x:3:1") == ""
    assert "a post" in await curator.post("x:2:1")
    assert await curator.reads("x:3:1") == "a slow burn, number 3"
    assert await curator.words("x:1:1") == "my own words"
    assert await curator.sees("x:1:1") == ("published", "https://x.test/1")
    assert await sheet.upsert([a_draft(1)]) == 0
    assert await curator.post("x:1:1") == ""


async def test_drafts_of_a_forgotten_post_can_be_decided(sheet: Sheet, curator: Curator) -> None:
    await sheet.upsert([a_draft(1)])
    await sheet.forget(["x:1"])
    await curator.approve("x:1:1")
    (decision,) = (await sheet.decisions(None, 10, fresh=True)).decisions
    assert (decision.verdict, decision.text) == ("approved", "a slow burn, number 1")


def test_details_keep_of_a_post_what_may_be_kept() -> None:
    draft = a_draft()
    kept = json.loads(without_post(details(draft)))
    assert Draft.model_validate(kept) == draft.model_copy(update={"post": draft.post.forgotten()})


def test_details_of_a_post_too_long_for_a_cell_are_wiped_too() -> None:
    whole = a_draft().model_dump(mode="json")
    whole["post"].pop("text")
    assert json.loads(without_post(json.dumps(whole)))["post"]["author_id"] == ""


@pytest.mark.parametrize("post", [{}, {"origin": "x", "words": "mine"}, {"author_id": 7}])
def test_details_that_name_no_post_are_wiped_whole(post: dict[str, object]) -> None:
    assert without_post(json.dumps({"id": "x:1:1", "post": post})) == ""


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1).map(str.strip).filter(bool))
def test_a_record_comes_back_from_its_row(words: str) -> None:
    draft = a_draft()
    decision = Decision(
        draft_id=draft.id,
        verdict="rejected",
        text=f"{words}!",
        edited=True,
        reason=words,
        decided_at=draft.created_at,
        version="1",
    )
    record = DeskDraft(draft=draft, decision=decision)
    for _ in range(3):
        (record,) = records_in([row_of(record)], draft.created_at)
        assert record.draft == draft
        assert record.decision is not None
        assert (record.decision.text, record.decision.reason) == (f"{words}!", words)
