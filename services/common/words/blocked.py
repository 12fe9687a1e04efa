"""Words that the operator keeps out of what is published, whoever wrote them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from services.common.words.folding import folded


@dataclass(frozen=True, slots=True)
class BlockedWords:
    """Words and phrases, each as it was given and as it is compared."""

    entries: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, given: Iterable[str]) -> Self:
        """Raises ValueError for an entry without a letter or a digit, which nothing would match."""
        entries = tuple((entry, folded(entry)) for entry in given)
        for entry, plain in entries:
            if not plain.strip():
                message = f"'{entry}' holds no letter: leave it out"
                raise ValueError(message)
        return cls(entries)

    def found(self, text: str) -> str | None:
        """The first entry that stands in a text as whole words."""
        words = folded(text)
        return next((entry for entry, plain in self.entries if plain in words), None)
