"""Our serving layer alone: the service's batcher and scheduler around one decode of the engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import methodcaller

import uvicorn
from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry

from benchmarks.serving.contract import Answer, Asked
from benchmarks.serving.setting import HOST, Setting
from benchmarks.serving.stand_in import load_stand_in
from services.common.collector import spare_what_stays
from services.common.problems import install_handlers
from services.inference.backlog import Job
from services.inference.disconnect import unless_gone
from services.inference.measures import Measures
from services.inference.process_executor import ProcessExecutor
from services.inference.scheduler import Scheduler
from services.inference.settings import InferenceSettings
from services.inference.translation import TOKENS_PER_SENTENCE


def create_app() -> FastAPI:
    """An app with one door."""
    settings, measures = InferenceSettings(), Measures(CollectorRegistry())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        executor = ProcessExecutor(settings, load_stand_in, measures.stepped)
        app.state.scheduler = Scheduler(
            executor, measures, deadline_seconds=settings.deadline_seconds
        )
        executor.start()
        yield
        await executor.stop(settings.shutdown_seconds)

    app = FastAPI(lifespan=lifespan)
    install_handlers(app)

    @app.post("/")
    async def answer(asked: Asked, request: Request) -> Answer:
        done = await unless_gone(request, app.state.scheduler.do(_job(asked.seed)))
        return {"seed": asked.seed, "ids": done.value}

    return app


def _job(seed: int) -> Job[tuple[int, ...]]:
    return Job(methodcaller("decode", seed), TOKENS_PER_SENTENCE)


if __name__ == "__main__":
    setting, app = Setting.read(), create_app()
    spare_what_stays()
    uvicorn.run(app, host=HOST, port=setting.port, log_level="warning")
