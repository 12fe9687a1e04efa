"""Guesses: songs that words alone cannot tell from prose, for the catalogue to decide.

"Champagne Supernova by Oasis is too long" and "Tea and toast by Thursday is too late" have one
form. Where nothing was read firmly, each place that may name a song gives one or several cuts,
the likeliest first, all below FIRM. What is hopeless, a credit ("Photo by ..."), a manner ("by
bus"), a deed ("made by ..."), gives none: every guess costs a question to the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from worker.songs.runs import is_name, name_end, name_starts
from worker.songs.signs import Sign
from worker.songs.words import (
    COMMON,
    CREDITS,
    NO_ARTIST_SMALL,
    NOT_ARTIST,
    NOT_BEFORE_BY,
    OPENS_TITLE,
    UPPER,
)


class Cut(NamedTuple):
    """Where a guess takes the title and the artist to stand."""

    title: tuple[int, int]
    artist: tuple[int, int]


@dataclass(frozen=True)
class Guess:
    """One form of a guess."""

    name: str
    confidence: float
    example: str
    reads: tuple[str, tuple[str, ...]]
    needs: Sign
    cuts: Callable[[str], Iterator[Cut]]


_BY = re.compile(rf"(?<=[^\s,.:;\u2013-]) by (?={NOT_ARTIST}[\w@*$])")
_DASH = re.compile(r"(?<=\S)(?: [-~] |\s?\u2013\s?)(?=\S)")
_PHRASE = re.compile(r".*(?:[.,;:!?\"()\n|/#@\u266b\u2013]|\s\s|\s-\s)\s*", re.DOTALL)
_SMALL_ARTIST = re.compile(
    rf"(?!{NO_ARTIST_SMALL}\b)[a-z][\w.'&$-]*"
    rf"(?: (?!{NO_ARTIST_SMALL}\b)[a-z&][\w.'&$-]*){{0,3}}"
)
_OPENS_TITLE = re.compile(rf".*\b{OPENS_TITLE} ", re.DOTALL)
_CREDIT = re.compile(rf"(?:.*[\s(-])?(?:(?i:{CREDITS})|{NOT_BEFORE_BY})$", re.DOTALL)
_DEED = re.compile(rf"{NOT_BEFORE_BY}$", re.IGNORECASE)
_POINTS = re.compile(r"(?i)\b(?:my|your|his|our|their|these|those|some|all|more|any|a|an|every)\s$")
_COMMON = re.compile(rf"\b{COMMON}\b")
_SMALL_DASH = re.compile(
    r"(?m:^)[ *.\"]{0,6}(?P<left>[a-z][\w.'&+$]*(?: [\w.'&+$]+){0,3})(?: [-~] | ?\u2013 ?)"
    r"\"?(?P<right>[a-z(\d][^\n.,;:!?#@|/(\"\u2013\u3000-\uffff]{1,45}?)"
    r"(?=\"|\s*(?:$|[\n.,;:!?#@|/(\u3000-\uffff])|\s\s)"
)
_SMALL_END = re.compile(rf" (?:{NO_ARTIST_SMALL}|and)\b")
_NAMES_APART = re.compile(
    rf"(?:(?m:^)|(?<=[.:!?,] )|(?<=  ))(?P<left>{UPPER}[^\n,.:;!?\"()]{{1,40}}),"
    rf" (?P<right>{UPPER}[^\n]{{1,60}})"
)
_NAMED = re.compile(
    rf"(?m:^)(?P<left>{UPPER}[^\n,.:;!?\"()@#]{{1,30}}): (?P<right>{UPPER}[^\n]{{1,60}})"
)
_ENDS = re.compile(r"\"?(?:[.,!:;(]|\s*(?:\n|$)|\s\s)")
_MOST_PLACES = 3


def _around_by(text: str) -> Iterator[Cut]:
    for by in list(_BY.finditer(text))[:_MOST_PLACES]:
        line = text.rfind("\n", 0, by.start()) + 1
        if _is_credit(text, max(line, by.start() - 24), by.start()):
            continue
        end = name_end(text, by.end(), min(len(text), by.end() + 80))
        if end <= by.end():
            continue
        for start in name_starts(text, line, by.start()):
            if _DEED.match(text, start, by.start()):
                continue
            yield Cut((start, by.start()), (by.end(), end))


def _small_by(text: str) -> Iterator[Cut]:
    for by in list(_BY.finditer(text))[:_MOST_PLACES]:
        begin = _phrase(text, by.start())
        if _is_credit(text, begin, by.start()) or _has_name(text, begin, by.start()):
            continue
        end = name_end(text, by.end(), min(len(text), by.end() + 80))
        titles = list(_small_titles(text, begin, by.start()))
        if end > by.end():
            yield from (Cut(title, (by.end(), end)) for title in titles)
        elif titles and titles[0][0] == begin and (by.start() - begin) < 30:
            for stop in _small_artists(text, by.end()):
                yield Cut(titles[0], (by.end(), stop))


def _is_credit(text: str, begin: int, end: int) -> bool:
    last = max(begin, text.rfind(" ", begin, end) + 1)  # a credit is one word
    return _CREDIT.match(text, last, end) is not None


def _has_name(text: str, begin: int, end: int) -> bool:
    return next(name_starts(text, begin, end), None) is not None


def is_deed(title: str) -> bool:
    """Whether what stands before "by" is a deed or a credit: "Taken", "Cover art"."""
    return bool(_DEED.match(title) or _CREDIT.match(title))


def _phrase(text: str, end: int) -> int:
    """Where the phrase that ends at `end` begins."""
    begin = max(0, end - 80)
    mark = _PHRASE.match(text, begin, end)
    return mark.end() if mark else begin


def _small_titles(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Small words before "by" that may be a title, the likeliest cut first."""
    starts = [begin, *(space.end() for space in re.finditer(" ", text[begin:end]))]
    starts = [begin, *(begin + at for at in starts[1:])]
    opened = _OPENS_TITLE.match(text, begin, end)
    likely = [opened.end()] if opened and len(text[opened.end() : end].split()) <= 5 else []
    if len(starts) <= 4 and not opened:
        likely.append(begin)
    likely += [starts[-count] for count in (2, 3, 1) if count <= len(starts)]
    for start in list(dict.fromkeys(likely))[:3]:
        if not _COMMON.fullmatch(text, start, end) and not _POINTS.search(text, begin, start):
            yield start, end


def _small_artists(text: str, start: int) -> Iterator[int]:
    """Where an artist that is written small may end."""
    name = _SMALL_ARTIST.match(text, start)
    if name and not _COMMON.search(name[0]):
        yield name.end()
        if name[0].count(" ") > 1:
            yield start + name[0].index(" ")


def _around_dash(text: str) -> Iterator[Cut]:
    before = -1
    for dash in list(_DASH.finditer(text))[:_MOST_PLACES]:
        if before >= 0 and before > dash.start() - 30 and is_name(text, before, dash.start()):
            continue  # one name of a chain: "Leeds - Manchester - Glasgow"
        before = dash.end()
        line = text.rfind("\n", 0, dash.start()) + 1
        end = name_end(text, dash.end(), min(len(text), dash.end() + 90))
        if end <= dash.end() or _DASH.match(text, end):
            continue
        for start in name_starts(text, line, dash.start()):
            yield Cut((dash.end(), end), (start, dash.start()))
            yield Cut((start, dash.start()), (dash.end(), end))


def _small_around_dash(text: str) -> Iterator[Cut]:
    for found in _SMALL_DASH.finditer(text):
        if not _COMMON.search(found["left"]) and found["right"].count(" ") < 7:
            start, end = found.span("right")
            sooner = _SMALL_END.search(text, start, end)
            ends = [end] if not sooner else [end, sooner.start()]
            if found["right"].count(" ") > 3:
                ends.reverse()
            yield from (Cut((start, at), found.span("left")) for at in ends)


def _apart(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Cut]]:
    def cuts(text: str) -> Iterator[Cut]:
        at = 0
        for _ in range(_MOST_PLACES):
            found = pattern.search(text, at)
            if found is None:
                return
            start, end = found.start("right"), name_end(text, *found.span("right"))
            at = found.end("left")
            if is_name(text, *found.span("left")) and end > start and _ENDS.match(text, end):
                yield Cut((start, end), found.span("left"))

    return cuts


GUESSES = (
    Guess(
        "perhaps, name by name",
        0.36,
        "Karma Police by Radiohead is what my kettle sounds like",
        ("Karma Police", ("Radiohead",)),
        Sign.BY,
        _around_by,
    ),
    Guess(
        "perhaps, small by name",
        0.3,
        "nobody told me how good silver springs by Fleetwood Mac is",
        ("silver springs", ("Fleetwood Mac",)),
        Sign.BY,
        _small_by,
    ),
    Guess(
        "perhaps, names around a dash",
        0.34,
        "my aunt walked down the aisle to Blur - Tender and nobody blinked",
        ("Tender", ("Blur",)),
        Sign.DASH,
        _around_dash,
    ),
    Guess(
        "perhaps, small names around a dash",
        0.3,
        "blur - tender, in the rain, on a bench",
        ("tender", ("blur",)),
        Sign.DASH,
        _small_around_dash,
    ),
    Guess(
        "perhaps, names apart by a comma",
        0.26,
        "Blur, Tender. in the rain, on a bench",
        ("Tender", ("Blur",)),
        Sign.COMMA | Sign.COMMA_NAME,
        _apart(_NAMES_APART),
    ),
    Guess(
        "perhaps, names apart by a colon",
        0.24,
        "Blur: Tender. in the rain, on a bench",
        ("Tender", ("Blur",)),
        Sign.COLON | Sign.COLON_NAME,
        _apart(_NAMED),
    ),
)


@lru_cache(maxsize=8192)
def guesses_for(signs: int) -> tuple[Guess, ...]:
    """The guesses that are worth a look in a post that shows the Signs of these bits."""
    seen = Sign(signs)
    return tuple(guess for guess in GUESSES if guess.needs in seen)
