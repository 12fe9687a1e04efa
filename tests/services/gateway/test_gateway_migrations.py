"""A gateway's database of every released schema is opened, and its work goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from services.common.database import reading
from services.gateway.app import MIGRATIONS, create_app
from services.gateway.client import GatewayClient
from services.gateway.heartbeats import heartbeats
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.local import LocalSheet
from services.gateway.sheets.sheet import Wanted
from services.gateway.tables import metadata
from tests.released import Rows, leave_behind, revisions

if TYPE_CHECKING:
    from tests.services.gateway.conftest import Sandbox

    MakeSettings = Callable[..., GatewaySettings]
    OpenApp = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]

THEN = datetime(2026, 10, 1, 8, tzinfo=UTC)
SONG = {"title": "Hurt", "artists": ["Johnny Cash"], "genres": ["country"], "score": 1.0}


def item_left(number: int, state: str) -> dict[str, Any]:
    post = {
        "origin": "x",
        "id": str(number),
        "text": f"on the radio: song {number}",
        "author_id": "7",
        "created_at": THEN.isoformat(),
    }
    return {
        "id": f"x:{number}",
        "state": state,
        "version": 1 if state == "waiting" else 2,
        "post": post,
        "song": SONG,
        "posted_at": THEN,
        "created_at": THEN,
        "curator": None if state == "waiting" else "Ada",
        "acted_at": None if state == "waiting" else THEN,
    }


def draft_left(number: int) -> dict[str, Any]:
    return {
        "id": f"x:{number}:1",
        "item_id": f"x:{number}",
        "rank": 1,
        "text": f"a slow burn, number {number}",
        "scores": {"score": 0.5, "log_prob": -1.0, "topic": 0.5, "novelty": 0.5},
        "created_at": THEN,
    }


def words_left(number: int) -> dict[str, Any]:
    words = f"hurt\njohnny cash\na slow burn, number {number}\nin my own words"
    return {"item_id": f"x:{number}", "words": words, "genres": "country", "post": ""}


def publication_left(key: str, **more: object) -> dict[str, Any]:
    own = {"text": f"words of {key}", "attempts": 1, "started_at": THEN, "last_attempt_at": THEN}
    return {"key": key, **own, **more}


BEAT = {
    "worker": "host:1",
    "at": THEN.isoformat(),
    "interval": 60,
    "cycle": 3,
    "seconds": 1.5,
    "posts": {"decided": 1},
    "drafts": {},
    "publications": {},
}
DECISION = {
    "draft_id": "x:2:1",
    "verdict": "approved",
    "text": "in my own words",
    "edited": 1,
    "curator": "Ada",
    "decided_at": THEN,
}
COST = {"day": "2026-10-01", "vendor": "x", "operation": "post read"}
ROWS: Rows = {
    "publication": [
        publication_left(
            "out", state="published", origin="x", remote_id="77", url=None, published_at=THEN
        ),
        publication_left("unknown", state="sending"),
    ],
    "catalogue_answer": [
        {
            "catalogue": "spotify",
            "question": "who knows",
            "answer": [{"title": "Hurt"}],
            "expires_at": datetime.now(UTC) + timedelta(days=30),
        }
    ],
    "spend": [{**COST, "units": 10, "micro_usd": 50_000}],
    "heartbeat": [{"worker": "host:1", "at": THEN, "body": BEAT}],
    "command": [
        {"id": 5, "kind": "pause", "given_by": "ada", "given_at": THEN, "done_at": THEN},
    ],
    "audit": [{"at": THEN, "who": "Ada", "what": "edited", "item_id": "x:2", "after": "mine"}],
    "desk_item": [item_left(1, "waiting"), item_left(2, "approved")],
    "desk_draft": [draft_left(1), draft_left(2)],
    "desk_decision": [DECISION],
    "desk_words": [words_left(1), words_left(2)],
}

# The tables of the first schema.
OF_OLD = set(ROWS) - {"spend", "command", "audit", "desk_words"}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gateway.sqlite3'}"
    found: str = request.getfixturevalue("postgres")
    return found


@pytest.mark.parametrize("revision", revisions(MIGRATIONS))
async def test_the_work_goes_on_from_every_released_schema(
    revision: str, url: str, sandbox: Sandbox, settings: MakeSettings, open_app: OpenApp
) -> None:
    left = leave_behind(url, MIGRATIONS, "gateway", revision, ROWS)
    assert left >= OF_OLD
    app = create_app(settings(sandbox.base, database_url=url))
    client = GatewayClient("http://gateway", transport=httpx.ASGITransport(app), attempts=1)
    async with open_app(app), client as gateway:
        assert rows_in(app) >= left
        assert (await gateway.publish("words of out", "out")).id == "77"
        assert not (await gateway.publish("words of unknown", "unknown")).reconciled
        assert sandbox.texts() == ["words of unknown"]
        (decision,) = (await gateway.decisions(None)).decisions
        assert (decision.text, decision.version) == ("in my own words", "1")
        desk: LocalSheet = app.state.desk
        (waiting,) = await desk.queue(10)
        assert waiting.post.text == "on the radio: song 1"
        (found,) = await desk.queue(10, wanted=Wanted("approved", search="my own", curator="Ada"))
        assert found.item_id == "x:2"
        await desk.approve("x:1:1", text=None, version=1, curator="Ada")
        (newer,) = (await gateway.decisions("1")).decisions
        assert newer.draft_id == "x:1:1"
        assert [beat.worker for beat in heartbeats(app.state.engine)] == ["host:1"]


def rows_in(app: FastAPI) -> set[str]:
    """The tables that have as many rows as were left in them."""
    with reading(app.state.engine) as connection:
        return {
            table.name
            for table in metadata.sorted_tables
            if connection.scalar(select(func.count()).select_from(table))
            == len(ROWS.get(table.name, ()))
        }
