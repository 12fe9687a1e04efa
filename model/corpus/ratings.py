"""What readers said of sentences: JSON Lines of a text, its genres, and a rating.

Two questions were asked, each from 1 to 5 (corpus/README.md): is it English that means something
(`sense`), and would you rather read it than the others (`delight` of drafts, `lines` of the
corpus's own lines)?
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.corpus.genres import own_spellings
from model.corpus.lines import ORIGINALS, clean
from model.corpus.records import files_of, records

RATINGS = ORIGINALS.with_name("ratings")  # a folder for each question
LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True)
class Rated:
    """A sentence with what a reader gave it."""

    text: str  # slots unfilled
    genres: tuple[str, ...]
    rating: int


def read_ratings(folder: Path) -> list[Rated]:
    """All ratings of one question, in file order.

    Raises:
        CorpusError: the folder holds none, or one of them is malformed.
    """
    expected = f"a string `text`, a list `genres` and a `rating` from {LOWEST} to {HIGHEST}"
    files = files_of(folder, "readers' ratings, one of those in corpus/ratings")
    return [rated for file in files for rated in records(file, _rated, expected)]


def _rated(record: dict[str, Any]) -> Rated:
    return Rated(
        text=clean(record["text"]),
        genres=own_spellings(record["genres"]),
        rating=LOWEST + range(LOWEST, HIGHEST + 1).index(record["rating"]),
    )
