"""A long pass through the desk by keys alone, with and without scripts; posts that go meanwhile."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import delete

from services.common.database import open_database, writing
from services.gateway.tables import desk_decision, desk_draft, desk_item, desk_words
from tests.browser.desk import settled
from tests.browser.pace import WATCH

pytestmark = pytest.mark.browser

Gateway = Any  # from conftest.py, which is no module to import from
OpenPage = Callable[..., Page]
Record = Callable[[str, object], None]
POSTS = 20
HAS_FOCUS = "document.activeElement !== document.body"


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def after(number: int) -> str:
    """What the desk shows when the post of that number is decided."""
    return f"Song {number - 1}" if number > 1 else "All decided."


def hold(page: Page, pattern: str) -> list[Route]:
    """What is asked from now on, and stays without an answer until it is told to go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


def test_twenty_posts_by_keys_alone(
    gateway: Gateway, open_page: OpenPage, record_property: Record
) -> None:
    gateway.lay(*range(1, POSTS + 1))
    page = open_page()
    settled(page)
    page.evaluate(WATCH)
    started = time.perf_counter()
    for number in range(POSTS, 0, -1):
        page.keyboard.press("ax"[number % 2])
        heading(page, after(number))
        assert page.evaluate(HAS_FOCUS)
    took = time.perf_counter() - started
    settled(page)
    paces = page.evaluate("paces")
    assert len(paces) == POSTS
    assert len({d["draft_id"].rsplit(":", 1)[0] for d in gateway.decisions()}) == POSTS
    median = statistics.median(paces)
    record_property(
        "shown: 20 posts by keys", f"{took:.1f} s; key to next post {median:.0f} ms (median)"
    )


def test_twenty_posts_by_keys_alone_without_javascript(
    gateway: Gateway, open_page: OpenPage, record_property: Record
) -> None:
    gateway.lay(*range(1, POSTS + 1), drafts=1)
    page = open_page(java_script_enabled=False)
    started = time.perf_counter()
    for number in range(POSTS, 0, -1):
        tab_to(page, "button.approve")
        page.keyboard.press("Enter")
        heading(page, after(number))
    took = time.perf_counter() - started
    assert {d["verdict"] for d in gateway.decisions()} == {"approved"}
    assert len(gateway.decisions()) == POSTS
    record_property("shown: 20 posts by keys without JavaScript", f"{took:.1f} s")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(25):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    pytest.fail(f"no {selector} within 25 steps")


def test_the_next_post_is_there_before_the_gateway_has_answered(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, 2)
    page = open_page()
    settled(page)
    held = hold(page, "**/curate/approve")
    page.keyboard.press("a")
    heading(page, "Song 1")
    assert page.evaluate(HAS_FOCUS)
    assert gateway.decisions() == []
    held[0].continue_()
    settled(page)
    assert [d["draft_id"] for d in gateway.decisions()] == ["x:2:1"]
    heading(page, "Song 1")


def test_several_posts_are_decided_before_the_gateway_has_answered_once(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, 2, 3, 4, 5)
    page = open_page()
    settled(page)
    held = hold(page, "**/curate/*")
    for number in (5, 4, 3, 2):
        page.keyboard.press("ax"[number % 2])
        heading(page, after(number))
    assert gateway.decisions() == []
    assert len(held) == 4, "a post each"
    page.unroute_all()  # they go on
    settled(page)
    verdicts = {
        d["draft_id"]: d["verdict"] for d in gateway.decisions() if d["draft_id"][-1] == "1"
    }
    assert verdicts == {
        "x:5:1": "rejected",
        "x:4:1": "approved",
        "x:3:1": "rejected",
        "x:2:1": "approved",
    }


def test_undoing_at_once_takes_back_the_decision_that_was_just_sent(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, 2, 3)
    page = open_page()
    page.keyboard.press("a")
    heading(page, "Song 2")
    page.locator("#undo").wait_for()
    settled(page)
    held = hold(page, "**/curate/approve")
    page.keyboard.press("a")
    heading(page, "Song 1")
    page.keyboard.press("u")  # the queue on the screen still tells of song 3
    assert len(held) == 1
    page.unroute_all()  # it goes on
    heading(page, "Song 2")
    settled(page)
    last = {d["draft_id"]: d["verdict"] for d in gateway.decisions()}
    assert last == {"x:3:1": "approved", "x:2:1": "undecided"}


def test_a_decision_that_did_not_arrive_is_shown_again_with_its_words(
    gateway: Gateway, open_page: OpenPage, complaints: list[str]
) -> None:
    gateway.lay(1, 2, 3)
    page = open_page()
    settled(page)
    page.locator("textarea").first.fill("an hour of my life")
    page.route("**/curate/approve", lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The gateway does not answer.")).to_be_visible()
    heading(page, "Song 3")
    expect(page.locator("textarea").first).to_have_value("an hour of my life")
    assert gateway.decisions() == []
    page.unroute_all()
    page.keyboard.press("a")
    heading(page, "Song 2")
    settled(page)
    assert [d["text"] for d in gateway.decisions()] == ["an hour of my life"]
    complaints[:] = [said for said in complaints if "ERR_FAILED" not in said]


def test_what_somebody_else_decided_is_passed_over(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2, 3)
    page, other = open_page(), open_page("/curate?item=x:2")
    settled(page)
    other.keyboard.press("x")
    heading(other, "Song 1")
    settled(other)
    page.keyboard.press("a")
    heading(page, "Song 1")
    assert page.evaluate(HAS_FOCUS)


def test_words_for_a_post_that_is_gone_are_not_lost(
    gateway: Gateway, open_page: OpenPage, process: tuple[str, Path], complaints: list[str]
) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.locator("textarea").first.fill("an hour of my life")
    forget(process[1], "x:2")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="on the desk")).to_be_visible()
    expect(page.get_by_label("Your words, which were not sent")).to_have_value("an hour of my life")
    assert page.evaluate(HAS_FOCUS)
    page.get_by_role("link", name="Go on").click()
    heading(page, "Song 1")
    complaints[:] = [said for said in complaints if "404" not in said]


def forget(folder: Path, item_id: str) -> None:
    """Take a post off the desk, as one that was never there."""
    engine = open_database(f"sqlite:///{folder / 'gateway.sqlite3'}")
    drafts = desk_draft.c.id.like(f"{item_id}:%")
    with writing(engine) as connection:
        connection.execute(
            delete(desk_decision).where(desk_decision.c.draft_id.like(f"{item_id}:%"))
        )
        connection.execute(delete(desk_draft).where(drafts))
        connection.execute(delete(desk_words).where(desk_words.c.item_id == item_id))
        connection.execute(delete(desk_item).where(desk_item.c.id == item_id))
    engine.dispose()


@pytest.mark.parametrize("key", ["a", "x", "n", "s", "j", "3", "e", "r", "/", "u"])
def test_focus_is_never_lost(gateway: Gateway, open_page: OpenPage, key: str) -> None:
    gateway.lay(1, 2, 3)
    page = open_page()
    page.keyboard.press("x")
    heading(page, "Song 2")
    page.locator("#undo").wait_for()
    settled(page)
    page.keyboard.press(key)
    settled(page)
    assert page.evaluate(HAS_FOCUS)
