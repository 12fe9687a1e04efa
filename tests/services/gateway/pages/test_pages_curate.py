"""The curator's desk without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import delete

from services.common.database import writing
from services.gateway.schemas import Outcome
from services.gateway.sheets.local import LocalSheet
from services.gateway.tables import desk_draft, desk_item, desk_words

Fixture = Any  # the builders of conftest.py, which is no module to import from


async def test_the_front_door_leads_to_the_desk(browser: Fixture) -> None:
    answer = await browser.get("/")
    assert answer.url.path == "/curate"


async def test_an_empty_desk_says_what_it_waits_for(browser: Fixture) -> None:
    page = await browser.read("/curate")
    assert "Nothing to read yet." in page.text
    assert "has not reported yet" in page.text


async def test_the_newest_post_is_in_focus_with_its_song_and_drafts(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert([*drafts_for(1), *drafts_for(2)])
    page = await browser.read("/curate")
    for seen in ("on the radio: song 2", "Song 2", "art pop", "MusicBrainz", "2 waiting"):
        assert seen in " ".join(page.text.split())
    words = [form.fields["text"] for form in page.forms if form.action == "/curate/approve"]
    assert words == ["sentence 1 about song 2.", "sentence 2 about song 2."]


async def test_what_somebody_asked_the_bot_for_says_so(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1))
    assert "asked for" not in (await browser.read("/curate")).text
    await desk.upsert(drafts_for(2, post={"mentions_bot": True}))
    assert "asked for" in (await browser.read("/curate")).text


async def test_approving_goes_on_to_the_next_post(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert([*drafts_for(1), *drafts_for(2)])
    answer = await browser.submit(await browser.read("/curate"), "/curate/approve", at=1)
    assert "Approved." in answer.text
    assert "on the radio: song 1" in answer.text
    (decision,) = (await desk.decisions(None, 10)).decisions
    assert (decision.draft_id, decision.verdict, decision.edited) == ("x:2:2", "approved", False)


async def test_an_edit_is_approved_in_the_curators_words(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    await browser.submit(page, "/curate/approve", text="two\r\nlines of mine")
    (decision,) = (await desk.decisions(None, 10)).decisions
    assert (decision.text, decision.edited) == ("two\nlines of mine", True)


async def test_a_draft_with_line_breaks_that_was_left_alone_is_no_edit(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1, texts=["first\n\nsecond"]))
    page = await browser.read("/curate")
    (form,) = [form for form in page.forms if form.action == "/curate/approve"]
    sent_as_browsers_do = form.fields["text"].replace("\n", "\r\n")
    await browser.submit(page, "/curate/approve", text=sent_as_browsers_do)
    assert not (await desk.decisions(None, 10)).decisions[0].edited


async def test_rejecting_keeps_the_reason(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1))
    await browser.submit(await browser.read("/curate"), "/curate/reject", reason="Wrong song")
    decisions = (await desk.decisions(None, 10)).decisions
    assert {(d.verdict, d.reason) for d in decisions} == {("rejected", "Wrong song")}


async def test_undoing_brings_the_post_and_the_edited_words_back(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert([*drafts_for(1), *drafts_for(2)])
    page = await browser.read("/curate")
    await browser.submit(page, "/curate/approve", text="my own words")
    answer = await browser.submit(await browser.read("/curate"), "/curate/undo")
    assert "on the radio: song 2" in answer.text
    assert "my own words" in answer.text
    assert (await desk.item("x:2")).state == "waiting"


async def test_skipping_walks_through_the_queue_and_starts_over(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert([*drafts_for(1), *drafts_for(2)])
    assert "song 1" in (await browser.read("/curate?after=x:2")).text
    again = await browser.read("/curate?after=x:1")
    assert "song 2" in again.text
    assert "the posts you skipped" in again.text


async def test_posts_that_came_during_a_pass_are_announced_and_not_forced(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert([*drafts_for(1), *drafts_for(2)])
    await browser.read("/curate")
    await desk.upsert([*drafts_for(3), *drafts_for(4)])
    page = await browser.read("/curate?after=x:2&head=x:2")
    assert "2 new" in page.text
    assert "song 1" in page.text
    assert "2 new" in (await browser.get("/curate/pulse?head=x:2")).text


async def test_the_second_curator_sees_what_the_first_one_decided_and_keeps_their_words(
    app: FastAPI,
    browser: Fixture,
    open_browser: Callable[..., Fixture],
    desk: LocalSheet,
    drafts_for: Fixture,
) -> None:
    await desk.upsert(drafts_for(1))
    other = open_browser(app)
    page, others_page = await browser.read("/curate"), await other.read("/curate")
    await other.submit(others_page, "/curate/name", name="Maria")
    await other.submit(others_page, "/curate/approve", text="Maria's words")
    answer = await browser.submit(page, "/curate/approve", at=1, text="an hour of my life")
    assert answer.status_code == 409
    for seen in ("Maria approved", "Maria&#39;s words", "an hour of my life", "not sent"):
        assert seen in answer.text
    assert len((await desk.decisions(None, 10)).decisions) == 1


@pytest.mark.parametrize(
    ("action", "told"),
    [("approve", {"text": "an hour of my life"}), ("reject", {}), ("snooze", {"span": "hour"})],
)
async def test_words_for_a_post_that_is_gone_are_shown(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture, action: str, told: dict[str, str]
) -> None:
    await desk.upsert([*drafts_for(1), *drafts_for(2)])
    page = await browser.read("/curate")
    for table in (desk_words, desk_draft, desk_item):
        with writing(desk.engine) as connection:
            connection.execute(delete(table))
    answer = await browser.submit(page, f"/curate/{action}", **told)
    assert answer.status_code == 404
    assert "This post is gone." in answer.text
    assert ("an hour of my life" in answer.text) == ("text" in told)


async def test_words_typed_before_somebody_decided_and_undid_stay_in_the_field(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    item = await desk.reject("x:1", reason=None, version=1, curator="Maria")
    await desk.undo("x:1", version=item.version, curator="Maria")
    answer = await browser.submit(page, "/curate/approve", text="my own words")
    assert answer.status_code == 409
    assert "look again" in answer.text
    assert "my own words</textarea>" in answer.text


@pytest.mark.parametrize(("words", "complaint"), [(" ", "empty"), ("é" * 10_000, "10,000")])
async def test_words_that_cannot_be_kept_are_refused_and_shown_again(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture, words: str, complaint: str
) -> None:
    await desk.upsert(drafts_for(1))
    answer = await browser.submit(await browser.read("/curate"), "/curate/approve", text=words)
    assert answer.status_code == 400
    assert complaint in answer.text
    assert f"{words}</textarea>" in answer.text
    assert (await desk.item("x:1")).state == "waiting"


async def test_recent_decisions_show_what_became_of_them(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert([draft for number in (1, 2, 3, 4) for draft in drafts_for(number)])
    outcomes = [
        Outcome(state="waiting"),
        Outcome(state="scheduled"),
        Outcome(state="published", url="https://x.example/9"),
        Outcome(state="failed", detail="The platform says no."),
    ]
    for number, outcome in enumerate(outcomes, 1):
        await desk.approve(f"x:{number}:1", text=None, version=1, curator="Ada")
        await desk.mark(f"x:{number}:1", outcome)
    page = await browser.read("/curate")
    for seen in ("Approved", "Scheduled", "Published", "Failed: The platform says no."):
        assert seen in page.text
    assert ("href", "https://x.example/9") in page.attributes
    undoable = [f.fields["item_id"] for f in page.forms if f.action == "/curate/undo"]
    assert undoable == ["x:4", "x:1"]


async def test_the_curators_name_is_remembered_and_signs_decisions(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    await browser.submit(page, "/curate/name", name="  Zoë; Škvorecká ")
    await browser.submit(page, "/curate/approve")
    assert (await desk.decisions(None, 10)).decisions[0].curator == "Zoë; Škvorecká"


async def test_an_item_that_is_not_there_is_a_page_that_says_so(browser: Fixture) -> None:
    answer = await browser.get("/curate?item=x:9")
    assert answer.status_code == 404
    assert "There is no item" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


async def test_an_incomplete_form_is_a_page_that_says_so(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    answer = await browser.submit(page, "/curate/approve", version="soon")
    assert answer.status_code == 422
    assert "version" in answer.text


async def test_with_a_google_sheet_the_page_leads_there(
    make_app: Fixture, open_browser: Fixture
) -> None:
    app = make_app(sheet="google", google_sheet_key="the-key")
    async with app.router.lifespan_context(app):
        page = await open_browser(app).read("/curate")
    assert "Drafts are curated in the Google Sheet" in page.text
    assert ("href", "https://docs.google.com/spreadsheets/d/the-key/edit") in page.attributes
