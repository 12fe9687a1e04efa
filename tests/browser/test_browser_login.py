"""Logging in, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import needs_axe, violations

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
KEY = "a-key-of-adas-own-1234"


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    return {"API_KEYS": "a-key-of-the-worker-12", "PEOPLE": f"ada:curate:{KEY}"}


def test_a_key_opens_the_page_that_was_wanted(open_page: OpenPage) -> None:
    page = open_page("/status", viewport={"width": 320, "height": 640})
    expect(page.get_by_label("Key")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out ada")).to_be_visible()
    assert page.url.endswith("/status")


def test_a_wrong_key_is_told_and_the_field_is_ready(
    open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page("/login")
    page.keyboard.type("not the key of anybody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("That key is not known here.")).to_be_visible()
    expect(page.get_by_label("Key")).to_be_focused()
    complaints[:] = [said for said in complaints if "401" not in said]


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_against_the_login(
    open_page: OpenPage, complaints: list[str], scheme: str
) -> None:
    page = open_page("/login", color_scheme=scheme)
    assert violations(page) == []
    page.get_by_label("Key").fill("not the key of anybody")
    page.keyboard.press("Enter")
    page.get_by_text("That key is not known here.").wait_for()
    assert violations(page) == []
    complaints[:] = [said for said in complaints if "401" not in said]
