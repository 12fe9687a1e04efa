"""How varied sentences are, and how much they repeat themselves.

distinct-n and self-BLEU depend on how many sentences are looked at, so every column is read to the
same number of them.
"""

from collections.abc import Mapping, Sequence
from math import prod

from model.corpus.lines import words
from model.evaluation.bleu import runs, self_bleu
from model.evaluation.served import stutters

MOST = 500  # sentences read of each column
_LOOP = 3  # words that recur


def diversity(columns: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Each measure for each column."""
    size = min(MOST, *(len(texts) for texts in columns.values()))
    figures = {name: _figures(texts[:size]) for name, texts in columns.items()}
    measures = next(iter(figures.values()))
    return {one: {name: own[one] for name, own in figures.items()} for one in measures}


def _figures(texts: Sequence[str]) -> dict[str, float]:
    bags = [words(text) for text in texts]
    shares = {f"distinct_{size}": distinct(bags, size) for size in (1, 2, 3, 4)}
    return shares | {
        "diversity": prod(shares[f"distinct_{size}"] for size in (2, 3, 4)),
        "self_bleu_4": self_bleu(bags),
        "unique": len(set(texts)) / max(1, len(texts)),
        "immediate_repeats": sum(map(stutters, texts)) / max(1, len(texts)),
        "loops": sum(map(loops, bags)) / max(1, len(texts)),
        "words": sum(map(len, bags)) / max(1, len(texts)),
    }


def distinct(bags: Sequence[Sequence[str]], size: int) -> float:
    """The share of n-grams that are different from all others (Li et al. 2016)."""
    found = [run for bag in bags for run in runs(bag, size).elements()]
    return len(set(found)) / max(1, len(found))


def loops(bag: Sequence[str]) -> bool:
    """Whether three words in a row come again."""
    return any(count > 1 for count in runs(bag, _LOOP).values())
