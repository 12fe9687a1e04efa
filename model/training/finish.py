"""The CVAE's last passes: over the lines that readers like best.

A corpus is uneven, and a network that has read all of it writes like its middle. Readers rated some
thousands of its lines; what they said of the others is foretold (as in `taste.py`), and the
decoder's last passes read the best of them, with a few of the rest so that it forgets nothing.
(Filtered fine-tuning by a reward model, in the manner of Dong et al. 2023, on people's lines.)
"""

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
from model.training.autoencoder import Schedule
from model.training.batches import Dataset
from model.training.config import TrainingConfig
from model.training.learner import Learner
from model.training.machine import launch
from model.training.taste import TasteFit, features_of, learn_taste


def best_lines(
    bundle: Bundle, lines: Sequence[Line], ratings: Sequence[Rated], share: float, seed: int
) -> tuple[Tensor, TasteFit]:
    """Which lines of the served registers readers would like best: (lines,), true for a share.

    And how well their liking is foretold.
    """
    taste, fit = learn_taste(bundle, ratings, seed)
    rows = [i for i, line in enumerate(lines) if line.register in bundle.serving.registers]
    # Not `taste.rate`, at the ends of whose scale many would be alike.
    liking = features_of(bundle, [lines[i] for i in rows]) @ taste.weights
    best = torch.zeros(len(lines), dtype=torch.bool)
    best[torch.tensor(rows)[liking.argsort(descending=True)[: int(share * len(rows))]]] = True
    return best, fit


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
    settings = replace(config.cvae, batch=s.batch, rate=s.rate, warmup_steps=s.warmup_steps)
    schedule = Schedule(settings, len(batches))

    def learn(fabric: Fabric) -> None:
        learner = Learner(fabric, cvae.train(), settings)
        torch.manual_seed(config.seed)
        for step, rows in enumerate(tqdm(batches, "cvae: the best lines", mininterval=2)):
            learner.step(data, rows, schedule.rate(step), beta=1.0)

    launch(replace(config, devices=1), learn)
    cvae.cpu().eval()
