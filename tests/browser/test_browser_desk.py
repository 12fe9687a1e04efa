"""Snoozing, views and search in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_desk_fits_a_phone(gateway: Gateway, open_page: OpenPage, scheme: str) -> None:
    gateway.lay(1, 2)
    page = open_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page.locator("summary").click()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
