"""The CVAE's last passes: over the lines that readers like best.

A corpus is uneven, and a network that has read all of it writes like its middle. Readers rated some
thousands of its lines; what they said of the others is foretold (as in `taste.py`), and the
decoder's last passes read the best of them, with a few of the rest so that it forgets nothing.
(Filtered fine-tuning by a reward model, in the manner of Dong et al. 2023, on people's lines.)
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from lightning_fabric import Fabric
from torch import Tensor
from tqdm import tqdm

from model.bundle import Bundle
from model.corpus.lines import Line
from model.corpus.ratings import Rated
from model.cvae import CVAE
from model.training.batches import Dataset
from model.training.config import FinishTraining, TrainingConfig
from model.training.learner import Learner
from model.training.machine import fabric_for
from model.training.taste import features_of, learn_taste

_WARMUP = 100  # steps


def best_lines(
    bundle: Bundle, lines: Sequence[Line], ratings: Sequence[Rated], share: float, seed: int
) -> Tensor:
    """Which lines of the served registers readers would like best: (lines,), true for a share."""
    taste, _ = learn_taste(bundle, ratings, seed)
    rows = [i for i, line in enumerate(lines) if line.register in bundle.serving.registers]
    served = [Rated(lines[i].text, lines[i].genres, rating=0) for i in rows]
    liking = features_of(bundle, served) @ taste.weights
    best = torch.zeros(len(lines), dtype=torch.bool)
    best[torch.tensor(rows)[liking.argsort(descending=True)[: int(share * len(rows))]]] = True
    return best


def finish(cvae: CVAE, data: Dataset, best: Tensor, config: TrainingConfig) -> None:
    """Train on, in place, on the best rows and a few of the others; one device does it."""
    s = config.finish
    generator = torch.Generator().manual_seed(config.seed)
    passes = [
        data.batches(
            s.batch, generator, only=best | (torch.rand(len(data), generator=generator) < s.others)
        )
        for _ in range(s.passes)
    ]
    batches = [rows for read in passes for rows in read]
    settings = replace(config, devices=1, cvae=replace(config.cvae, batch=s.batch))

    def learn(fabric: Fabric) -> None:
        learner = Learner(fabric, cvae.train(), settings.cvae)
        torch.manual_seed(config.seed)
        for step, rows in enumerate(tqdm(batches, "cvae: the best lines", mininterval=2)):
            learner.step(data, rows, _rate(s, step, len(batches)), beta=1.0)

    fabric_for(settings).launch(learn)
    cvae.cpu().eval()


def _rate(settings: FinishTraining, step: int, steps: int) -> float:
    """Linear warm-up under a cosine down to nearly nothing."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
    return settings.rate * min(1.0, (step + 1) / _WARMUP) * (0.02 + 0.98 * cosine)
