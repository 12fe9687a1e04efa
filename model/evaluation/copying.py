"""How much was written and how much remembered: the longest runs shared with training text.

Exact, unlike `model.novelty`, whose index has to fit a bundle: a run is hashed to 64 bits, and the
hash of a run one word longer is made from it, so all runs of one length are one array.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from model.corpus.lines import words
from model.novelty import PHRASE, QUOTATION

Hashes = npt.NDArray[np.uint64]

_LONGEST = 40  # words
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no word's share is lost in the wrap-around


class TrainingText:
    """Training sentences, against which others are held."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words: dict[str, int] = {}
        bags = [words(text) for text in texts]
        self._whole = {tuple(bag) for bag in bags}
        ids = [[self._words.setdefault(w, len(self._words) + 1) for w in bag] for bag in bags]
        self._runs = [np.unique(found) for found, _ in _runs_of(ids)]

    def longest_runs(self, texts: Iterable[str]) -> npt.NDArray[np.int64]:
        """Words in the longest run of each text that stands in one training sentence."""
        longest, _ = self._compared(texts)
        return longest

    def figures(self, texts: Sequence[str]) -> dict[str, float]:
        """Shares of runs, of sentences, and the lengths of what was remembered."""
        longest, phrases = self._compared(texts)
        return {
            "copied_4_grams": phrases,
            "longest_run_mean": float(longest.mean()),
            "longest_run_p95": float(np.percentile(longest, 95)),
            "quoting_8_words": float((longest >= QUOTATION).mean()),
            "exact_sentences": float(
                np.mean([tuple(words(text)) in self._whole for text in texts])
            ),
        }

    def _compared(self, texts: Iterable[str]) -> tuple[npt.NDArray[np.int64], float]:
        """The longest run of each text, and the share of all four-word runs that are known."""
        # A word that training text lacks is 0, which no run of training text holds.
        ids = [[self._words.get(word, 0) for word in words(text)] for text in texts]
        longest = np.zeros(len(ids), np.int64)
        phrases = 0.0
        for size, ((found, owner), known) in enumerate(
            zip(_runs_of(ids), self._runs, strict=False), start=1
        ):
            there = _known(known, found)
            longest[owner[there]] = size
            if size == PHRASE:
                phrases = float(there.mean()) if len(there) else 0.0
        return longest, phrases


def copying(
    train: TrainingText, columns: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    """Each measure for each column; the column `held_out` must be there."""
    figures = {name: train.figures(texts) for name, texts in columns.items()}
    reference = figures["held_out"]
    rows = {one: {name: own[one] for name, own in figures.items()} for one in reference}
    rows["copied_4_grams_above_held_out"] = {
        name: own["copied_4_grams"] - reference["copied_4_grams"]
        for name, own in figures.items()
        if name != "held_out"
    }
    return rows


def _runs_of(
    sentences: Sequence[Sequence[int]],
) -> Iterable[tuple[Hashes, npt.NDArray[np.int64]]]:
    """The hashes of all runs of 1, 2, 3... words, and whose each is."""
    sizes = np.array([len(one) for one in sentences], dtype=np.int64)
    ids = np.array([word for one in sentences for word in one], dtype=np.uint64)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    left = np.cumsum(sizes)[owner] - np.arange(len(ids))  # words from here to the sentence's end
    values, starts = np.zeros_like(ids), np.arange(len(ids))
    for size in range(1, _LONGEST + 1):
        starts = starts[left[starts] >= size]
        values[starts] = values[starts] * _BASE + _scrambled(ids[starts + size - 1])
        yield values[starts], owner[starts]


def _known(sorted_hashes: Hashes, wanted: Hashes) -> npt.NDArray[np.bool_]:
    if not len(sorted_hashes):
        return np.zeros(len(wanted), dtype=bool)
    where = np.searchsorted(sorted_hashes, wanted).clip(max=len(sorted_hashes) - 1)
    found: npt.NDArray[np.bool_] = sorted_hashes[where] == wanted
    return found


def _scrambled(ids: Hashes) -> Hashes:
    """Spread small numbers over 64 bits (the finaliser of splitmix64)."""
    mixed = (ids + np.uint64(1)) * _BASE
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
