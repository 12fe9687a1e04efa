"""What our answers must be, seed by seed: `python -m benchmarks.serving.expected` prints JSON."""

import json
from collections.abc import Sequence
from typing import Any

import torch

from benchmarks.serving.setting import SEEDS, Setting
from benchmarks.serving.work import load_engine
from model.writer import Request, Writer


def expected(setting: Setting) -> Sequence[Any]:
    """For each seed the pieces or, of the product, the texts."""
    if setting.comparison == "layer":
        engine, jobs = load_engine(setting)
        return [row.ids for row in engine.decode(jobs)]
    torch.set_num_threads(setting.threads)
    writer = Writer.load(device=setting.device, precision=setting.precision, slots=setting.slots)
    requests = [Request(num_samples=1, candidates=1, seed=seed) for seed in range(SEEDS)]
    return [[sample.text for sample in result.samples] for result in writer.write(requests)]


if __name__ == "__main__":
    print(json.dumps(expected(Setting.read())))
