"""The Kneser-Ney judges of sentences, and perplexity per word."""

import math
from collections.abc import Iterable, Sequence
from functools import cached_property

from model.evaluation.kneser_ney import KneserNey, tokens
from model.evaluation.likelihood import spoken


class Judges:
    """The judges of one corpus: comparable, because all share its number of words."""

    def __init__(self, train: Sequence[str]) -> None:
        self._train = train

    @cached_property
    def real(self) -> KneserNey:
        """The judge that learnt from real sentences."""
        return KneserNey(map(tokens, self._train))

    def forward(self, texts: Sequence[str]) -> float:
        """Perplexity of sentences under the judge of real ones."""
        return _perplexity(self.real, texts)

    def reverse(self, texts: Iterable[str], held_out: Sequence[str]) -> float:
        """Perplexity of held-out sentences under a judge that learns from the sentences given."""
        return _perplexity(KneserNey(map(tokens, texts), self.real.types), held_out)


def perplexity(nats: float, texts: Iterable[str]) -> float:
    """exp of the nats a word."""
    return math.exp(nats / sum(map(spoken, texts)))


def _perplexity(judge: KneserNey, texts: Sequence[str]) -> float:
    return perplexity(float(judge.nats(map(tokens, texts)).sum()), texts)
