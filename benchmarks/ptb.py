"""The CVAE on the Penn Treebank, by the published protocol for text VAEs.

    python benchmarks/ptb.py train --data ../shared/data/ptb --output runs/ptb

Sentences by themselves, Mikolov's words (a closed vocabulary of 10,000 with <unk>), z of 32
dimensions, the sentence's end counted as a token. It is the code of the writer, with one condition
that is the same for all sentences.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import torch

from model.cvae import CVAE, CVAEConfig
from model.training.autoencoder import train_cvae
from model.training.batches import Dataset
from model.training.config import CVAETraining, TrainingConfig
from model.training.journal import Journal
from model.training.run import hold_memory

CONTROLS = ("<pad>", "<s>", "</s>")  # in the order of model.tokenizer.PAD, BOS and EOS
SIZES = CVAEConfig(genres=0, genre=1, voice=1, registers=1, dropout=0.35)
TRAINING = CVAETraining(
    epochs=11, first_epochs=0, batch=32, rate=2e-3, beta_share=0.35, free_bits=6.5
)


def read_words(folder: Path) -> dict[str, list[list[str]]]:
    """The three splits as words."""
    return {
        split: [
            line.split()
            for line in (folder / f"ptb.{split}.txt").read_text("utf-8").splitlines()
            if line.strip()
        ]
        for split in ("train", "valid", "test")
    }


def datasets(folder: Path) -> tuple[dict[str, Dataset], int]:
    """The three splits as word ids, and the size of the vocabulary."""
    words = read_words(folder)
    known = sorted({word for sentence in words["train"] for word in sentence})
    index = {word: i for i, word in enumerate((*CONTROLS, *known))}
    return {split: _dataset(sentences, index) for split, sentences in words.items()}, len(index)


def _dataset(sentences: list[list[str]], index: dict[str, int]) -> Dataset:
    bos, eos = index["<s>"], index["</s>"]
    nothing = torch.zeros(len(sentences), dtype=torch.long)
    return Dataset(
        ids=[[bos, *(index[word] for word in sentence), eos] for sentence in sentences],
        genres=torch.zeros(len(sentences), 1),
        register=nothing,
        slots=nothing,
    )


def train(data: Path, output: Path, threads: int, epochs: int, seed: int) -> None:
    """Train, going on from the last whole epoch after an interruption."""
    torch.set_num_threads(threads)
    hold_memory()
    sets, vocabulary = datasets(data)
    torch.manual_seed(seed)
    sizes = CVAEConfig(**{**asdict(SIZES), "vocabulary": vocabulary})
    training = CVAETraining(**{**asdict(TRAINING), "epochs": epochs})
    model = CVAE(sizes)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    config = TrainingConfig(output=output, seed=seed, threads=threads, cvae=training, sizes=sizes)
    journal = Journal(output, fingerprint=repr((sizes, training, seed)))
    train_cvae(model, sets["train"], sets["valid"], config, journal)
    torch.save({"sizes": asdict(sizes), "model": model.state_dict()}, output / "model.pt")


def main() -> None:
    """Read the arguments and do what they say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("train",))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ptb"))
    parser.add_argument("--output", type=Path, default=Path("runs/ptb"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=TRAINING.epochs)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    train(arguments.data, arguments.output, arguments.threads, arguments.epochs, arguments.seed)


if __name__ == "__main__":
    main()
