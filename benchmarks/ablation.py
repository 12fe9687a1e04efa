"""What each ingredient of the CVAE is worth: one small training without it, a line of a table each.

    python benchmarks/ablation.py                 every ingredient
    python benchmarks/ablation.py "no free bits"  only these, beside the full recipe

All read the same lines (`--lines` of each register) in as many epochs, and are measured on the same
test lines of the clear register. The training is short, so that the table is made in an hour: read
the differences, not the values. The columns:

    bound      perplexity per word, by the negative ELBO
    kl, mi     nats a sentence; active: dimensions in use
    genres     nats a sentence that shuffled genres cost
    fluency    perplexity of 1,000 drafts under a Kneser-Ney 5-gram of the training lines
    reverse    perplexity of the test lines under a 5-gram of the drafts
"""

import argparse
import math
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from table import print_row
from torch import Tensor

from model.bundle import Serving
from model.corpus.genres import vocabulary
from model.corpus.lines import Line, Register, of_split, read_corpus
from model.cvae import CVAE, REGISTERS, SLOTS, CVAEConfig, Posterior
from model.engine import Engine, Job
from model.evaluation.kneser_ney import KneserNey, tokens
from model.evaluation.likelihood import likelihood
from model.memory import hold_memory
from model.prior import Prior
from model.tokenizer import Pieces
from model.training.autoencoder import train_cvae
from model.training.batches import Dataset
from model.training.config import CVAETraining, Stopping, TrainingConfig
from model.training.journal import Journal
from model.training.prior import fit_prior

DRAFTS = 1000
PIECES = 4096


class LastState(CVAE):
    """The encoder's last states in place of the pooled ones, as in the 2018 code."""

    def encode(self, tokens: Tensor, a: Tensor) -> Posterior:
        states, _ = self.encoder(self.dropout(self.embedding(tokens)))
        half = self.config.encoder
        last = torch.cat([states[:, -1, :half], states[:, 0, half:]], dim=1)
        mu, logvar = self.posterior(torch.cat([last, last, a], dim=1)).float().chunk(2, dim=1)
        return Posterior(mu, logvar.clamp(-8.0, 4.0))


class NoSkip(CVAE):
    """z and a in the inputs and the first state, and not beside the last layer."""

    def logits(self, states: Tensor, context: Tensor) -> Tensor:
        return super().logits(states, torch.zeros_like(context))


class FirstStateAlone(NoSkip):
    """z and a in the first state alone, as in Bowman et al. (2016)."""

    def decode(self, tokens: Tensor, z: Tensor, a: Tensor) -> Tensor:
        hidden, cell = self.initial_state(torch.cat([z, a], dim=1))
        nothing = z.new_zeros(len(z), tokens.shape[1], z.shape[1] + a.shape[1])
        inputs = torch.cat([self.dropout(self.embedding(tokens)), nothing], dim=2)
        states, _ = self.decoder(inputs, (hidden[None], cell[None]))
        return self.logits(self.dropout(states), nothing)


class NoLatent(CVAE):
    """A conditional language model: z is nothing."""

    def decode(self, tokens: Tensor, z: Tensor, a: Tensor) -> Tensor:
        return super().decode(tokens, torch.zeros_like(z), a)


_READ: tuple[Register, ...] = ("clear", "plain", "florid", "witty")


@dataclass(frozen=True)
class Variant:
    """The full recipe but for one thing."""

    name: str
    training: dict[str, float] = field(default_factory=dict)
    network: type[CVAE] = CVAE
    sizes: dict[str, float] = field(default_factory=dict)
    registers: tuple[Register, ...] = _READ
    tagged: bool = True  # whether the network is told the register
    fitted: bool = True  # whether codes come from the fitted prior, or else from N(0, I)


VARIANTS = (
    Variant("full"),
    Variant("prior N(0, I)", fitted=False),
    Variant("no free bits", {"free_bits": 0.0}),
    Variant("beta 1 from the start", {"beta_start": 1.0}),
    Variant("no encoder noise", {"noise": 0.0}),
    Variant("no condition dropout", {"drop_genres": 0.0, "drop_genre": 0.0, "drop_voice": 0.0}),
    Variant("no dropout", sizes={"dropout": 0.0}),
    Variant("dropout of weights too", sizes={"weight_dropout": 0.25}),
    Variant("last state, not pooled", network=LastState),
    Variant("no z at the output", network=NoSkip),
    Variant("z in the first state alone", network=FirstStateAlone),
    Variant("no z at all", {"free_bits": 0.0}, network=NoLatent),
    Variant("clear register not first", {"first_epochs": 0}),
    Variant("clear register alone", registers=("clear",)),
    Variant("no witty register", registers=("clear", "plain", "florid")),
    Variant("registers not told apart", tagged=False),
)


class Laboratory:
    """The lines and the settings that all variants share."""

    def __init__(self, lines: int, epochs: int, seed: int, threads: int) -> None:
        torch.set_num_threads(threads)
        hold_memory()
        corpus = read_corpus()
        self.epochs, self.seed, self.threads = epochs, seed, threads
        self.train = _some(of_split(corpus, "train"), lines, seed)
        self.valid = _of_register(of_split(corpus, "valid"), "clear")
        self.test = _of_register(of_split(corpus, "test"), "clear")
        self.labels = vocabulary(line.genres for line in self.train)
        self.pieces = Pieces.train((line.text for line in self.train), PIECES)
        real = [tokens(line.text) for line in self.train if line.register == "clear"]
        self.types = len({word for sentence in real for word in sentence}) + 1
        self.judge = KneserNey(real, self.types)

    def row(self, variant: Variant) -> dict[str, float]:
        """Train a variant and measure it."""
        train = self._dataset([x for x in self.train if x.register in variant.registers], variant)
        test = self._dataset(self.test, variant)
        sizes = CVAEConfig(vocabulary=self.pieces.size, genres=len(self.labels))
        sizes = replace(sizes, **variant.sizes)
        torch.manual_seed(self.seed)
        cvae = variant.network(sizes)
        with tempfile.TemporaryDirectory() as folder:
            config = TrainingConfig(
                output=Path(folder),
                seed=self.seed,
                threads=self.threads,
                cvae=replace(CVAETraining(epochs=self.epochs), **variant.training),
                stopping=Stopping(active=0.0, information=-math.inf),
            )
            journal = Journal(config.output, variant.name)
            train_cvae(cvae, train, self._dataset(self.valid, variant), config, journal)
        cvae.eval()
        found = likelihood(cvae, test, self.test)
        drafts = self._drafts(cvae, test, train, variant)
        return {
            "bound": found["perplexity_per_word_bound"],
            "kl": found["kl"],
            "mi": found["mutual_information"],
            "active": found["active_units"],
            "genres": found["shuffled_genres_cost"],
            "fluency": _perplexity(self.judge, drafts),
            "reverse": _perplexity(
                KneserNey(map(tokens, drafts), self.types), [line.text for line in self.test]
            ),
        }

    def _dataset(self, lines: Sequence[Line], variant: Variant) -> Dataset:
        data = Dataset.of(lines, self.pieces, self.labels)
        if variant.tagged:
            return data
        return replace(data, register=torch.zeros_like(data.register))

    @torch.no_grad()
    def _drafts(self, cvae: CVAE, test: Dataset, train: Dataset, variant: Variant) -> list[str]:
        """Drafts as served, for the genres of test lines."""
        torch.manual_seed(self.seed)
        serving, latent = Serving(), cvae.config.latent
        prior = fit_prior(cvae, train) if variant.fitted else Prior.standard(latent)
        rows = torch.randint(len(test), (DRAFTS,))
        register = REGISTERS.index("clear") if variant.tagged else 0
        a = cvae.condition(
            test.genres[rows],
            torch.full((DRAFTS,), register),
            torch.randint(SLOTS.index("none"), SLOTS.index("title") + 1, (DRAFTS,)),
        )
        z = prior.place(serving.spread * torch.randn(DRAFTS, latent))
        jobs = [
            Job(
                z[i],
                a[i],
                seed=i,
                temperature=serving.temperature,
                top_p=serving.top_p,
                longest=serving.longest,
            )
            for i in range(DRAFTS)
        ]
        torch.set_num_threads(1)
        decoded = Engine(cvae).decode(jobs)
        torch.set_num_threads(self.threads)
        return [self.pieces.decode(row.ids) for row in decoded]


def _of_register(lines: Sequence[Line], register: Register) -> list[Line]:
    return [line for line in lines if line.register == register]


def _some(lines: Sequence[Line], count: int, seed: int) -> list[Line]:
    """As many lines of each register, drawn at random."""
    chance = random.Random(seed)
    return [line for name in _READ for line in chance.sample(_of_register(lines, name), count)]


def _perplexity(judge: KneserNey, texts: Sequence[str]) -> float:
    sentences = [tokens(text) for text in texts]
    nats = judge.nats(sentences)
    return math.exp(float(nats.sum()) / sum(len(sentence) + 1 for sentence in sentences))


def report(laboratory: Laboratory, wanted: Callable[[Variant], bool]) -> None:
    """Print the table, a line as soon as it is known."""
    for number, variant in enumerate(filter(wanted, VARIANTS)):
        print_row(variant.name, laboratory.row(variant), first=number == 0)


def main() -> None:
    """Read the arguments and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="variants (default: all)")
    parser.add_argument("--lines", type=int, default=10_000, help="lines of each register")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    laboratory = Laboratory(arguments.lines, arguments.epochs, arguments.seed, arguments.threads)
    report(laboratory, lambda v: not arguments.names or v.name in ("full", *arguments.names))


if __name__ == "__main__":
    main()
