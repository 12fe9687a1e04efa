"""The frame of every service: `create_service` gives an app with the doors that all share."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.common.health import Readiness, install_health
from services.common.metrics import install_metrics
from services.common.problems import PROBLEM_RESPONSES, DefectMiddleware, install_handlers
from services.common.reference import install_reference
from services.common.request_ids import RequestIdMiddleware
from services.common.settings import ServiceSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_service(
    settings: ServiceSettings, *, title: str, description: str, lifespan: Lifespan
) -> FastAPI:
    """An app with health, metrics, reference, request ids and problem documents; routes come after.

    `app.state` holds `settings`, `readiness` and `registry`; the lifespan adds what it owns.
    """
    readiness = Readiness()

    @asynccontextmanager
    async def guarded_lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with lifespan(app):
            yield
            readiness.stopping = True

    app = FastAPI(
        title=title,
        description=description,
        version=version("deephypebot"),
        lifespan=guarded_lifespan,
        responses=PROBLEM_RESPONSES,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    install_handlers(app)
    install_health(app, readiness)
    install_reference(app, settings)
    app.add_middleware(DefectMiddleware)
    install_metrics(app, CollectorRegistry())
    app.add_middleware(RequestIdMiddleware)
    return app
