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

import torch
from torch import Tensor

from model.corpus.lines import words
from model.corpus.ratings import HIGHEST, LOWEST
from model.cvae import CVAE, CVAEConfig
from model.prior import Prior
from model.ranking import echoes
from model.reading import read
from model.steps import Steps

FEATURES = ("likelihood", "hardest", "lowest", "pieces", "words", "echoes", "genre")
_HARDEST = 4  # pieces
_BLOCK = 40  # rows of a product: all drafts of a usual request, so that weights are read once


@dataclass(frozen=True)
class Taste:
    """A rating as a sum over features, whose natural ranges are in the weights."""

    weights: Tensor  # (features,): of `FEATURES`, then of the mean state and the mean embedding
    bias: Tensor  # ()

    @classmethod
    def none(cls, config: CVAEConfig) -> "Taste":
        """A taste that likes every sentence alike."""
        return cls(torch.zeros(feature_count(config)), torch.tensor((LOWEST + HIGHEST) / 2))

    def to(self, device: torch.device) -> "Taste":
        """The same taste on a device."""
        return Taste(self.weights.to(device), self.bias.to(device))

    def rate(self, features: Tensor) -> Tensor:
        """What is expected, from 0 to 5, (rows,), for the rows that `Taster.features` makes."""
        # A sum by rows, not a product, whose rounding would depend on the number of rows.
        return ((features * self.weights).sum(1) + self.bias).clamp(0.0, HIGHEST)


def feature_count(config: CVAEConfig) -> int:
    """How many features a sentence has."""
    return len(FEATURES) + config.decoder + config.embedding


class Taster:
    """Describes sentences as a taste wants them described."""

    def __init__(self, cvae: CVAE, prior: Prior, steps: Steps) -> None:
        self._cvae, self._prior = cvae, prior
        self._steps = steps.in_blocks_of(max(steps.block, _BLOCK))

    @torch.inference_mode()
    def features(
        self,
        sentences: Sequence[Sequence[int]],
        texts: Sequence[str],
        a: Tensor,
        fits: Sequence[float],
    ) -> Tensor:
        """(rows, features) for pieces, the same as text, a (rows, condition), and genre fits."""
        if not sentences:
            return a.new_zeros(0, feature_count(self._cvae.config))
        mean = self._prior.mean.to(a.device)
        reading = read(self._steps, sentences, torch.cat([mean.expand(len(a), -1), a], dim=1))
        bags = [words(text) for text in texts]
        # Zeros beyond the end are never among the hardest: log-probabilities are below them.
        hardest = reading.log_probs.sort(dim=1).values[:, :_HARDEST]
        columns = (
            reading.log_probs.sum(1) / reading.lengths,
            hardest.mean(1),
            hardest[:, 0],
            reading.lengths,
            *(
                torch.tensor(values, device=a.device)
                for values in ([len(bag) for bag in bags], [echoes(bag) for bag in bags], fits)
            ),
        )
        named = torch.stack([column.float() for column in columns], dim=1)
        embedding = self._cvae.embedding.weight
        embedded = torch.stack([embedding[list(pieces)].mean(0) for pieces in sentences])
        return torch.cat([named, reading.states, embedded], dim=1)
