"""Topics of a sentence by latent Dirichlet allocation (Blei, Ng and Jordan 2003).

The topics are fitted once, in training (`model.training.topics`). What stays is the matrix of topic
and word probabilities, and with it a sentence's mixture is inferred here by the fixed-point updates
of the mean-field posterior (their equations 6 and 7, in the zeroth-order collapsed form that keeps
only expected counts). It needs no LDA library, and it is deterministic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.corpus.lines import words
from model.facts import Topic

_SWEEPS, _MOST = 8, 40  # updates between two looks at what has settled, and looks
# Words of a topic by which an update may still change what has settled: probabilities are then some
# thousandths from where they would end, at most.
_STILL = 1e-3
_NONE = np.float32(1e-30)  # the likelihood of what fills a text up, so that it can be divided by

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TopicModel:
    """The fitted topics of a writer."""

    vocabulary: tuple[str, ...]
    phi: Tensor  # (topics, words): p(word | topic)
    alpha: Tensor  # (topics,): the Dirichlet prior over mixtures
    favoured: int
    _index: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {word: i for i, word in enumerate(self.vocabulary)}
        object.__setattr__(self, "_index", index)

    @property
    def size(self) -> int:
        """How many topics there are."""
        return int(self.phi.shape[0])

    def mixtures(self, texts: Sequence[str]) -> Tensor:
        """p(topic | text) for each text: (texts, topics). Unknown words say nothing."""
        bags = [[self._index[w] for w in words(text) if w in self._index] for text in texts]
        longest = max((len(bag) for bag in bags), default=0)
        likelihood = np.zeros((len(bags), longest, self.size), dtype=np.float32)
        by_word = self.phi.T.numpy()
        for row, bag in enumerate(bags):
            likelihood[row, : len(bag)] = by_word[bag]
        mixtures = torch.from_numpy(_expected(likelihood, self.alpha.numpy()))
        return mixtures / mixtures.sum(1, keepdim=True)

    def favour(self, texts: Sequence[str]) -> list[float]:
        """The favoured topic's probability in each text."""
        values: list[float] = self.mixtures(texts)[:, self.favoured].tolist()
        return values

    def describe(self, count: int = 10) -> tuple[Topic, ...]:
        """The topics with their leading words, the first three of which are the name."""
        return tuple(
            Topic(index, " ".join(leading[:3]), leading, index == self.favoured)
            for index, leading in enumerate(self.leading(count))
        )

    def leading(self, count: int) -> list[tuple[str, ...]]:
        """Each topic's most typical words: by p(word | topic), weighed by p(topic | word)."""
        typical = self.phi * (self.phi / self.phi.sum(0, keepdim=True))
        best = typical.topk(min(count, len(self.vocabulary)), dim=1).indices
        return [tuple(self.vocabulary[i] for i in row) for row in best.tolist()]


def _expected(likelihood: Floats, alpha: Floats) -> Floats:
    """How many words of texts are of each topic, the prior's added: (texts, topics).

    `likelihood` is p(word | topic), (texts, words, topics), 0 where a text has no more words. The
    arrays are so small that in torch most of the time would go to calling it.
    """
    expected = np.empty((len(likelihood), len(alpha), 1), dtype=np.float32)
    moving = np.arange(len(likelihood))
    by_topic = likelihood.transpose(0, 2, 1).copy()
    weights = np.repeat(alpha[None, :, None], len(likelihood), axis=0)
    for _ in range(_MOST):
        for _ in range(_SWEEPS):
            # The sum over words of w_topic * p(word | topic) / sum_t w_t * p(word | t).
            before, reached = weights, np.matmul(likelihood, weights)
            reached += _NONE
            weights = np.matmul(by_topic, np.reciprocal(reached, out=reached))
            weights *= before
            weights += alpha[:, None]
        expected[moving] = weights
        far = (np.abs(weights - before) > _STILL).any(axis=(1, 2))
        if not far.any():
            break
        moving, likelihood, by_topic, weights = (
            values[far] for values in (moving, likelihood, by_topic, weights)
        )
    return expected[:, :, 0]
