"""The song parser: which song does a post name?

Pure Python and regular expressions, no I/O, deterministic, bounded in time, and it never raises
on any text. A reading is firm from a confidence of FIRM on, and then it is the answer. What words
alone cannot tell from prose ("Champagne Supernova by Oasis is too long") is offered as guesses:
candidates below FIRM, for a near-exact match in the catalogue and nothing else, found only where
nothing is firm. See docs/parser.md for the rules and the measurements.
"""

from __future__ import annotations

import re

from worker.songs.links import Link
from worker.songs.needles import searcher
from worker.songs.plain import read_plain, read_tidied
from worker.songs.post import LIMIT, Post, tidy
from worker.songs.reading import Reading
from worker.songs.song import FIRM, Parsed, Song

__all__ = ["FIRM", "LIMIT", "Link", "Parsed", "Song", "parse"]

_may_speak_of_event = searcher(
    (
        *("album", "lp", "ep", "mixtape", "tour", "ticket", "concert", "festival", "gig", "show"),
        *("tonight at", "live at"),
    )
)
_ALBUM_OR_EVENT = re.compile(
    r"\W(?:albums?|lp|ep|mixtape|tour|tickets?|concert|festival|gig|tonight at|live at|shows?)\b",
)


def parse(text: str) -> Parsed:
    """The song that a post names, with the other readings, or the reason why there is none.

    Where there are only guesses, `title` is None and `candidates` holds them.

    Only the first LIMIT characters are considered.
    """
    if plain := read_plain(text):
        return Parsed.of(plain, None)
    post = tidy(text)
    if plain := read_tidied(post):
        return Parsed.of(plain, post.link)
    reading = Reading(post)
    candidates = reading.songs() or _from_link(post)
    if candidates:
        return Parsed.of(candidates, post.link)
    return Parsed.nothing(_reason(post, reading), post.link)


def _from_link(post: Post) -> tuple[Song, ...]:
    """The song that a music link spells out, where no words name one."""
    link = post.link
    if link is None or not link.title:
        return ()
    sure = 0.85 if link.service == "lastfm" else 0.45
    artists = (link.artist,) if link.artist else ()
    span = post.span(*_place(post, link.url))
    return (Song(link.title, artists, sure, f"{link.service} link", span),)


def _place(post: Post, url: str) -> tuple[int, int]:
    start = max(post.unbroken.find(url), 0)
    return start, start + len(url)


def _reason(post: Post, reading: Reading) -> str:
    """Why no song was found, for a person and for a script alike; the first that is true."""
    if not post.text.strip() and not post.link:
        return "empty"
    if reading.met_album:
        return "album or event, not a song"
    if post.retweet:
        return "retweet that names no song"
    if post.link:
        return "a link without a name"
    if reading.leads:
        return "listening, but no title and artist"
    return "album or event, not a song" if _is_of_event(reading.lower) else "no song named"


def _is_of_event(lower: str) -> bool:
    """Whether a post in lower case speaks of an album or an event; most do not."""
    return bool(_may_speak_of_event(lower)) and bool(_ALBUM_OR_EVENT.search(f" {lower}"))
