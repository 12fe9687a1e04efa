"""How well a track matches what somebody wrote, from 0 to 1.

People leave out accents, articles and guests, and catalogues add "- 2011 Remaster"; none of that
makes another song. Another number does ("Part 2"), and so does another artist.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.fuzz import ratio, token_sort_ratio

# The same songs are asked for again and again: results that are kept in memory.
REMEMBERED = 4096
# Below this it is another song.
THRESHOLD = 0.8
# Without an artist only the title speaks, so it must speak clearly.
TITLE_ONLY_THRESHOLD = 0.92
OTHER_NUMBERS = 0.75

# A title by its short name: the part in brackets is left out.
BY_SHORT_NAME = 0.9
# Letters of titles in which one letter makes another word.
SHORT_TITLE = 5
# What is compared of a title or a name; vendors set no bound.
COMPARED = 300

EDITION = (
    r"remaster(?:ed)?|remix|mix|edit|version|live|acoustic|demo|mono|stereo|deluxe|bonus|explicit"
    r"|instrumental|session|radio|single|album|original|official|lyrics?|video|audio|soundtrack"
    r"|from|taken|anniversary|edition|feat|ft|featuring|with|prod"
)
# In brackets, these make another recording, which is no edition either.
TAKE = r"cover|dub|interlude|intro|karaoke|medley|outro|part|pt|reprise|rework(?:ed)?|skit|tribute"
OPENING, CLOSING, UNBRACKETED = r"[(\[{]", r"[)\]}]", r"[^()\[\]{}]"
BRACKETED = re.compile(
    rf"{OPENING}{UNBRACKETED}*\b(?:{EDITION})\b{UNBRACKETED}*{CLOSING}", re.IGNORECASE
)
SUBTITLE = re.compile(rf"^{OPENING}{UNBRACKETED}*{CLOSING}\s*|\s?{OPENING}{UNBRACKETED}*{CLOSING}$")
MAKES_ANOTHER = re.compile(rf"\b(?:{EDITION}|{TAKE})\b")
DASHED = re.compile(rf"\s[-\N{{EN DASH}}\N{{EM DASH}}]\s[^-]*\b(?:{EDITION})\b.*$", re.IGNORECASE)
# Guests stand in brackets or between two names. Little Feat, feats of strength and Ft. Worth are
# no guests.
GUESTS = re.compile(
    r"\s(?:[(\[]\s*(?:feat|ft|featuring)\b|(?:feat|ft)\.$|(?:feat|ft|featuring)\b\.?"
    r"(?!\s+(?:feat|ft|featuring|knox|lauderdale|of|under|worth)\b)\s*[^\s.]).*$",
    re.IGNORECASE,
)
SEPARATORS = re.compile(r"\s*(?:,|;|/|&|\+|\band\b|\bx\b|\bvs\b\.?|\bwith\b)\s*", re.IGNORECASE)
APOSTROPHES = re.compile(r"['\N{RIGHT SINGLE QUOTATION MARK}`\N{ACUTE ACCENT}.]")
CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)))
# Surrogates without their other half, and formatting that cannot be seen, but for the joiners that
# some scripts are spelled with.
UNREADABLE = re.compile(
    "[\ud800-\udfff\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]"
)
NO_WORD = re.compile(r"[\W_]+")
ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
NUMBER = re.compile(rf"\d+|\b(?:{'|'.join(ROMAN)})\b")
# These are also letters and words, and numbers only where a title ends in them.
SPELLED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
LAST_NUMBERS = {"i": "1", "v": "5", "x": "10"} | {
    word: str(number) for number, word in enumerate(SPELLED, 1)
}
LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "$": "s"})


@lru_cache(REMEMBERED)
def plain(text: str) -> str:
    """Lower case, without accents, punctuation and a leading article."""
    folded = unaccented(text[:COMPARED]).casefold().translate(LETTERS)
    words = NO_WORD.sub(" ", APOSTROPHES.sub("", folded.replace("&", " and "))).strip()
    # A name of marks alone ("???", "!!!") is compared as it stands.
    return words.removeprefix("the ") or " ".join(folded.split())


def readable(text: str) -> str:
    """Text that can be shown, stored and asked for: no control characters, no half characters, no
    marks that turn the direction of writing, and single spaces."""
    if not text.isprintable():
        text = "".join(" " if character in CONTROLS else character for character in text)
        text = UNREADABLE.sub("", text)
    return " ".join(text.split())


def unaccented(text: str) -> str:
    """Letters in their plainest form, without accents; accents alone as they stand."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return bare if bare.strip() else text


def bare_title(text: str) -> str:
    """A title without guests and editions, as it is written otherwise."""
    text = text[:COMPARED]
    bare = GUESTS.sub("", DASHED.sub("", BRACKETED.sub(" ", text)))
    return bare.strip() or text


def bare_credit(text: str) -> str:
    """A credit without guests, as it is written otherwise."""
    text = text[:COMPARED]
    return GUESTS.sub("", text).strip() or text


@lru_cache(REMEMBERED)
def plain_title(text: str) -> str:
    """A title without guests and editions."""
    return plain(bare_title(unaccented(text)))


def plain_artists(text: str) -> list[str]:
    """The whole credit, and its parts: 'A & B feat. C' may be a duo or three acts."""
    credit = bare_credit(unaccented(text))
    parts = [plain(part) for part in SEPARATORS.split(credit) if part.strip()]
    return list(dict.fromkeys([plain(credit), *parts]))


def title_score(asked: str, known: str) -> float:
    """How alike two titles are; the best of with and without their editions and subtitles."""
    return max(
        _title_likeness(plain_title(asked), plain_title(known)),
        _title_likeness(plain(asked), plain(known)),
        _short_name_likeness(bare_title(unaccented(asked)), bare_title(unaccented(known))),
    )


def artist_score(asked: str, known: Sequence[str]) -> float:
    """How well a credit matches the artists: its best part against the best of them."""
    names = [plain(name) for name in known]
    together = " ".join(names)
    whole, *parts = plain_artists(asked)
    joined = max(
        _likeness(credit, name) for credit in (plain(asked), whole) for name in (*names, together)
    )
    if not parts:
        return joined
    # Each part must be somebody, so that one shared name in a list is not enough.
    each = [max(_likeness(part, name) for name in names) for part in parts]
    return max(joined, sum(each) / len(each))


@lru_cache(REMEMBERED)
def song_score(
    asked_title: str, asked_artist: str | None, title: str, artists: tuple[str, ...]
) -> float:
    """0 when it is another song."""
    titles = title_score(asked_title, title)
    if asked_artist is None:
        return titles if titles >= TITLE_ONLY_THRESHOLD else 0.0
    credit = artist_score(asked_artist, artists)
    # The weaker one decides: the right title by the wrong artist is a cover or a chance.
    if min(titles, credit) < THRESHOLD:
        return 0.0
    return 0.7 * min(titles, credit) + 0.3 * max(titles, credit)


def _likeness(one: str, other: str) -> float:
    """How alike two plain names are."""
    if one == other:
        return 1.0
    return _letters_alike(one, other) * (1.0 if _numbers(one) == _numbers(other) else OTHER_NUMBERS)


def _title_likeness(one: str, other: str) -> float:
    """How alike two plain titles are; short ones must be equal, but for spaces."""
    if one == other:
        return 1.0
    one, other = _counted(one), _counted(other)
    squeezed, another = one.replace(" ", ""), other.replace(" ", "")
    if min(len(squeezed), len(another)) <= SHORT_TITLE:
        return float(squeezed == another)
    return _likeness(one, other)


def _short_name_likeness(one: str, other: str) -> float:
    """How alike two bare titles are where one has a subtitle in brackets that the other lacks."""
    short, brief = SUBTITLE.sub("", one), SUBTITLE.sub("", other)
    if not (short and brief) or (short == one) == (brief == other):
        return 0.0
    for marks in (_numbers, MAKES_ANOTHER.findall):
        if sorted(marks(_counted(plain(one)))) != sorted(marks(_counted(plain(other)))):
            return 0.0
    return BY_SHORT_NAME * _title_likeness(plain(short), plain(brief))


def _letters_alike(one: str, other: str) -> float:
    return max(ratio(one, other), token_sort_ratio(one, other)) / 100


def _counted(title: str) -> str:
    """A plain title with its numbers in digits."""
    rest, space, last = title.rpartition(" ")
    if rest and last in LAST_NUMBERS:
        title = rest + space + LAST_NUMBERS[last]
    return NUMBER.sub(lambda number: ROMAN.get(number[0], number[0]), title)


def _numbers(text: str) -> list[str]:
    """The numbers in a plain text, in digits; one and five are also letters and words."""
    return sorted(ROMAN.get(number, number) for number in NUMBER.findall(text))
