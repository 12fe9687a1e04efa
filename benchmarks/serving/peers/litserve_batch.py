"""LitServe, its request-level loop."""

from collections.abc import Sequence

import litserve

from benchmarks.serving.contract import Answer
from benchmarks.serving.setting import BATCH, HOST, PATIENCE_SECONDS, WAIT_SECONDS, Setting
from benchmarks.serving.work import load_decode


class Sentences(litserve.LitAPI):
    """Decodes a batch to its end."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - the signature is given
        self.decode = load_decode(Setting.read())

    def decode_request(self, request: Answer) -> int:
        return int(request["seed"])

    def predict(self, seeds: Sequence[int]) -> list[Answer]:
        return self.decode(seeds)


if __name__ == "__main__":
    api = Sentences(max_batch_size=BATCH, batch_timeout=WAIT_SECONDS)
    server = litserve.LitServer(api, accelerator="cpu", timeout=PATIENCE_SECONDS)
    server.run(host=HOST, port=Setting.read().port, log_level="warning", generate_client_file=False)
