"""What a reader would make of a sentence: ridge regressions of readers' ratings.

Likelihood alone likes what is said most often, and a network that tells drafts from real sentences
likes what is odd. Here readers rated drafts, and what they said is foretold from what the decoder
makes of the sentence (how likely its pieces are, the hardest of them, the means of its states and
of its pieces' embeddings) and from the words themselves. The sentence is read at the mean of the
prior, so its rating depends on its text and its genres alone, not on how it was drawn.
(A preference model on a generator's own features, in the spirit of Engel et al. 2018.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.corpus.lines import words
from model.corpus.ratings import HIGHEST, LOWEST
from model.cvae import CVAE, CVAEConfig
from model.engine import Decoded, Job
from model.prior import Prior
from model.ranking import echoes

FEATURES = ("likelihood", "hardest", "lowest", "pieces", "words", "echoes", "genre")
_HARDEST = 4  # pieces


@dataclass(frozen=True)
class Taste:
    """A rating as a sum over features, whose natural ranges are in the weights."""

    weights: Tensor  # (features,): of `FEATURES`, then of the mean state and the mean embedding
    bias: Tensor  # ()

    @classmethod
    def none(cls, config: CVAEConfig) -> "Taste":
        """A taste that likes every sentence alike."""
        return cls(torch.zeros(feature_count(config)), torch.tensor((LOWEST + HIGHEST) / 2))

    def rate(self, features: Tensor) -> Tensor:
        """What is expected, from 0 to 5, (rows,), for the rows that `Taster.features` makes."""
        # A sum by rows, not a product, whose rounding would depend on the number of rows.
        return ((features * self.weights).sum(1) + self.bias).clamp(0.0, HIGHEST)


def feature_count(config: CVAEConfig) -> int:
    """How many features a sentence has."""
    return len(FEATURES) + config.decoder + config.embedding


class Taster:
    """Describes sentences as a taste wants them described."""

    def __init__(self, cvae: CVAE, prior: Prior) -> None:
        self._embedding = cvae.embedding.weight.detach().cpu().numpy()
        self._mean = prior.mean.to(cvae.embedding.weight.device)

    def readings(self, sentences: Sequence[Sequence[int]], a: Tensor) -> list[Job]:
        """The jobs whose outcome describes sentences of one condition, (condition,)."""
        return [Job(self._mean, a, said=tuple(pieces)) for pieces in sentences]

    def features(self, read: Sequence[Decoded], texts: Sequence[str], fits: Tensor) -> Tensor:
        """(rows, features) of what was read, the same as text, and how it fits the genres."""
        longest = max(len(row.log_probs) for row in read)
        # Zeros beyond the end are never among the hardest: log-probabilities are below them.
        log_probs = np.zeros((len(read), longest), dtype=np.float32)
        for row, decoded in enumerate(read):
            log_probs[row, : len(decoded.log_probs)] = decoded.log_probs
        hardest = np.sort(log_probs, axis=1)[:, :_HARDEST]
        lengths = np.array([len(decoded.log_probs) for decoded in read], dtype=np.float32)
        bags = [words(text) for text in texts]
        columns = (
            log_probs.sum(1) / lengths,
            hardest.mean(1),
            hardest[:, 0],
            lengths,
            [len(bag) for bag in bags],
            [echoes(bag) for bag in bags],
            fits.numpy(),
        )
        named = torch.from_numpy(np.stack(columns, axis=1).astype(np.float32))
        states = torch.stack([decoded.state for decoded in read])
        embedded = np.stack([self._embedding[list(row.ids)].mean(0) for row in read])
        return torch.cat([named, states, torch.from_numpy(embedded)], dim=1)
