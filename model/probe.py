"""How well a sentence fits a genre: a naive Bayes probe over pieces.

It answers cheaply, for every candidate, what the writer needs for ranking: does this sentence speak
of the genre it was asked for, or could it be about anything?
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_CALM = 0.5  # by which evidence is discounted: the pieces of a sentence are not independent
_PRIOR = 30.0  # occurrences by which a genre's own counts are drawn towards the corpus's


@dataclass(frozen=True)
class GenreProbe:
    """Log-odds of a piece within a genre against the piece anywhere."""

    log_odds: Tensor  # (labels, pieces)

    @classmethod
    def fit(cls, ids: Sequence[Sequence[int]], genres: Tensor, pieces: int) -> "GenreProbe":
        """Count pieces by genre; genres is multi-hot (lines, 1 + labels), the unknown first."""
        counts = torch.zeros(genres.shape[1] - 1, pieces)
        for row, sentence in enumerate(ids):
            labels = genres[row, 1:].nonzero()[:, 0]
            # A piece counts once a sentence.
            present = torch.tensor(sorted(set(sentence)))
            counts[labels[:, None], present] += 1.0 / max(1, len(labels))
        overall = (counts.sum(0) + 0.5) / (counts.sum() + 0.5 * pieces)
        smoothed = counts + _PRIOR * overall
        smoothed = smoothed / smoothed.sum(1, keepdim=True)
        return cls((smoothed / overall).log())

    def hear(self, sentences: Sequence[Sequence[int]]) -> "Heard":
        """What the pieces of sentences, at least one in each, say of every label."""
        distinct = [sorted(set(ids)) for ids in sentences]
        counts = np.array([len(ids) for ids in distinct])
        starts = counts.cumsum() - counts
        pieces = np.fromiter(chain.from_iterable(distinct), dtype=np.int64)
        evidence = np.add.reduceat(self._by_piece[pieces], starts, axis=0)
        return Heard(torch.from_numpy(evidence), torch.from_numpy(counts))

    @cached_property
    def _by_piece(self) -> npt.NDArray[np.float32]:
        """(pieces, labels): a sentence's pieces are rows, and rows are quick to pick."""
        by_piece: npt.NDArray[np.float32] = self.log_odds.T.contiguous().numpy()
        return by_piece


@dataclass(frozen=True)
class Heard:
    """What sentences say of labels."""

    evidence: Tensor  # (sentences, labels): log-odds, summed over the distinct pieces
    counts: Tensor  # (sentences,): how many these are

    def fit(self, labels: Sequence[int]) -> Tensor:
        """Mean log-odds a piece, over the genres asked for, (sentences,); 0 when none is."""
        if not labels:
            return torch.zeros(len(self.counts))
        return self.evidence[:, list(labels)].mean(1) / self.counts

    def kinship(self, kin: Tensor) -> Tensor:
        """The probability that sentences are of one of some labels, (sentences,).

        Of the labels (labels,), `kin` is true for those that count; 0 when there are none. All are
        equally likely before a piece is read.
        """
        return (torch.softmax(_CALM * self.evidence, 1) * kin).sum(1)
