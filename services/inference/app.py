"""The inference service: REST over the writer."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

from model.errors import RequestError
from services.common.app import create_service
from services.common.body_limit import BodyLimitMiddleware
from services.common.problems import problem_response
from services.inference.disconnect import ClientGoneError, answer_nobody
from services.inference.executor import Executor, Load, Stepped
from services.inference.loading import load_writer
from services.inference.measures import Measures
from services.inference.process_executor import ProcessExecutor
from services.inference.reloading import Reloader
from services.inference.routes import router
from services.inference.scheduler import Scheduler
from services.inference.settings import InferenceSettings

DESCRIPTION = """\
Writes one-sentence music commentary: genres (and a song) in, ranked sentences out.

A full queue answers 429 with `Retry-After` at once; errors are problem documents (RFC 9457).
"""

NOBODY_WAITS_SECONDS = 0.5

Employ = Callable[[InferenceSettings, Load, Stepped], Executor]


def create_app(
    settings: InferenceSettings, load: Load = load_writer, employ: Employ = ProcessExecutor
) -> FastAPI:
    """The service as an ASGI app; the writer is loaded by its lifespan, in the background.

    `load` must be a function of a module where the writer is employed in another process.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        executor = employ(settings, load, measures.stepped)
        measures.watch(executor)

        async def writer_ready() -> str | None:
            return executor.missing()

        app.state.readiness.add("writer", writer_ready)
        scheduler = app.state.scheduler = Scheduler(
            executor, measures, deadline_seconds=settings.deadline_seconds
        )
        app.state.reloader = Reloader(executor)
        executor.start()
        yield
        # A server that has drained its requests already leaves nobody to wait for.
        await executor.stop(
            settings.shutdown_seconds if scheduler.callers else NOBODY_WAITS_SECONDS
        )

    app = create_service(
        settings, title="deephypebot inference", description=DESCRIPTION, lifespan=lifespan
    )
    measures = app.state.measures = Measures(app.state.registry)
    app.add_middleware(BodyLimitMiddleware, limit=settings.max_body_bytes)
    app.add_exception_handler(RequestError, _on_refused)
    app.add_exception_handler(ClientGoneError, answer_nobody)
    app.include_router(router)
    return app


async def _on_refused(request: Request, error: Exception) -> Response:
    request.app.state.measures.rejected.labels("refused").inc()
    return problem_response(request, 400, str(error))
