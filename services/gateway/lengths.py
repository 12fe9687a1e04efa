"""How long a post is, as its platform counts.

X counts most signs outside the Latin, Greek and Cyrillic scripts twice, an emoji with all that is
joined to it twice, and any link 23, the bare name of a site too (twitter-text, configuration v3).
Mastodon and Bluesky count what a reader sees as one sign (extended grapheme clusters, UAX #29);
Mastodon any link 23, and Bluesky bytes besides.
"""

import unicodedata

import regex

from services.gateway.schemas import Platform

# Code points that X counts once.
LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
LINK = regex.compile(r"https?://\S*[\w/]", regex.IGNORECASE)
# What X takes for a link: an address, or a name that ends as one does (will.i.am; not 2.5).
X_LINK = regex.compile(
    r"https?://\S*[\w/]|[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?:/\S*[\w/])?", regex.IGNORECASE
)
CLUSTER = regex.compile(r"\X")
EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\ufe0f\u20e3")


def length(text: str, platform: Platform) -> int:
    """The length of a post in the platform's units."""
    text = unicodedata.normalize("NFC", text)
    links = 0
    if platform.link_length is not None:
        link = X_LINK if platform.counting == "weighted" else LINK
        text, found = link.subn("", text)
        links = found * platform.link_length
    clusters = CLUSTER.findall(text)
    weight = _weight if platform.counting == "weighted" else _one
    return links + sum(weight(cluster) for cluster in clusters)


def over(text: str, platform: Platform) -> int:
    """How much too long a post is; 0 for one that fits."""
    beyond = length(text, platform) - platform.longest
    if platform.longest_bytes is not None:
        beyond = max(beyond, len(text.encode(errors="replace")) - platform.longest_bytes)
    return max(0, beyond)


def _one(_: str) -> int:
    return 1


def _weight(cluster: str) -> int:
    if EMOJI.search(cluster):
        return 2
    return sum(1 if _is_light(ord(sign)) else 2 for sign in cluster)


def _is_light(point: int) -> bool:
    return any(first <= point <= last for first, last in LIGHT)
