"""The corpus in numbers: what was read, what was dropped, and what is left."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model.corpus.genres import vocabulary
from model.corpus.lines import ORIGINALS, read_corpus, words


@dataclass(frozen=True)
class Funnel:
    """Counts of lines, from the files to what a writer learns; most first in every mapping."""

    files: int
    read: int  # lines of all files
    dropped: int  # of these, repeats of an earlier line and lines without text
    kept: int
    splits: dict[str, int]
    registers: dict[str, int]
    words: int  # of the kept lines, slots left out
    distinct_words: int
    labels: int  # genres that enough lines carry for a writer to learn them
    genres: dict[str, int]  # lines that carry each genre; a line may carry several

    def rows(self) -> dict[str, int]:
        """Every count but those of single genres, in words, in the order of the funnel."""
        return {
            "files": self.files,
            "lines read": self.read,
            "repeats and empty lines dropped": self.dropped,
            "lines kept": self.kept,
            **{f"in the {name} split": lines for name, lines in self.splits.items()},
            **{f"in the {name} register": lines for name, lines in self.registers.items()},
            "words": self.words,
            "different words": self.distinct_words,
            "genres": len(self.genres),
            "genres with enough lines to be labels": self.labels,
        }


def funnel(folder: Path = ORIGINALS) -> Funnel:
    """Count the corpus in a folder.

    Raises:
        CorpusError: the folder holds no JSON Lines, or one of them is malformed.
    """
    lines = read_corpus(folder)
    files = sorted(folder.glob("*.jsonl"))
    read = sum(len(file.read_text("utf-8").splitlines()) for file in files)
    bag = Counter(word for line in lines for word in words(line.text))
    return Funnel(
        files=len(files),
        read=read,
        dropped=read - len(lines),
        kept=len(lines),
        splits=_counts(line.split for line in lines),
        registers=_counts(line.register for line in lines),
        words=bag.total(),
        distinct_words=len(bag),
        labels=len(vocabulary(line.genres for line in lines)),
        genres=_counts(name for line in lines for name in line.genres),
    )


def _counts(names: Iterable[str]) -> dict[str, int]:
    """How often each name comes, the most frequent first, the alphabet deciding among equals."""
    counted = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    return dict(counted)
