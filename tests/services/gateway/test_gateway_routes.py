"""The gateway's doors: what they answer, and that everything wrong is a problem document."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import select, text

from services.common.database import reading, writing
from services.common.problems import Problem
from services.common.rest import BusyError, FailedError, RefusedError
from services.gateway.app import create_app
from services.gateway.client import GatewayClient
from services.gateway.commands import give
from services.gateway.heartbeats import heartbeats as heartbeats_in
from services.gateway.people import Actor
from services.gateway.routes import drafts, heartbeats
from services.gateway.schemas import (
    Draft,
    DraftBatch,
    Heartbeat,
    Outcome,
    Parked,
    Post,
    Present,
    Publishing,
    Scores,
    Song,
)
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.local import LocalSheet
from services.gateway.tables import heartbeat
from services.gateway.timelines.cursor import MOST_GIVEN, Cursor

if TYPE_CHECKING:
    from tests.services.gateway.clock import Clock
    from tests.services.gateway.conftest import Sandbox, StartSandbox

    MakeSettings = Callable[..., GatewaySettings]
    OpenApp = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
BEAT = Heartbeat(
    worker="host:1",
    at=NOW,
    interval=60,
    cycle=3,
    seconds=1.5,
    posts={"new": 2},
    drafts={},
    publications={},
)
CREDENTIALS = (
    "x_consumer_key",
    "x_consumer_secret",
    "x_access_token",
    "x_access_token_secret",
    "spotify_client_id",
    "spotify_client_secret",
    "musicbrainz_contact",
)


def a_draft(rank: int = 1) -> Draft:
    post = Post(origin="x", id="17", text='"Hurt" by Johnny Cash', author_id="7", created_at=NOW)
    song = Song(title="Hurt", artists=["Johnny Cash"], genres=["country"], score=1.0)
    scores = Scores(score=0.5, log_prob=-1.0, topic=0.5, novelty=0.5)
    return Draft(
        id=f"x:17:{rank}",
        item_id="x:17",
        rank=rank,
        text=f"a slow burn, number {rank}",
        scores=scores,
        post=post,
        song=song,
        created_at=NOW,
    )


def client_of(app: FastAPI) -> GatewayClient:
    return GatewayClient("http://gateway", transport=httpx.ASGITransport(app), attempts=1)


async def test_from_a_post_to_a_publication(
    sandbox: Sandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    sandbox.say('now playing "Midnight City" by M83')
    app = create_app(settings(sandbox.base))
    async with open_app(app), client_of(app) as gateway:
        page = await gateway.timeline(None)
        assert [post.text for post in page.posts] == ['now playing "Midnight City" by M83']
        song = await gateway.song("Midnight City", "M83")
        assert song.genres
        draft = a_draft().model_copy(update={"song": song, "post": page.posts[0]})
        assert (await gateway.put_drafts([draft])).stored == 1
        assert (await gateway.put_drafts([draft])).stored == 0
        published = await gateway.publish(draft.text, "publication:1")
        assert await gateway.publish(draft.text, "publication:1") == published
        outcome = Outcome(state="published", url=published.url)
        assert (await gateway.mark(draft.id, outcome)).received
        assert (await gateway.mark_all({draft.id: outcome, "x:0:1": outcome})).missing == ["x:0:1"]
        received = await gateway.receptions([published.id])
        assert [each.id for each in received.receptions] == [published.id]
    assert sandbox.texts() == [draft.text]


async def test_every_door_takes_the_longest_ids(settings: MakeSettings, open_app: OpenApp) -> None:
    item_id = f"mastodon:{'1' * 200}"
    draft = a_draft().model_copy(update={"id": f"{item_id}:999999", "item_id": item_id})
    outcome = Outcome(state="scheduled")
    app = create_app(settings())
    async with open_app(app), client_of(app) as gateway:
        assert (await gateway.put_drafts([draft])).stored == 1
        desk: LocalSheet = app.state.desk
        await desk.approve(draft.id, text=None, version=1, curator="Ada")
        (decision,) = (await gateway.decisions(None)).decisions
        assert decision.draft_id == draft.id
        assert (await gateway.mark(draft.id, outcome)).received
        assert (await gateway.mark_all({draft.id: outcome})).missing == []
        assert (await gateway.forget([item_id])).received
        assert (await desk.item(item_id)).post.text == ""


async def test_a_cursor_that_remembers_much_is_taken_back(
    sandbox: Sandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    sandbox.say("the only one")
    app = create_app(settings(sandbox.base, timeline="mastodon"))
    given = tuple(str(10**19 + number) for number in range(MOST_GIVEN))
    async with open_app(app), client_of(app) as gateway:
        page = await gateway.timeline(str(Cursor("mastodon", "1", given=given)))
    assert [post.text for post in page.posts] == ["the only one"]


async def test_a_post_of_ours_can_be_taken_back_and_does_not_return(
    sandbox: Sandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    stranger = sandbox.say("somebody else's words")
    app = create_app(settings(sandbox.base))
    async with open_app(app), client_of(app) as gateway:
        published = await gateway.publish("a warm haze", "publication:1")
        for _ in range(2):
            assert (await gateway.delete_post(published.id)).received
        assert await gateway.publish("a warm haze", "publication:1") == published
        with pytest.raises(RefusedError) as refused:
            await gateway.delete_post(stranger)
    assert refused.value.status == 404
    assert sandbox.texts() == []


async def test_a_lost_answer_is_unknown_then_reconciled(
    sandbox: Sandbox, clock: Clock, settings: MakeSettings, open_app: OpenApp
) -> None:
    clock.now = time.time()
    sandbox.plan("x", "accept-then-timeout", method="POST", seconds=60)
    app = create_app(settings(sandbox.base))
    async with open_app(app), client_of(app) as gateway:
        with pytest.raises(FailedError):
            await gateway.publish("a warm haze", "publication:1")
        assert (await gateway.publish("a warm haze", "publication:1")).reconciled
    assert sandbox.texts() == ["a warm haze"]


async def test_refusals_and_delays_are_told_apart(
    sandbox: Sandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    app = create_app(settings(sandbox.base))
    async with open_app(app), client_of(app) as gateway:
        with pytest.raises(RefusedError, match="too long"):
            await gateway.publish("x" * 400, "publication:1")
        await gateway.publish("a warm haze", "publication:2")
        with pytest.raises(RefusedError, match="another text"):
            await gateway.publish("a cold haze", "publication:2")
        sandbox.plan("x", "status", method="POST", status=429)
        with pytest.raises(BusyError) as raised:
            await gateway.publish("a cold haze", "publication:3")
        assert raised.value.retry_after is not None
        with pytest.raises(RefusedError) as refused:
            await gateway.song("No Such Song At All", "Nobody")
        assert refused.value.status == 404


async def test_a_database_in_trouble_blames_no_draft_and_promises_nothing_of_a_post(
    sandbox: Sandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    app = create_app(settings(sandbox.base))
    async with open_app(app), client_of(app) as gateway:
        with writing(app.state.engine) as connection:
            for table in ("desk_decision", "desk_draft", "publication"):
                connection.execute(text(f"DROP TABLE {table}"))
        with pytest.raises(BusyError, match="database"):
            await gateway.put_drafts([a_draft()])
        with pytest.raises(FailedError):
            await gateway.publish("a warm haze", "publication:1")


async def test_the_last_heartbeat_of_each_worker_is_kept(
    settings: MakeSettings, open_app: OpenApp
) -> None:
    app = create_app(settings())
    async with open_app(app), client_of(app) as gateway:
        await gateway.put_heartbeat(BEAT)
        await gateway.put_heartbeat(BEAT.model_copy(update={"cycle": 4}))
        await gateway.put_heartbeat(BEAT.model_copy(update={"worker": "host:2"}))
        with reading(app.state.engine) as connection:
            bodies = connection.scalars(select(heartbeat.c.body)).all()
    kept = [Heartbeat.model_validate(body) for body in bodies]
    assert sorted((beat.worker, beat.cycle) for beat in kept) == [("host:1", 4), ("host:2", 3)]


async def test_only_a_heartbeat_may_say_more_than_this_gateway_knows(
    settings: MakeSettings, open_app: OpenApp
) -> None:
    app = create_app(settings())
    parked = {"item_id": "x:17", "step": "song", "error": "e", "at": NOW.isoformat()}
    newer = {
        **BEAT.model_dump(mode="json"),
        "publishing": {"mode": "on", "mood": "fine"},
        "parked": [{**parked, "colour": "red"}],
        "weather": {"rain": True},
    }
    async with open_app(app) as client:
        answer = await client.put("/v1/heartbeat", json=newer)
        assert (answer.status_code, answer.json()) == (200, {"received": True, "commands": []})
        assert (await client.post("/v1/posts", json={"text": "x", "mood": 1})).status_code == 422
        (kept,) = heartbeats_in(app.state.engine)
    assert (kept.publishing, kept.parked) == (
        Publishing(mode="on"),
        [Parked.model_validate(parked)],
    )


async def test_a_heartbeat_is_answered_with_what_people_ask_of_the_worker(
    settings: MakeSettings, open_app: OpenApp
) -> None:
    app = create_app(settings())
    async with open_app(app), client_of(app) as gateway:
        give(app.state.engine, "retry", Actor("ada"), "x:17")
        give(app.state.engine, "pause", Actor("ada"))
        for _ in range(2):  # the first answer may be lost
            first, second = (await gateway.put_heartbeat(BEAT)).commands
        assert (first.kind, first.item_id, second.kind) == ("retry", "x:17", "pause")
        told = await gateway.put_heartbeat(BEAT.model_copy(update={"obeyed": first.id}))
        assert told.commands == [second]
        done = await gateway.put_heartbeat(BEAT.model_copy(update={"obeyed": second.id}))
        assert done.commands == []
        restored = await gateway.put_heartbeat(BEAT.model_copy(update={"obeyed": first.id}))
    assert restored.commands == [second], "its database was put back"


async def test_posts_that_were_deleted_are_told_from_those_that_are_there(
    start_sandbox: StartSandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    sandbox = start_sandbox(feed_burst=4, feed_interval=30)
    app = create_app(settings(sandbox.base))
    async with open_app(app), client_of(app) as gateway:
        ids = [post.id for post in (await gateway.timeline(None)).posts]
        assert await gateway.present(ids) == Present(ids=ids)
        sandbox.delete(ids[0])
        assert await gateway.present(ids) == Present(ids=ids[1:])
        assert await gateway.present(ids[:1]) == Present(ids=[])
        body = {"data": [{"id": ids[1]}], "errors": [{"value": ids[0]}]}
        sandbox.plan("x", "status", path="/2/tweets", status=200, body=json.dumps(body))
        assert await gateway.present(ids) == Present(ids=[ids[1]], unknown=ids[2:])


def requests_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path of the REST contract."""
    for path, item in app.openapi()["paths"].items():
        for method in item:
            if path.startswith("/v1/"):
                yield method.upper(), path.replace("{draft_id}", "x:17:1")


def assert_problem(response: httpx.Response, *statuses: int) -> Problem:
    assert response.status_code in statuses, (response.request.url, response.text)
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = Problem.model_validate(response.json())
    assert problem.status == response.status_code
    assert problem.request_id == response.headers["X-Request-ID"]
    assert problem.detail
    return problem


async def test_no_door_opens_without_a_key(settings: MakeSettings, open_app: OpenApp) -> None:
    app = create_app(settings(api_keys="right"))
    doors = list(requests_of(app))
    assert len(doors) >= 9
    async with open_app(app) as client:
        for method, path in doors:
            assert_problem(await client.request(method, path), 401)
            wrong = {"Authorization": "Bearer wrong"}
            assert_problem(await client.request(method, path, headers=wrong), 401)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"unknown": 1}', b"\xff\xfe"])
async def test_every_door_answers_nonsense_with_a_problem(
    settings: MakeSettings, open_app: OpenApp, body: bytes
) -> None:
    app = create_app(settings())
    nonsense = {
        "limit": "many",
        "after": "no cursor",
        "since": "no cursor",
        "ids": ",",
        "title": "",
    }
    async with open_app(app) as client:
        for method, path in requests_of(app):
            if path == "/v1/platform":
                continue  # It takes nothing, so nothing can be wrong with it.
            headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
            response = await client.request(
                method, path, params=nonsense, content=body, headers=headers
            )
            # A post that a path names in vain is not there.
            assert_problem(response, 404 if method == "DELETE" else 400, 422)


async def test_unknown_paths_and_methods_are_problems(
    settings: MakeSettings, open_app: OpenApp
) -> None:
    async with open_app(create_app(settings())) as client:
        assert_problem(await client.get("/v1/nothing"), 404)
        assert_problem(await client.delete("/v1/timeline"), 405)


@pytest.mark.parametrize("key", [None, "", "   ", "x" * 201, "bell\x07"])
async def test_publishing_needs_a_key_of_its_own(
    settings: MakeSettings, open_app: OpenApp, key: str | None
) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    async with open_app(create_app(settings())) as client:
        response = await client.post("/v1/posts", json={"text": "hello"}, headers=headers)
    problem = assert_problem(response, 400)
    assert "Idempotency-Key" in problem.detail


async def test_too_many_drafts_at_once_are_refused(
    settings: MakeSettings, open_app: OpenApp
) -> None:
    draft = a_draft().model_dump(mode="json")
    async with open_app(create_app(settings())) as client:
        response = await client.put("/v1/drafts", json={"drafts": [draft] * 2001})
    assert_problem(response, 422)


@pytest.mark.parametrize("ids", [",", ",".join(str(n) for n in range(101))])
async def test_receptions_are_asked_for_by_1_to_100_ids(
    settings: MakeSettings, open_app: OpenApp, ids: str
) -> None:
    async with open_app(create_app(settings())) as client:
        assert_problem(await client.get("/v1/posts", params={"ids": ids}), 400)


async def test_a_vendor_that_is_down_is_a_problem_with_a_time_to_return(
    settings: MakeSettings, open_app: OpenApp, unused_tcp_port_factory: Callable[[], int]
) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port_factory()}"
    async with open_app(create_app(settings(base))) as client:
        for path in ("/v1/timeline", "/v1/songs?title=Hurt", "/v1/posts?ids=17"):
            response = await client.get(path)
            assert_problem(response, 503)
            assert int(response.headers["Retry-After"]) > 0


async def test_missing_credentials_are_named_by_readiness_and_routes(
    settings: MakeSettings, open_app: OpenApp
) -> None:
    app = create_app(settings(**dict.fromkeys(CREDENTIALS)))
    async with open_app(app) as client:
        missing = (await client.get("/readyz")).json()["missing"]
        assert set(missing) == {"timeline", "catalogues"}
        timeline = assert_problem(await client.get("/v1/timeline"), 503)
        songs = assert_problem(await client.get("/v1/songs?title=Hurt"), 503)
    for name in CREDENTIALS[:4]:
        assert name.upper() in timeline.detail
    for name in CREDENTIALS[4:]:
        assert name.upper() in songs.detail


async def test_a_complete_gateway_is_ready(settings: MakeSettings, open_app: OpenApp) -> None:
    async with open_app(create_app(settings())) as client:
        assert (await client.get("/readyz")).status_code == 200


async def test_vendor_calls_are_in_the_metrics(
    sandbox: Sandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    async with open_app(create_app(settings(sandbox.base))) as client:
        await client.get("/v1/timeline")
        metrics = (await client.get("/metrics")).text
    assert 'vendor_call_duration_seconds_count{outcome="ok",vendor="x"} 1.0' in metrics


@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/drafts"), ("POST", "/login")])
async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(
    settings: MakeSettings, open_app: OpenApp, method: str, path: str
) -> None:
    app = create_app(settings(max_body_bytes=1024))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with open_app(app) as client:
        response = await client.request(method, path, content=b"a" * 1025, headers=kind)
    assert response.status_code == 413
    assert "larger than 1024 bytes" in response.text


def test_every_setting_is_described() -> None:
    undescribed = [n for n, f in GatewaySettings.model_fields.items() if not f.description]
    assert undescribed == []


@pytest.mark.parametrize(
    ("example", "contract"),
    [(drafts.BATCH, DraftBatch), (heartbeats.BEAT, Heartbeat)],
)
def test_the_examples_keep_the_contract(example: object, contract: type[BaseModel]) -> None:
    contract.model_validate(example)


def test_every_operation_is_named_and_documented(settings: MakeSettings) -> None:
    schema: dict[str, Any] = create_app(settings()).openapi()
    operations = [
        operation
        for path, item in schema["paths"].items()
        if path.startswith("/v1/")
        for operation in item.values()
    ]
    names = [operation["operationId"] for operation in operations]
    bodies = [operation["requestBody"] for operation in operations if "requestBody" in operation]
    assert all(body["content"]["application/json"]["schema"]["examples"] for body in bodies)
    assert len(set(names)) == len(names) == 16
    assert all(operation["summary"] for operation in operations)


WITHOUT_TORCH = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "model"}:
            raise ImportError(f"{name} must not be imported here")

sys.meta_path.insert(0, Blocker())
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
create_app(GatewaySettings(_env_file=None)).openapi()
assert not {"torch", "model"} & set(sys.modules)
"""


def test_the_gateway_runs_without_torch_and_model() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
