"""How long a status is to Mastodon: in signs as people see them, any link 23, mentions local."""

import regex

from services.sandbox.mastodon.entities import Entity, entities

LINK_LENGTH = 23
SIGN = regex.compile(r"\X")


def status_length(text: str, spoiler_text: str = "") -> int:
    """A content warning counts as it is written."""
    counted, read = len(SIGN.findall(spoiler_text)), 0
    for entity in entities(text):
        counted += len(SIGN.findall(text[read : entity.start])) + _length(entity)
        read = entity.end
    return counted + len(SIGN.findall(text[read:]))


def _length(entity: Entity) -> int:
    if entity.kind == "link":
        return LINK_LENGTH
    shown = entity.username if entity.kind == "mention" else entity.text
    return 1 + len(SIGN.findall(shown))
