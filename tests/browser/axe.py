"""axe-core, which reads a page as the rules of accessibility do; fetched, never kept here."""

import os
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

BUILD = Path(__file__).resolve().parents[2] / "build"
FETCHED = BUILD / "axe/node_modules/axe-core/axe.min.js"
# A file of one's own: AXE_CORE=/somewhere/axe.min.js
AXE = Path(os.environ.get("AXE_CORE", FETCHED))

needs_axe = pytest.mark.skipif(not AXE.is_file(), reason=f"no axe-core at {AXE}")

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIOLATIONS = """async (tags) => {
  const { violations } = await axe.run(document, { runOnly: { type: "tag", values: tags } });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}\\n${failureSummary}`));
}"""


@cache
def _script() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe holds against the page as it now is (WCAG 2.2 AA and good practice)."""
    page.evaluate(_script())  # by the debugger, which no content security policy stops
    found: list[str] = page.evaluate(VIOLATIONS, RULES)
    return found
