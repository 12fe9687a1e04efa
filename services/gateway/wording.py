"""From approved words to the text of a post: the reader learns the song, and the post fits.

The words a curator approved are never cut. What gives way when a post is too long is what we add:
first the further artists, then what stands in brackets after the title. A post that would have to
go without its song is not made: no platform shows a reader what it answers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.common.words.blocked import BlockedWords
from services.common.words.folding import APART, folded, unaccented
from services.gateway.lengths import length, over
from services.gateway.proper_names import proper_name
from services.gateway.schemas import Platform, Song

SLOTS = ("text", "title", "artist")
BRACKETED = re.compile(r"\s+(?:[(\[][^)\]]*[)\]]|-\s.*)$")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words as they will leave, or why they cannot."""

    text: str
    reason: str | None = None


def checked(template: str) -> str:
    """The template, if it takes words, title and artist and nothing else; or ValueError."""
    marks = {slot: f"\0{slot}\0" for slot in SLOTS}
    try:
        filled = template.format(**marks)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        message = "only {text}, {title} and {artist} may stand in braces"
        raise ValueError(message) from error
    missing = [slot for slot, mark in marks.items() if mark not in filled]
    if missing:
        message = f"it must hold {{{missing[0]}}}: readers need the words, the song and who plays"
        raise ValueError(message)
    return template


def credit(artists: Sequence[str]) -> str:
    """Artists as one reads them out: "A", "A and B", "A, B and C"."""
    *others, last = artists
    return f"{', '.join(others)} and {last}" if others else last


def short_title(title: str) -> str:
    """A title without what catalogues hang on it: "(2011 Remaster)", "- Live"."""
    return BRACKETED.sub("", title) or title


def names(text: str, song: Song) -> bool:
    """Whether the words name both the song and one of its artists already.

    Small words say nothing: a song "Rain" by "Air" is not named by rain that falls from the air.
    """
    words = APART.sub(" ", unaccented(text)).split()
    titled = named(short_title(song.title), words)
    return titled and any(named(artist, words) for artist in song.artists)


def named(name: str, words: Sequence[str]) -> bool:
    """Whether a name stands among the words, with a capital where it has one itself."""
    own = APART.sub(" ", unaccented(name)).split()
    plain = [word.casefold() for word in own]
    begins = (
        i for i in range(len(words)) if [w.casefold() for w in words[i : i + len(own)]] == plain
    )
    return bool(own) and any(not own[0][0].isupper() or words[i][0].isupper() for i in begins)


def additions(title: str, artists: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Title and artist as the template is given them, ever shorter."""
    yield title, credit(artists)
    yield title, artists[0]
    yield short_title(title), artists[0]


def wordings(text: str, song: Song, template: str) -> Iterator[str]:
    """The same words with ever less of our own around them."""
    if names(text, song):
        yield text
        return
    for title, artist in additions(song.title, song.artists):
        yield template.format(text=text, title=title, artist=artist)


def compose(
    text: str, song: Song, *, template: str, platform: Platform, blocked: BlockedWords
) -> Wording:
    """The post for these words, or the reason why there can be none."""
    text = text.strip()
    if not text:
        return Wording("", "the approved text is empty")
    for wording in wordings(text, song, template):
        if not over(wording, platform):
            entry = blocked.found(wording)
            return Wording(wording, f"it holds a blocked word: {entry}" if entry else None)
    counted, beyond = length(wording, platform), over(wording, platform)
    name = proper_name(platform.origin)
    song_too = "" if wording == text else " with the song's name"
    reason = f"too long: {counted} characters{song_too} as {name} counts, {beyond} more than fit"
    return Wording(wording, reason)


@lru_cache(maxsize=2048)  # the last posts are compared with each that follows
def own_words(text: str, title: str, artists: tuple[str, ...], template: str) -> str:
    """What a post says besides its song, folded: what readers would notice if it came again."""
    words = folded(text)
    parts = [template.format(text="", title=t, artist=a) for t, a in additions(title, artists)]
    for part in (*parts, title, short_title(title), *artists):
        words = words.replace(folded(part), " ")
    return words
