"""What readers said of drafts: JSON Lines of a text, the genres it was written for, and a rating.

1: no English; 2: it means nothing, or contradicts or repeats itself; 3: right but dull, or a
picture that is a bit off; 4: good, fit to print; 5: delightful. (corpus/README.md)
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model.corpus.genres import canonical
from model.corpus.lines import ORIGINALS, clean
from model.errors import CorpusError

RATINGS = ORIGINALS.with_name("ratings")
LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True)
class Rated:
    """A sentence with what a reader gave it."""

    text: str  # slots unfilled
    genres: tuple[str, ...]
    rating: int


def read_ratings(folder: Path = RATINGS) -> list[Rated]:
    """All ratings under a folder, in file order.

    Raises:
        CorpusError: the folder holds none, or one of them is malformed.
    """
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise CorpusError(
            f"no .jsonl files in {folder}; pass the folder that holds readers' ratings, "
            "corpus/ratings in a checkout of this repository"
        )
    return [rated for file in files for rated in _read_file(file)]


def _read_file(file: Path) -> Iterable[Rated]:
    for number, raw in enumerate(file.read_text("utf-8").splitlines(), start=1):
        try:
            record = json.loads(raw)
            text, rating = clean(record["text"]), range(LOWEST, HIGHEST + 1).index(record["rating"])
            genres = tuple(dict.fromkeys(canonical(name) for name in record["genres"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(
                f"{file}, line {number}: expected an object with a string `text`, a list of "
                f"strings `genres` and a `rating` from 1 to 5, found {raw[:80]!r}"
            ) from error
        yield Rated(text, genres, LOWEST + rating)
