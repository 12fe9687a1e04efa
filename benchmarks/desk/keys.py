"""A pass through the desk by keys in Chromium: how long a key takes until the next post is seen."""

import os
import statistics
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.serving.accounts import MARK, cpu_seconds
from benchmarks.serving.processes import Running
from benchmarks.serving.setting import HOST
from tests.browser.pace import WATCH

CHROMIUM = Path("/usr/bin/chromium")


def a_pass(gateway: Running, posts: int) -> Mapping[str, float]:
    """Decide so many posts, each as soon as it is seen; milliseconds, and seconds of processors."""
    mark = uuid.uuid4().hex
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], env={**os.environ, MARK: mark}
        )
        page = browser.new_page(
            base_url=f"http://{HOST}:{gateway.port}", viewport={"width": 1280, "height": 860}
        )
        page.goto("/curate")
        page.wait_for_load_state("networkidle")
        page.evaluate(WATCH)
        before = cpu_seconds(mark), cpu_seconds(gateway.mark)
        started = time.perf_counter()
        decide(page, posts)
        took = time.perf_counter() - started
        page.wait_for_load_state("networkidle")
        browsing, serving = cpu_seconds(mark) - before[0], cpu_seconds(gateway.mark) - before[1]
        paces = page.evaluate("paces")
        browser.close()
    return {
        "median ms": statistics.median(paces),
        "worst ms": max(paces),
        "seconds": took,
        "CPU s": browsing + serving,
        "gateway's": serving,
    }


def decide(page: Page, posts: int) -> None:
    heading = page.get_by_role("heading", level=1)
    for number in range(posts):
        before = heading.inner_text()
        page.keyboard.press("ax"[number % 2])
        expect(heading).not_to_have_text(before)
