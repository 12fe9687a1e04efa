"""How long a text may be on Bluesky: 300 graphemes and 3,000 bytes."""

import regex

GRAPHEME = regex.compile(r"\X")
LONGEST, LONGEST_BYTES = 300, 3000


def graphemes(text: str) -> int:
    return len(GRAPHEME.findall(text))


def fitting(text: str) -> str:
    """As much of a stranger's text as Bluesky would have let them write."""
    short = "".join(GRAPHEME.findall(text)[:LONGEST])
    return short.encode()[:LONGEST_BYTES].decode(errors="ignore")
