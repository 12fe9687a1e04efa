"""The list of the desk in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Gateway = Any  # from conftest.py, which is no module to import from
OpenPage = Callable[..., Page]


def tick(page: Page, number: int, *, shift: bool = False) -> None:
    box = page.get_by_role("checkbox", name=f"Song {number}", exact=True)
    box.click(modifiers=["Shift"] if shift else [])


def test_a_range_is_ticked_approved_and_taken_back(gateway: Gateway, open_page: OpenPage) -> None:
    gateway.lay(1, 2, 3, 4, 5)
    page = open_page("/curate/list")
    tick(page, 4)
    tick(page, 2, shift=True)
    expect(page.get_by_text("3 ticked")).to_be_visible()
    page.get_by_role("button", name="Approve ticked").click()
    expect(page.get_by_text("3 posts approved.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Song")).to_have_count(2)
    decided = {decision["draft_id"] for decision in gateway.decisions()}
    assert decided == {"x:2:1", "x:3:1", "x:4:1"}
    page.get_by_role("button", name="Undo the batch").click()
    expect(page.get_by_role("checkbox", name="Song")).to_have_count(5)


def test_all_on_the_page_are_ticked_and_enter_decides_nothing(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, 2)
    page = open_page("/curate/list")
    page.get_by_label("All on this page").check()
    expect(page.get_by_text("2 ticked")).to_be_visible()
    page.get_by_label("Reason to reject").press("Enter")
    page.get_by_role("checkbox", name="Song 1").press("Enter")
    page.reload()
    assert gateway.decisions() == []


def test_a_line_unfolds_to_every_draft_and_opens_in_focus(
    gateway: Gateway, open_page: OpenPage
) -> None:
    gateway.lay(1, 2)
    page = open_page("/curate/list")
    page.get_by_text("sentence 1 about song 1.").first.click()
    expect(page.get_by_text("sentence 3 about song 1.")).to_be_visible()
    page.get_by_role("link", name="Song 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Song 1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_fits_a_phone(gateway: Gateway, open_page: OpenPage, scheme: str) -> None:
    gateway.lay(1, 2, text="https://example.org/" + "a" * 150)
    page = open_page("/curate/list", viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page.locator(".lines summary").first.click()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) == 0
