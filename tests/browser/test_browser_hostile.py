"""Hostile text before a real browser: nothing runs, nothing is fetched, nothing sticks out."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Gateway = Any  # from conftest.py, which is no module to import from
OpenPage = Callable[..., Page]

MARKUP = "</textarea></p><img src=x onerror=\"document.title='evil'\"><script>document.title='evil'"
SAID = [MARKUP, '" onfocus="document.title=\'evil\'" autofocus="', "\u202e\u2066\u2067 left"]
OUR_SCRIPT = r'<script src="/static/[a-z]+\.js\?v=\w+" defer=""></script>'
ENDLESS = "e" * 10_000


def lay(gateway: Gateway, number: int, text: str) -> None:
    """A post about which everybody says the same."""
    post = {
        "origin": "x",
        "id": str(number),
        "text": text,
        "author_id": text,
        "author": text,
        "created_at": "2026-05-01T12:00:00Z",
    }
    song = {"title": text, "artists": [text], "genres": [text], "genres_from": text, "score": 0.9}
    draft = {
        "id": f"x:{number}:1",
        "item_id": f"x:{number}",
        "rank": 1,
        "text": text[:5000],
        "scores": {"score": 0.9, "log_prob": -2.0, "topic": 0.5, "novelty": 0.8},
        "post": post,
        "song": song,
        "created_at": "2026-05-01T12:00:00Z",
    }
    httpx.put(f"{gateway.base}/v1/drafts", json={"drafts": [draft]}).raise_for_status()


def beat(gateway: Gateway, text: str) -> None:
    at = "2026-05-01T12:00:00Z"
    heartbeat = {
        "worker": text[:200],
        "at": at,
        "interval": 60,
        "cursor": text,
        "cycle": 1,
        "seconds": 1,
        "posts": {"parked": 1},
        "drafts": {},
        "publications": {},
        "errors": [text],
        "parked": [{"item_id": text[:200], "step": "song", "error": text[:500], "at": at}],
    }
    httpx.put(f"{gateway.base}/v1/heartbeat", json=heartbeat).raise_for_status()


@pytest.mark.parametrize("text", [*SAID, ENDLESS], ids=["markup", "quotes", "bidi", "endless"])
def test_hostile_text_does_nothing_on_any_page_and_fits_a_small_screen(
    gateway: Gateway, open_page: OpenPage, text: str
) -> None:
    lay(gateway, 1, text)
    lay(gateway, 2, text)
    beat(gateway, text)
    page = open_page("/curate?item=x:1", viewport={"width": 320, "height": 640})
    seen = [fits(page, "the desk")]
    page.fill("#reason", text[:500])
    page.keyboard.press("Enter")
    page.wait_for_selector(".recent li.rejected")
    for path in ("/curate?item=x:2", "/curate?item=x:1", "/status", "/audit"):
        page.goto(path)
        seen.append(fits(page, path))
    assert not [title for title in seen if "evil" in title]


def fits(page: Page, where: str) -> str:
    """No sideways scrolling, nothing but our own script; the page's title."""
    page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320, f"{where} is {wide} pixels wide"
    scripts = page.evaluate("[...document.scripts].map((script) => script.outerHTML)")
    assert [script for script in scripts if not re.fullmatch(OUR_SCRIPT, script)] == []
    assert page.locator("main img").count() == 0
    return page.title()
