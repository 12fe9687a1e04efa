"""How well a sentence fits a genre: a naive Bayes probe over pieces.

It answers cheaply, for every candidate, what the writer needs for ranking: does this sentence speak
of the genre it was asked for, or could it be about anything?
"""

from collections.abc import Sequence
from dataclasses import dataclass

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

    def fit_of(self, ids: Sequence[int], labels: Sequence[int]) -> float:
        """Mean log-odds a piece, over the genres asked for; 0 when none is."""
        if not labels or not ids:
            return 0.0
        rows = self.log_odds[torch.tensor(list(labels))]
        return float(rows[:, torch.tensor(sorted(set(ids)))].float().mean())

    def kinship(self, ids: Sequence[int], kin: Tensor) -> float:
        """The probability that a sentence is of one of some labels; 0 when there are none.

        Of the labels (labels,), `kin` is true for those that count. All are equally likely before a
        piece is read.
        """
        if not ids or not bool(kin.any()):
            return 0.0
        evidence = self.log_odds[:, torch.tensor(sorted(set(ids)))].float().sum(1)
        return float(torch.softmax(_CALM * evidence, 0)[kin].sum())
