"""What routes need from `app.state`; a 503 that names the missing setting where it is not there."""

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


def _adapters(request: Request) -> Adapters:
    adapters: Adapters = request.app.state.adapters
    return adapters


World = Annotated[Adapters, Depends(_adapters)]


def _present(adapters: Adapters, name: str, adapter: T | None) -> T:
    if adapter is None:
        raise UnavailableError(f"This gateway has no {name} yet. {adapters.missing[name]}")
    return adapter


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def _timeline(adapters: World) -> Timeline:
    return _present(adapters, "timeline", adapters.timeline)


def _publications(adapters: World) -> Publications:
    return _present(adapters, "timeline", adapters.publications)


def _sheet(adapters: World) -> Sheet:
    return _present(adapters, "sheet", adapters.sheet)


def _songs(adapters: World) -> Songs:
    return _present(adapters, "catalogues", adapters.songs)


TheEngine = Annotated[Engine, Depends(_engine)]
TheTimeline = Annotated[Timeline, Depends(_timeline)]
ThePublications = Annotated[Publications, Depends(_publications)]
TheSheet = Annotated[Sheet, Depends(_sheet)]
TheSongs = Annotated[Songs, Depends(_songs)]
