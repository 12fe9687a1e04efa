"""A new bundle while the service runs: loaded and warmed beside the old one, then swapped in."""

import asyncio

import structlog

from model.errors import ModelError
from model.facts import Facts
from services.common.problems import ConflictError, UnavailableError
from services.inference.backlog import GivenUpError
from services.inference.batcher import LOADING
from services.inference.executor import Executor
from services.inference.scheduler import SECONDS_TO_LOAD

log = structlog.get_logger()

STAYS = "What answered before goes on."


class Reloader:
    """Replaces an executor's writer, one reload at a time."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._lock = asyncio.Lock()

    async def reload(self) -> tuple[Facts | None, Facts]:
        """The writer that answered until now, if there was one, and the one that does from now on.

        Raises ConflictError, which says why, if the bundle can't be used; the old writer stays. And
        UnavailableError while the first one is still being loaded, or if the writer died of it.
        """
        if self._executor.loading:
            raise UnavailableError(LOADING, headers={"Retry-After": str(SECONDS_TO_LOAD)})
        async with self._lock:
            before = self._executor.facts
            try:
                facts = await self._executor.reload()
            except ModelError as error:
                log.warning("writer.refused", reason=str(error))
                raise ConflictError(f"{error}. {STAYS}") from error
            except GivenUpError as error:
                raise UnavailableError(
                    str(error), headers={"Retry-After": str(SECONDS_TO_LOAD)}
                ) from error
            except Exception as error:
                log.exception("writer.refused")
                raise ConflictError(
                    f"The writer could not be loaded ({error}): see the service's log. {STAYS}"
                ) from error
            log.info("writer.replaced", name=facts.name, revision=facts.revision)
            return before, facts
