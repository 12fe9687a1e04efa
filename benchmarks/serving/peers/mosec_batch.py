"""mosec: a Rust front before a Python worker."""

import os

from benchmarks.serving.setting import BATCH, HOST, PATIENCE_SECONDS, WAIT_SECONDS, Setting

# Read by mosec when it is imported.
os.environ |= {
    "MOSEC_ADDRESS": HOST,
    "MOSEC_PORT": str(Setting.read().port),
    "MOSEC_TIMEOUT": str(1000 * PATIENCE_SECONDS),
    "MOSEC_LOG_LEVEL": "warning",
}

import mosec

from benchmarks.serving.contract import Answer
from benchmarks.serving.work import load_decode


class Sentences(mosec.Worker):
    """Decodes a batch to its end."""

    def __init__(self) -> None:
        self.decode = load_decode(Setting.read())

    def forward(self, data: list[Answer]) -> list[Answer]:
        return self.decode([request["seed"] for request in data])


if __name__ == "__main__":
    server = mosec.Server()
    server.append_worker(
        Sentences,
        max_batch_size=BATCH,
        max_wait_time=round(1000 * WAIT_SECONDS),
        timeout=PATIENCE_SECONDS,
    )
    server.run()
