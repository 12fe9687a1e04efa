"""How like two posts are: by their words, and by their pairs of neighbouring words.

Pairs make the order count, single words let a sentence with a moved clause still count as like.
`benchmarks/likeness.py` shows what a threshold withholds.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

Shingles = Counter[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A post that left before: its own words, folded, and when it left."""

    words: str
    left_at: datetime


@dataclass(frozen=True, slots=True)
class Likeness:
    """From which likeness on a post counts as said before, and with how many it is compared."""

    threshold: float
    posts: int

    def found(self, words: str, before: Iterable[Earlier]) -> Earlier | None:
        """The first of the earlier posts that these folded words are too like."""
        mine = shingles(words)
        return next(
            (each for each in before if likeness(mine, shingles(each.words)) >= self.threshold),
            None,
        )


def shingles(words: str) -> Shingles:
    sequence: Sequence[str] = words.split()
    return Counter([*((word,) for word in sequence), *pairwise(sequence)])


def likeness(one: Shingles, other: Shingles) -> float:
    """Dice's coefficient: 0 for nothing in common (or no words at all), 1 for the same words."""
    total = one.total() + other.total()
    # Not `one & other`: a page of drafts is compared with hundreds of posts.
    common = sum(min(one[each], other[each]) for each in one.keys() & other.keys())
    return 2 * common / total if total else 0.0
