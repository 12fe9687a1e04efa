"""The corpus as tensors: piece ids, conditions, and batches in which every sentence is as long."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from model.corpus.lines import ARTIST, TITLE, Line
from model.cvae import REGISTERS, SLOTS, UNKNOWN, multi_hot
from model.tokenizer import BOS, EOS, Pieces
from model.training.config import CVAETraining

LONGEST = 48  # pieces; the corpus's longest sentences have 40-odd


class Batch(NamedTuple):
    """Sentences of one length with their conditions."""

    sentences: Tensor  # (batch, time), BOS and EOS included
    genres: Tensor  # (batch, 1 + labels), multi-hot
    register: Tensor  # (batch,)
    slots: Tensor  # (batch,)


@dataclass(frozen=True)
class Dataset:
    """Encoded lines, grouped by length on demand."""

    ids: list[list[int]]
    genres: Tensor
    register: Tensor
    slots: Tensor

    @classmethod
    def of(cls, lines: Sequence[Line], pieces: Pieces, labels: Sequence[str]) -> "Dataset":
        """Encode lines; those beyond `LONGEST` pieces are left out."""
        encoded = [
            (ids, line)
            for ids, line in zip(
                pieces.encode_all([line.text for line in lines]), lines, strict=True
            )
            if len(ids) <= LONGEST
        ]
        index = {label: i for i, label in enumerate(labels)}
        known = [[index[g] for g in line.genres if g in index] for _, line in encoded]
        return cls(
            ids=[[BOS, *ids, EOS] for ids, _ in encoded],
            genres=multi_hot(known, len(labels)),
            register=torch.tensor([REGISTERS.index(line.register) for _, line in encoded]),
            slots=torch.tensor([SLOTS.index(slots_of(line.text)) for _, line in encoded]),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, rows: Sequence[int]) -> Batch:
        """The batch of some rows, which must have one length."""
        where = torch.tensor(rows)
        return Batch(
            torch.tensor([self.ids[row] for row in rows]),
            self.genres[where],
            self.register[where],
            self.slots[where],
        )

    def batches(
        self, size: int, generator: torch.Generator, only: Tensor | None = None
    ) -> list[list[int]]:
        """All rows (or those where `only` holds) in random batches of one length each."""
        by_length: dict[int, list[int]] = defaultdict(list)
        for row in torch.randperm(len(self.ids), generator=generator).tolist():
            if only is None or only[row]:
                by_length[len(self.ids[row])].append(row)
        batches = [
            rows[start : start + size]
            for rows in by_length.values()
            for start in range(0, len(rows), size)
        ]
        order = torch.randperm(len(batches), generator=generator).tolist()
        return [batches[i] for i in order]

    def each(self, size: int) -> Iterator[Batch]:
        """Every row once, in an order that never changes."""
        for rows in self.batches(size, torch.Generator().manual_seed(0)):
            yield self.rows(rows)


def readable(lines: Sequence[Line], pieces: Pieces) -> list[Line]:
    """The lines that a dataset takes, so that it has a row for each of them."""
    encoded = pieces.encode_all([line.text for line in lines])
    return [line for line, ids in zip(lines, encoded, strict=True) if len(ids) <= LONGEST]


def slots_of(text: str) -> str:
    """Which slots a text holds, as one of `SLOTS`."""
    has_artist, has_title = ARTIST in text, TITLE in text
    if has_artist and has_title:
        return "both"
    return "artist" if has_artist else "title" if has_title else "none"


def hide(batch: Batch, settings: CVAETraining) -> Batch:
    """Condition dropout: make some genres, registers and slots unknown."""
    size = batch.genres.shape[0]
    several = batch.genres.sum(1, keepdim=True) > 1
    lost = (torch.rand_like(batch.genres) < settings.drop_genre) & several
    whole = torch.rand(size, 1) < settings.drop_genres
    return Batch(
        batch.sentences,
        batch.genres.masked_fill(lost | whole, 0.0),
        batch.register.masked_fill(torch.rand(size) < settings.drop_voice, UNKNOWN),
        batch.slots.masked_fill(torch.rand(size) < settings.drop_voice, UNKNOWN),
    )


def corrupt(tokens: Tensor, share: float, vocabulary: int) -> Tensor:
    """Replace a share of the pieces, so that the encoder learns the gist (Shen et al. 2020)."""
    random = torch.randint_like(tokens, EOS + 1, vocabulary)
    return torch.where(torch.rand(tokens.shape) < share, random, tokens)
