"""`/docs`: what the page says, and that it needs nobody else for it."""

import shlex
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from html.parser import HTMLParser
from typing import Annotated

import httpx
import pytest
from fastapi import Body, FastAPI, Path
from pydantic import BaseModel, ConfigDict, Field

Visit = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
MakeApp = Callable[..., FastAPI]


Number = Annotated[int, Path(examples=[3])]


class Tune(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"title": "It's <Alison>"}})

    title: str = Field(description="What it is called.")
    keys: list[int] | None = Field(None, description="Which keys.")


class Reader(HTMLParser):
    """The texts of all `pre`, and every address that the page names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.inside = tag == "pre"
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "pre"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.blocks.append(data)


def tuneful(make_app: MakeApp, **settings: object) -> FastAPI:
    app = make_app(**settings)

    @app.put("/tunes/{number}", summary="Keep a `tune`")
    async def keep(number: Number, tune: Tune) -> Tune:
        """Twice is as good as once."""
        return Tune(title=f"{number}. {tune.title}", keys=tune.keys)

    return app


async def read(visit: Visit, app: FastAPI) -> tuple[httpx.Response, Reader]:
    async with visit(app) as client:
        response = await client.get("/docs")
    assert response.status_code == 200
    return response, Reader(response.text)


async def test_it_loads_nothing_and_runs_nothing(visit: Visit, make_app: MakeApp) -> None:
    response, page = await read(visit, tuneful(make_app))
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert all(address.startswith(("/", "#")) for address in page.addresses)
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src")


async def test_every_operation_has_its_words_and_fields(visit: Visit, make_app: MakeApp) -> None:
    response, _ = await read(visit, tuneful(make_app))
    for said in ("Twice is as good as once.", "What it is called.", "list of integer<"):
        assert said in response.text


async def test_an_example_becomes_a_command_that_can_be_pasted(
    visit: Visit, make_app: MakeApp
) -> None:
    _, page = await read(visit, tuneful(make_app))
    command = next(shlex.split(block) for block in page.blocks if "-X PUT" in block)
    assert command[:4] == ["curl", "-X", "PUT", "http://jukebox/tunes/3"]
    assert command[-2:] == ["-d", '{"title": "It\'s <Alison>"}']


async def test_an_example_may_stand_beside_the_body_it_is_of(
    visit: Visit, make_app: MakeApp
) -> None:
    app = make_app()

    @app.post("/tunes")
    async def add(tune: Annotated[Tune, Body(examples=[{"title": "Machine Gun"}])]) -> Tune:
        return tune

    _, page = await read(visit, app)
    assert any("Machine Gun" in block for block in page.blocks)


@pytest.mark.parametrize(("keys", "shown"), [("", False), ("a-key", True)])
async def test_a_key_is_asked_for_where_one_is_needed(
    visit: Visit, make_app: MakeApp, keys: str, *, shown: bool
) -> None:
    response, page = await read(visit, tuneful(make_app, API_KEYS=keys))
    private = next(block for block in page.blocks if "/private" in block)
    assert ("Authorization: Bearer KEY" in private) is shown
    assert "a-key" not in response.text
