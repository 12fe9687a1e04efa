"""What a catalogue does, one method at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from services.gateway.catalogues.catalogue import Catalogue, Linked, Track
from tests.services.gateway.scenarios import PATIENCE, SECONDS, Bench, OpenScenario, Scenario

OpenCatalogue = Callable[[Bench, float], AbstractAsyncContextManager[Catalogue]]


@dataclass
class SearchTracks:
    catalogue: Catalogue
    control: Catalogue
    found: Sequence[Track] = ()

    async def prepare(self) -> None: ...

    async def act(self) -> None:
        self.found = await self.catalogue.tracks("Midnight City", "M83")

    async def check(self) -> None:
        assert any(track.title == "Midnight City" for track in self.found)


@dataclass
class NameGenres:
    catalogue: Catalogue
    control: Catalogue
    genres: Sequence[str] = ()

    async def prepare(self) -> None:
        (self.artist, *_) = (await self.control.tracks("Midnight City", "M83"))[0].artists

    async def act(self) -> None:
        self.genres = await self.catalogue.genres(self.artist)

    async def check(self) -> None:
        assert self.genres


@dataclass
class FollowLink:
    catalogue: Catalogue
    control: Catalogue
    found: Track | None = None

    async def prepare(self) -> None:
        self.wanted = (await self.control.tracks("Midnight City", "M83"))[0]

    async def act(self) -> None:
        assert isinstance(self.catalogue, Linked)
        self.found = await self.catalogue.track(self.wanted.ids[self.catalogue.name])

    async def check(self) -> None:
        assert self.found == self.wanted


OF_CATALOGUES = {"tracks": SearchTracks, "genres": NameGenres, "track": FollowLink}


def of_catalogue(open_catalogue: OpenCatalogue, name: str) -> OpenScenario:
    @asynccontextmanager
    async def scenario(bench: Bench) -> AsyncIterator[Scenario]:
        async with (
            open_catalogue(bench, SECONDS) as catalogue,
            open_catalogue(bench, PATIENCE) as control,
        ):
            yield OF_CATALOGUES[name](catalogue, control)

    return scenario
