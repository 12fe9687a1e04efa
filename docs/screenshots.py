"""Takes the pictures in this folder from the running bot: `make screenshots`."""

import sys
import tempfile
from pathlib import Path

try:
    from playwright.sync_api import Browser, Page, sync_playwright
except ImportError as error:
    sys.exit(
        f"{error}: install what the pictures need with "
        "`pip install --constraint constraints.txt '.[dev]'`."
    )

from tests.running_bot import RunningBot, until

FOLDER = Path(__file__).parent
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
CHROMIUM = "/usr/bin/chromium"
PLAYGROUND = "/playground?title=Alison&artist=Slowdive&genres=shoegaze%2C+dream+pop&seed=3"
PAGES = {
    "curate": "/curate",
    "list": "/curate/list",
    "playground": PLAYGROUND,
    "status": "/status",
    "audit": "/audit",
}
BURST = 18  # posts to begin with, so that the desk looks as it does after some minutes
KEY = "a-key-for-pictures"
TOLD = {
    "SANDBOX_FEED_BURST": str(BURST),
    "API_KEYS": "a-key-for-services",
    "PEOPLE": f"ada:curate+publish+operate:{KEY}",
}
LONGEST = 600.0  # seconds that the writer may take
UNDONE = "('stored', 'song', 'resolved', 'drafted')"


def drafted(bot: RunningBot) -> bool:
    """Whether the writer is through with the first posts: a picture wants a machine at rest."""
    posts = bot.remembers("SELECT count(*) FROM post")
    undone = bot.remembers(f"SELECT 1 FROM post WHERE state IN {UNDONE}")
    return bool(posts) and posts[0][0] >= BURST and not undone


def published(bot: RunningBot) -> int:
    return len(bot.remembers("SELECT 1 FROM publication WHERE state = 'published'"))


def open_page(browser: Browser, theme: str, url: str) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, color_scheme=theme)  # type: ignore[arg-type]  # a literal there
    page = context.new_page()
    page.goto(url)
    return page


def log_in(page: Page) -> None:
    page.fill("#key", KEY)
    page.press("#key", "Enter")
    page.wait_for_selector("main[data-page=curate]")


def work_a_little(page: Page) -> None:
    """Approve two items and reject one, by keys."""
    for key in ("a", "a", "x"):
        waiting = page.title()
        page.keyboard.press(key)
        page.wait_for_function("before => document.title !== before", arg=waiting)


def shoot(bot: RunningBot, browser: Browser) -> None:
    desk = bot.url("GATEWAY", "/curate")
    pages = {theme: open_page(browser, theme, desk) for theme in ("light", "dark")}
    for theme, page in pages.items():
        page.screenshot(path=FOLDER / f"login-{theme}.png")
        log_in(page)
    work_a_little(pages["light"])
    until(lambda: published(bot) >= 2, "two publications")
    until(lambda: drafted(bot), "drafts of all posts", LONGEST)
    for theme, page in pages.items():
        for name, path in PAGES.items():
            page.goto(bot.url("GATEWAY", path))
            page.screenshot(path=FOLDER / f"{name}-{theme}.png")
    timeline = bot.url("SANDBOX", "/sandbox/?by=bot")
    open_page(browser, "light", timeline).screenshot(path=FOLDER / "timeline.png")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningBot(Path(folder), environment=TOLD) as bot,
        sync_playwright() as playwright,
    ):
        bot.wait_until_ready()
        until(lambda: drafted(bot), "drafts of all posts", LONGEST)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        shoot(bot, browser)
        browser.close()
        bot.stop()


if __name__ == "__main__":
    main()
