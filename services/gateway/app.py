"""The gateway: the outside world behind REST, and the pages that people look at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from services.common.app import create_service
from services.common.body_limit import BodyLimitMiddleware
from services.common.database import open_migrated, reading
from services.common.health import Check
from services.common.problems import problem_response
from services.gateway.adapters import Adapters, Wiring
from services.gateway.catalogues.songs import Songs
from services.gateway.pages.routes import install_pages
from services.gateway.pages.views import prepare_pages
from services.gateway.routes import router
from services.gateway.settings import GatewaySettings
from services.gateway.vendor_calls import VendorMetrics
from services.inference.client import InferenceClient

log = structlog.get_logger()

MIGRATIONS = Path(__file__).parent / "migrations"
DESCRIPTION = (
    "Reads posts, finds songs, brings drafts to a curator and publishes what the curator "
    "approves. Every error is a problem document (RFC 9457)."
)


def create_app(settings: GatewaySettings) -> FastAPI:
    """The gateway for these settings.

    `app.state` holds `settings`; from start-up on also `engine`, `adapters`, `inference` and `desk`
    (None without a local sheet).
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = await asyncio.to_thread(open_gateway_database, settings)
        await asyncio.to_thread(prepare_pages)
        adapters = Wiring(settings, engine, metrics).adapters()
        _install(app, engine, adapters)
        try:
            async with _forgetting(adapters.songs), _inference(settings) as app.state.inference:
                yield
        finally:
            await adapters.close()
            engine.dispose()

    app = create_service(
        settings, title="deephypebot gateway", description=DESCRIPTION, lifespan=lifespan
    )
    metrics = VendorMetrics(app.state.registry)
    app.add_middleware(BodyLimitMiddleware, limit=settings.max_body_bytes)
    app.exception_handler(OperationalError)(on_database_trouble)
    app.include_router(router)
    install_pages(app)
    return app


async def on_database_trouble(request: Request, error: OperationalError) -> Response:
    """Later may help, and nothing that was asked is to blame; but a post may be out already."""
    if request.method not in {"GET", "PUT"}:
        raise error
    log.error("database.failed", path=request.url.path, exc_info=error)
    detail = "The gateway's database does not answer as it should: see the gateway's log."
    return problem_response(request, 503, detail, {"Retry-After": "15"})


def open_gateway_database(settings: GatewaySettings) -> Engine:
    """The gateway's database, up to date; raises SettingsError."""
    return open_migrated(settings.database, MIGRATIONS, "gateway")


def _install(app: FastAPI, engine: Engine, adapters: Adapters) -> None:
    app.state.engine = engine
    app.state.adapters = adapters
    app.state.desk = adapters.desk
    app.state.readiness.add("database", _database_check(engine))
    for name in ("timeline", "sheet", "catalogues"):
        app.state.readiness.add(name, _adapter_check(adapters, name))


@asynccontextmanager
async def _forgetting(songs: Songs | None) -> AsyncIterator[None]:
    """Answers that no longer hold are dropped, at once and every day."""
    if songs is None:
        yield
        return
    await asyncio.to_thread(songs.answers.forget_expired)
    task = asyncio.create_task(songs.answers.forget_daily())
    try:
        yield
    finally:
        task.cancel()


def _inference(settings: GatewaySettings) -> InferenceClient:
    """The writer, for a person who waits before a page: nothing is asked twice."""
    return InferenceClient(
        settings.inference_url,
        key=settings.key_for(settings.inference_key),
        timeout=settings.inference_timeout,
        attempts=1,
    )


def _database_check(engine: Engine) -> Check:
    def ask() -> str | None:
        try:
            with reading(engine) as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            return f"The database does not answer ({type(error).__name__}); see DATABASE_URL."
        return None

    async def check() -> str | None:
        return await asyncio.to_thread(ask)

    return check


def _adapter_check(adapters: Adapters, name: str) -> Check:
    async def check() -> str | None:
        return adapters.missing.get(name)

    return check
