"""Snoozing, views and search in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import settled

pytestmark = pytest.mark.browser

Gateway = Any  # from conftest.py, which is no module to import from
OpenPage = Callable[..., Page]


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_a_key_puts_a_post_away_and_another_brings_it_back(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, 2)
    page = open_page()
    page.keyboard.press("d")
    heading(page, "Song 1")
    expect(page.locator("#undo")).to_be_visible()
    page.keyboard.press("u")
    heading(page, "Song 2")
    assert gateway.decisions() == []


def test_a_search_is_reached_by_a_key_and_kept_through_the_pass(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, text="a NEEDLÉ in the hay")
    gateway.lay(2)
    gateway.lay(3, text="another needle")
    page = open_page()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("needle")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=needle**")
    heading(page, "Song 3")
    page.locator("main").focus()
    page.keyboard.press("a")
    heading(page, "Song 1")
    page.wait_for_url("**search=needle**")


@pytest.mark.parametrize("path", ["/curate", "/curate/list"])
def test_the_button_that_searches_stands_beside_its_field(
    gateway: Gateway, open_page: OpenPage, path: str
) -> None:
    gateway.lay(1)
    page = open_page(path)
    field = page.get_by_role("searchbox").bounding_box()
    button = page.get_by_role("button", name="Find").bounding_box()
    assert field
    assert button
    assert (button["y"], button["height"]) == (field["y"], field["height"])
    page.get_by_role("searchbox").fill("nothing like it")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**search=nothing+like+it**")


def test_the_arrows_scroll_where_there_are_no_drafts(
    gateway: Gateway,  # noqa: ARG001 - it is the empty one
    open_page: OpenPage,
) -> None:
    page = open_page(viewport={"width": 640, "height": 200})
    page.keyboard.press("ArrowDown")
    page.wait_for_function("scrollY > 0")


def test_what_is_done_with_a_post_stands_in_one_line(gateway: Gateway, page: Page) -> None:
    gateway.lay(1)
    page.reload()
    tops = "[...document.querySelectorAll('.whole > *')].map((e) => e.getBoundingClientRect())"
    middles = page.evaluate(f"{tops}.map((box) => box.top + box.height / 2)")
    assert len(middles) == 3
    assert max(middles) - min(middles) < 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_fits_a_phone(gateway: Gateway, open_page: OpenPage, scheme: str) -> None:
    gateway.lay(1, 2)
    page = open_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/curate?view=approved",
        "/curate?view=snoozed",
        "/curate?search=radio&genre=art+pop&since=2026-05-01&until=2026-05-02",
        "/curate/list?view=rejected&search=radio",
        "/curate/list?search=" + "a" * 200,
    ],
)
def test_views_search_and_list_fit_a_phone(
    gateway: Gateway, open_page: OpenPage, path: str
) -> None:
    gateway.lay(1, 2, 3, text="radio https://example.org/" + "a" * 150)
    page = open_page(viewport={"width": 320, "height": 640})
    for key, following in (("a", "Song 2"), ("x", "Song 1")):
        page.keyboard.press(key)
        heading(page, following)
    settled(page)
    page.goto(path)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
