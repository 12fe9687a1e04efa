"""`/status`: whether the bot is well, in the words of the person who has to act."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import insert, select

from services.common.database import reading, writing
from services.gateway.commands import Kind, give, waiting
from services.gateway.heartbeats import keep_heartbeat
from services.gateway.pages.report import workers
from services.gateway.pages.views import ago
from services.gateway.people import Actor
from services.gateway.schemas import Heartbeat, Outcome, Publishing
from services.gateway.sheets.local import LocalSheet
from services.gateway.tables import heartbeat, publication
from services.gateway.timelines.x_prices import POST_READ
from services.gateway.vendor_errors import BusyVendorError, OutOfCreditError

Fixture = Any  # the builders of conftest.py, which is no module to import from


def beat(worker: str = "host:1", seconds_ago: float = 5, **changes: object) -> Heartbeat:
    values: dict[str, Any] = {
        "worker": worker,
        "at": datetime.now(UTC) - timedelta(seconds=seconds_ago),
        "interval": 60,
        "cursor": "cursor-17",
        "cycle": 42,
        "seconds": 1.25,
        "posts": {"no_song": 120},
        "drafts": {"waiting": 9},
        "publications": {"published": 3},
    }
    return Heartbeat(**values | changes)


async def test_a_bot_that_runs_is_well(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, beat())
    page = await browser.read("/status")
    for seen in ("All is well", "cursor-17", "no song", "120", "database ready"):
        assert seen in page.text


async def test_what_an_approved_draft_waits_for_is_told(app: FastAPI, browser: Fixture) -> None:
    until = datetime.now(UTC) + timedelta(seconds=239)
    waits = Publishing(mode="on", waits="quiet hours are 22:00-07:00 UTC", until=until)
    keep_heartbeat(app.state.engine, beat(publishing=waits))
    text = " ".join((await browser.read("/status")).text.split())
    assert "All is well" in text
    assert "in 4 minutes: quiet hours are 22:00-07:00 UTC" in text


async def test_the_page_does_not_send_to_itself(app: FastAPI, browser: Fixture) -> None:
    waits = Publishing(mode="on", waits="publishing is paused on /status")
    keep_heartbeat(app.state.engine, beat(publishing=waits, paused=True))
    text = (await browser.read("/status")).text
    assert "publishing is paused" in text
    assert "on /status" not in text


async def test_nothing_that_waits_is_told_too(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, beat(publishing=Publishing(mode="on")))
    assert "nothing waits" in (await browser.read("/status")).text


@pytest.mark.parametrize(
    ("mode", "setting"), [("dry_run", "WORKER_DRY_RUN"), ("off", "WORKER_PUBLISH")]
)
async def test_a_worker_that_publishes_nothing_cannot_be_overlooked(
    app: FastAPI, browser: Fixture, mode: str, setting: str
) -> None:
    keep_heartbeat(app.state.engine, beat(publishing={"mode": mode}))
    text = (await browser.read("/status")).text
    assert "something to look at" in text
    assert "Nothing is published." in text
    assert setting in text


async def test_a_curator_sees_that_nothing_is_published(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, beat(publishing={"mode": "on"}))
    assert "Nothing is published" not in (await browser.read("/curate")).text
    keep_heartbeat(app.state.engine, beat(publishing={"mode": "dry_run"}))
    assert "Nothing is published: it is a dry run." in (await browser.read("/curate")).text
    keep_heartbeat(app.state.engine, beat(paused=True))
    assert "Nothing is published for now." in (await browser.read("/curate")).text


async def test_a_worker_that_was_never_heard_is_named(browser: Fixture) -> None:
    page = await browser.read("/status")
    assert "The bot needs you" in page.text
    assert "has never reported here" in page.text


async def test_a_worker_that_fell_silent_is_named(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, beat(seconds_ago=240))
    page = await browser.read("/status")
    assert "worker was last heard 4 minutes ago" in " ".join(page.text.split())


async def test_three_missed_intervals_are_too_many_and_two_are_not(app: FastAPI) -> None:
    now = datetime.now(UTC)
    keep_heartbeat(app.state.engine, beat(seconds_ago=150, interval=60))
    assert not workers(app.state.engine, now)[0].stale
    assert workers(app.state.engine, now + timedelta(seconds=60))[0].stale


async def test_a_worker_that_was_replaced_is_forgotten(app: FastAPI) -> None:
    keep_heartbeat(app.state.engine, beat("host:1", seconds_ago=900))
    keep_heartbeat(app.state.engine, beat("host:2"))
    keep_heartbeat(app.state.engine, beat("host:3", seconds_ago=20))
    heard = [report.heartbeat.worker for report in workers(app.state.engine)]
    assert heard == ["host:2", "host:3"]


async def test_a_worker_unheard_for_a_day_leaves_no_row_behind(app: FastAPI) -> None:
    keep_heartbeat(app.state.engine, beat("host:1", seconds_ago=2 * 86_400))
    keep_heartbeat(app.state.engine, beat("host:2"))
    with reading(app.state.engine) as connection:
        assert list(connection.scalars(select(heartbeat.c.worker))) == ["host:2"]


async def test_the_words_of_another_version_are_passed_over(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, beat("host:1"))
    row = {"worker": "host:2", "at": datetime.now(UTC), "body": {"mood": "new"}}
    with writing(app.state.engine) as connection:
        connection.execute(insert(heartbeat).values(**row))
    assert "All is well" in (await browser.read("/status")).text


async def test_what_went_wrong_is_listed_with_what_to_do(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, beat(errors=["Spotify refused the token: check the secret."]))
    page = await browser.read("/status")
    assert "Running, with something to look at" in page.text
    assert "Spotify refused the token: check the secret." in page.text


async def test_what_differs_in_numbers_alone_is_told_once(app: FastAPI, browser: Fixture) -> None:
    busy = [f"inference: Too busy: ask again in {seconds} s." for seconds in (3, 4, 12)]
    keep_heartbeat(app.state.engine, beat(errors=[busy[0], "gateway: no answer", *busy[1:]]))
    page = await browser.read("/status")
    assert page.text.count("met this in its last cycle") == 2
    assert "2 more like it" in page.text
    for line in busy:
        assert line in page.text


async def test_posts_refused_for_one_reason_are_counted(app: FastAPI, browser: Fixture) -> None:
    now = datetime.now(UTC)
    row = {"text": "words", "state": "refused", "attempts": 1, "started_at": now}
    with writing(app.state.engine) as connection:
        for number in range(6):
            at = now - timedelta(hours=number + 1)
            told = {"key": str(number), "last_attempt_at": at, "detail": f"Too long by {number}."}
            connection.execute(insert(publication).values(**row, **told))
    seen = " ".join((await browser.read("/status")).text.split())
    assert "platform refused 6 posts, the last one 1 hour ago: Too long by 0." in seen
    assert seen.count("Too long by") == 1


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-3, "0 s ago"),
        (59.9, "59 s ago"),
        (92, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (7_200, "2 hours ago"),
        (47 * 3_600, "1 day ago"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_fits(seconds: float, age: str) -> None:
    now = datetime.now(UTC)
    assert ago(now - timedelta(seconds=seconds), now) == age


PARKED = [
    {
        "item_id": "x:17",
        "step": "song",
        "error": "<b>the catalogue chokes</b>",
        "song": "“<i>Hurt</i>” by Johnny Cash",
        "url": "https://x.example/17",
    },
    {"item_id": "x:18", "step": "resolved", "error": "no sentence passed"},
]


def parked_beat() -> Heartbeat:
    rows = [{**row, "at": datetime.now(UTC)} for row in PARKED]
    return beat(posts={"parked": 31}, parked=rows)


async def test_parked_posts_are_listed_and_can_be_retried(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, parked_beat())
    page = await browser.read("/status")
    assert "31 parked, since a step failed" in " ".join(page.text.split())
    assert "<b>the catalogue chokes</b>" in page.text
    await browser.submit(page, "/status/retry", at=1)
    after = await browser.read("/status")
    (command,) = waiting(app.state.engine)
    assert (command.kind, command.item_id) == ("retry", "x:18")
    assert after.text.count("The worker will try it again.") == 1
    retries = [form.fields.get("item_id") for form in after.forms if form.action == "/status/retry"]
    assert retries == ["x:17", None]


async def test_a_parked_post_is_told_by_its_song_and_linked(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, parked_beat())
    page = await browser.read("/status")
    seen = " ".join(page.text.split())
    assert "“<i>Hurt</i>” by Johnny Cash in step song" in seen
    assert "In step resolved" in seen
    assert ("href", "https://x.example/17") in page.attributes


async def test_all_parked_posts_can_be_retried_at_once(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, parked_beat())
    page = await browser.read("/status")
    await browser.submit(page, "/status/retry", at=2)
    after = await browser.read("/status")
    (command,) = waiting(app.state.engine)
    assert command.item_id is None
    assert not any(form.action == "/status/retry" for form in after.forms)
    await browser.submit(page, "/status/retry", at=0)
    assert len(waiting(app.state.engine)) == 1, "it is among all"


async def test_an_id_that_no_database_keeps_is_refused(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, parked_beat())
    page = await browser.read("/status")
    answer = await browser.submit(page, "/status/retry", item_id="x:\0")
    assert answer.status_code == 422
    assert waiting(app.state.engine) == []


async def test_publishing_is_paused_and_resumed(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, beat())
    page = await browser.read("/status")
    await browser.submit(page, "/status/pause")
    after = await browser.read("/status")
    assert "The worker is asked to pause" in after.text
    (command,) = waiting(app.state.engine)
    keep_heartbeat(app.state.engine, beat(paused=True, obeyed=command.id))
    paused = await browser.read("/status")
    assert "Publishing is paused" in paused.text
    assert waiting(app.state.engine) == []
    await browser.submit(paused, "/status/resume")
    assert [each.kind for each in waiting(app.state.engine)] == ["resume"]


async def test_commands_are_told_in_order_until_they_are_obeyed(app: FastAPI) -> None:
    engine = app.state.engine
    kinds: list[Kind] = ["pause", "resume", "pause", "retry"]
    for kind in kinds:
        give(engine, kind, Actor("ada"))
    told = waiting(engine)
    assert [each.kind for each in told] == kinds
    assert [each.id for each in told] == sorted({each.id for each in told})
    keep_heartbeat(engine, beat(obeyed=told[1].id))
    assert [each.kind for each in waiting(engine)] == kinds[2:]


async def test_what_the_gateway_lacks_is_listed(make_app: Fixture, open_browser: Fixture) -> None:
    app = make_app(x_consumer_key=None)
    async with app.router.lifespan_context(app):
        page = await open_browser(app).read("/status")
    assert "timeline not ready" in page.text
    assert "X_CONSUMER_KEY" in page.text


async def test_a_draft_that_could_not_be_published_is_listed(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    await desk.upsert(drafts_for(1))
    await desk.approve("x:1:1", text=None, version=1, curator="Ada")
    await desk.mark("x:1:1", Outcome(state="failed", detail="Too long for the platform."))
    await desk.upsert([draft for number in range(2, 103) for draft in drafts_for(number, 1)])
    for number in range(2, 103):
        await desk.reject(f"x:{number}", reason=None, version=1, curator="Ada")
    page = await browser.read("/status")
    assert "Too long for the platform." in page.text


async def test_drafts_that_failed_for_one_reason_are_told_together(
    browser: Fixture, desk: LocalSheet, drafts_for: Fixture
) -> None:
    for number in (1, 2):
        await desk.upsert(drafts_for(number))
        await desk.approve(f"x:{number}:1", text=None, version=1, curator="Ada")
        await desk.mark(f"x:{number}:1", Outcome(state="failed", detail="The platform is shut."))
    seen = " ".join((await browser.read("/status")).text.split())
    assert "The drafts for Song 2, Song 1 could not be published: The platform is shut" in seen
    assert seen.count("The platform is shut") == 1


async def test_the_last_publications_are_linked(app: FastAPI, browser: Fixture) -> None:
    now = datetime.now(UTC)
    row = {"key": "k", "text": "a <b> sentence", "state": "published", "attempts": 1}
    row |= {"started_at": now, "last_attempt_at": now, "published_at": now}
    with writing(app.state.engine) as connection:
        connection.execute(insert(publication).values(**row, url="https://x.example/9"))
    page = await browser.read("/status")
    assert "a <b> sentence" in page.text
    assert ("href", "https://x.example/9") in page.attributes


async def test_the_header_links_the_sandbox_where_there_is_one(
    make_app: Fixture, open_browser: Fixture
) -> None:
    app = make_app(sandbox_url="http://127.0.0.1:8090")
    async with app.router.lifespan_context(app):
        page = await open_browser(app).read("/status")
    assert ("href", "http://127.0.0.1:8090/sandbox/") in page.attributes


async def test_a_vendor_that_rests_in_part_is_told_apart(app: FastAPI, browser: Fixture) -> None:
    keep_heartbeat(app.state.engine, beat())
    (breaker,) = [b for b in app.state.adapters.breakers if b.vendor == "x"]
    breaker.failed(BusyVendorError("x", "its rate limit is reached.", retry_after=600), "home")
    seen = " ".join((await browser.read("/status")).text.split())
    assert "Running, with something to look at" in seen
    assert "X (home) is left alone until" in seen
    assert "X rests (home)" in seen


async def test_a_vendor_that_rests_altogether_is_named(app: FastAPI, browser: Fixture) -> None:
    (breaker,) = [b for b in app.state.adapters.breakers if b.vendor == "x"]
    breaker.failed(OutOfCreditError("x", "no credits.", retry_after=600), "home")
    seen = " ".join((await browser.read("/status")).text.split())
    assert "X is left alone until" in seen
    assert "X rests MusicBrainz" in seen.replace("Spotify in use ", "")


async def test_a_budget_that_covers_no_further_page_is_named(
    make_app: Fixture, open_browser: Fixture
) -> None:
    app = make_app(x_monthly_usd="0.04", x_publish_beyond_budget=False)
    async with app.router.lifespan_context(app):
        assert "budget covers" not in (await open_browser(app).read("/status")).text
        async with app.state.adapters.spend.buying(POST_READ, 4) as purchase:
            purchase.got("1234")
        page = await open_browser(app).read("/status")
    assert "The monthly budget covers no further page" in page.text
    assert "X_MONTHLY_USD" in page.text
