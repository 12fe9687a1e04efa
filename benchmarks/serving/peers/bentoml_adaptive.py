"""BentoML with its adaptive batching."""

import os
import sys
from typing import Any

import bentoml

from benchmarks.serving.setting import BATCH, HOST, PATIENCE_SECONDS, Setting
from benchmarks.serving.work import load_decode


@bentoml.service(workers=1, traffic={"timeout": PATIENCE_SECONDS})
class Sentences:
    """Decodes a batch to its end; a request is a batch of one."""

    def __init__(self) -> None:
        self.decode = load_decode(Setting.read())

    @bentoml.api(batchable=True, max_batch_size=BATCH, max_latency_ms=1000 * PATIENCE_SECONDS)
    def answer(self, seeds: list[int]) -> list[dict[str, Any]]:
        return self.decode(seeds)


if __name__ == "__main__":
    served = ["serve", "benchmarks.serving.peers.bentoml_adaptive:Sentences"]
    where = ["--host", HOST, "--port", str(Setting.read().port)]
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", *served, *where])
