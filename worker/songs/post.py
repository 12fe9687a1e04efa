"""A post made ready for the rules, character for character.

Everything but HTML entities is replaced one character by one, so that places in the tidied
text are places in the post: every quotation mark becomes " or ', every long dash becomes an en
dash, emoji and control characters become spaces, signs of music become a note. What ends a
phrase (a link, "RT @someone:", leading mentions) becomes line breaks. The number of a list or a
thread becomes blanks.
"""

from __future__ import annotations

import html
import re
from operator import itemgetter
from typing import NamedTuple

from worker.songs.links import Link, read_link

LIMIT = 2_000
"""Characters of a post that are considered: ten times the longest ordinary one. It bounds time."""

_DOUBLE = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u300c\u300d\u300e\u300f\u300a\u300b\uff02"
_SINGLE = "\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`\uff07"
_DASHES = "\u2012\u2013\u2014\u2015\u2212\u2e3a"
_NOTES = "\u2669\u266a\u266b\u266c\u25b6\U0001f3b5\U0001f3b6\U0001f3a7\U0001f3bc\U0001f4fb"
_EMOJI = ((0x1F000, 0x1FB00), (0x2600, 0x2605), (0x2607, 0x2669), (0x2670, 0x27C0))
_UNSEEN = ((0, 10), (11, 32), (127, 160), (0x200E, 0x2010), (0x2028, 0x2030), (0x2060, 0x2070))
_VARIANTS = ((0xFE00, 0xFE10), (0xD800, 0xE000), (0xFFF0, 0x10000))


def _replacements() -> dict[int, str]:
    blank = (point for low, high in _EMOJI + _UNSEEN + _VARIANTS for point in range(low, high))
    table = dict.fromkeys(blank, " ")
    table.update(dict.fromkeys((0x00A0, 0x3000, 0xFEFF, *range(0x2000, 0x200C)), " "))
    table.update(dict.fromkeys((0x2010, 0x2011), "-"))
    for marks, plain in ((_DOUBLE, '"'), (_SINGLE, "'"), (_DASHES, "\u2013"), (_NOTES, "\u266b")):
        table.update(dict.fromkeys(map(ord, marks), plain))
    return table


_REPLACEMENTS = {chr(point): plain for point, plain in _replacements().items()}
# A class that named each emoji would be slow: all characters beyond 0xffff stand for them.
_LISTED = "".join(re.escape(mark) for mark in _REPLACEMENTS if ord(mark) < 0x10000)
_REPLACED = re.compile(rf"[{_LISTED}\U00010000-\U0010ffff]")
_ENTITY = re.compile(r"&(?:amp;)*(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_URL = re.compile(r"https?:/[^\s\"<>]+")
_RARE_URL = re.compile(r"(?:[Hh][Tt][Tt][Pp][Ss]?:/|spotify:)[^\s\"<>]+")
_BARE_URL = re.compile(
    r'(?<![\w@])(?:www\.|(?:[\w-]{1,40}\.){1,3}(?:com|fm|co|ly|be|fi|tv)/)[^\s"<>]+',
    re.IGNORECASE,
)
_RETWEET = re.compile(r'[Rr"](?:(?<!\w.)(?<!")[Tt][ :]*@\w+ ?:?|(?<=")@\w+: )')
_ADDRESSED = re.compile(r"(?:[ .]*@\w+(?=\s))+(?!\s*[-\u2013|\"'])")
_NUMBERED = re.compile(
    r"(?m:^)[ \"]{0,3}(?:\(?(?!24/7)\d{1,2}/(?:\d{1,2})?\)?[:.]?|\d{1,3}[.)]|"
    r"(?:[Nn]o\. ?|#)\d{1,3}[.:)]?(?=\s+\"))\s+(?=[\"'@#*$]|[^\W\d_])(?!by\b|feat|ft\b)"
)
"""A line's number in a list or a thread: "5.", "2/", "(3/7)", and "#5:" before a quoted title."""
_CLOCK = re.compile(
    r"(?m:^) {0,3}[\[(]?\d{1,2}:\d\d(?::\d\d)?[\])]?(?: ?[-\u2013|:])? +(?=[\w@#\"'])|"
    r"(?<=\s)\[\d{1,2}:\d\d\]\s*$"
)
"""The time at which a station played a song: "14:32 Ride - Vapour Trail", "[21:07]" at the end."""
_THREAD_END = re.compile(r"(?<=\s)\(?\d{1,2}/(?:\d{1,2})?\)?\s*$")
_OWNED = re.compile(r"(?<=[\w ])[\u306e\u7684](?= ?\")")
"""The Japanese and the Chinese "'s" before a quoted title."""
_CORNER = re.compile(r"(?<=[^\W_])(?<![\u306e\u7684])[\u300c\u300e]")
"""A corner bracket that opens right after a name. It stays apart from other quotation marks."""


class Post(NamedTuple):
    """The tidied text, its music link if it has one, and the way back to the given text."""

    text: str
    unbroken: str  # the same before links became line breaks
    link: Link | None
    retweet: bool
    offsets: list[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Places in the tidied text as places in the post that was given."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end]


def lowered(text: str) -> str:
    """The text in lower case, character for character."""
    # One capital letter would become two small ones, and move all places after it.
    return text.replace("\u0130", "I").lower()


def is_tidy(text: str) -> bool:
    """Whether `tidy` would leave every character as it is, apart from links and the like."""
    return text.isascii() or _REPLACED.search(text) is None


def tidy(given: str) -> Post:
    """Read a post's first LIMIT characters into a Post."""
    text, offsets = _without_entities(given[:LIMIT])
    if not (text.isascii() and text.isprintable()):
        text = _with_plain_marks(text)
    unbroken = text = _without_numbers(text)
    link = None
    if "/" in text or "spotify:" in text:
        text, link = _without_links(text)
        if "/" in text:
            text = _THREAD_END.sub(_blanks, text)
    retweet = False
    if "@" in text:
        retweet = text.lstrip(' "').startswith("RT @")
        if "RT" in text or '"@' in text or "rt" in text:
            text = _RETWEET.sub(_breaks, text)
        if text[0] in " .@" and (addressed := _ADDRESSED.match(text)):
            text = _breaks(addressed) + text[addressed.end() :]
    return Post(text, unbroken, link, retweet, offsets)


def _with_plain_marks(text: str) -> str:
    if text.count("\u300c") + text.count("\u300e") == 1 and " by " not in text:
        text = _CORNER.sub("\u2039", text)
    arrows = "\u00bb" in text and "\u00ab" not in text
    for mark in set(_REPLACED.findall(text)):  # far quicker than translating each character
        text = text.replace(mark, _REPLACEMENTS.get(mark, mark))
    if arrows:
        text = text.replace(' " ', " \u2013 ")
    if "\u306e" in text or "\u7684" in text:
        text = _OWNED.sub("\u2013", text)
    return text


def _without_numbers(text: str) -> str:
    if ":" in text and ("[" in text or text[:9].strip(" [(")[:1].isdigit()):
        text = _CLOCK.sub(_blanks, text)
    if "\n" in text:
        return _NUMBERED.sub(_blanks, text)
    number = _NUMBERED.match(text)  # of one line only the beginning need be looked at
    return _blanks(number) + text[number.end() :] if number else text


def _blanks(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _breaks(match: re.Match[str]) -> str:
    return "\n" * len(match[0])


def _without_links(text: str) -> tuple[str, Link | None]:
    """The text with line breaks for links, and the first music link among them."""
    found: list[tuple[int, Link]] = []

    def note(url: re.Match[str]) -> str:
        start, end = url.span()
        if start and ((before := text[start - 1]).isalnum() or before in "_@"):
            return url[0]
        if link := read_link(url[0].rstrip(".,;!?)'")):
            found.append((start, link))
        return "\n" * (end - start)

    text = _URL.sub(note, text)
    if ":/" in text or "spotify:" in text:
        text = _RARE_URL.sub(note, text)
    if "/" in text or "www." in text:  # what no scheme begins is slower to find
        text = _BARE_URL.sub(note, text)
    return text, min(found, key=itemgetter(0))[1] if found else None


def _without_entities(text: str) -> tuple[str, list[int] | None]:
    """The text unescaped, and for each of its characters the place it came from."""
    if "&" not in text or not _ENTITY.search(text):
        return text, None
    pieces: list[str] = []
    offsets: list[int] = []
    at = 0
    for entity in _ENTITY.finditer(text):
        plain = html.unescape(html.unescape(entity[0]))
        pieces += (text[at : entity.start()], plain)
        offsets += range(at, entity.start())
        offsets += [entity.start()] * len(plain)
        at = entity.end()
    pieces.append(text[at:])
    offsets += range(at, len(text) + 1)
    return "".join(pieces), offsets
