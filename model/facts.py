"""What a writer tells about itself: plain values, for those who do not hold the writer."""

from collections.abc import Iterable
from dataclasses import dataclass

from model.corpus.genres import GenreBook, GenreMatch


@dataclass(frozen=True)
class Topic:
    """One topic, named by its leading words."""

    index: int
    name: str
    words: tuple[str, ...]
    favoured: bool  # whether this is the topic that the LC-GAN steers towards


@dataclass(frozen=True)
class Facts:
    """Who a writer is and what it knows."""

    name: str
    revision: str
    precision: str
    card: str
    slots: int  # rows that it decodes side by side
    book: GenreBook
    topics: tuple[Topic, ...]
    temperature: float  # where a request does not say

    @property
    def genres(self) -> tuple[str, ...]:
        """The labels that it was trained with."""
        return self.book.labels

    def match_genres(self, names: Iterable[str]) -> GenreMatch:
        """How the writer understands genre names."""
        return self.book.match(names)
