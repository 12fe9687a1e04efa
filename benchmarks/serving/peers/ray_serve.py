"""Ray Serve's batch decorator."""

import asyncio
import signal
from collections.abc import Sequence
from threading import Event

import ray
from ray import serve
from starlette.requests import Request

from benchmarks.serving.contract import Answer
from benchmarks.serving.setting import BATCH, HOST, WAIT_SECONDS, Setting
from benchmarks.serving.work import load_decode

STORE_BYTES = 100 * 2**20  # the least that Ray takes, nearly: answers are small


@serve.deployment(max_ongoing_requests=2048)
class Sentences:
    """Decodes a batch to its end."""

    def __init__(self) -> None:
        self.decode = load_decode(Setting.read())

    @serve.batch(max_batch_size=BATCH, batch_wait_timeout_s=WAIT_SECONDS)
    async def answer(self, seeds: Sequence[int]) -> list[Answer]:
        return await asyncio.to_thread(self.decode, seeds)

    async def __call__(self, request: Request) -> Answer:
        answer: Answer = await self.answer((await request.json())["seed"])
        return answer


def main() -> None:
    """Serve until SIGTERM."""
    told_to_stop = Event()
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=STORE_BYTES)
    serve.start(http_options={"host": HOST, "port": Setting.read().port})
    serve.run(Sentences.bind())
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.set())
    told_to_stop.wait()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
