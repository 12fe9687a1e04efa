"""How much a report shows."""

from dataclasses import dataclass, replace
from pathlib import Path

from model.corpus.lines import ORIGINALS


@dataclass(frozen=True)
class ReportSettings:
    """The sizes of a report."""

    corpus: Path = ORIGINALS  # folder of JSON Lines with the writer's own splits
    log: Path | None = None  # log.csv of the training; None: the one beside the bundle's folder
    seed: int = 2018
    threads: int | None = None  # torch threads; None: one per core

    homotopies: int = 4  # lines between two test sentences
    steps: int = 7  # sentences on each
    genres: int = 12  # genres that are sampled, and that have twins
    best: int = 3  # sentences shown of each genre
    drafts: int = 500  # codes decoded before and after G
    served: int = 300  # sentences from the writer's own door, for the audit of bias
    codes: int = 3000  # lines on the latent map
    genre_rows: int = 40  # of the table of genres
    words: int = 40  # leading words of the corpus

    def quick(self) -> "ReportSettings":
        """A smoke of every section, in seconds."""
        return replace(self, genres=3, drafts=60, served=10, codes=120, homotopies=2, steps=3)
