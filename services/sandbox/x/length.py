"""X's weighted post length: most scripts count one, CJK and emoji two, any link 23."""

import re
import unicodedata

LIMIT = 280
LINK_WEIGHT = 23
# An address, or the name of a site: labels between dots, of which the last is made of letters.
LINK = re.compile(r"https?://\S+|\b(?:[a-z0-9-]+\.)+[a-z]{2,}\b(?:/\S*)?", re.IGNORECASE)
# Code points that count one; all others count two.
LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
# Parts that add nothing to an emoji they belong to: joined emoji, skin tones, selectors.
EMOJI_TAIL = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]|\u200d.")
FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")


def weighted_length(text: str) -> int:
    links = LINK.findall(text)
    rest = unicodedata.normalize("NFC", LINK.sub("", text))
    rest = FLAG.sub("\U0001f3f3", EMOJI_TAIL.sub("", rest))
    return len(links) * LINK_WEIGHT + sum(_weight(character) for character in rest)


def _weight(character: str) -> int:
    return 1 if any(low <= ord(character) <= high for low, high in LIGHT) else 2
