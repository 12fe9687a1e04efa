"""Keys that a curator has changed, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import settled

pytestmark = pytest.mark.browser

Gateway = Any  # from conftest.py, which is no module to import from
OpenPage = Callable[..., Page]
TOP = "Song 2"


@pytest.fixture
def desk(gateway: Gateway, open_page: OpenPage) -> Page:
    """Two posts, and the list of keys open before them."""
    gateway.lay(1, 2)
    page = open_page(viewport={"width": 1280, "height": 860})
    page.keyboard.press("?")
    return page


def key_for(page: Page, what: str) -> Locator:
    return page.get_by_role("dialog").get_by_role("button", name=f"{what}: ")


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def said(page: Page, text: str) -> None:
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text(text)


def change(page: Page, what: str, key: str) -> None:
    key_for(page, what).press("Enter")
    said(page, f"Press the new key for “{what}”")
    page.keyboard.press(key)


def test_a_changed_key_acts_shows_and_stays(gateway: Gateway, desk: Page) -> None:
    change(desk, "approve", "z")
    said(desk, "“z” now stands for “approve”")
    desk.keyboard.press("Escape")
    desk.reload()
    expect(desk.locator(".draft .approve kbd").first).to_have_text("z")
    desk.keyboard.press("a")
    desk.keyboard.press("j")
    expect(desk.locator(".draft").nth(1)).to_be_focused()
    heading(desk, TOP)
    with desk.expect_response("**/curate/approve"):
        desk.keyboard.press("z")
    heading(desk, "Song 1")
    expect(desk.locator(".draft .approve kbd").first).to_have_text("z")
    assert [d["draft_id"] for d in gateway.decisions()] == ["x:2:2"]


def test_a_key_that_is_taken_is_refused_with_a_word(desk: Page) -> None:
    change(desk, "approve", "x")
    said(desk, "“x” is taken: reject.")
    desk.keyboard.press("y")
    expect(key_for(desk, "approve")).to_have_text("approve: y")
    expect(key_for(desk, "reject")).to_have_text("reject: x")


def test_two_keys_change_places_by_way_of_a_third(gateway: Gateway, desk: Page) -> None:
    change(desk, "approve", "y")
    change(desk, "reject", "a")
    change(desk, "approve", "x")
    desk.keyboard.press("Escape")
    desk.keyboard.press("a")
    heading(desk, "Song 1")
    settled(desk)
    assert {d["verdict"] for d in gateway.decisions()} == {"rejected"}


@pytest.mark.parametrize("key", ["1", "F2", "Space", "ArrowDown", "Control+z"])
def test_what_is_no_single_key_is_refused(desk: Page, key: str) -> None:
    change(desk, "approve", key)
    expect(key_for(desk, "approve")).to_have_attribute("aria-pressed", "true")
    expect(key_for(desk, "approve")).to_have_text("approve: a")


def test_escape_leaves_the_key_and_then_the_list(desk: Page) -> None:
    change(desk, "approve", "Escape")
    expect(desk.get_by_role("dialog")).to_be_visible()
    expect(key_for(desk, "approve")).to_have_text("approve: a")
    desk.keyboard.press("z")
    expect(key_for(desk, "approve")).to_have_text("approve: a")
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("dialog")).to_be_hidden()


def test_another_place_is_no_answer(desk: Page) -> None:
    key_for(desk, "approve").press("Enter")
    desk.keyboard.press("Tab")
    desk.keyboard.press("z")
    expect(key_for(desk, "approve")).to_have_text("approve: a")


def test_all_keys_go_back_to_the_defaults(desk: Page) -> None:
    back = desk.get_by_role("button", name="Back to the defaults")
    expect(back).to_be_hidden()
    change(desk, "approve", "z")
    change(desk, "skip", "m")
    back.click()
    said(desk, "Every key is as it was.")
    expect(back).to_be_hidden()
    assert desk.evaluate("document.activeElement !== document.body")
    desk.keyboard.press("Escape")
    desk.keyboard.press("n")
    heading(desk, "Song 1")


def test_the_list_itself_opens_by_its_new_key(desk: Page) -> None:
    change(desk, "this list", "h")
    desk.keyboard.press("Escape")
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    desk.keyboard.press("h")
    expect(desk.get_by_role("dialog")).to_be_visible()


def test_other_tabs_follow(desk: Page) -> None:
    other = desk.context.new_page()
    other.goto("/curate")
    change(desk, "skip", "m")
    expect(other.locator("#next kbd")).to_have_text("m")


def test_a_list_that_cannot_be_read_leaves_the_defaults(desk: Page) -> None:
    desk.evaluate("localStorage.setItem('deephypebot.keymap', '{\"a\":')")
    desk.reload()
    expect(desk.locator(".draft .approve kbd").first).to_have_text("a")
    desk.keyboard.press("n")
    heading(desk, "Song 1")
