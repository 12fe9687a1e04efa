"""What a draft will look like as a post, and what is said against it before it is approved."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.gateway.heartbeats import keep_heartbeat
from services.gateway.schemas import Composing, Draft, Heartbeat, Outcome
from services.gateway.sheets.local import LocalSheet

Browser = Any  # from conftest.py, which is no module to import from
DraftsFor = Callable[..., list[Draft]]
KEYS = {
    "x_consumer_key": "a",
    "x_consumer_secret": "b",
    "x_access_token": "7-c",
    "x_access_token_secret": "d",
}


@pytest.fixture
def settings(settings: Callable[..., Any]) -> Callable[..., Any]:
    """A gateway that knows its platform, which is X."""
    return lambda **changes: settings(**KEYS | changes)


def hear(app: FastAPI, **changes: object) -> None:
    """The worker says by what it makes posts."""
    told: dict[str, Any] = {
        "template": "{text} — “{title}” by {artist}",
        "likeness": 0.6,
        "likeness_posts": 50,
    }
    beat = Heartbeat(
        worker="bot",
        at=datetime.now(UTC),
        interval=60,
        cycle=1,
        seconds=1,
        posts={},
        drafts={},
        publications={},
        composing=Composing(**told | changes),
    )
    keep_heartbeat(app.state.engine, beat)


async def approve(browser: Browser, text: str) -> httpx.Response:
    page = await browser.read("/curate")
    answer: httpx.Response = await browser.submit(page, "/curate/approve", text=text)
    return answer


async def foresee(browser: Browser, text: str) -> str:
    """What the page's script is told while somebody types."""
    page = await browser.read("/curate")
    form = next(form for form in page.forms if form.action == "/curate/approve")
    answer = await browser.http.post("/curate/preview", data=form.fields | {"text": text})
    assert answer.status_code == 200
    told: str = answer.text
    return told


async def test_a_draft_is_shown_as_the_platform_will_show_it(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    hear(app)
    await desk.upsert(drafts_for(1, 1, texts=["A slow tide."]))
    page = await browser.read("/curate")
    assert "As X will show it" in page.text
    assert "A slow tide. — “Song 1” by Grimes" in page.text
    assert "length 33 of 280" in page.text


async def test_without_a_worker_the_words_are_shown_and_counted(
    browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1, 1, texts=["A slow tide."]))
    page = await browser.read("/curate")
    assert "length 12 of 280" in page.text
    assert "Cannot be posted" not in page.text


async def test_a_text_that_is_too_long_is_told_while_it_is_typed(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    hear(app)
    await desk.upsert(drafts_for(1))
    told = await foresee(browser, "a" * 270)
    assert "too long: 291 characters with the song&#39;s name as X counts, 11 more than fit" in told
    assert "Cannot be posted" not in await foresee(browser, "a" * 259)


async def test_what_cannot_be_posted_is_not_approved_and_stays_typed(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    hear(app)
    await desk.upsert(drafts_for(1))
    answer = await approve(browser, "b" * 300)
    assert answer.status_code == 400
    assert "This cannot be posted: too long" in answer.text
    assert "b" * 300 in answer.text
    assert (await desk.item("x:1")).state == "waiting"


async def test_a_blocked_word_is_told_beforehand(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    hear(app, blocked_words=["damp"])
    await desk.upsert(drafts_for(1))
    assert "it holds a blocked word: damp" in await foresee(browser, "A damp night.")
    assert (await approve(browser, "A damp night.")).status_code == 400
    assert (await approve(browser, "A dry night.")).status_code == 200


async def test_who_was_too_late_hears_that_rather_than_that_the_words_are_unfit(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    hear(app)
    await desk.upsert(drafts_for(1))
    page = await browser.read("/curate")
    await desk.reject("x:1", reason=None, version=1, curator="ada")
    answer = await browser.submit(page, "/curate/approve", text="b" * 300)
    assert answer.status_code == 409
    assert "ada rejected these drafts" in answer.text
    assert "b" * 300 in answer.text


async def test_a_draft_like_an_earlier_post_is_marked(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    hear(app)
    words = "A guitar circles the beat and never quite lands."
    await desk.upsert(drafts_for(1, 1, texts=[words]))
    await desk.approve("x:1:1", text=words, version=1, curator="ada")
    await desk.mark("x:1:1", Outcome(state="published", url="https://x.com/i/status/9"))
    await desk.upsert(
        drafts_for(2, 2, texts=["A guitar circles the beat and lands.", "Dry drums."])
    )
    page = await browser.read("/curate")
    assert page.text.count("Like the post of") == 1
    assert f"on Song 1: {words}" in page.text
    assert "Like the post of" in await foresee(browser, words.upper())
    assert "Like the post of" not in await foresee(browser, "Brass, and a lot of it.")


async def test_drafts_of_a_post_that_are_like_each_other_are_marked(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    words = "A guitar circles the beat and never quite lands."
    texts = ["Dry drums.", words, words.replace("quite ", ""), "Brass, and a lot of it."]
    await desk.upsert(drafts_for(1, texts=texts))
    assert "much like" not in (await browser.read("/curate")).text
    hear(app)
    page = await browser.read("/curate")
    assert page.text.count("much like") == 1
    assert "Drafted much like number 2." in page.text


async def test_what_failed_or_was_taken_back_is_no_earlier_post(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    hear(app)
    for number in (1, 2):
        await desk.upsert(drafts_for(number, 1, texts=["The very same words here."]))
        await desk.approve(f"x:{number}:1", text=None, version=1, curator="ada")
    await desk.mark("x:1:1", Outcome(state="failed", detail="refused"))
    await desk.undo("x:2", version=2, curator="ada")
    assert await desk.approved(50) == []
    assert "Like the post of" not in (await browser.read("/curate")).text


@pytest.mark.parametrize(
    "nonsense", [{"template": "{text} {band}"}, {"template": "{text}"}, {"blocked_words": ["!"]}]
)
async def test_a_worker_that_talks_nonsense_breaks_no_page(
    app: FastAPI,
    browser: Browser,
    desk: LocalSheet,
    drafts_for: DraftsFor,
    nonsense: dict[str, object],
) -> None:
    hear(app, **nonsense)
    await desk.upsert(drafts_for(1, 1, texts=["A slow tide."]))
    assert "length 12 of 280" in (await browser.read("/curate")).text
    assert (await approve(browser, "A slow tide.")).status_code == 200


async def test_hostile_words_are_shown_as_text(
    app: FastAPI, browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    hear(app, blocked_words=["script"])
    await desk.upsert(drafts_for(1))
    told = await foresee(browser, "</p><script>alert(1)</script>")
    assert "<script>" not in told
    assert "&lt;script&gt;" in told


async def test_nobody_is_told_who_did_not_come_from_the_page(
    browser: Browser, desk: LocalSheet, drafts_for: DraftsFor
) -> None:
    await desk.upsert(drafts_for(1))
    answer = await browser.http.post("/curate/preview", data={"item_id": "x:1", "text": "a"})
    assert answer.status_code == 403
