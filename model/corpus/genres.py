"""Genre names: their normal form, the working labels, and how other names find a label.

A catalogue knows about six thousand microgenres; the corpus was written for some 170 of them. A
name that is not a label is mapped to the longest label inside it ("canadian hip hop" is hip hop),
or else to the label nearest to it on a map of genres. kin.json goes before both: it names the label
whose kin a genre is where its name or its place on the map would lead astray ("lovers rock" is
reggae), and the names that are no genre. What nothing finds is unknown, and the writer writes
without it.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

KIN = Path(__file__).with_name("kin.json")
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
    "indie": "indie rock",
}
# Genres that are no labels, with the label that stands in for each, or None.
_KIN: Mapping[str, str | None] = json.loads(KIN.read_text("utf-8"))
_NOT_NAME = re.compile(r"[^\w&+]+")


def normal(name: str) -> str:
    """A name with case, accents, hyphens and spacing levelled: `Hip-Hop` and `hip hop` are one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or name
    words = " ".join(_NOT_NAME.sub(" ", plain.lower()).split())
    return words.replace(" and ", " & ").replace(" n ", " & ")


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
    # By key: see `_key`.
    _by_name: dict[str, str] = field(init=False, repr=False, compare=False)
    _kin: dict[str, str] = field(init=False, repr=False, compare=False)
    _near: dict[str, str] = field(init=False, repr=False, compare=False)
    _widest: int = field(init=False, repr=False, compare=False)  # words of a name, at most

    def __post_init__(self) -> None:
        by_name = {_key(label): label for label in self.labels}
        others = {**_SAME, **_ALIASES}
        for alias, label in others.items():
            if label in self.labels:
                by_name.setdefault(_key(alias), label)
        kin = {_key(name): label for name, label in _KIN.items() if label in self.labels}
        near = {_key(name): label for name, label in self.nearest.items()}
        names = (*self.labels, *others, *_KIN, *self.nearest)
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "_kin", kin)
        object.__setattr__(self, "_near", near)
        object.__setattr__(self, "_widest", max(len(normal(name).split()) for name in names))

    def match(self, names: Iterable[str]) -> GenreMatch:
        """Sort names into known, mapped and unknown; order kept, repeats dropped."""
        known: dict[str, None] = {}
        mapped: dict[str, str] = {}
        unknown: dict[str, None] = {}
        for name in names:
            label = self._by_name.get(_key(name))
            if label is not None:
                known[label] = None
            elif (substitute := self.substitute(name)) is not None:
                mapped[name] = substitute
            else:
                unknown[name] = None
        return GenreMatch(tuple(known), mapped, tuple(unknown))

    def substitute(self, name: str) -> str | None:
        """The label that best stands in for a name that is none, or None."""
        return self.by_name(name) or self.by_nearness(name)

    def by_name(self, name: str) -> str | None:
        """The label that is named in a name, or whose kin is."""
        parts = normal(name).split()
        for size in range(min(len(parts), self._widest), 0, -1):
            # English puts the kind last: of two labels as long, the later one is the genre.
            runs = [
                "".join(parts[start : start + size]) for start in range(len(parts) - size, -1, -1)
            ]
            for labels in (self._by_name, self._kin):
                if found := next(filter(None, map(labels.get, runs)), None):
                    return found
        return None

    def by_nearness(self, name: str) -> str | None:
        """The label nearest to a microgenre, or to the longest one that a name ends in."""
        if _key(name) in _NO_GENRES:
            return None
        parts = normal(name).split()
        for start in range(max(0, len(parts) - self._widest), len(parts)):
            label = self._near.get("".join(parts[start:]))
            if label is not None:
                return label
        return None


def _key(name: str) -> str:
    """A name without its spaces: `synth-pop` and `synthpop` are one."""
    return normal(name).replace(" ", "")


_NO_GENRES = frozenset(_key(name) for name, label in _KIN.items() if label is None)
