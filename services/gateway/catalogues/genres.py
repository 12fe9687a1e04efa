"""Genre names as the gateway gives them: plain, each once, and none that is no genre.

What people tag an artist with is a genre where the name is one of `genre_names.json`: those that
MusicBrainz lists, those the writer was trained on, and those that Spotify gave to a dozen artists
or more. The writer maps a name to its own vocabulary; here names are only made clean.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import zip_longest
from pathlib import Path

from services.gateway.catalogues.matching import REMEMBERED, readable, unaccented

NAMES = Path(__file__).with_name("genre_names.json")
MOST_GENRES = 20
# A name longer than this is somebody's essay.
LONGEST_NAME = 100
AND = re.compile(r"&|\bn\b")  # also `drum 'n' bass`


def gathered(lists: Sequence[Iterable[str]]) -> list[str]:
    """The genres of several artists, the most telling of each first, each once, at most 20."""
    found: dict[str, str] = {}
    for rank in zip_longest(*lists):
        for name in map(clean, filter(None, rank)):
            if name and len(name) <= LONGEST_NAME:
                found.setdefault(spelling(name) or name, name)
    return list(found.values())[:MOST_GENRES]


def is_genre(name: str) -> bool:
    """Whether a tag is the name of a genre, however it is spelled."""
    return spelling(clean(name)) in _spellings()


@lru_cache(REMEMBERED)
def clean(name: str) -> str:
    """A name in small letters, without control characters and spaces around it."""
    return readable(unicodedata.normalize("NFC", name)).casefold()


@lru_cache(REMEMBERED)
def spelling(name: str) -> str:
    """What `hip hop`, `hip-hop` and `hiphop` have in common."""
    plain = AND.sub("and", unaccented(name)).replace("rhythm and blues", "randb")
    letters = "".join(letter for letter in plain if letter.isalnum())
    return "randb" if letters == "rnb" else letters


@cache
def _spellings() -> frozenset[str]:
    names: list[str] = json.loads(NAMES.read_text("utf-8"))
    return frozenset(spelling(clean(name)) for name in names)
