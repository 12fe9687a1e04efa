"""An n-gram language model with modified Kneser-Ney smoothing (Chen and Goodman 1999).

It judges sentences without having anything in common with the networks that wrote them. An n-gram
is the pair of its context (an (n-1)-gram) and its last word, so each order is one sorted array of
`context * words + word`; counting is `numpy.unique` and looking up is `searchsorted`, whole texts
at a time. As in the paper (section 4.2):

- the highest order counts occurrences; lower orders count the different words before an n-gram
  (n-grams that begin a sentence have none, and keep their occurrences);
- three discounts for each order, for n-grams counted once, twice and more often;
- what is discounted goes to the next lower order, in the end to a uniform distribution over
  `types` words, so a word that was never seen has a probability too.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_ORDER = 5
_BEGIN, _END, _UNSEEN = 0, 1, -1
_TOKEN = re.compile(r"\{artist\}|\{title\}|[^\W_]+(?:['-][^\W_]+)*|[^\w\s]")
_SMALL_TEXT = (0.5, 1.0, 1.5)  # discounts where a text is too small to show its own


def tokens(text: str) -> list[str]:
    """Lower-case words, slots and marks."""
    return _TOKEN.findall(text.lower())


@dataclass(frozen=True)
class _Grams:
    """The different n-grams of one order, as counted."""

    keys: Ints  # context * words + word, sorted
    suffix: Ints  # the place, one order below, of the n-gram without its first word
    begins: npt.NDArray[np.bool_]  # whether it begins a sentence
    counts: Ints  # occurrences


@dataclass(frozen=True)
class _Level:
    """The n-grams of one order, smoothed."""

    keys: Ints
    discounted: Floats  # of each n-gram: (count - discount) / count of its context
    rest: Floats  # of each context: the mass left to the lower order; 1 where it was never one


class KneserNey:
    """Learns from sentences once; then says how likely others are."""

    def __init__(self, sentences: Iterable[Sequence[str]], types: int | None = None) -> None:
        """Learn. `types` is the number of words that there are, the end among them; by default
        those of the sentences and one more. Judges that are compared need the same."""
        self._words: dict[str, int] = {}
        coded = [
            [self._words.setdefault(word, len(self._words) + 2) for word in sentence]
            for sentence in sentences
        ]
        self._base = len(self._words) + 2
        self.types = types or self._base
        word, place = _laid_out(coded)
        self._levels = _smoothed(_counted(word, place, self._base), self._base)

    def probabilities(self, sentence: Sequence[str]) -> Floats:
        """p of each word given those before it, and of the end: (words + 1,)."""
        return self._probabilities(*self._coded([sentence]))[1:]

    def nats(self, sentences: Iterable[Sequence[str]]) -> Floats:
        """-log p of each sentence, its end included: (sentences,)."""
        word, place = self._coded(sentences)
        losses = -np.log(self._probabilities(word, place))
        losses[place == 0] = 0.0
        sums: Floats = np.add.reduceat(losses, np.flatnonzero(place == 0))
        return sums

    def _coded(self, sentences: Iterable[Sequence[str]]) -> tuple[Ints, Ints]:
        return _laid_out([[self._words.get(word, _UNSEEN) for word in one] for one in sentences])

    def _probabilities(self, word: Ints, place: Ints) -> Floats:
        """Of each word given all before it in its sentence, interpolated upwards."""
        probability = np.full(len(word), 1.0 / self.types)
        context = np.zeros(len(word), np.int64)  # of order 0, there is one
        for n, level in enumerate(self._levels):
            usable = (context >= 0) & (place >= n)
            key = np.where(usable & (word >= 0), context * self._base + word, _UNSEEN)
            ids = _looked_up(level.keys, key)
            seen = np.where(ids >= 0, level.discounted[ids], 0.0)
            rest = np.where(usable, level.rest[context], 1.0)
            probability = seen + rest * probability
            context = np.concatenate([[_UNSEEN], ids[:-1]])
        return probability


def _laid_out(sentences: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """All sentences with their ends in one row, and the place of each word in its own."""
    word = np.array([w for one in sentences for w in (_BEGIN, *one, _END)], dtype=np.int64)
    sizes = np.array([len(one) + 2 for one in sentences], dtype=np.int64)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return word, np.arange(len(word)) - starts


def _counted(word: Ints, place: Ints, base: int) -> list[_Grams]:
    """The n-grams of each order, from words to runs of five."""
    orders: list[_Grams] = []
    at, context = np.zeros_like(word), np.zeros_like(word)
    for n in range(_ORDER):
        ends = np.flatnonzero(place >= n)
        if not len(ends):  # no sentence is that long
            break
        keys, first, inverse, counts = np.unique(
            context[ends] * base + word[ends],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        orders.append(_Grams(keys, at[ends[first]], place[ends[first]] == n, counts))
        at = np.full(len(word), _UNSEEN)
        at[ends] = inverse
        context = np.concatenate([[_UNSEEN], at[:-1]])
    return orders


def _smoothed(orders: Sequence[_Grams], base: int) -> list[_Level]:
    levels = []
    for n, grams in enumerate(orders):
        counts = grams.counts
        if n + 1 < len(orders):
            different = np.bincount(orders[n + 1].suffix, minlength=len(counts))
            counts = np.where(grams.begins, counts, different)
        if n == 0:
            counts = np.where(grams.keys == _BEGIN, 0, counts)  # never foretold
        contexts = len(orders[n - 1].keys) if n else 1
        levels.append(_level(grams.keys, counts, grams.keys // base, contexts))
    return levels


def _level(keys: Ints, counts: Ints, context: Ints, contexts: int) -> _Level:
    """Discount the counts of one order (Chen and Goodman, equations 26 to 28)."""
    discounts = np.concatenate([[0.0], _discounts(counts)])
    discount = discounts[np.minimum(counts, 3)]
    total = np.bincount(context, weights=counts, minlength=contexts)
    lost = np.bincount(context, weights=discount, minlength=contexts)
    shared = np.maximum(total, 1)
    rest = np.where(total > 0, lost / shared, 1.0)
    return _Level(keys, (counts - discount) / shared[context], rest)


def _discounts(counts: Ints) -> Sequence[float]:
    n1, n2, n3, n4 = (int((counts == count).sum()) for count in (1, 2, 3, 4))
    if not (n1 and n2 and n3 and n4):
        return _SMALL_TEXT
    y = n1 / (n1 + 2 * n2)
    own = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    return own if min(own) > 0 else _SMALL_TEXT


def _looked_up(keys: Ints, wanted: Ints) -> Ints:
    """The place of each wanted key, -1 where it is not there."""
    where = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    found: Ints = np.where(keys[where] == wanted, where, _UNSEEN)
    return found
