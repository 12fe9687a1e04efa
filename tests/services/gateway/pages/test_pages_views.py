"""Snoozing, views and search at the desk, without JavaScript."""

from typing import Any

import pytest

from services.gateway.schemas import Outcome
from services.gateway.sheets.local import LocalSheet

Fixture = Any  # the builders of conftest.py, which is no module to import from


@pytest.fixture
async def three(desk: LocalSheet, drafts_for: Fixture) -> None:
    """Posts 1 to 3; the songs of 1 and 3 are by Björk."""
    for number, artist in ((1, "Björk"), (2, "Grimes"), (3, "Björk")):
        await desk.upsert(drafts_for(number, song={"artists": [artist]}))


@pytest.mark.usefixtures("three")
async def test_a_post_is_snoozed_and_its_undoing_brings_it_back(
    browser: Fixture, desk: LocalSheet
) -> None:
    page = await browser.read("/curate")
    answer = await browser.submit(page, "/curate/snooze", span="day")
    assert "Put away; it comes back in a day." in answer.text
    assert "on the radio: song 2" in answer.text
    assert (await desk.counts()).snoozed == 1
    answer = await browser.submit(await browser.read("/curate"), "/curate/undo")
    assert "on the radio: song 3" in answer.text
    assert (await desk.counts()).snoozed == 0


@pytest.mark.usefixtures("three")
async def test_a_snoozed_post_can_be_woken_where_it_lies(
    browser: Fixture, desk: LocalSheet
) -> None:
    await browser.submit(await browser.read("/curate"), "/curate/snooze", span="week")
    page = await browser.read("/curate?view=snoozed")
    assert "put this post away" in page.text
    await browser.submit(page, "/curate/undo")
    assert (await desk.item("x:3")).snoozed_until is None


@pytest.mark.usefixtures("three")
async def test_a_span_that_there_is_not_is_refused(browser: Fixture) -> None:
    answer = await browser.submit(await browser.read("/curate"), "/curate/snooze", span="year")
    assert answer.status_code == 422


@pytest.mark.usefixtures("three")
async def test_snoozing_what_somebody_decided_says_who_did(
    browser: Fixture, desk: LocalSheet
) -> None:
    page = await browser.read("/curate")
    await desk.reject("x:3", reason=None, version=1, curator="Maria")
    answer = await browser.submit(page, "/curate/snooze", span="day")
    assert answer.status_code == 409
    assert "Maria rejected" in answer.text


@pytest.mark.usefixtures("three")
async def test_a_pass_stays_within_its_search(browser: Fixture) -> None:
    page = await browser.read("/curate?search=BJORK")
    assert "on the radio: song 3" in page.text
    answer = await browser.submit(page, "/curate/approve")
    assert answer.url.params["search"] == "BJORK"
    assert "on the radio: song 1" in answer.text


@pytest.mark.usefixtures("three")
async def test_a_search_that_finds_nothing_says_so_and_leads_back(browser: Fixture) -> None:
    page = await browser.read("/curate?search=nobody")
    assert "Nothing here." in page.text
    assert ("href", "/curate") in page.attributes


@pytest.mark.usefixtures("three")
async def test_views_are_counted_and_open_their_posts(browser: Fixture, desk: LocalSheet) -> None:
    for number, outcome in ((1, "published"), (2, "failed")):
        await desk.approve(f"x:{number}:1", text=None, version=1, curator="Ada")
        await desk.mark(f"x:{number}:1", Outcome.model_validate({"state": outcome}))
    page = await browser.read("/curate")
    seen = " ".join(page.text.split())
    for counted in ("Waiting 1", "Snoozed 0", "On their way 0", "Published 1", "Failed 1"):
        assert counted in seen
    assert "on the radio: song 1" in (await browser.read("/curate?view=published")).text
    assert "on the radio: song 2" in (await browser.read("/curate?view=failed")).text


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("query", ["view=", "since=soon", "until=%00", "search=%00"])
async def test_what_makes_no_sense_in_an_address_narrows_nothing(
    browser: Fixture, query: str
) -> None:
    assert "on the radio: song 3" in (await browser.read(f"/curate?{query}")).text


@pytest.mark.parametrize("path", ["/curate", "/curate/list"])
async def test_a_view_that_there_is_not_is_not_found(browser: Fixture, path: str) -> None:
    answer = await browser.get(f"{path}?view=<b>nonsense%00")
    assert answer.status_code == 404
    assert "There is no view &#39;&lt;b&gt;nonsense" in answer.text


@pytest.mark.usefixtures("three")
async def test_days_and_genre_narrow_the_queue(browser: Fixture) -> None:
    assert "Nothing here." in (await browser.read("/curate?since=2026-05-02")).text
    assert "Nothing here." in (await browser.read("/curate?genre=techno")).text
    assert "on the radio" in (await browser.read("/curate?genre=Art&until=2026-05-01")).text
