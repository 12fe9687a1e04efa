"""What is seen in a post at a glance, and spares it most rules."""

from __future__ import annotations

import re
from enum import Flag, auto

from worker.songs.words import WHOLE_NAMES


class Sign(Flag):
    """Something in a post without which some rules cannot match."""

    NOTHING = 0
    BY = auto()
    CAPITAL_BY = auto()
    TWO_BY = auto()
    DASH = auto()
    COMMA = auto()
    PANDORA = auto()
    APOSTROPHE = auto()
    DOUBLE = auto()  # a double quotation mark
    SINGLE = auto()  # a single one that opens
    LEAD = auto()
    COLON = auto()
    BAR = auto()
    # What a form asks for anyway. Seeing it sooner spares work and changes no reading.
    SONG_BY = auto()  # "single by"
    FIELDS = auto()  # "Artist:" and "Title:"
    OWNS = auto()  # an apostrophe ends an owner's name
    WORK = auto()  # "single", "covers": a word for music or for playing it
    PLACE = auto()  # "12 (", a chart's
    NUMBER = auto()  # "#12"
    NAME_QUOTED = auto()  # a name stands right before a quotation mark, and so on
    DASH_QUOTED = auto()
    PLAYS_QUOTED = auto()
    QUOTED_DASH = auto()
    QUOTED_VON = auto()
    QUOTED_BRACKET = auto()


SPARING = (
    *(Sign.SONG_BY, Sign.FIELDS, Sign.OWNS, Sign.WORK, Sign.PLACE, Sign.NUMBER),
    *(Sign.NAME_QUOTED, Sign.DASH_QUOTED, Sign.PLAYS_QUOTED),
    *(Sign.QUOTED_DASH, Sign.QUOTED_VON, Sign.QUOTED_BRACKET),
)
"""The signs that only spare work: a post that showed them all would be read no otherwise."""

# Flags are slow to join; their bits are not.
_LEAD, _BY, _TWO_BY, _CAPITAL_BY, _SONG_BY = (
    sign.value for sign in (Sign.LEAD, Sign.BY, Sign.TWO_BY, Sign.CAPITAL_BY, Sign.SONG_BY)
)
_APOSTROPHE, _OWNS, _COLON, _FIELDS = (
    sign.value for sign in (Sign.APOSTROPHE, Sign.OWNS, Sign.COLON, Sign.FIELDS)
)
_WORK, _PLACE, _NUMBER, _NAME_QUOTED, _PLAYS_QUOTED = (
    sign.value for sign in (Sign.WORK, Sign.PLACE, Sign.NUMBER, Sign.NAME_QUOTED, Sign.PLAYS_QUOTED)
)
SINGLE, DOUBLE = Sign.SINGLE.value, Sign.DOUBLE.value
_QUOTED = SINGLE | DOUBLE
_WORK_COUNTS = _QUOTED | _BY  # a word for music counts beside one of these
_MARKS = (
    ('"', Sign.DOUBLE.value),
    (" - ", Sign.DASH.value),
    ("\u2013", Sign.DASH.value),
    (" ~ ", Sign.DASH.value),
    (", ", Sign.COMMA.value),
    (": ", Sign.COLON.value),
    (" | ", Sign.BAR.value),
    ("pandora", Sign.PANDORA.value),
)
_WORKS = (
    *("song", "single", "track", "tune", "video", "cover", "remix", "hit", "anthem", "ballad"),
    *("version", "perform", "sing"),
)
# Each begins with what is rare, not with what stands before it: that is quicker to find.
_BY_WORD = re.compile(r"by\b(?<=\sby)")
_OPENING = re.compile(r"'(?<!\w')\S")
_HASH_NUMBER = re.compile(r"#\d")
_CHART_PLACE = re.compile(r"\((?:(?<=\d\()|(?<=\d \())")
_NAME_BEFORE = re.compile(r"[A-Z@#$0-9][^\s\"':,]*(?:[,:]| //?| [\u2013-])? [\"']")
_PLAYS_BEFORE = re.compile(r"[dpw](?:o|id|oing|oes|lay|lays|layed|laying|ith) (?:\w+ ){0,2}?[\"']")
_BESIDE_QUOTES = (
    (re.compile(r"[-\u2013~|:]\s?[\"']"), Sign.DASH_QUOTED.value),
    (re.compile(r"[\"')\]](?:\s+[-\u2013~|/]|\u2013)"), Sign.QUOTED_DASH.value),
    (re.compile(r"[\"'],? [adfopv]\w{1,4} "), Sign.QUOTED_VON.value),
    (re.compile(r"[\"'] \([A-Z@]"), Sign.QUOTED_BRACKET.value),
)


def signs_of(text: str, lower: str, *, lead: bool) -> int:
    """The bits of the Signs seen at once in a text, which is given in lower case too."""
    signs = _LEAD if lead else 0
    for mark, sign in _MARKS:
        if mark in lower:
            signs |= sign
    if "by" in lower:
        signs |= _by_signs(text, lower)
    if "'" in text:
        signs |= _APOSTROPHE | SINGLE if _OPENING.search(text) else _APOSTROPHE
        signs |= _OWNS if "' " in text or "'s " in text else 0
    if signs & _COLON and has_fields(lower):
        signs |= _FIELDS
    return signs


def closer_signs(text: str, lower: str, seen: int) -> int:
    """The bits of the other Signs, which take longer to see, given those that were seen at once."""
    signs = 0
    if seen & _QUOTED:
        if _NAME_BEFORE.search(text) or any(name in lower for name in WHOLE_NAMES):
            signs |= _NAME_QUOTED
        if _PLAYS_BEFORE.search(lower):
            signs |= _PLAYS_QUOTED
        for beside, sign in _BESIDE_QUOTES:
            if beside.search(text):
                signs |= sign
    if seen & _WORK_COUNTS and any(work in lower for work in _WORKS):
        signs |= _WORK
    if "#" in text and _HASH_NUMBER.search(text):
        signs |= _NUMBER
    if "(" in text and _CHART_PLACE.search(text):
        signs |= _PLACE
    return signs


def _by_signs(text: str, lower: str) -> int:
    count = len(_BY_WORD.findall(lower))
    if not count:
        return 0
    signs = _BY if count == 1 else _BY | _TWO_BY
    signs |= _CAPITAL_BY if " By" in text or " BY" in text else 0
    return signs | (_SONG_BY if is_announced(lower) else 0)


def is_announced(lower: str) -> bool:
    """Whether a text in lower case says of something that it is a song by somebody."""
    return "song by " in lower or "track by " in lower or "single by " in lower


def opens_quotation(text: str) -> bool:
    """Whether a tidied text holds a single quotation mark that opens."""
    return "'" in text and _OPENING.search(text) is not None


def has_fields(lower: str) -> bool:
    """Whether a text in lower case speaks of an artist and of a title, as fields do."""
    return ("artist" in lower or "singer" in lower or "band" in lower) and (
        "song" in lower or "title" in lower or "track" in lower
    )
