"""A browser without JavaScript in front of a gateway: it reads pages and submits their forms."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.gateway.app import create_app
from services.gateway.schemas import Draft, Post, Scores, Song
from services.gateway.settings import GatewaySettings
from services.gateway.sheets.local import LocalSheet

BASE = "http://127.0.0.1"
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@dataclass
class PageForm:
    action: str
    fields: dict[str, str] = field(default_factory=dict)


class PageReader(HTMLParser):
    """What a person sees (`text`) and can submit (`forms`); tags that the page really has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.forms: list[PageForm] = []
        self.textarea: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(PageForm(given.get("action", "")))
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self.textarea = given.get("name")
            if self.forms and self.textarea:
                self.forms[-1].fields[self.textarea] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.textarea = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.textarea and self.forms:
            # A browser drops the line break right after the tag.
            fields = self.forms[-1].fields
            fields[self.textarea] = (fields[self.textarea] + data).removeprefix("\n")


class Browser:
    """Reads pages over ASGI; cookies are kept, redirects are followed as a browser would."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path, follow_redirects=True)

    async def read(self, path: str) -> PageReader:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return PageReader(answer.text)

    async def submit(
        self, page: PageReader, action: str, at: int = 0, **typed: str
    ) -> httpx.Response:
        """Fill in and send the page's form for `action`, the `at`-th where there are several."""
        form = [form for form in page.forms if form.action == action][at]
        headers = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(
            action, data=form.fields | typed, headers=headers, follow_redirects=True
        )


MakeDrafts = Callable[..., list[Draft]]
MakeApp = Callable[..., FastAPI]


@pytest.fixture
def drafts_for() -> MakeDrafts:
    """`drafts_for(number, count=2, post=..., song=..., texts=...)`; higher numbers are newer."""

    def make(
        number: int,
        count: int = 2,
        *,
        post: dict[str, Any] | None = None,
        song: dict[str, Any] | None = None,
        texts: Sequence[str] = (),
    ) -> list[Draft]:
        at = NOON + timedelta(minutes=number)
        about: dict[str, Any] = {
            "origin": "x",
            "id": str(number),
            "text": f"on the radio: song {number}",
            "author_id": "7",
            "author": "listener",
            "created_at": at,
        }
        named: dict[str, Any] = {
            "title": f"Song {number}",
            "artists": ["Grimes"],
            "genres": ["art pop"],
            "genres_from": "musicbrainz",
            "score": 0.97,
        }
        words = texts or [f"sentence {rank} about song {number}." for rank in range(1, count + 1)]
        return [
            Draft(
                id=f"x:{number}:{rank}",
                item_id=f"x:{number}",
                rank=rank,
                text=text,
                scores=Scores(score=0.9 / rank, log_prob=-2.0, topic=0.5, novelty=0.8),
                post=Post(**about | (post or {})),
                song=Song(**named | (song or {})),
                created_at=at,
            )
            for rank, text in enumerate(words, 1)
        ]

    return make


@pytest.fixture
def make_app(settings: Callable[..., GatewaySettings]) -> MakeApp:
    def make(**changes: object) -> FastAPI:
        return create_app(settings(**changes))

    return make


@pytest.fixture
async def app(make_app: MakeApp) -> AsyncIterator[FastAPI]:
    """A running gateway with an empty desk."""
    app = make_app()
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def desk(app: FastAPI) -> LocalSheet:
    desk: LocalSheet = app.state.desk
    return desk


def browse(app: FastAPI, base: str = BASE, address: str = "127.0.0.1") -> Browser:
    transport = httpx.ASGITransport(app, client=(address, 4711))
    return Browser(httpx.AsyncClient(transport=transport, base_url=base))


@pytest.fixture
def open_browser() -> Callable[..., Browser]:
    """`open_browser(app)`: another person's browser."""
    return browse


@pytest.fixture
def browser(app: FastAPI) -> Browser:
    return browse(app)
