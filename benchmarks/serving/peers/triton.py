"""NVIDIA Triton with its dynamic batcher, by PyTriton."""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from benchmarks.serving.setting import BATCH, HOST, WAIT_SECONDS, Setting
from benchmarks.serving.work import load_decode


def main() -> None:
    """Serve until SIGTERM."""
    setting = Setting.read()
    decode = load_decode(setting)

    @batch
    def answer(seed: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        answers = [json.dumps(each).encode() for each in decode(seed[:, 0].tolist())]
        return {"answer": np.array(answers)[:, None]}

    config = TritonConfig(http_address=HOST, http_port=setting.port, log_verbose=0)
    with Triton(config=config) as triton:
        triton.bind(
            model_name="sentences",
            infer_func=answer,
            inputs=[Tensor(name="seed", dtype=np.int64, shape=(1,))],
            outputs=[Tensor(name="answer", dtype=np.bytes_, shape=(1,))],
            config=ModelConfig(
                max_batch_size=BATCH,
                batcher=DynamicBatcher(
                    max_queue_delay_microseconds=round(1_000_000 * WAIT_SECONDS)
                ),
            ),
        )
        triton.serve()


if __name__ == "__main__":
    main()
