"""How far the LC-GAN should go: what it wins and what it costs, for several penalties.

    python benchmarks/lcgan.py [BUNDLE] [--rows "penalty 0.7" "seed 1"]

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
more steps of D than of G (M = 1); the relabelling. Two are as the training's, of other seeds.
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
from model.training.decoding import Decoder, Labelled
from model.training.lcgan import LCGANTrainer

CODES, SEED = 1000, 7
PENALTIES = (0.0, 0.2, 0.4, 0.7, 1.0, 2.0, 5.0)


def settings() -> Iterator[tuple[str, LCGANTraining, int]]:
    """The rows' names, settings and seeds."""
    usual = LCGANTraining()
    for penalty in PENALTIES:
        yield f"penalty {penalty:g}", replace(usual, penalty=penalty), SEED
    unguarded = replace(usual, least_diversity=0.0, most_copied=1.0, reaches=())
    yield "no guard", unguarded, SEED
    yield "no further reach", replace(usual, reaches=()), SEED
    yield "no realism head", replace(usual, realism=0.0), SEED
    yield "M = 1", replace(usual, critic_steps=1), SEED
    yield "no relabelling", replace(usual, relabel=1), SEED
    for seed in (1, 2):
        yield f"seed {seed}", usual, seed


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
        self.labelled = {SEED: self._labelled(SEED)}

    def row(self, training: LCGANTraining, seed: int) -> dict[str, float]:
        """Train an LC-GAN; what it does to the codes."""
        if seed not in self.labelled:
            self.labelled[seed] = self._labelled(seed)
        torch.manual_seed(seed)
        bundle = replace(self.bundle, lcgan=LCGAN(copy.copy(self.bundle.lcgan.config)))
        trainer = LCGANTrainer(bundle, self.data, self.decoder, training, seed)
        trainer.train(self.labelled[seed])
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

    def _labelled(self, seed: int) -> Labelled:
        """What D learns from, drawn anew."""
        return LCGANTrainer(self.bundle, self.data, self.decoder, LCGANTraining(), seed).labelled()

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
    parser.add_argument("--rows", nargs="+", help="names of the rows wanted; all unless told")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    hold_memory()
    bench = Bench(arguments.bundle)
    wanted = [row for row in settings() if not arguments.rows or row[0] in arguments.rows]
    for number, (name, training, seed) in enumerate(wanted):
        print_row(name, bench.row(training, seed), first=number == 0, digits=3)


if __name__ == "__main__":
    main()
