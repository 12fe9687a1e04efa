"""Logging in, in a real browser."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import needs_axe, violations

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
KEY = "a-key-of-adas-own-1234"
ANOTHER = "a-key-of-christina-1234"
MIDDLES = """[...document.querySelectorAll(".top a, .top button")]
  .map((each) => each.getBoundingClientRect())
  .map(({ top, height }) => top + height / 2)"""


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    people = f"ada:curate:{KEY},Christina van den Berg:curate+operate:{ANOTHER}"
    return {
        "API_KEYS": "a-key-of-the-worker-12",
        "PEOPLE": people,
        "GATEWAY_SANDBOX_URL": "http://127.0.0.1:9",
    }


def test_a_key_opens_the_page_that_was_wanted(open_page: OpenPage) -> None:
    page = open_page("/status", viewport={"width": 320, "height": 640})
    expect(page.get_by_label("Key")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out ada")).to_be_visible()
    assert page.url.endswith("/status")


@pytest.mark.parametrize(("width", "lines"), [(360, 2), (480, 2), (768, 1), (900, 1), (1200, 1)])
def test_all_pages_and_a_long_name_take_few_lines(
    open_page: OpenPage, width: int, lines: int
) -> None:
    page = open_page("/curate", viewport={"width": width, "height": 640})
    page.keyboard.type(ANOTHER)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Timeline")).to_be_visible()
    for path in ("/curate", "/audit"):
        page.goto(path)
        middles = sorted(page.evaluate(MIDDLES))
        assert sum(after - before > 8 for before, after in pairwise(middles)) == lines - 1
        assert page.evaluate("document.documentElement.scrollWidth") == width


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
