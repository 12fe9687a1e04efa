"""What routes need from `app.state`; a 503 that names the missing setting where it is not there.

None of it waits for anything: as plain functions, FastAPI would send each to a thread.
"""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Engine

from services.common.problems import UnavailableError
from services.gateway.adapters import Adapters
from services.gateway.catalogues.songs import Songs
from services.gateway.publications import Publications
from services.gateway.sheets.sheet import Sheet
from services.gateway.timelines.timeline import Timeline

T = TypeVar("T")


async def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


async def _timeline(request: Request) -> Timeline:
    return _present(request, "timeline", lambda adapters: adapters.timeline)


async def _publications(request: Request) -> Publications:
    return _present(request, "timeline", lambda adapters: adapters.publications)


async def _sheet(request: Request) -> Sheet:
    return _present(request, "sheet", lambda adapters: adapters.sheet)


async def _songs(request: Request) -> Songs:
    return _present(request, "catalogues", lambda adapters: adapters.songs)


def _present(request: Request, name: str, choose: Callable[[Adapters], T | None]) -> T:
    adapters: Adapters = request.app.state.adapters
    adapter = choose(adapters)
    if adapter is None:
        raise UnavailableError(f"This gateway has no {name} yet. {adapters.missing[name]}")
    return adapter


TheEngine = Annotated[Engine, Depends(_engine)]
TheTimeline = Annotated[Timeline, Depends(_timeline)]
ThePublications = Annotated[Publications, Depends(_publications)]
TheSheet = Annotated[Sheet, Depends(_sheet)]
TheSongs = Annotated[Songs, Depends(_songs)]
