"""A new bundle while the service runs: loaded and warmed beside the old one, then swapped in."""

import asyncio
from collections.abc import Callable

import structlog

from model.errors import ModelError
from services.common.problems import ConflictError, UnavailableError
from services.inference.batcher import LOADING, SECONDS_TO_LOAD, Batcher, SentenceWriter

log = structlog.get_logger()

STAYS = "What answered before goes on."


class Reloader:
    """Replaces a batcher's writer, one reload at a time."""

    def __init__(self, batcher: Batcher, load: Callable[[], SentenceWriter]) -> None:
        self._batcher = batcher
        self._load = load
        self._lock = asyncio.Lock()

    async def reload(self) -> tuple[SentenceWriter | None, SentenceWriter]:
        """The writer that answered until now, if there was one, and the one that does from now on.

        Raises ConflictError, which says why, if the bundle can't be used; the old writer stays. And
        UnavailableError while the first one is still being loaded.
        """
        if self._batcher.loading:
            raise UnavailableError(LOADING, headers={"Retry-After": str(SECONDS_TO_LOAD)})
        async with self._lock:
            before = self._batcher.writer
            try:
                writer = await asyncio.to_thread(self._load)
            except ModelError as error:
                log.warning("writer.refused", reason=str(error))
                raise ConflictError(f"{error}. {STAYS}") from error
            except Exception as error:
                log.exception("writer.refused")
                raise ConflictError(
                    f"The writer could not be loaded ({error}): see the service's log. {STAYS}"
                ) from error
            self._batcher.replace(writer)
            log.info("writer.replaced", name=writer.name, revision=writer.revision)
            return before, writer
