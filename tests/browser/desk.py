"""The desk as its script has it."""

from playwright.sync_api import Page


def settled(page: Page) -> None:
    """Wait until all that was sent is answered, and the next posts are held.

    That no request is open says less: a page is idle once, when it was loaded.
    """
    page.evaluate("() => Promise.all([latest, refill()]).then(() => null)")
