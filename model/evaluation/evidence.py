"""What all measures look at: the real sentences, the drafts, the served ones. Each is made once.

Columns have one name everywhere: `held_out` is real text of the test split, in the registers that
are served; `before` and `after` are drafts of the same codes with the same noise, without and with
the LC-GAN, at the settings of serving, neither ranked nor filtered; `served` is what left the
writer's door.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor
from tqdm import trange

from model.bundle import Bundle
from model.corpus.lines import Line, of_split, read_corpus
from model.cvae import REGISTERS, SLOTS, UNKNOWN
from model.errors import CorpusError
from model.evaluation.copying import TrainingText
from model.evaluation.judges import Judges
from model.evaluation.language_model import (
    LanguageModel,
    LanguageModelConfig,
    Reading,
    load_language_model,
    trained_language_model,
)
from model.evaluation.served import ServedSentence, serve
from model.evaluation.settings import EvaluationSettings
from model.tokenizer import BOS, EOS
from model.training.batches import Dataset, readable
from model.training.config import CVAETraining
from model.training.decoding import Decoder
from model.writer import Writer

# group -> measure -> column -> value
Rows = dict[str, dict[str, float]]

_T = TypeVar("_T")

LANGUAGE_MODEL = "language-model.safetensors"

_FEWEST = 5  # sentences that can be measured as a set
_AT_ONCE = 2000  # drafts decoded between two signs of life


@dataclass(frozen=True)
class Codes:
    """Where drafts come from."""

    z: Tensor  # (rows, latent)
    a: Tensor  # (rows, condition)
    genres: Tensor  # (rows, 1 + labels), multi-hot: what `a` asks for


@dataclass(frozen=True)
class Drafts:
    """The same codes decoded twice."""

    codes: Codes
    before: list[str]
    after: list[str]


def spread(items: Sequence[_T], most: int | None) -> list[_T]:
    """At most so many of the items, at even distances."""
    if most is None or most >= len(items):
        return list(items)
    return [items[i * len(items) // most] for i in range(most)]


class Evidence:
    """A writer and everything that it is judged by."""

    def __init__(self, bundle: Bundle, settings: EvaluationSettings, output: Path) -> None:
        """Read the corpus. Raises CorpusError where a split of it is empty."""
        self.bundle, self.settings, self.output = bundle, settings, output
        lines = read_corpus(settings.corpus)
        self.train, valid, test = (
            readable(of_split(lines, split), bundle.pieces) for split in ("train", "valid", "test")
        )
        if not (self.train and valid and test):
            raise CorpusError(
                f"the corpus in {settings.corpus} has too few lines to hold some out for testing; "
                "name one of a few hundred lines or more"
            )
        self.valid, self.test = (spread(some, settings.most_test) for some in (valid, test))
        self.judging_lines = spread(self.train, settings.most_train)

    def dataset(self, lines: Sequence[Line]) -> Dataset:
        """Lines as the writer's networks read them; a register it never knew becomes unknown."""
        data = Dataset.of(lines, self.bundle.pieces, self.bundle.genres.labels)
        known = self.bundle.cvae.condition.register.num_embeddings
        return replace(data, register=data.register.masked_fill(data.register >= known, UNKNOWN))

    @cached_property
    def train_data(self) -> Dataset:
        """The train split."""
        return self.dataset(self.train)

    @cached_property
    def test_data(self) -> Dataset:
        """The test split."""
        return self.dataset(self.test)

    @cached_property
    def judging(self) -> list[str]:
        """The train sentences that judges of text learn from."""
        return [line.text for line in self.judging_lines]

    @cached_property
    def judges(self) -> Judges:
        """The n-gram judges that learnt from the train sentences."""
        return Judges(self.judging)

    @cached_property
    def training_text(self) -> TrainingText:
        """All train sentences, against which copies are found."""
        return TrainingText(line.text for line in self.train)

    @cached_property
    def kindred(self) -> list[Line]:
        """The test lines in the registers that are served: like is compared with like."""
        served = self.bundle.serving.registers
        return [line for line in self.test if line.register in served] or self.test

    @cached_property
    def held_out(self) -> list[str]:
        """Real sentences that no network has seen, in the registers that are served."""
        return [line.text for line in self.kindred]

    @cached_property
    def decoder(self) -> Decoder:
        """Decodes at the settings of serving."""
        return Decoder(self.bundle, self.train_data.genres)

    @torch.no_grad()
    def draw(self, count: int, seed: int) -> Codes:
        """z of the prior as it is served, genres of random train lines, voices as served."""
        bundle, serving = self.bundle, self.bundle.serving
        torch.manual_seed(seed)
        genres = self.train_data.genres[torch.randint(len(self.train_data), (count,))]
        served = [REGISTERS.index(name) for name in serving.registers]
        register = torch.tensor(served)[torch.randint(len(served), (count,))]
        slots = torch.randint(SLOTS.index("none"), SLOTS.index("title") + 1, (count,))
        a = bundle.cvae.condition(genres, register, slots)
        return Codes(self.place(torch.randn(count, bundle.cvae.config.latent)), a, genres)

    def place(self, noise: Tensor) -> Tensor:
        """Standard normal rows to z as they are served."""
        return self.bundle.prior.place(self.bundle.serving.spread * noise)

    @torch.no_grad()
    def moved(self, codes: Codes) -> Tensor:
        """z' of the LC-GAN: (rows, latent)."""
        moved: Tensor = self.bundle.lcgan.actor(codes.z, codes.a)
        return moved

    @cached_property
    def drafts(self) -> Drafts:
        """The large set of drafts."""
        codes, seed = self.draw(self.settings.drafts, self.settings.seed), self.settings.seed
        before, after = (
            self._decoded(z, codes.a, seed, name)
            for z, name in ((codes.z, "drafts before G"), (self.moved(codes), "drafts after G"))
        )
        return Drafts(codes, before, after)

    def _decoded(self, z: Tensor, a: Tensor, seed: int, name: str) -> list[str]:
        starts = trange(0, len(z), _AT_ONCE, desc=name, leave=False)
        parts = (slice(start, start + _AT_ONCE) for start in starts)
        return [
            text
            for part in parts
            for text in self.decoder.texts(z[part], a[part], seed + part.start)
        ]

    @cached_property
    def served(self) -> list[ServedSentence]:
        """What leaves the writer's door."""
        return serve(Writer(self.bundle), self.settings.served, self.settings.seed)

    @cached_property
    def columns(self) -> dict[str, list[str]]:
        """Sentences by column, at most `judged` drafts of each kind; none with next to nothing."""
        judged = self.settings.judged
        columns = {
            "held_out": self.held_out,
            "before": self.drafts.before[:judged],
            "after": self.drafts.after[:judged],
            "served": [sentence.template for sentence in self.served],
        }
        return {name: texts for name, texts in columns.items() if len(texts) >= _FEWEST}

    @cached_property
    def language_model(self) -> LanguageModel:
        """The LSTM language model that the settings name; or one of the writer's size, kept."""
        s = self.settings
        if s.language_model is not None:
            return load_language_model(s.language_model, self.dataset(self.valid))
        self.output.mkdir(parents=True, exist_ok=True)
        return trained_language_model(
            self.output / LANGUAGE_MODEL,
            LanguageModelConfig.beside(self.bundle.cvae),
            self.dataset(self.judging_lines),
            self.dataset(self.valid),
            self._training(),
            seed=s.seed,
            minutes=s.language_model_minutes,
        )

    def _training(self) -> CVAETraining:
        """How the writer's CVAE was trained, as far as the bundle tells."""
        recorded = dict(self.bundle.training.get("cvae", {}))
        if "whole" in recorded:
            recorded["whole"] = tuple(recorded["whole"])  # JSON has made a list of it
        settings = CVAETraining(**recorded)
        epochs = self.settings.language_model_epochs or settings.epochs
        return replace(settings, epochs=epochs)

    def read(self, texts: Sequence[str]) -> Reading:
        """What the language model makes of sentences."""
        encoded = self.bundle.pieces.encode_all(list(texts))
        return self.language_model.read([[BOS, *ids, EOS] for ids in encoded])

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """What the language model makes of each column."""
        return {name: self.read(texts) for name, texts in self.columns.items()}
