"""The list of the desk, and many posts decided in one go, without JavaScript."""

from typing import Any

import pytest

from services.gateway.audit import Filter, every
from services.gateway.schemas import Outcome
from services.gateway.sheets.local import LocalSheet

Fixture = Any  # the builders of conftest.py, which is no module to import from

APPROVE, REJECT, SNOOZE, UNDO = (
    f"/curate/list/{act}" for act in ("approve", "reject", "snooze", "undo")
)


@pytest.fixture
async def three(desk: LocalSheet, drafts_for: Fixture) -> None:
    await desk.upsert([draft for number in (1, 2, 3) for draft in drafts_for(number)])


def boxes(page: Fixture) -> list[str]:
    """The values of the boxes on the page."""
    return [box for name, box in page.attributes if name == "value" and box and " x:" in box]


async def send(browser: Fixture, page: Fixture, act: str, ticks: list[str], **typed: str) -> Any:  # noqa: ANN401 - httpx's
    form = next(form for form in page.forms if "token" in form.fields and "reason" in form.fields)
    form.fields.pop("tick", None)
    headers = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    data = form.fields | typed | {"tick": ticks}
    return await browser.http.post(act, data=data, headers=headers, follow_redirects=True)


@pytest.mark.usefixtures("three")
async def test_a_line_shows_song_post_and_every_draft_and_leads_to_the_item(
    browser: Fixture,
) -> None:
    page = await browser.read("/curate/list")
    for said in ("Song 1", "Grimes", "on the radio: song 1", "sentence 2 about song 1."):
        assert said in page.text
    assert page.text.index("Song 3") < page.text.index("Song 1")
    assert ("href", "/curate?item=x%3A1") in page.attributes
    assert boxes(page) == ["1 x:3:1", "1 x:2:1", "1 x:1:1"]


async def test_drafts_with_the_longest_ids_are_decided(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    for number in (1, 2):
        item_id = f"{'x' * 29}:{str(number) * 200}"
        long = {"id": f"{item_id}:123456789", "item_id": item_id}
        await desk.upsert([draft.model_copy(update=long) for draft in drafts_for(number, 1)])
    await browser.submit(await browser.read(f"/curate?item={item_id}"), "/curate/approve")
    page = await browser.read("/curate/list")
    (tick,) = [value for name, value in page.attributes if value and value.startswith("1 xxx")]
    await send(browser, page, "/curate/list/approve", [tick])
    assert (await desk.counts()).approved == 2


@pytest.mark.usefixtures("three")
async def test_list_and_focus_lead_to_each_other_within_a_search(browser: Fixture) -> None:
    page = await browser.read("/curate?search=grimes")
    assert ("href", "/curate/list?search=grimes") in page.attributes
    page = await browser.read("/curate/list?search=grimes")
    assert ("href", "/curate?search=grimes") in page.attributes
    assert ("href", "/curate?search=grimes&item=x%3A2") in page.attributes
    assert "3 posts found" in page.text


async def test_a_long_list_is_paged(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert([draft for number in range(1, 53) for draft in drafts_for(number, 1)])
    page = await browser.read("/curate/list")
    assert len(boxes(page)) == 50
    assert ("href", "/curate/list?after=x%3A3") in page.attributes
    page = await browser.read("/curate/list?after=x%3A3")
    assert boxes(page) == ["1 x:2:1", "1 x:1:1"]
    answer = await send(browser, page, APPROVE, ["1 x:2:1"])
    assert answer.url.params["after"] == "x:3"
    assert "Song 1" in answer.text


@pytest.mark.usefixtures("three")
async def test_ticked_posts_are_approved_with_their_first_draft_and_taken_back_together(
    browser: Fixture, desk: LocalSheet
) -> None:
    page = await browser.read("/curate/list")
    answer = await send(browser, page, APPROVE, ["1 x:3:1", "1 x:1:1"])
    assert "2 posts approved." in answer.text
    decisions = (await desk.decisions(None, 10)).decisions
    assert sorted(decision.draft_id for decision in decisions) == ["x:1:1", "x:3:1"]
    page = await browser.read(str(answer.url))
    answer = await browser.submit(page, UNDO)
    assert "Taken back." in answer.text
    assert (await desk.counts()).waiting == 3


@pytest.mark.usefixtures("three")
async def test_ticked_posts_are_rejected_for_one_reason(browser: Fixture, desk: LocalSheet) -> None:
    page = await browser.read("/curate/list")
    answer = await send(browser, page, REJECT, ["1 x:3:1", "1 x:2:1"], reason="Off tone")
    assert "2 posts rejected." in answer.text
    reasons = [decision.reason for decision in (await desk.decisions(None, 10)).decisions]
    assert reasons == ["Off tone"] * 4
    assert (await desk.item("x:1")).state == "waiting"


@pytest.mark.usefixtures("three")
async def test_ticked_posts_are_snoozed(browser: Fixture, desk: LocalSheet) -> None:
    answer = await send(
        browser, await browser.read("/curate/list"), SNOOZE, ["1 x:3:1"], span="day"
    )
    assert "1 post snoozed." in answer.text
    assert (await desk.counts()).snoozed == 1


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("act", [APPROVE, REJECT, SNOOZE])
async def test_what_somebody_else_decided_is_listed_and_not_touched(
    browser: Fixture, desk: LocalSheet, act: str
) -> None:
    page = await browser.read("/curate/list")
    await desk.reject("x:2", reason="Not true", version=1, curator="Maria")
    answer = await send(browser, page, act, boxes(page), span="day")
    assert answer.status_code == 409
    assert "1 post not touched" in answer.text
    assert "Maria rejected" in answer.text
    item = await desk.item("x:2")
    assert (item.version, item.curator) == (2, "Maria")
    assert (await desk.item("x:1")).version == 2


@pytest.mark.usefixtures("three")
async def test_what_left_the_desk_is_listed(browser: Fixture) -> None:
    page = await browser.read("/curate/list")
    answer = await send(browser, page, APPROVE, ["1 x:9:1"])
    assert answer.status_code == 409
    assert "It is no longer on the desk." in answer.text


@pytest.mark.usefixtures("three")
async def test_undoing_a_batch_leaves_what_is_on_its_way_out(
    browser: Fixture, desk: LocalSheet
) -> None:
    page = await browser.read("/curate/list")
    answer = await send(browser, page, APPROVE, ["1 x:3:1", "1 x:1:1"])
    page = await browser.read(str(answer.url))
    await desk.mark("x:3:1", Outcome.model_validate({"state": "published"}))
    answer = await browser.submit(page, UNDO)
    assert answer.status_code == 409
    assert "the post is published" in answer.text
    assert [(await desk.item(f"x:{n}")).state for n in (1, 3)] == ["waiting", "approved"]


@pytest.mark.usefixtures("three")
async def test_nothing_ticked_decides_nothing_and_says_so(
    browser: Fixture, desk: LocalSheet
) -> None:
    answer = await send(browser, await browser.read("/curate/list"), REJECT, [], reason="Off tone")
    assert answer.status_code == 400
    assert "Nothing is ticked" in answer.text
    assert 'value="Off tone"' in answer.text.split("<datalist")[0]
    assert (await desk.counts()).waiting == 3


@pytest.mark.usefixtures("three")
async def test_a_reason_that_is_too_long_keeps_the_ticks(browser: Fixture) -> None:
    page = await browser.read("/curate/list")
    answer = await send(browser, page, REJECT, ["1 x:2:1"], reason="no " * 300)
    assert answer.status_code == 400
    (checked,) = [line for line in answer.text.splitlines() if line.endswith("checked>")]
    assert 'value="1 x:2:1"' in checked


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("tick", ["x:1:1", "0 x:1:1", "9999999999 x:1:1", "1 \x00", "1"])
async def test_a_tick_that_makes_no_sense_is_refused(
    browser: Fixture, desk: LocalSheet, tick: str
) -> None:
    answer = await send(browser, await browser.read("/curate/list"), APPROVE, [tick])
    assert answer.status_code == 422
    assert (await desk.counts()).waiting == 3


@pytest.mark.usefixtures("three")
async def test_other_views_are_listed_without_boxes(browser: Fixture, desk: LocalSheet) -> None:
    await desk.approve("x:3:1", text="in other words", version=1, curator="Ada")
    await desk.mark("x:3:1", Outcome.model_validate({"state": "published"}))
    await desk.reject("x:2", reason=None, version=1, curator="Ben")
    page = await browser.read("/curate/list?view=published")
    assert boxes(page) == []
    assert "in other words" in page.text
    assert "Ada" in page.text
    assert "Song 2" in (await browser.read("/curate/list?view=rejected")).text
    assert "No posts here." in (await browser.read("/curate/list?view=snoozed")).text


@pytest.mark.usefixtures("three")
async def test_every_post_of_a_batch_is_in_the_audit_log(browser: Fixture, app: Fixture) -> None:
    await send(browser, await browser.read("/curate/list"), APPROVE, ["1 x:3:1", "1 x:1:1"])
    noted = {(entry.what, entry.item_id) for entry in every(app.state.engine, Filter(None, None))}
    assert noted >= {("approved", "x:3"), ("approved", "x:1")}


async def test_words_of_others_stay_text(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    bad = "<img src=x onerror=alert(1)>"
    about = {"song": {"title": bad, "artists": [bad]}, "post": {"text": bad, "author": bad}}
    await desk.upsert(drafts_for(1, texts=[bad, bad], **about))
    page = await browser.read("/curate/list")
    assert page.text.count(bad) >= 5
    assert ("onerror", "alert(1)") not in page.attributes


@pytest.mark.usefixtures("three")
async def test_words_of_the_curator_that_were_taken_back_are_those_that_leave(
    browser: Fixture, desk: LocalSheet
) -> None:
    await desk.approve("x:3:1", text="words of my own", version=1, curator="Ada")
    await desk.undo("x:3", version=2, curator="Ada")
    page = await browser.read("/curate/list")
    assert "words of my own" in page.text
    await send(browser, page, APPROVE, ["3 x:3:1"])
    *_, decision = (await desk.decisions(None, 10)).decisions
    assert (decision.text, decision.edited) == ("words of my own", True)


@pytest.mark.usefixtures("three")
async def test_undoing_a_batch_that_somebody_decided_anew_says_so(
    browser: Fixture, desk: LocalSheet
) -> None:
    answer = await send(browser, await browser.read("/curate/list"), APPROVE, ["1 x:3:1"])
    page = await browser.read(str(answer.url))
    await desk.undo("x:3", version=2, curator="Bo")
    await desk.reject("x:3", reason=None, version=3, curator="Bo")
    answer = await browser.submit(page, UNDO)
    assert answer.status_code == 409
    assert "Nothing was taken back" in answer.text
    assert (await desk.item("x:3")).state == "rejected"


@pytest.mark.parametrize("path", ["/curate", "/curate/list", "/curate/pulse"])
async def test_the_last_day_of_all_is_a_day(browser: Fixture, path: str) -> None:
    assert (await browser.get(f"{path}?until=9999-12-31")).status_code == 200


@pytest.mark.usefixtures("three")
async def test_enter_decides_nothing_and_keeps_ticks_and_reason(
    browser: Fixture, desk: LocalSheet
) -> None:
    page = await browser.read("/curate/list")
    answer = await send(browser, page, "/curate/list", ["1 x:3:1"], reason="Off tone")
    assert answer.status_code == 200
    assert "Nothing was decided: press the button of what you want." in answer.text
    assert answer.text.count(" checked>") == 1
    assert 'value="Off tone"' in answer.text.split("<datalist")[0]
    assert (await desk.decisions(None, 10)).decisions == []


@pytest.mark.usefixtures("three")
async def test_a_search_says_how_many_it_found_on_every_page(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    assert "3 posts found" in (await browser.read("/curate/list?search=grimes")).text
    assert "1 post found" in (await browser.read("/curate/list?search=song+3")).text
    assert "3 posts found" in (await browser.read("/curate/list?search=grimes&after=x:2")).text
    await desk.upsert([draft for number in range(4, 61) for draft in drafts_for(number, 1)])
    assert "60 posts found" in (await browser.read("/curate/list?search=grimes")).text
