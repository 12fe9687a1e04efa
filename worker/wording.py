"""From approved words to the text of a post: names the song where the words do not, and fits.

The words a curator approved are never cut. What gives way when a post is too long is what we add:
first the further artists, then what stands in brackets after the title, then the whole addition.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from services.gateway.lengths import length, over
from services.gateway.schemas import Platform, Song
from worker.store.decisions import Wording

BRACKETED = re.compile(r"\s+(?:[(\[][^)\]]*[)\]]|-\s.*)$")
APART = re.compile(r"[\W_]+")


def credit(artists: Sequence[str]) -> str:
    """Artists as one reads them out: "A", "A and B", "A, B and C"."""
    *others, last = artists
    return f"{', '.join(others)} and {last}" if others else last


def short_title(title: str) -> str:
    """A title without what catalogues hang on it: "(2011 Remaster)", "- Live"."""
    return BRACKETED.sub("", title) or title


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return f" {APART.sub(' ', letters).strip()} "


def names(text: str, song: Song) -> bool:
    """Whether the words name both the song and one of its artists already."""
    words = folded(text)
    titled = folded(short_title(song.title)) in words
    return titled and any(folded(artist) in words for artist in song.artists)


def wordings(text: str, song: Song, template: str) -> Iterator[str]:
    """The same words with ever less of our own around them."""
    if not names(text, song):
        first = song.artists[0]
        yield template.format(text=text, title=song.title, artist=credit(song.artists))
        yield template.format(text=text, title=song.title, artist=first)
        yield template.format(text=text, title=short_title(song.title), artist=first)
    yield text


def compose(text: str, song: Song, *, template: str, platform: Platform) -> Wording:
    """The post for these words, or the reason why there can be none."""
    text = text.strip()
    if not text:
        return Wording("", "the approved text is empty")
    for wording in wordings(text, song, template):
        if not over(wording, platform):
            return Wording(wording)
    counted, beyond = length(text, platform), over(text, platform)
    reason = f"too long: {counted} characters as {platform.origin} counts, {beyond} more than fit"
    return Wording(text, reason)
