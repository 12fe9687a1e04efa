"""A new bundle while the service runs: loaded and warmed beside the old one, then swapped in."""

import asyncio
from collections.abc import Callable

import structlog

from model.errors import ModelError
from services.common.problems import ConflictError
from services.inference.batcher import Batcher, SentenceWriter

log = structlog.get_logger()


class Reloader:
    """Replaces a batcher's writer, one reload at a time."""

    def __init__(self, batcher: Batcher, load: Callable[[], SentenceWriter]) -> None:
        self._batcher = batcher
        self._load = load
        self._lock = asyncio.Lock()

    async def reload(self) -> SentenceWriter:
        """The writer that answers from now on.

        Raises ConflictError, which says why, if the bundle can't be used; the old writer stays.
        """
        async with self._lock:
            try:
                writer = await asyncio.to_thread(self._load)
            except ModelError as error:
                log.warning("writer.refused", reason=str(error))
                raise ConflictError(f"{error}. The writer that was loaded before stays.") from error
            self._batcher.replace(writer)
            log.info("writer.replaced", name=writer.name, revision=writer.revision)
            return writer
