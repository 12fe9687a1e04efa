"""Runs of words that are written as names are: where one ends, and where one begins.

The rules for running text find only the mark between two names, a dash or "by". How far the names
reach on either side is read here from their capitals, marks and brackets, word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from worker.songs.looks import is_odd
from worker.songs.words import set_of

_TOKEN = re.compile(r"\S+")
_BREAK = re.compile(r"\n|\s{2,}")  # emoji and links became blanks: two of them end a phrase
_SMALL = set_of(
    "a an and as at but by da das de del der des di do dos du e el en et for from i il in into la "
    "las le les los me my n n' 'n' no o of off on or out the to und up van vom von with x y you "
    "your ur vs vs. feat feat. ft ft. featuring & + zu"
)
_JOINS = set_of("& + x vs vs. feat feat. ft ft. featuring")
_CLOSES = ".,;:!?\u2026\"'"
_ABBREVIATED = re.compile(r"(?:.*\b[A-Za-z]\.|(?i:mr|mrs|ms|dr|st|jr|sr|vs|no|ft|feat|pt|vol)\.)$")
_TURNS = set_of(
    "I I'm I've I'd I'll It It's This That That's We My But And So He She They You You're What "
    "The There Then Just Not One Got"
)
_OPENS_SENTENCE = ("Now ", "When ", "And ", "But ", "So ", "Then ", "Love ", "Hear ", "Because ")
_VERSION = re.compile(
    r"\b(?:remix|mix|edit|version|rework|demo|cover|refix|vip|bootleg|mashup|dub|feat|ft|"
    r"featuring|with|pt|part|vol|live|acoustic|instrumental|reprise|remaster(?:ed)?|original)\b",
    re.IGNORECASE,
)
_MARK = re.compile(r"(?:new|re|re-?entry|debut|(?:19|20)\d\d|[=+-] ?\d{0,3})$", re.IGNORECASE)
"""What a chart writes in brackets after a name: its move, or a year."""
_NO_NAME_MARKS = '#@|/<>~\u2013=-"*'
_LONGEST = 12  # words


def is_name_word(word: str) -> bool:
    """Whether a word is written as a part of a name: Like, LIKE, 7even, alt-J, or a handle."""
    if word[0] == "@" and word[1:2].isalnum():
        return True
    bare = word.lstrip("\"'([#@*$.\u00bf\u00a1&+")
    if bare[1:2] == "'" and bare[0] in "dl":
        return len(bare) > 2  # "La femme d'argent"
    if not bare:
        return word in ("&", "+")
    first = bare[0]
    return first.isupper() or first.isdigit() or is_odd(bare)


class _Step(NamedTuple):
    """What reading one more word of a run gave."""

    at: int
    kept: int | None  # the name reaches to here, or no further than it did
    more: bool


def name_end(text: str, start: int, end: int) -> int:
    """Where the name that begins at `start` ends: its run of name-like words. `start` for none."""
    if broken := _BREAK.search(text, start, end):
        end = broken.start()
    kept = at = start
    for number in range(_LONGEST):
        while at < end and text[at] == " ":
            at += 1
        if number and at < end and text[at] in "([":
            step = _bracket(text, at, end)
        else:
            step = _word(text, at, end, first=not number)
        if step is None:
            break
        at, kept = step.at, step.kept or kept
        if not step.more:
            break
    return kept


def _bracket(text: str, at: int, end: int) -> _Step | None:
    closing = text.find(")" if text[at] == "(" else "]", at, min(end, at + 80))
    if closing < 0 or not _belongs(text[at + 1 : closing]):
        return None
    after = closing + 1
    return _Step(after, after, more=after >= end or text[after] not in ".,;:!?")


def _word(text: str, at: int, end: int, *, first: bool) -> _Step | None:
    token = _TOKEN.match(text, at, end)
    if token is None or (not first and token[0][0] in _NO_NAME_MARKS):
        return None
    word, after = token[0], token.end()
    bare = word.rstrip(_CLOSES)
    if not bare:
        return None
    if not is_name_word(word) or (word in _TURNS and not first and _after_joint(text, token)):
        return _Step(after, None, more=True) if word.lower() in _SMALL and not first else None
    if word == bare or _goes_on(text, word, bare, after, end):
        return _Step(after, after, more=True)
    return _Step(after, at + len(bare) + _keeps_mark(word, bare), more=False)


def _after_joint(text: str, token: re.Match[str]) -> bool:
    """Whether "and" or "but" stands before a word: "Clocks and I" is no title."""
    return text[: token.start()].rstrip().rsplit(" ", 1)[-1] in ("and", "but", "so")


def _belongs(inside: str) -> bool:
    """Whether what stands in brackets is part of a title: a version, or capitals."""
    words = inside.split()
    if _MARK.match(inside):
        return False
    if not words or _VERSION.search(inside) is not None:
        return bool(words)
    small = sum(not is_name_word(word) and word.lower() not in _SMALL for word in words)
    return small == 0 and is_name_word(words[0])


def _goes_on(text: str, word: str, bare: str, at: int, end: int) -> bool:
    """Whether a name goes on after the mark at a word's end: "Mr. Jones", "Archie, Marry Me"."""
    following = _TOKEN.match(text, min(at + 1, end), end)
    if following is None:
        return False
    mark = word[len(bare) :]
    if mark == "." and following[0].lower() in _JOINS:
        return True
    if not (is_name_word(following[0]) or following[0][0] == "("):
        return False
    if mark == ".":
        return _ABBREVIATED.match(word) is not None and following[0] not in _TURNS
    if mark == "!":
        return following[0].startswith((bare, "("))  # "Gimme! Gimme! Gimme! (A Man After Midnight)"
    return mark in (",", "'") and following[0].rstrip(_CLOSES) not in _TURNS


def _keeps_mark(word: str, bare: str) -> int:
    """How much of the mark at the end of the last word is the name's: "Wake Up!", "R.E.M."."""
    mark = word[len(bare) :]
    if mark[0] in "!?'":
        return 1
    return int(mark[0] == "." and _ABBREVIATED.match(bare + ".") is not None and len(bare) > 1)


def is_name(text: str, start: int, end: int) -> bool:
    """Whether a name fills the place."""
    return not text[name_end(text, start, end) : end].strip(" .!?")


def name_starts(text: str, start: int, end: int) -> Iterator[int]:
    """Where the name that ends at `end` may begin, the longest first; none for no name."""
    starts, sooner = _run_back(text, list(_TOKEN.finditer(text, max(start, end - 100), end)))
    opens = len(starts) > 1 and text.startswith(_OPENS_SENTENCE, starts[-1])
    if opens or (len(starts) > 2 and not text[start : starts[-1]].strip()):
        sooner.append(starts[-2])  # a sentence begins with a capital whatever its word is
    if starts:
        yield starts[-1]
        yield from (at for at in sorted(set(sooner)) if at != starts[-1])


def _run_back(text: str, words: list[re.Match[str]]) -> tuple[list[int], list[int]]:
    """Starts of the run's name-like words, the last first, and of those after a small word."""
    starts: list[int] = []
    after_small: list[int] = []
    bracket = False
    following: int | None = None
    for word in reversed(words[-_LONGEST:]):
        if bracket:
            bracket = not word[0].startswith("(")
        elif following is not None and _breaks_before(text, word, following):
            break
        elif word[0].endswith(")") and "(" not in word[0]:
            bracket = True
        elif is_name_word(word[0]):
            starts.append(word.start())
        elif word[0].lower() in _SMALL:
            after_small += starts[-1:]
        else:
            break
        following = word.start()
    return starts, after_small


def _breaks_before(text: str, word: re.Match[str], following: int) -> bool:
    """Whether a word ends a sentence or a phrase, so that no name reaches over it."""
    if word[0][0] in "\"'(" or following - word.end() > 1 or text[word.end() : following] == "\n":
        return True
    if word[0][-1] in "!,":
        return word[0][-1] == "," and not is_name_word(word[0])
    return word[0][-1] in '.;:?"\u2026|/' and _ABBREVIATED.match(word[0]) is None
