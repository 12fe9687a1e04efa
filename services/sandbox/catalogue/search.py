"""A forgiving search, as the vendors' are: case, accents, word order and typos do not matter.

A field matches by the share of its query words that it holds, each weighed by how rare the word
is. A word that no song has stands for the most alike words that some song has; where that finds
nothing, so does every other word.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz, process

from services.sandbox.catalogue.identity import folded

TITLE, ARTIST = 0, 1
FIELDS = {"track": TITLE, "artist": ARTIST, "recording": TITLE}
FILTER = re.compile(r'\b(track|artist|recording|album|year|genre|isrc|tag):("[^"]*"|\S+)')
# Shares of a query's weight that a song must hold: in each named field, or in any for free text.
FIELD_SHARE, FREE_SHARE = 0.25, 0.5
ALIKE = 78
MIN_FUZZY_LENGTH = 3
MOST_ALIKE = 5
RAREST = 4
# What a word weighs that no song has, as a share of the mean weight of those that some song has.
UNKNOWN_SHARE = 0.3
# Words that say which recording it is, not which song.
ADDITIONS = {"feat", "featuring", "ft", "remaster", "remastered"}


@dataclass(frozen=True)
class Query:
    """Words asked for in the title, in the artist, and anywhere."""

    title: tuple[str, ...]
    artist: tuple[str, ...]
    free: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """The place of an entry in the index, and how well it fits, 0 to 1."""

    place: int
    score: float


def parse(text: str) -> Query:
    """Read `track:"…" artist:"…"` filters (quoted or one word), and free text around them."""
    words: dict[str, list[str]] = {"track": [], "artist": [], "recording": []}
    for name, value in FILTER.findall(text):
        words.setdefault(name, []).extend(_words(value))
    free = FILTER.sub(" ", text).replace(" AND ", " ")
    return Query(
        (*words["track"], *words["recording"]), tuple(words["artist"]), tuple(_words(free))
    )


def _words(text: str) -> list[str]:
    words = folded(text).split()
    return [word for word in words if word not in ADDITIONS] or words


class Index:
    """Entries of (title, artist) text, found by words."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self.entries = [(folded(title), folded(artist)) for title, artist in entries]

    @cached_property
    def places(self) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        """By field and word, the places of the entries that hold the word."""
        fields: tuple[dict[str, list[int]], dict[str, list[int]]] = (
            defaultdict(list),
            defaultdict(list),
        )
        for place, entry in enumerate(self.entries):
            for field in (TITLE, ARTIST):
                words = entry[field].split()
                # People write names in one word, as in hashtags.
                joined = ["".join(words)] if field == ARTIST else []
                for word in dict.fromkeys(words + joined):
                    fields[field][word].append(place)
        return fields

    def search(self, query: Query) -> list[Hit]:
        """Best first; among equals, the earlier entry."""
        found = self._matches(query, loose=False) or self._matches(query, loose=True)
        hits = [Hit(place, score * self._fit(place, query)) for place, score in found.items()]
        return sorted(hits, key=lambda hit: (-round(hit.score, 4), hit.place))

    def _matches(self, query: Query, *, loose: bool) -> dict[int, float]:
        """By place, the share of the query that an entry holds."""
        found: dict[int, float] | None = None
        for field, words in ((TITLE, query.title), (ARTIST, query.artist)):
            if words:
                holders = [self._holders(field, word, loose) for word in words]
                found = _joined(found, self._shares(holders, FIELD_SHARE))
        if query.free:
            holders = [
                self._holders(TITLE, word, loose) | self._holders(ARTIST, word, loose)
                for word in query.free
            ]
            found = _joined(found, self._shares(holders, FREE_SHARE))
        return found or {}

    def _fit(self, place: int, query: Query) -> float:
        """Prefers the entry whose whole text is most like what was asked."""
        title, artist = self.entries[place]
        parts = []
        if query.title:
            parts.append(fuzz.ratio(" ".join(query.title), title))
        if query.artist:
            parts.append(fuzz.ratio(" ".join(query.artist), artist))
        if query.free:
            parts.append(fuzz.token_sort_ratio(" ".join(query.free), f"{title} {artist}"))
        return 0.5 + sum(parts) / len(parts) / 200

    def _holders(self, field: int, word: str, loose: bool) -> set[int]:
        """The places that hold a word; `loose` takes in words like it even where it is known."""
        places = self.places[field]
        if len(word) < MIN_FUZZY_LENGTH or (word in places and not loose):
            return set(places.get(word, ()))
        alike = process.extract(
            word, places.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE, limit=MOST_ALIKE
        )
        return {place for near, _, _ in alike for place in places[near]}

    def _shares(self, holders: list[set[int]], least: float) -> dict[int, float]:
        """By place, the share of the query's weight it holds, where that is enough."""
        known = [
            math.log(2 + len(self.entries) / (1 + len(places))) for places in holders if places
        ]
        if not known:
            return {}
        unknown = UNKNOWN_SHARE * sum(known) / len(known)
        whole = sum(known) + unknown * (len(holders) - len(known))
        holders = [places for places in holders if places]
        rarest = sorted(holders, key=len)[:RAREST]
        shares = {
            place: sum(w for w, places in zip(known, holders, strict=True) if place in places)
            for place in set().union(*rarest)
        }
        return {place: share / whole for place, share in shares.items() if share >= least * whole}


def _joined(found: dict[int, float] | None, more: dict[int, float]) -> dict[int, float]:
    if found is None:
        return more
    return {place: (found[place] + share) / 2 for place, share in more.items() if place in found}
