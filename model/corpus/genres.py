"""Genre names: their normal form, the working labels, and how other names find a label.

A catalogue knows about six thousand microgenres; the corpus was written for some 170 of them. A
name that is not a label is mapped to the longest label inside it ("canadian hip hop" is hip hop),
or else to the label nearest to it on a map of genres. What neither finds is unknown, and the writer
writes without it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

MINIMUM_LINES = 20

# Spellings in the corpus that name what another label names.
_SAME: Mapping[str, str] = {"new americana": "americana", "twee pop": "indie pop"}

# Words that catalogues and people use for a label.
_ALIASES: Mapping[str, str] = {
    "dnb": "drum and bass",
    "d&b": "drum and bass",
    "drum & bass": "drum and bass",
    "hip-hop": "hip hop",
    "hiphop": "hip hop",
    "kpop": "k-pop",
    "jpop": "j-pop",
    "rnb": "r&b",
    "r and b": "r&b",
    "rhythm and blues": "r&b",
    "electronica": "electronic",
    "lofi": "lo-fi",
    "trap": "trap music",
    "idm": "electronic",
    "house": "deep house",
    "indie": "indie rock",
}
_NOT_NAME = re.compile(r"[^\w&+]+")


def normal(name: str) -> str:
    """A name with case, accents, hyphens and spacing levelled: `Hip-Hop` and `hip hop` are one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or name
    return " ".join(_NOT_NAME.sub(" ", plain.lower()).replace(" and ", " & ").split())


def canonical(name: str) -> str:
    """The corpus's own spelling of a genre."""
    lowered = " ".join(name.lower().split())
    return _SAME.get(lowered, lowered)


def own_spellings(names: Iterable[str]) -> tuple[str, ...]:
    """Genres in the corpus's own spelling, each once."""
    return tuple(dict.fromkeys(map(canonical, names)))


def vocabulary(genres: Iterable[Sequence[str]], minimum: int = MINIMUM_LINES) -> tuple[str, ...]:
    """The labels that at least `minimum` lines carry, in alphabetical order."""
    counts = Counter(name for names in genres for name in names)
    return tuple(sorted(name for name, count in counts.items() if count >= minimum))


@dataclass(frozen=True)
class GenreMatch:
    """How the names of a request were understood."""

    known: tuple[str, ...]  # labels named as such
    mapped: dict[str, str]  # other names, with the label that stands in for each
    unknown: tuple[str, ...]  # names that say nothing to the writer

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that the writer will write for, each once."""
        return tuple(dict.fromkeys((*self.known, *self.mapped.values())))


@dataclass(frozen=True)
class GenreBook:
    """The labels of a writer and the ways that lead to them."""

    labels: tuple[str, ...]
    nearest: Mapping[str, str]  # microgenre -> the label nearest to it on the map
    _by_name: dict[str, str] = field(init=False, repr=False, compare=False)
    _near: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {normal(label): label for label in self.labels}
        others = {**_SAME, **_ALIASES}
        for alias, label in others.items():
            if label in self.labels:
                by_name.setdefault(normal(alias), label)
        near = {normal(name): label for name, label in self.nearest.items()}
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "_near", near)

    def match(self, names: Iterable[str]) -> GenreMatch:
        """Sort names into known, mapped and unknown; order kept, repeats dropped."""
        known: dict[str, None] = {}
        mapped: dict[str, str] = {}
        unknown: dict[str, None] = {}
        for name in names:
            label = self._by_name.get(normal(name))
            if label is not None:
                known[label] = None
            elif (substitute := self.substitute(name)) is not None:
                mapped[name] = substitute
            else:
                unknown[name] = None
        return GenreMatch(tuple(known), mapped, tuple(unknown))

    def substitute(self, name: str) -> str | None:
        """The label that best stands in for a name that is none, or None."""
        return self._contained(normal(name)) or self._near.get(normal(name))

    def _contained(self, name: str) -> str | None:
        parts = name.split()
        for size in range(len(parts), 0, -1):
            # English puts the kind last: of two labels as long, the later one is the genre.
            for start in range(len(parts) - size, -1, -1):
                label = self._by_name.get(" ".join(parts[start : start + size]))
                if label is not None:
                    return label
        return None
