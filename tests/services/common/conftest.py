"""A service with a few doors, made of what all services share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

import httpx
import pytest
import structlog
from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field

from services.common.app import create_service
from services.common.auth import require_key
from services.common.body_limit import BodyLimitMiddleware
from services.common.problems import OverloadedError
from services.common.request_ids import current_request_id
from services.common.settings import ServiceSettings

log = structlog.get_logger()


class Song(BaseModel):
    title: str = Field(min_length=1)


@asynccontextmanager
async def nothing_owned(_: FastAPI) -> AsyncIterator[None]:
    yield


def jukebox(**settings: object) -> FastAPI:
    told = ServiceSettings.model_validate(settings)
    app = create_service(told, title="jukebox", description="Songs.", lifespan=nothing_owned)
    app.add_middleware(BodyLimitMiddleware, limit=1000)

    @app.get("/songs/{number}")
    async def song(number: int) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"number": str(number), "request_id": current_request_id()}

    @app.post("/songs")
    async def add(song: Song) -> Song:
        return song

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("the needle")

    @app.get("/busy")
    async def busy() -> None:
        raise OverloadedError("The queue is full.", retry_after=6.2)

    @app.get("/private")
    async def private(_: Annotated[None, Depends(require_key)]) -> dict[str, str]:
        log.info("private.read")
        return {}

    return app


Visit = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def visit() -> Visit:
    """A client of a jukebox with these settings, or of the app that is given."""

    @asynccontextmanager
    async def client(
        app: FastAPI | None = None, **settings: object
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = app or jukebox(**settings)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://jukebox") as one,
        ):
            one.headers["X-App"] = "jukebox"
            yield one

    return client


@pytest.fixture
def make_app() -> Callable[..., FastAPI]:
    return jukebox
