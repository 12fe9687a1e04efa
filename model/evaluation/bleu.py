"""BLEU (Papineni et al. 2002) and self-BLEU (Zhu et al. 2018), on sentences of words."""

import math
from collections import Counter
from collections.abc import Sequence

Words = Sequence[str]
Run = tuple[str, ...]

_ORDER = 4
_NOTHING = 0.1  # stands for a count of matches that is 0 (Chen and Cherry 2014, method 1)


def runs(bag: Words, size: int) -> Counter[Run]:
    """How often each n-gram of one size stands in a sentence."""
    return Counter(tuple(bag[start : start + size]) for start in range(len(bag) - size + 1))


def corpus_bleu(hypotheses: Sequence[Words], references: Sequence[Words]) -> float:
    """BLEU-4 over a set of sentences with one reference each, 0 to 1, nothing smoothed."""
    matched, total = [0] * _ORDER, [0] * _ORDER
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        for size in range(1, _ORDER + 1):
            said = runs(hypothesis, size)
            matched[size - 1] += (said & runs(reference, size)).total()
            total[size - 1] += said.total()
    if not all(matched):
        return 0.0
    precision = sum(math.log(m / t) for m, t in zip(matched, total, strict=True)) / _ORDER
    spoken, expected = sum(map(len, hypotheses)), sum(map(len, references))
    return math.exp(precision + min(0.0, 1 - expected / spoken))


def self_bleu(sentences: Sequence[Words]) -> float:
    """The mean BLEU-4 of each sentence against all others: 0, all different, to 1, all the same."""
    best = [_two_most(sentences, size) for size in range(1, _ORDER + 1)]
    lengths = Counter(map(len, sentences))
    scores = [_against_others(bag, i, best, lengths) for i, bag in enumerate(sentences)]
    return sum(scores) / max(1, len(scores))


def _two_most(sentences: Sequence[Words], size: int) -> dict[Run, tuple[int, int, int]]:
    """For each n-gram: its largest count in a sentence, which sentence, and the next largest."""
    best: dict[Run, tuple[int, int, int]] = {}
    for i, bag in enumerate(sentences):
        for run, count in runs(bag, size).items():
            first, owner, second = best.get(run, (0, -1, 0))
            best[run] = (count, i, first) if count > first else (first, owner, max(second, count))
    return best


def _against_others(
    bag: Words, i: int, best: Sequence[dict[Run, tuple[int, int, int]]], lengths: Counter[int]
) -> float:
    precision = 0.0
    for size, most in enumerate(best, start=1):
        said = runs(bag, size)
        matched = 0
        for run, count in said.items():
            first, owner, second = most[run]
            matched += min(count, second if owner == i else first)
        precision += math.log(max(matched, _NOTHING) / max(1, said.total())) / _ORDER
    nearest = _nearest(len(bag), lengths)
    return math.exp(precision + min(0.0, 1 - nearest / max(1, len(bag))))


def _nearest(length: int, lengths: Counter[int]) -> int:
    """The length of another sentence that is nearest to this one's."""
    others = [other for other, count in lengths.items() if count > (other == length)]
    return min(others, key=lambda other: (abs(other - length), other), default=length)
