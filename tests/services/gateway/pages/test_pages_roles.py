"""Every route of the gateway before every kind of caller: who gets in, and who is told what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr
from starlette.routing import Mount

from services.gateway.pages.sessions import SESSION, open_session
from services.gateway.pages.visitors import TOKEN
from tests.services.gateway.pages.scripted_inference import ScriptedInference

Fixture = Any  # the builders of conftest.py, which is no module to import from

MASTER = "key-of-the-services"
KEYS = {
    "curate": "key-of-a-curator",
    "publish": "key-of-a-publisher",
    "operate": "key-of-an-operator",
    "curate+publish+operate": "key-of-one-with-all",
}
PEOPLE = ",".join(f"{role}:{role}:{key}" for role, key in KEYS.items())

# What a route asks for: nothing, a bearer key of API_KEYS, or one of these roles.
OPEN, KEY = "open", "key"
CURATE, PUBLISH, OPERATE = "curate", "publish", "operate"
ANY = "curate publish operate"
NAMES_THEMSELVES = "a key of API_KEYS"

# The one table of who may have what. A route that is not in it fails the first test.
WHO = {
    "GET /livez": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": OPEN,
    "GET /docs": OPEN,
    "GET /openapi.json": OPEN,
    "GET /static/{path}": OPEN,
    "GET /login": OPEN,
    "POST /login": OPEN,
    "POST /logout": OPEN,
    "GET /": ANY,
    "GET /curate": CURATE,
    "GET /curate/pulse": CURATE,
    "GET /curate/ahead": CURATE,
    "POST /curate/approve": CURATE,
    "POST /curate/others": CURATE,
    "POST /curate/own": CURATE,
    "POST /curate/reject": CURATE,
    "POST /curate/undo": CURATE,
    "POST /curate/snooze": CURATE,
    "GET /curate/list": CURATE,
    "POST /curate/list": CURATE,
    "POST /curate/list/approve": CURATE,
    "POST /curate/list/reject": CURATE,
    "POST /curate/list/snooze": CURATE,
    "POST /curate/list/undo": CURATE,
    "POST /curate/preview": CURATE,
    "POST /curate/name": NAMES_THEMSELVES,
    "GET /playground": ANY,
    "GET /playground/genres": ANY,
    "GET /status": ANY,
    "POST /status/retry": OPERATE,
    "POST /status/pause": PUBLISH,
    "POST /status/resume": PUBLISH,
    "GET /audit": OPERATE,
    "GET /audit.csv": OPERATE,
    "GET /audit.jsonl": OPERATE,
    "GET /v1/timeline": KEY,
    "GET /v1/mentions": KEY,
    "GET /v1/platform": KEY,
    "POST /v1/posts": KEY,
    "GET /v1/posts": KEY,
    "GET /v1/posts/present": KEY,
    "DELETE /v1/posts/{post_id:path}": KEY,
    "GET /v1/songs": KEY,
    "GET /v1/songs/{catalogue}/{track_id}": KEY,
    "PUT /v1/drafts": KEY,
    "GET /v1/drafts": KEY,
    "PATCH /v1/drafts": KEY,
    "PUT /v1/drafts/forgotten": KEY,
    "PATCH /v1/drafts/{draft_id}": KEY,
    "PUT /v1/heartbeat": KEY,
    "PUT /v1/published": KEY,
}


@dataclass(frozen=True)
class Caller:
    """How somebody comes: with a session's cookie, a bearer key, or neither."""

    name: str
    roles: frozenset[str] = frozenset()
    session: str = ""
    bearer: str = ""
    known: bool = False  # by a session that holds
    names_itself: bool = False

    def expected(self, who: str) -> str:
        """What a route answers: in, login (303 to it), forbidden (403), unauthorized (401)."""
        if who == OPEN:
            return "in"
        if who == KEY:
            return "in" if self.bearer == MASTER else "unauthorized"
        if not self.known:
            return "login"
        if who == NAMES_THEMSELVES:
            return "in" if self.names_itself else "forbidden"
        return "in" if self.roles & set(who.split()) else "forbidden"


def session_of(key: str, seconds: float = 3600) -> str:
    return open_session(SecretStr(key), seconds)


def forged() -> str:
    """A session of a real key that somebody gave another hour."""
    name, expires, signature = session_of(MASTER).split(".")
    return f"{name}.{int(expires) + 3600}.{signature}"


EVERYBODY = [
    Caller("nobody"),
    *(
        Caller(role, frozenset(role.split("+")), session=session_of(key), known=True)
        for role, key in KEYS.items()
    ),
    Caller(
        "a key of API_KEYS, logged in",
        frozenset(ANY.split()),
        session=session_of(MASTER),
        known=True,
        names_itself=True,
    ),
    Caller("a key of API_KEYS, as bearer", bearer=MASTER),
    *(Caller(f"the key of {role}, as bearer", bearer=key) for role, key in KEYS.items()),
    Caller("a wrong key, as bearer", bearer="key-of-nobody-at-all"),
    Caller("a forged session", session=forged()),
    Caller("an expired session", session=session_of(MASTER, -1)),
    Caller("a session of a key that was taken away", session=session_of("key-that-once-was")),
]


def routes_of(app: FastAPI) -> Iterator[str]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, Mount):
            yield f"GET {context.original_route.path}/{{path}}"
        else:
            yield from (f"{method} {context.path}" for method in context.methods or {"ANY"})


@pytest.fixture
async def app(make_app: Fixture) -> Any:  # noqa: ANN401 - an async generator
    app = make_app(api_keys=MASTER, people=PEOPLE)
    async with app.router.lifespan_context(app):
        app.state.inference = ScriptedInference().client()
        yield app


def test_every_route_says_in_the_table_who_may_have_it(app: FastAPI) -> None:
    there = {name for name in routes_of(app) if not name.startswith("HEAD ")}
    assert there == set(WHO)


@dataclass
class Door:
    """A route, and what a call of it is answered."""

    browser: Fixture
    caller: Caller
    token: str = "token-of-this-browser"

    async def answer(self, name: str) -> str:
        method, path = name.split(" ")
        if "{path}" in path:
            path = "/static/pages.css"
        headers = {"Cookie": f"{TOKEN}={self.token}"}
        if self.caller.session:
            headers["Cookie"] += f"; {SESSION}={self.caller.session}"
        if self.caller.bearer:
            headers["Authorization"] = f"Bearer {self.caller.bearer}"
        form = {"token": self.token, "item_id": "x:1", "draft_id": "x:1:1", "version": "1"}
        self.browser.http.cookies.clear()
        body = form if method == "POST" and not path.startswith("/v1") else None
        answer = await self.browser.http.request(method, path, headers=headers, data=body)
        to_login = answer.headers.get("location", "").startswith("/login?next=")
        if answer.status_code == 303 and to_login:
            return "login"
        if answer.status_code == 403 and "did not come from this page" not in answer.text:
            return "forbidden"
        if answer.status_code == 401 and not path.startswith("/login"):
            return "unauthorized"
        return "in"


@pytest.mark.parametrize("caller", EVERYBODY, ids=lambda caller: caller.name)
async def test_every_route_lets_in_whom_the_table_names_and_nobody_else(
    app: FastAPI, open_browser: Fixture, desk: Fixture, drafts_for: Fixture, caller: Caller
) -> None:
    await desk.upsert(drafts_for(1))
    door = Door(open_browser(app), caller)
    answers = {name: await door.answer(name) for name in WHO}
    assert answers == {name: caller.expected(who) for name, who in WHO.items()}
