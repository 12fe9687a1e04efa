"""Our serving layer alone: the service's batcher and scheduler around one decode of the engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import uvicorn
from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry

from benchmarks.serving.setting import HOST, Setting
from benchmarks.serving.work import Answer, Asked, load_engine
from model.composing import Composer, Composition
from services.common.problems import install_handlers
from services.inference.backlog import Backlog, Job
from services.inference.batcher import Batcher, SentenceWriter
from services.inference.disconnect import unless_gone
from services.inference.measures import Measures
from services.inference.scheduler import Scheduler
from services.inference.settings import InferenceSettings
from services.inference.translation import TOKENS_PER_SENTENCE


class StandIn:
    """A writer whose composition is one decode."""

    name = revision = "benchmark"

    def __init__(self, setting: Setting) -> None:
        engine, self._jobs = load_engine(setting)
        self.composer = Composer(engine)

    def compose(self, seed: int) -> Composition[tuple[int, ...]]:
        (row,) = yield [self._jobs[seed]]
        return row.ids


def create_app(setting: Setting) -> FastAPI:
    """An app with one door."""
    settings, measures = InferenceSettings(), Measures(CollectorRegistry())
    backlog = Backlog(settings.queue_tokens)
    batcher = Batcher(lambda: cast("SentenceWriter", StandIn(setting)), backlog, measures)
    scheduler = Scheduler(batcher, backlog, measures, deadline_seconds=settings.deadline_seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        yield
        await asyncio.to_thread(batcher.stop, settings.shutdown_seconds)

    app = FastAPI(lifespan=lifespan)
    install_handlers(app)

    @app.post("/")
    async def answer(asked: Asked, request: Request) -> Answer:
        done = await unless_gone(request, scheduler.do(_job(asked.seed)))
        return {"seed": asked.seed, "ids": done.value}

    return app


def _job(seed: int) -> Job[tuple[int, ...]]:
    return Job(lambda writer: cast("StandIn", writer).compose(seed), TOKENS_PER_SENTENCE)


if __name__ == "__main__":
    setting = Setting.read()
    uvicorn.run(create_app(setting), host=HOST, port=setting.port, log_level="warning")
