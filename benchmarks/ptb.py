"""The CVAE on the Penn Treebank, by the published protocol for text VAEs.

    python benchmarks/ptb.py cvae       trains it, 5.1 million parameters, in two hours of a core;
                                        5.9 million with `--recipe long`, for a GPU
    python benchmarks/ptb.py lm         trains an LSTM language model of equal size and budget
    python benchmarks/ptb.py evaluate   prints the figures of both

Sentences by themselves, Mikolov's words (a closed vocabulary of 10,000 with <unk>), z of 32
dimensions, the sentence's end counted as a token. It is the code of the writer, with one condition
that is the same for all sentences. The text is not ours to publish: `--data` names a folder with
ptb.train.txt, ptb.valid.txt and ptb.test.txt.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from model.cvae import CVAE, CVAEConfig, Posterior
from model.evaluation.language_model import (
    LanguageModel,
    LanguageModelConfig,
    trained_language_model,
)
from model.evaluation.likelihood import importance_weighted_under, mutual_information
from model.memory import hold_memory
from model.prior import Prior
from model.training.autoencoder import train_cvae
from model.training.batches import Dataset
from model.training.config import CVAETraining, Recipe, TrainingConfig
from model.training.journal import Journal
from model.training.prior import fit_prior

CONTROLS = ("<pad>", "<s>", "</s>")  # in the order of model.tokenizer.PAD, BOS and EOS
SIZES = CVAEConfig(genres=0, decoder=512, genre=1, voice=1, registers=1, dropout=0.4)
TRAINING = CVAETraining(
    epochs=20, first_epochs=0, batch=32, rate=2e-3, beta_share=0.25, free_bits=6.5
)
RECIPES = {
    "short": Recipe(SIZES, TRAINING),
    "long": Recipe(
        replace(SIZES, decoder=640, weight_dropout=0.35),
        replace(TRAINING, epochs=45, batch=64, beta_share=0.15, bf16=False),
    ),
}
MANY, FEW = 500, 50  # importance samples for the first sentences, and for all
FIRST = 600  # sentences that get many


def datasets(folder: Path) -> tuple[dict[str, Dataset], int]:
    """The three splits as word ids, and the size of the vocabulary."""
    text = {split: _sentences(folder / f"ptb.{split}.txt") for split in ("train", "valid", "test")}
    known = sorted({word for sentence in text["train"] for word in sentence})
    index = {word: i for i, word in enumerate((*CONTROLS, *known))}
    return {split: _dataset(sentences, index) for split, sentences in text.items()}, len(index)


def _sentences(file: Path) -> list[list[str]]:
    return [line.split() for line in file.read_text("utf-8").splitlines() if line.strip()]


def _dataset(sentences: Sequence[Sequence[str]], index: dict[str, int]) -> Dataset:
    bos, eos = index["<s>"], index["</s>"]
    nothing = torch.zeros(len(sentences), dtype=torch.long)
    return Dataset(
        ids=[[bos, *(index[word] for word in sentence), eos] for sentence in sentences],
        genres=torch.zeros(len(sentences), 1),
        register=nothing,
        slots=nothing,
    )


class Benchmark:
    """The data, the folder and the settings of one run."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        torch.set_num_threads(arguments.threads)
        hold_memory()
        self.output: Path = arguments.output
        self.seed: int = arguments.seed
        self.sets, vocabulary = datasets(arguments.data)
        recipe = RECIPES[arguments.recipe]
        self.sizes = replace(recipe.sizes, vocabulary=vocabulary)
        self.training = replace(recipe.cvae, epochs=arguments.epochs or recipe.cvae.epochs)
        self.threads: int = arguments.threads

    def cvae(self) -> CVAE:
        """The CVAE: trained, or as it was left; goes on after an interruption."""
        torch.manual_seed(self.seed)
        model = CVAE(self.sizes)
        config = TrainingConfig(
            output=self.output,
            seed=self.seed,
            threads=self.threads,
            cvae=self.training,
            sizes=self.sizes,
        )
        journal = Journal(self.output, repr((self.sizes, self.training, self.seed)))
        train_cvae(model, self.sets["train"], self.sets["valid"], config, journal)
        return model.eval()

    def lm(self) -> LanguageModel:
        """The language model: trained, or as it was left."""
        size = LanguageModelConfig.beside(CVAE(self.sizes))
        return trained_language_model(
            self.output / "lm.safetensors",
            size,
            self.sets["train"],
            self.sets["valid"],
            self.training,
            seed=self.seed,
        )

    def figures(self) -> dict[str, float]:
        """Everything that the published tables give, in nats per sentence, of the test split."""
        cvae, test = self.cvae(), self.sets["test"]
        prior = fit_prior(cvae, self.sets["train"])
        reconstruction, posterior = _elbo(cvae, test)
        z = posterior.sample()
        learned = -posterior_entropy(posterior) - float(prior.log_prob(z).mean())
        priors = {"": Prior.standard(cvae.config.latent), "_learned_prior": prior}
        few, few_learned = self._weighted(priors, cvae, test, FEW)
        first = _some(test, FIRST)
        read = self.lm().read(test.ids).nats if (self.output / "lm.safetensors").exists() else None
        return {
            "parameters": float(sum(p.numel() for p in cvae.parameters())),
            "reconstruction": reconstruction,
            "kl": float(posterior.kl().sum(1).mean()),
            "kl_to_the_learned_prior": learned,
            "negative_elbo": reconstruction + float(posterior.kl().sum(1).mean()),
            "negative_elbo_learned_prior": reconstruction + learned,
            "mutual_information": mutual_information(posterior),
            "mutual_information_cap": math.log(len(test)),
            "active_units": float((posterior.mu.var(0) > 0.01).sum()),
            f"iw_{FEW}_nats": float(few.mean()),
            f"iw_{FEW}_perplexity": perplexity(few, test),
            f"iw_{FEW}_perplexity_learned_prior": perplexity(few_learned, test),
            **self._many(cvae, first, priors),
            **({} if read is None else {"lm_perplexity": perplexity(read, test)}),
        }

    def _many(self, cvae: CVAE, some: Dataset, priors: Mapping[str, Prior]) -> dict[str, float]:
        """The same sentences with few samples and with many: what the few leave on the table."""
        return {
            f"iw_{samples}_perplexity_of_{len(some)}{name}": perplexity(nats, some)
            for samples in (FEW, MANY)
            for name, nats in zip(priors, self._weighted(priors, cvae, some, samples), strict=True)
        }

    def _weighted(
        self, priors: Mapping[str, Prior], cvae: CVAE, data: Dataset, samples: int
    ) -> Tensor:
        """-log p of each sentence under each prior, decoded once for all of them."""
        return importance_weighted_under(tuple(priors.values()), cvae, data, samples, self.seed)


@torch.no_grad()
def _elbo(cvae: CVAE, data: Dataset) -> tuple[float, Posterior]:
    torch.manual_seed(0)
    total, parts = 0.0, []
    for batch in data.each(64):
        a = cvae.condition(batch.genres, batch.register, batch.slots)
        posterior = cvae.encode(batch.sentences[:, 1:-1], a)
        total += float(cvae.token_nll(batch.sentences, posterior.sample(), a).sum())
        parts.append(posterior)
    whole = Posterior(torch.cat([p.mu for p in parts]), torch.cat([p.logvar for p in parts]))
    return total / len(data), whole


def posterior_entropy(posterior: Posterior) -> float:
    """The mean entropy of q(z|x), nats."""
    return float(0.5 * (posterior.logvar + math.log(2 * math.pi) + 1.0).sum(1).mean())


def perplexity(nats: Tensor, data: Dataset) -> float:
    """Per word, the end included."""
    return math.exp(float(nats.sum()) / sum(len(ids) - 1 for ids in data.ids))


def _some(data: Dataset, count: int) -> Dataset:
    rows = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:count]
    return Dataset(
        [data.ids[row] for row in rows.tolist()],
        data.genres[rows],
        data.register[rows],
        data.slots[rows],
    )


def main() -> None:
    """Read the arguments and do what they say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("cvae", "lm", "evaluate"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ptb"))
    parser.add_argument("--output", type=Path, default=Path("runs/ptb"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--recipe", choices=RECIPES, default="short", help="short: two cores; long: a GPU"
    )
    parser.add_argument("--epochs", type=int, help="if not the recipe's")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not (arguments.data / "ptb.train.txt").is_file():
        parser.error(f"no ptb.train.txt in {arguments.data}; name its folder with --data")
    benchmark = Benchmark(arguments)
    if arguments.what == "cvae":
        benchmark.cvae()
    elif arguments.what == "lm":
        benchmark.lm()
    else:
        figures = benchmark.figures()
        print(json.dumps({**asdict(benchmark.training), **figures}, indent=1))


if __name__ == "__main__":
    main()
