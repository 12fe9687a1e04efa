"""A database of every released schema is opened, and its flow goes on where it stood."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.common.database import reading
from services.gateway.schemas import Draft, Post, Scores, Song
from tests.released import Rows, leave_behind, revisions
from tests.worker.conftest import OpenBot
from tests.worker.worker_world import START, World
from worker.store import MIGRATIONS, SERVICE, Store
from worker.tables import decision, draft, gap, post, publication

STATES = {
    "x:1": "stored",
    "x:2": "no_song",
    "x:3": "song",
    "x:4": "unknown_song",
    "x:5": "resolved",
    "x:6": "drafted",
    "x:7": "delivered",
    "x:8": "decided",
    "x:9": "parked",
    "x:10": "decided",
}
AFTERWARDS = STATES | dict.fromkeys(("x:1", "x:3", "x:5", "x:6", "x:9"), "delivered")


def post_left(item_id: str, state: str) -> dict[str, Any]:
    number = item_id.removeprefix("x:")
    title = f"Harbour Lights {number}"
    asked = {"title": title, "artists": ["The Lanterns"], "guess": False}
    song = {"title": title, "artists": ["The Lanterns"], "genres": ["shoegaze"], "score": 1.0}
    found = state in {"resolved", "drafted", "delivered", "decided"}
    body = {
        "origin": "x",
        "id": number,
        "text": f'Listening to "{title}" by The Lanterns',
        "author_id": "7",
        "created_at": START.isoformat(),
    }
    return {
        "item_id": item_id,
        "origin": "x",
        "id": number,
        "state": state,
        "body": body,
        "posted_at": START,
        "stored_at": START,
        "changed_at": START,
        "candidates": [] if state in {"stored", "no_song"} else [asked],
        "rule": "quoted",
        "reason": "no song" if state == "no_song" else None,
        "song": song if found else None,
        "attempts": 5 if state == "parked" else 0,
        "faults": 5 if state == "parked" else 0,
        "next_at": START,
        "last_error": "the catalogue chokes" if state == "parked" else None,
        "parked_from": "song" if state == "parked" else None,
        "ask_at": START,
    }


def draft_left(item_id: str, state: str) -> dict[str, Any]:
    return {
        "id": f"{item_id}:1",
        "item_id": item_id,
        "rank": 1,
        "state": state,
        "text": f"A lamp that stays lit, {item_id}.",
        "score": 0.7,
        "log_prob": -2.5,
        "topic": 0.8,
        "novelty": 0.6,
        "latent": [0.25, -0.5],
        "seed": 2**62 + 1,
        "model": "tiny",
        "model_revision": "r1",
        "created_at": START,
        "changed_at": START,
        "decision_version": {"x:8": "1", "x:10": "2"}.get(item_id),
    }


def decision_left(item_id: str, version: str) -> dict[str, Any]:
    return {
        "draft_id": f"{item_id}:1",
        "version": version,
        "verdict": "approved",
        "text": "In my own words." if item_id == "x:10" else f"A lamp that stays lit, {item_id}.",
        "edited": item_id == "x:10",
        "curator": "ada",
        "decided_at": START,
        "stored_at": START,
    }


def publication_left(number: int, item_id: str, state: str) -> dict[str, Any]:
    out = state == "published"
    return {
        "id": number,
        "item_id": item_id,
        "draft_id": f"{item_id}:1",
        "idempotency_key": f"key of {item_id}",
        "text": "In my own words." if not out else f"A lamp that stays lit, {item_id}.",
        "state": state,
        "approved_at": START,
        "changed_at": START,
        "announced": out,
        "uncertain": False,
        "attempts": int(out),
        "next_at": START,
        "sent_at": START if out else None,
        "origin": "x" if out else None,
        "remote_id": "77" if out else None,
        "url": "https://example.org/77" if out else None,
        "published_at": START if out else None,
        "reconciled": False,
    }


OUTCOME = {
    "draft_id": "x:8:1",
    "state": "published",
    "url": "https://example.org/77",
    "version": 1,
    "owed": False,
    "attempts": 0,
    "next_at": START,
}
ROWS: Rows = {
    "cursor": [
        {"source": "timeline", "cursor": "10", "changed_at": START},
        {"source": "decisions", "cursor": "2", "changed_at": START},
    ],
    "gap": [{"id": 1, "source": "timeline", "after": "0", "reason": "away", "noted_at": START}],
    "post": [post_left(item_id, state) for item_id, state in STATES.items()],
    "draft": [
        draft_left("x:6", "written"),
        draft_left("x:7", "delivered"),
        draft_left("x:8", "approved"),
        draft_left("x:10", "approved"),
    ],
    "decision": [decision_left("x:8", "1"), decision_left("x:10", "2")],
    "publication": [publication_left(1, "x:8", "published"), publication_left(2, "x:10", "ready")],
    "outcome": [OUTCOME],
}


def states(store: Store) -> dict[str, str]:
    with reading(store.engine) as connection:
        return {row.item_id: row.state for row in connection.execute(select(post))}


def as_it_was(world: World) -> World:
    """The world that these rows come from."""
    world.posts = [Post.model_validate(row["body"]) for row in ROWS["post"]]
    for row in ROWS["draft"][1:]:
        (about,) = (each for each in ROWS["post"] if each["item_id"] == row["item_id"])
        world.drafts[row["id"]] = Draft(
            scores=Scores(score=0.7, log_prob=-2.5, topic=0.8, novelty=0.6),
            post=Post.model_validate(about["body"]),
            song=Song.model_validate(about["song"]),
            **{name: row[name] for name in ("id", "item_id", "rank", "text", "created_at")},
        )
    for draft_id, text in (("x:8:1", None), ("x:10:1", "In my own words.")):
        world.decide(draft_id, text=text)
    return world


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'worker.sqlite3'}"
    found: str = request.getfixturevalue("postgres")
    return found


@pytest.mark.parametrize("revision", revisions(MIGRATIONS))
async def test_the_flow_goes_on_from_every_released_schema(
    revision: str, url: str, start: OpenBot, world: World
) -> None:
    leave_behind(url, MIGRATIONS, SERVICE, revision, ROWS)
    store = Store.open(url)
    assert states(store) == STATES
    with reading(store.engine) as connection:
        for table in (draft, decision, publication, gap):
            for row in connection.execute(select(table)).mappings():
                (left,) = (
                    each
                    for each in ROWS[table.name]
                    if all(each[key.name] == row[key] for key in table.primary_key)
                )
                assert {name: row[name] for name in left} == left

    as_it_was(world)
    bot = await start(database_url=url, num_samples=1)
    assert store.parked.retry_all(START) == 1
    await bot.run_cycle()
    await bot.look_at_desk()
    assert states(store) == AFTERWARDS
    assert world.out == ["In my own words."]
    assert len(world.drafts) == 8
    assert world.calls["generate"] == 4
    store.close()


def test_a_draft_of_the_first_schema_knows_which_decision_stands(url: str) -> None:
    decisions = [
        decision_left("x:8", version) | {"stored_at": START + timedelta(minutes=age)}
        for age, version in enumerate(("b", "c", "a"))
    ]
    rows = {"post": ROWS["post"], "draft": [draft_left("x:8", "approved")], "decision": decisions}
    leave_behind(url, MIGRATIONS, SERVICE, "0001", rows)
    store = Store.open(url)
    with reading(store.engine) as connection:
        assert connection.scalar(select(draft.c.decision_version)) == "a"
    store.close()
