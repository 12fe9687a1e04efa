"""FastAPI with a micro-batcher: a fixed window from the first request on, then one batch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from benchmarks.serving.contract import Answer, Asked
from benchmarks.serving.setting import BATCH, HOST, WAIT_SECONDS, Setting
from benchmarks.serving.work import Decode, load_decode

Waiting = asyncio.Queue[tuple[int, asyncio.Future[Answer]]]


async def batches(decode: Decode, waiting: Waiting) -> None:
    """Decode what waits, batch after batch."""
    while True:
        batch = [await waiting.get()]
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while len(batch) < BATCH:
                    batch.append(await waiting.get())
        except TimeoutError:
            pass
        answers = await asyncio.to_thread(decode, [seed for seed, _ in batch])
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)


def create_app(setting: Setting) -> FastAPI:
    """An app with one door."""
    decode, waiting = load_decode(setting), Waiting()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        batching = asyncio.create_task(batches(decode, waiting))
        yield
        batching.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.post("/")
    async def answer(asked: Asked) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting.put_nowait((asked.seed, future))
        return await future

    return app


if __name__ == "__main__":
    setting = Setting.read()
    uvicorn.run(create_app(setting), host=HOST, port=setting.port, log_level="warning")
