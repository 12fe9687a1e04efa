"""Whether a sentence was written or remembered: hashed n-grams of the training text.

Runs of four words tell how much of a sentence is stock phrase; a run of eight is a quotation, and
the writer lets none out. Single words tell what is a word at all, for pieces can be put together to
words that nobody says. The index keeps 32-bit hashes in order, about a megabyte for each size of
run; two different runs share a hash once in ten thousand, which is rare enough for all three.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.corpus.lines import words

PHRASE, QUOTATION = 4, 8  # words

Hashes = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class CopyIndex:
    """The runs of words that occur in training text."""

    words: Hashes
    phrases: Hashes
    quotations: Hashes

    @classmethod
    def of(cls, texts: Iterable[str]) -> "CopyIndex":
        """Index texts."""
        bags = [words(text) for text in texts]
        return cls(_index(bags, 1), _index(bags, PHRASE), _index(bags, QUOTATION))

    def coins(self, text: str) -> bool:
        """Whether a text holds a word that training text never used."""
        return not _known(self.words, _hashes(words(text), 1)).all()

    def novelty(self, text: str) -> float:
        """1 - the share of a text's four-word runs that stand in training text."""
        runs = _hashes(words(text), PHRASE)
        return 1.0 - float(_known(self.phrases, runs).mean()) if runs.size else 1.0

    def quotes(self, text: str) -> bool:
        """Whether a text holds a run of eight words from one of training.

        A text of fewer words quotes when all of it is four-word runs from training.
        """
        bag = words(text)
        if len(bag) < QUOTATION:
            return self.novelty(text) == 0.0
        return bool(_known(self.quotations, _hashes(bag, QUOTATION)).any())


def _hashes(bag: list[str], size: int) -> Hashes:
    runs = (" ".join(bag[start : start + size]) for start in range(len(bag) - size + 1))
    digests = b"".join(hashlib.blake2b(run.encode(), digest_size=4).digest() for run in runs)
    return np.frombuffer(digests, dtype="<u4").astype(np.uint32)


def _index(bags: Iterable[list[str]], size: int) -> Hashes:
    return np.unique(np.concatenate([_hashes(bag, size) for bag in bags]))


def _known(index: Hashes, runs: Hashes) -> npt.NDArray[np.bool_]:
    where = np.searchsorted(index, runs).clip(max=len(index) - 1)
    found: npt.NDArray[np.bool_] = index[where] == runs
    return found
