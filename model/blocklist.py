"""Words that never leave the writer.

The list is better-profanity's; only its data is used, as a set of words and phrases, because its
matcher compares every word with every spelling of every entry. One entry is an instrument first.
"""

import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

_TOKEN = re.compile(r"[^\W_]+")
_INSTRUMENTS = frozenset({("organ",)})
_LEET = str.maketrans("0134578@$!+", "oieastbasit")


@dataclass(frozen=True)
class Blocklist:
    """Blocked words and phrases, lower case, as tuples of tokens."""

    phrases: frozenset[tuple[str, ...]]

    @cached_property
    def longest(self) -> int:
        """Tokens in the longest phrase."""
        return max(map(len, self.phrases), default=0)

    @cached_property
    def _first(self) -> frozenset[str]:
        """What phrases begin with: most words begin none."""
        return frozenset(phrase[0] for phrase in self.phrases)

    def found(self, text: str) -> str | None:
        """The first blocked word or phrase of a text, common letter swaps undone, or None."""
        lowered = text.lower()
        for spelling in (lowered, lowered.translate(_LEET)):
            tokens = _TOKEN.findall(spelling)
            for start in range(len(tokens)):
                if tokens[start] not in self._first:
                    continue
                for size in range(1, self.longest + 1):
                    if tuple(tokens[start : start + size]) in self.phrases:
                        return " ".join(tokens[start : start + size])
        return None


@cache
def standard() -> Blocklist:
    """The list that the writer uses."""
    data = resources.files("better_profanity").joinpath("profanity_wordlist.txt")
    entries = data.read_text("utf-8").splitlines()
    phrases = frozenset(tuple(_TOKEN.findall(entry.lower())) for entry in entries)
    return Blocklist(phrases - _INSTRUMENTS - {()})
