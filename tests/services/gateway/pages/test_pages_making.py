"""Drafts that curators have made: others by the writer, and words of their own."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.gateway.schemas import Draft
from services.gateway.sheets.local import LocalSheet
from tests.services.gateway.pages.scripted_inference import ScriptedInference

Browser = Any  # from conftest.py, which is no module to import from
DraftsFor = Callable[..., list[Draft]]


@pytest.fixture
def writer(app: FastAPI) -> ScriptedInference:
    scripted = ScriptedInference()
    app.state.inference = scripted.client()
    return scripted


async def ask(browser: Browser, path: str = "/curate", **typed: str) -> httpx.Response:
    page = await browser.read(path)
    answer: httpx.Response = await browser.submit(page, "/curate/others", **typed)
    return answer


async def write(browser: Browser, text: str, path: str = "/curate") -> httpx.Response:
    page = await browser.read(path)
    answer: httpx.Response = await browser.submit(page, "/curate/own", text=text)
    return answer


def squeezed(answer: httpx.Response) -> str:
    return " ".join(answer.text.split())


async def test_others_lie_below_the_rest_and_are_marked_for_now(
    browser: Browser, desk: LocalSheet, writer: ScriptedInference, drafts_for: DraftsFor
) -> None:
    await desk.upsert([*drafts_for(1), *drafts_for(2)])
    answer = await ask(browser)
    assert answer.url.path == "/curate"
    assert "The writer wrote others" in answer.text
    assert 'aria-label="Draft 2 of 7"' in answer.text
    assert 'aria-label="Draft 3 of 7, new"' in answer.text
    assert answer.text.count('class="fresh"') == 5
    texts = [laid.draft.text for laid in (await desk.item("x:2")).drafts]
    (asked,) = writer.bodies("/v1/generate")
    said = f"of seed {asked['seed']}."
    assert texts[2:] == [f"Sentence {number} {said}" for number in range(1, 6)]
    assert 'class="fresh"' not in (await browser.get("/curate?item=x:2")).text


async def test_the_writer_is_asked_in_the_curators_manner_and_by_another_seed(
    browser: Browser, desk: LocalSheet, writer: ScriptedInference, drafts_for: DraftsFor
) -> None:
    song = {"genres": ["dream pop", "shoegaze"], "artists": ["A", "B", "C"]}
    await desk.upsert(drafts_for(1, song=song))
    answer = await ask(browser, strength="1.7", temperature="0.9")
    await ask(browser, strength="0", temperature="0.2")
    first, second = writer.bodies("/v1/generate")
    assert first["genres"] == ["dream pop", "shoegaze"]
    assert (first["artist"], first["title"]) == ("A, B and C", "Song 1")
    assert (first["strength"], first["temperature"]) == (1.7, 0.9)
    assert (second["strength"], second["temperature"]) == (0, 0.2)
    assert first["seed"] != second["seed"]
    assert 'value="1.7"' in answer.text
    assert 'value="0.9"' in answer.text


async def test_a_draft_that_was_asked_for_is_approved_like_any_other(
    browser: Browser, desk: LocalSheet, writer: ScriptedInference, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1))
    await ask(browser)
    await browser.submit(await browser.read("/curate"), "/curate/approve", at=3)
    (decision,) = (await desk.decisions(None, 10)).decisions
    assert (decision.draft_id, decision.verdict, decision.edited) == ("x:1:66", "approved", False)
    assert decision.made is not None
    assert decision.made.written is not None
    assert decision.made.written.seed == writer.bodies("/v1/generate")[0]["seed"]


@pytest.mark.parametrize(
    "trouble",
    [
        (429, "The writer has more to do than it can. Ask again in 7 s", 429),
        (503, "The writer is not ready", 503),
        (500, "The writer failed", 502),
        (401, "Set INFERENCE_KEY", 502),
    ],
)
async def test_without_the_writer_nothing_is_lost_and_the_page_says_why(
    browser: Browser,
    desk: LocalSheet,
    writer: ScriptedInference,
    drafts_for: DraftsFor,
    trouble: tuple[int, str, int],
) -> None:
    status, told, answered = trouble
    await desk.upsert(drafts_for(1))
    writer.refuse("/v1/generate", status, "no", **{"Retry-After": "7"} if status == 429 else {})
    answer = await ask(browser, strength="1.3")
    assert answer.status_code == answered
    assert told in answer.text
    assert "sentence 2 about song 1." in answer.text
    assert 'value="1.3"' in answer.text
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)


async def test_a_writer_that_repeats_itself_is_told(
    browser: Browser, desk: LocalSheet, writer: ScriptedInference, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1))
    writer.texts = ["Sentence 1 about song 1."]
    answer = await ask(browser)
    assert answer.status_code == 200
    assert "The writer said nothing that is not here already." in answer.text
    assert len((await desk.item("x:1")).drafts) == 2


async def test_no_more_are_asked_for_than_an_item_takes(
    browser: Browser, desk: LocalSheet, writer: ScriptedInference, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1, 28))
    answer = await ask(browser)
    assert "as many drafts as it can have" in answer.text
    assert [body["num_samples"] for body in writer.bodies("/v1/generate")] == [2]
    again = await ask(browser)
    assert again.status_code == 409
    assert "30 drafts are the most for one post" in again.text
    assert len(writer.bodies("/v1/generate")) == 1


async def test_a_post_that_somebody_decided_meanwhile_says_so(
    browser: Browser, desk: LocalSheet, writer: ScriptedInference, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    await desk.reject("x:1", reason=None, version=1, curator="ada")
    answer = await browser.submit(page, "/curate/others")
    assert answer.status_code == 409
    assert "ada rejected these drafts" in answer.text
    assert writer.asked == []


async def test_others_keep_to_the_view_that_is_looked_at(
    browser: Browser, desk: LocalSheet, writer: ScriptedInference, drafts_for: DraftsFor
) -> None:
    await desk.upsert([*drafts_for(1, post={"text": "a needle"}), *drafts_for(2)])
    answer = await ask(browser, "/curate?search=needle")
    assert answer.url.params["search"] == "needle"
    assert answer.url.params["item"] == "x:1"
    assert len(writer.bodies("/v1/generate")) == 1


@pytest.mark.parametrize("wrong", [{"strength": "3"}, {"strength": "nan"}, {"temperature": "0"}])
async def test_a_manner_that_no_slider_has_is_refused(
    browser: Browser,
    desk: LocalSheet,
    writer: ScriptedInference,
    drafts_for: DraftsFor,
    wrong: dict[str, str],
) -> None:
    await desk.upsert(drafts_for(1))
    assert (await ask(browser, **wrong)).status_code == 422
    assert writer.asked == []


@pytest.mark.parametrize("action", ["/curate/others", "/curate/own"])
async def test_a_form_from_elsewhere_makes_nothing(
    browser: Browser,
    desk: LocalSheet,
    writer: ScriptedInference,
    drafts_for: DraftsFor,
    action: str,
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    answer = await browser.submit(page, action, token="another", text="mine")
    assert answer.status_code == 403
    assert writer.asked == []
    assert len((await desk.item("x:1")).drafts) == 2


async def test_own_words_are_published_like_a_draft(
    browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    await desk.upsert([*drafts_for(1), *drafts_for(2)])
    answer = await write(browser, "two\r\nlines of mine")
    assert "Approved." in answer.text
    assert "on the radio: song 1" in answer.text
    (decision,) = (await desk.decisions(None, 10)).decisions
    assert (decision.draft_id, decision.text, decision.edited) == (
        "x:2:65",
        "two\nlines of mine",
        False,
    )
    assert decision.made is not None
    assert (decision.made.made_by, decision.made.scores) == ("curator", None)


async def test_own_words_that_were_taken_back_lie_among_the_drafts_unranked(
    browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1))
    await write(browser, "mine alone")
    answer = await browser.submit(await browser.read("/curate"), "/curate/undo")
    assert "mine alone" in answer.text
    assert answer.text.count("own words, not ranked") == 1
    assert 'aria-label="Draft 3 of 3"' in answer.text


async def test_own_words_that_came_too_late_stay_typed(
    browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    await desk.reject("x:1", reason=None, version=1, curator="ada")
    hostile = "</textarea><script>evil()</script>"
    answer = await browser.submit(page, "/curate/own", text=hostile)
    assert answer.status_code == 409
    assert "ada rejected these drafts" in answer.text
    assert "Your words, which were not sent" in answer.text
    assert "&lt;/textarea&gt;&lt;script&gt;evil()" in answer.text
    assert "<script>evil" not in answer.text
    assert len((await desk.item("x:1")).drafts) == 2


@pytest.mark.parametrize("text", ["  ", "m" * 5001])
async def test_own_words_that_cannot_be_kept_are_refused_and_stay_typed(
    browser: Browser, desk: LocalSheet, drafts_for: DraftsFor, text: str
) -> None:
    await desk.upsert(drafts_for(1))
    answer = await write(browser, text)
    assert answer.status_code == 400
    assert text in answer.text
    assert (await desk.item("x:1")).state == "waiting"


async def test_every_number_is_shown_and_explained(
    browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1, 1))
    text = squeezed(await browser.get("/curate"))
    assert "<span>fluency</span>" in text
    assert '<span class="number">0.14</span>' in text  # e to the -2
    for number in ("score", "fluency", "topic", "novelty", "length"):
        assert f"<dt>{number}</dt>" in text
