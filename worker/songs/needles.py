"""Looks for many words at once, quickly where none of them is there.

Most posts hold none of the words that a rule waits for, and asking `in` for each of forty words
costs more than all else that is done with such a post.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

_BY_FREQUENCY = " etaoinsrlhudymgcwpfbkvjxqz"
"""Blanks and letters, the most common in posts first; all other characters are rarer."""


def searcher(needles: Iterable[str]) -> Callable[[str], re.Match[str] | None]:
    """A search for any of the needles in a text of lower case.

    The expression stops only at the rarest character of each needle, and looks there at what
    stands before and after.
    """
    around: dict[str, list[str]] = defaultdict(list)
    for needle in needles:
        at = max(range(len(needle)), key=lambda at: _rarity(needle[at]))
        before, after = re.escape(needle[: at + 1]), re.escape(needle[at + 1 :])
        around[needle[at]].append(f"(?<={before}){after}" if at else after)
    alternatives = (f"{re.escape(mark)}(?:{'|'.join(ends)})" for mark, ends in around.items())
    return re.compile("|".join(alternatives)).search


def _rarity(mark: str) -> int:
    place = _BY_FREQUENCY.find(mark)
    return place if place >= 0 else len(_BY_FREQUENCY)
