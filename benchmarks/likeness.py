"""Where a post counts as said before: `python -m benchmarks.likeness`.

Rated drafts of the writer (`corpus/ratings`) are posted in random order, each compared with the
last posts before it. Then each is posted once more with so many of its words replaced by words of
other drafts, or its halves changed over. A row is a threshold; the share withheld, percent.
"""

import argparse
import json
import random
from collections import deque
from collections.abc import Callable
from pathlib import Path

from benchmarks.table import print_row
from services.common.words.folding import folded
from services.common.words.likeness import likeness, shingles

RATINGS = Path("corpus/ratings")
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)

Words = list[str]
Change = Callable[[Words], Words]


def main() -> None:
    """Print a line for each threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drafts", type=int, default=5000)
    parser.add_argument("--posts", type=int, default=50, help="that each is compared with")
    options = parser.parse_args()
    chance = random.Random(0)
    drafts = chance.sample(read(), options.drafts)
    vocabulary = [word for draft in drafts for word in draft]
    columns = {"unlike": nearest(drafts, options.posts)}
    for name, change in changes(chance, vocabulary).items():
        columns[name] = [alike(draft, change(draft)) for draft in drafts]
    for threshold in THRESHOLDS:
        row = {name: share(values, threshold) for name, values in columns.items()}
        print_row(f"{threshold:g}", row, first=threshold == THRESHOLDS[0])


def read() -> list[Words]:
    """Drafts as they are compared: folded, without their songs."""
    texts = {
        json.loads(line)["text"].replace("{title}", "").replace("{artist}", "")
        for path in sorted(RATINGS.rglob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    return [words for text in sorted(texts) if (words := folded(text).split())]


def nearest(drafts: list[Words], posts: int) -> list[float]:
    """How like each draft is to the likest of the posts before it."""
    before: deque[Words] = deque(maxlen=posts)
    found = []
    for draft in drafts:
        found.append(max((alike(draft, other) for other in before), default=0.0))
        before.append(draft)
    return found


def alike(one: Words, other: Words) -> float:
    return likeness(shingles(" ".join(one)), shingles(" ".join(other)))


def changes(chance: random.Random, vocabulary: Words) -> dict[str, Change]:
    def replaced(count: int) -> Change:
        def change(words: Words) -> Words:
            new = list(words)
            for place in chance.sample(range(len(new)), min(count, len(new))):
                new[place] = chance.choice(vocabulary)
            return new

        return change

    def halves(words: Words) -> Words:
        middle = len(words) // 2
        return words[middle:] + words[:middle]

    return {
        "halves": halves,
        **{f"{count} word{'s'[: count > 1]}": replaced(count) for count in (1, 2, 3, 4)},
    }


def share(values: list[float], threshold: float) -> float:
    return 100 * sum(value >= threshold for value in values) / len(values)


if __name__ == "__main__":
    main()
