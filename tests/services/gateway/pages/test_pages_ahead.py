"""What the desk's script holds ready, and how little it asks for after a decision."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from services.common.database import writing
from services.gateway.schemas import Draft
from services.gateway.sheets.local import LocalSheet
from services.gateway.tables import desk_draft, desk_item, desk_words

Browser = Any  # from conftest.py, which is no module to import from
DraftsFor = Callable[..., list[Draft]]


@pytest.fixture
async def five(desk: LocalSheet, drafts_for: DraftsFor) -> LocalSheet:
    """A desk with posts 1 to 5; the fifth is the newest."""
    for number in range(1, 6):
        await desk.upsert(drafts_for(number))
    return desk


async def ahead(browser: Browser, **asked: object) -> tuple[str, list[tuple[str, bool]]]:
    """The page, and of each item to come its id and whether it is there as a whole."""
    answer = await browser.http.get("/curate/ahead", params=asked)
    assert answer.status_code == 200, answer.text
    parts = [f"data-item{part}" for part in answer.text.split("data-item")[1:]]
    return answer.text, [(part.split('"')[1], "<textarea" in part) for part in parts]


@pytest.mark.usefixtures("five")
async def test_the_items_below_one_come_whole_and_the_queue_once(browser: Browser) -> None:
    text, items = await ahead(browser, after="x:5")
    assert items == [("x:4", True), ("x:3", True), ("x:2", True), ("x:1", True)]
    assert text.count('id="pulse" data-waiting="5"') == 1


@pytest.mark.usefixtures("five")
async def test_what_the_page_has_already_is_only_named(browser: Browser) -> None:
    _, items = await ahead(browser, after="x:5", held=["1.2 x:4", "1.2 x:2"])
    assert items == [("x:4", False), ("x:3", True), ("x:2", False), ("x:1", True)]


async def test_an_item_that_moved_on_comes_anew(browser: Browser, five: LocalSheet) -> None:
    item = await five.reject("x:4", reason=None, version=1, curator="Maria")
    _, items = await ahead(browser, after="x:5", held=["1.2 x:4"])
    assert items[0] == ("x:3", True)
    await five.undo("x:4", version=item.version, curator="Maria")
    text, items = await ahead(browser, after="x:5", held=["1.2 x:4"])
    assert items[0] == ("x:4", True)
    assert 'data-item="x:4" data-mark="3.2"' in text


async def test_an_item_with_other_drafts_comes_anew(
    browser: Browser, five: LocalSheet, drafts_for: DraftsFor
) -> None:
    await five.upsert(drafts_for(4, texts=["one", "two", "three"]))
    _, items = await ahead(browser, after="x:5", held=["1.2 x:4", "1.2 x:3"])
    assert items[:2] == [("x:4", True), ("x:3", False)]


async def test_a_search_is_kept_ahead(
    browser: Browser, five: LocalSheet, drafts_for: DraftsFor
) -> None:
    await five.upsert(drafts_for(0, texts=["a harpsichord"]))
    text, items = await ahead(browser, after="x:5", search="harpsichord")
    assert items == [("x:0", True)]
    assert 'name="look" value="search=harpsichord"' in text


async def decide(browser: Browser, act: str, at: str = "x:5", **typed: str) -> httpx.Response:
    """Send a form as the script does that shows the next item already."""
    page = await browser.read(f"/curate?item={at}")
    form = next(form for form in page.forms if form.action == f"/curate/{act}")
    answer: httpx.Response = await browser.http.post(
        f"/curate/{act}", data=form.fields | typed, headers={"Prefer": "return=minimal"}
    )
    return answer


@pytest.mark.parametrize(
    ("act", "told", "said"),
    [
        ("approve", {}, "Approved."),
        ("reject", {}, "Rejected."),
        ("snooze", {"span": "hour"}, "Put away; it comes back in an hour."),
    ],
)
@pytest.mark.usefixtures("five")
async def test_who_went_on_already_hears_what_was_done_and_no_more(
    browser: Browser, act: str, told: dict[str, str], said: str
) -> None:
    answer = await decide(browser, act, **told)
    assert (answer.status_code, answer.text) == (200, said)
    assert answer.headers["Preference-Applied"] == "return=minimal"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_who_went_on_and_was_too_late_gets_the_page_with_their_words(
    browser: Browser, five: LocalSheet
) -> None:
    page = await browser.read("/curate?item=x:5")
    await five.reject("x:5", reason=None, version=1, curator="Maria")
    form = next(form for form in page.forms if form.action == "/curate/approve")
    answer = await browser.http.post(
        "/curate/approve",
        data=form.fields | {"text": "an hour of my life"},
        headers={"Prefer": "return=minimal"},
    )
    assert answer.status_code == 409
    assert "Preference-Applied" not in answer.headers
    assert "Maria rejected" in answer.text
    assert "an hour of my life" in answer.text


async def test_the_queue_is_told_though_the_head_of_the_pass_is_gone(
    browser: Browser, five: LocalSheet
) -> None:
    with writing(five.engine) as connection:
        connection.execute(delete(desk_words).where(desk_words.c.item_id == "x:5"))
        connection.execute(delete(desk_draft).where(desk_draft.c.item_id == "x:5"))
        connection.execute(delete(desk_item).where(desk_item.c.id == "x:5"))
    answer = await browser.get("/curate/pulse?head=x:5")
    assert answer.status_code == 200
    assert 'data-waiting="4" data-head="x:4"' in answer.text
    assert "new</a>" not in answer.text
