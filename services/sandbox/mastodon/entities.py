"""What Mastodon finds in a text: addresses, mentions of accounts, hashtags."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

ENTITY = re.compile(
    r"(?P<link>https?://[^\s<>\"]*[\w/])"
    r"|(?<![=/\w])@(?P<mention>[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*(?:@\w+(?:[.-]+\w+)*)?)"
    r"|(?<![=/)\w])#(?P<hashtag>\w*[^\W\d_]\w*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Entity:
    kind: Literal["link", "mention", "hashtag"]
    text: str  # an address, a handle without the @, a tag without the #
    start: int
    end: int

    @property
    def username(self) -> str:
        """A mention without its domain."""
        return self.text.partition("@")[0]


def entities(text: str) -> Iterator[Entity]:
    """In the order of the text."""
    for match in ENTITY.finditer(text):
        kind: Literal["link", "mention", "hashtag"] = match.lastgroup  # type: ignore[assignment]  # a name of a group
        yield Entity(kind, match[kind], match.start(), match.end())
