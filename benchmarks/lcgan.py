"""How far the LC-GAN should go: what it wins and what it costs, for several penalties.

    python benchmarks/lcgan.py [BUNDLE]

For each row an LC-GAN is trained anew against the same decoder and measured on the same 1,000 codes
and draws, three decodes of each:

    topic      mean probability of the favoured topic, before and after
    distance   that z moved, per dimension
    diversity  distinct-2 after, as a share of before
    copied     4-grams that stand in training text, after less before
    real       mean log-odds of a real code that D gives to z'

The last rows leave one thing out at the penalty of the training: the guard, which keeps G as it was
when it brought most of the topic, was still diverse and copied no more than is copied without it,
and with the guard the reach; the reach alone, which goes beyond what G learnt; D's realism head;
more steps of D than of G (M = 1); the relabelling.
"""

import argparse
import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from table import print_row
from torch import Tensor

from model.bundle import SHIPPED, Bundle
from model.corpus.lines import of_split, read_corpus, words
from model.evaluation.diversity import distinct
from model.lcgan import LCGAN
from model.memory import hold_memory
from model.training.batches import Dataset
from model.training.config import LCGANTraining
from model.training.decoding import Decoder
from model.training.lcgan import LCGANTrainer

CODES, SEED = 1000, 7
PENALTIES = (0.0, 0.2, 0.4, 0.7, 1.0, 2.0, 5.0)


def settings() -> Iterator[tuple[str, LCGANTraining]]:
    """The rows' names and settings."""
    usual = LCGANTraining()
    for penalty in PENALTIES:
        yield f"penalty {penalty:g}", replace(usual, penalty=penalty)
    yield "no guard", replace(usual, least_diversity=0.0, most_copied=1.0, reaches=())
    yield "no further reach", replace(usual, reaches=())
    yield "no realism head", replace(usual, realism=0.0)
    yield "M = 1", replace(usual, critic_steps=1)
    yield "no relabelling", replace(usual, relabel=1)


class Bench:
    """A decoder, and codes that every row is measured on."""

    def __init__(self, folder: Path) -> None:
        self.bundle = Bundle.load(folder)
        lines = of_split(read_corpus(), "train")
        self.data = Dataset.of(lines, self.bundle.pieces, self.bundle.genres.labels)
        self.decoder = Decoder(self.bundle, self.data.genres)
        torch.manual_seed(SEED)
        self.z, self.a = self.decoder.draw(CODES)
        self.before = self._said(self.z)
        self.labelled = LCGANTrainer(
            self.bundle, self.data, self.decoder, LCGANTraining(), SEED
        ).labelled()

    def row(self, training: LCGANTraining) -> dict[str, float]:
        """Train an LC-GAN; what it does to the codes."""
        torch.manual_seed(SEED)
        bundle = replace(self.bundle, lcgan=LCGAN(copy.copy(self.bundle.lcgan.config)))
        LCGANTrainer(bundle, self.data, self.decoder, training, SEED).train(self.labelled)
        with torch.no_grad():
            moved = bundle.lcgan.actor(self.z, self.a)
            real = bundle.lcgan.critic.realism(moved, self.a).mean()
        topic, diversity, copied = self._said(moved)
        return {
            "before": self.before[0],
            "after": topic,
            "distance": float((moved - self.z).square().mean(1).sqrt().mean()),
            "diversity": diversity / self.before[1],
            "copied": copied - self.before[2],
            "real": float(real),
        }

    def _said(self, z: Tensor) -> tuple[float, float, float]:
        """Topic, distinct-2 and copied 4-grams of what is decoded."""
        rows = torch.arange(CODES).repeat_interleave(3)
        texts = self.decoder.texts(z[rows], self.a[rows], SEED)
        topics = self.bundle.topics.favour(texts)
        copied = [1.0 - self.bundle.copies.novelty(text) for text in texts]
        bags = [words(text) for text in texts[::3]]
        return sum(topics) / len(topics), distinct(bags, 2), sum(copied) / len(copied)


def main() -> None:
    """Print a line for each setting as soon as it is known."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", nargs="?", type=Path, default=SHIPPED)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    hold_memory()
    bench = Bench(arguments.bundle)
    for number, (name, training) in enumerate(settings()):
        print_row(name, bench.row(training), first=number == 0, digits=3)


if __name__ == "__main__":
    main()
