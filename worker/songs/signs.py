"""What is seen in a post at a glance, and spares it most rules."""

from __future__ import annotations

import re
from enum import Flag, auto

from worker.songs.needles import searcher
from worker.songs.words import UPPER, WHOLE_NAMES, set_of


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
    CORNER = auto()  # a corner bracket opens right after a name
    # What a form asks for anyway. Seeing it sooner spares work and changes no reading.
    SONG_BY = auto()  # "single by"
    FIELDS = auto()  # "Artist:" and "Title:"
    OWNS = auto()  # an apostrophe ends an owner's name
    WORK = auto()  # "single", "covers": a word for music or for playing it
    WORK_QUOTED = auto()  # such a word stands right before a quotation mark
    DEED_QUOTED = auto()  # "released her new" does
    PLACE = auto()  # "12 (", a chart's
    NUMBER = auto()  # "#12"
    COMMA_NAME = auto()  # ", Tender"
    COLON_NAME = auto()
    NAME_QUOTED = auto()  # a name stands right before a quotation mark, and so on
    DASH_QUOTED = auto()
    PLAYS_QUOTED = auto()
    QUOTED_DASH = auto()
    QUOTED_VON = auto()
    QUOTED_BRACKET = auto()


SPARING = (
    *(Sign.SONG_BY, Sign.FIELDS, Sign.OWNS, Sign.WORK, Sign.PLACE, Sign.NUMBER),
    *(Sign.COMMA_NAME, Sign.COLON_NAME),
    *(Sign.WORK_QUOTED, Sign.DEED_QUOTED, Sign.PLAYS_QUOTED, Sign.NAME_QUOTED, Sign.DASH_QUOTED),
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
_WORK, _PLACE, _NUMBER = (sign.value for sign in (Sign.WORK, Sign.PLACE, Sign.NUMBER))
_COMMA, _COMMA_NAME, _COLON_NAME = (
    sign.value for sign in (Sign.COMMA, Sign.COMMA_NAME, Sign.COLON_NAME)
)
_NAME_QUOTED, _PLAYS_QUOTED = Sign.NAME_QUOTED.value, Sign.PLAYS_QUOTED.value
SINGLE, DOUBLE = Sign.SINGLE.value, Sign.DOUBLE.value
_QUOTED = SINGLE | DOUBLE
_MARKS = (
    ('"', Sign.DOUBLE.value),
    (" - ", Sign.DASH.value),
    ("\u2013", Sign.DASH.value),
    (" ~ ", Sign.DASH.value),
    (", ", Sign.COMMA.value),
    (": ", Sign.COLON.value),
    (" | ", Sign.BAR.value),
    ("\u2039", Sign.CORNER.value),
    ("pandora", Sign.PANDORA.value),
)
_any_work = searcher(
    (
        *("song", "single", "track", "tune", "video", "cover", "remix", "hit", "anthem", "ballad"),
        *("version", "perform", "sing"),
    )
)
_any_whole_name = searcher(WHOLE_NAMES)
_LAST_WORDS = (
    (
        set_of(
            "song songs single singles track tracks tune tunes video videos cover covers remix hit "
            "hits anthem ballad version perform performs performing sing sings singing covering "
            "of for called titled"
        ),
        Sign.WORK_QUOTED.value,
    ),
    (
        set_of(
            "release released releases drop drops dropped debut debuts debuted perform performs "
            "performed sing sings sang cover covers covered unveils share shares shared premieres "
            "plays play unveil unveiled announce announces announced tease teases teased with "
            "her his their its the new single song track video for a cover of called titled"
        ),
        Sign.DEED_QUOTED.value,
    ),
)
"""The last word before a quotation mark, where a rule reads a title after such words."""
_PLAYING = set_of("do did doing does play plays played playing with")
# Each begins with what is rare, not with what stands before it: that is quicker to find.
_BY_WORD = re.compile(r"by\b(?<=[\s\"']by)")
_OPENING = re.compile(r"'(?<!\w')\S")
_names_after_comma = re.compile(f",(?= {UPPER})").search
_names_after_colon = re.compile(f":(?= {UPPER})").search
_HASH_NUMBER = re.compile(r"#\d")
_CHART_PLACE = re.compile(r"\((?:(?<=\d\()|(?<=\d \())")
_OPENS = re.compile(r"[\"'](?<= .)")
_letters_at_end = re.compile(r"[a-z]+$").search
_BETWEEN = " ,:/\u2013-"
"""What may stand between a name or a word and the quotation mark after it."""
_may_be_name = re.compile(r"[A-Z@#$0-9)][^\"':,]*$").search
_BESIDE_QUOTES = (
    (re.compile(r"[\"'](?:(?<=[-\u2013~|:].)|(?<=[-\u2013~|:]\s.))"), Sign.DASH_QUOTED.value),
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
        signs |= _before_quotations(text)
        if _any_whole_name(lower):
            signs |= _NAME_QUOTED
        for beside, sign in _BESIDE_QUOTES:
            if beside.search(text):
                signs |= sign
    if seen & _BY and _any_work(lower):
        signs |= _WORK
    if seen & _COMMA and _names_after_comma(text):
        signs |= _COMMA_NAME
    if seen & _COLON and _names_after_colon(text):
        signs |= _COLON_NAME
    if "#" in text and _HASH_NUMBER.search(text):
        signs |= _NUMBER
    if "(" in text and _CHART_PLACE.search(text):
        signs |= _PLACE
    return signs


def _before_quotations(text: str) -> int:
    """The signs that stand before a quotation mark, after a blank."""
    signs = 0
    for mark in _OPENS.finditer(text):
        words = text[: mark.start()].rstrip(_BETWEEN).rsplit(None, 3)[-3:]
        if not words:
            continue
        if _may_be_name(words[-1]):
            signs |= _NAME_QUOTED
        words = [word.lower() for word in words]
        if not _PLAYING.isdisjoint(words):
            signs |= _PLAYS_QUOTED
        last = _letters_at_end(words[-1])
        for known, sign in _LAST_WORDS:
            if last and last[0].removeprefix("new") in known:
                signs |= sign
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
    return any(f"{work} by " in lower for work in ("song", "track", "single", "song and lyrics"))


def opens_quotation(text: str) -> bool:
    """Whether a tidied text holds a single quotation mark that opens."""
    return "'" in text and _OPENING.search(text) is not None


def has_fields(lower: str) -> bool:
    """Whether a text in lower case speaks of an artist and of a title, as fields do."""
    return ("artist" in lower or "singer" in lower or "band" in lower) and (
        "song" in lower or "title" in lower or "track" in lower
    )
