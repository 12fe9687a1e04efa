"""Every page before axe-core, in both themes."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser.axe import needs_axe, violations
from tests.browser.desk import settled

pytestmark = [pytest.mark.browser, needs_axe]

Gateway = Any  # from conftest.py, which is no module to import from
OpenPage = Callable[..., Page]

PAGES = {
    "waiting": "/curate",
    "decided": "/curate?item=x:3",
    "approved": "/curate?view=approved",
    "none snoozed": "/curate?view=snoozed",
    "search": "/curate?search=song&genre=art+pop",
    "listed": "/curate/list",
    "status": "/status",
    "audit": "/audit",
    "playground without a writer": "/playground",
    "error": "/curate?item=x:9",
}


def heartbeat() -> dict[str, object]:
    at = "2026-05-01T12:00:00Z"
    parked = {"item_id": "x:9", "step": "song", "error": "no catalogue answered", "at": at}
    return {
        "worker": "one",
        "at": at,
        "interval": 60,
        "cursor": "9",
        "cycle": 1,
        "seconds": 1,
        "posts": {"parked": 1, "delivered": 3},
        "drafts": {"waiting": 9},
        "publications": {"published": 1},
        "errors": ["gateway: no answer"],
        "parked": [parked],
    }


def decide_one(page: Page) -> None:
    """Approve the first post on the desk, and see its undo button."""
    page.keyboard.press("a")
    page.locator("#undo").wait_for()
    settled(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_axe_has_nothing_against(
    gateway: Gateway, open_page: OpenPage, complaints: list[str], path: str, scheme: str
) -> None:
    gateway.lay(1, 2, 3)
    httpx.put(f"{gateway.base}/v1/heartbeat", json=heartbeat()).raise_for_status()
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    decide_one(page)
    page.goto(path)
    assert violations(page) == []
    complaints[:] = [said for said in complaints if "404" not in said and "502" not in said]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_against_an_empty_desk(
    gateway: Gateway,  # noqa: ARG001 - it is the empty one
    open_page: OpenPage,
    scheme: str,
) -> None:
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_nothing_against_the_keys(
    gateway: Gateway, open_page: OpenPage, scheme: str
) -> None:
    gateway.lay(1)
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []


def test_axe_has_nothing_against_a_post_that_somebody_else_decided(
    gateway: Gateway, open_page: OpenPage, complaints: list[str]
) -> None:
    gateway.lay(1, 2)
    page, other = open_page(reduced_motion="reduce"), open_page()
    decide_one(other)
    page.locator("textarea").first.fill("my own words")
    page.keyboard.press("Control+Enter")
    page.get_by_label("Your words, which were not sent").wait_for()
    assert violations(page) == []
    complaints[:] = [said for said in complaints if "409" not in said]
