"""What is seen in a post at a glance, and spares it most rules."""

from __future__ import annotations

import re
from enum import Flag, auto


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


# Flags are slow to join; their bits are not.
_LEAD, _ONE_BY, _TWO_BY, _CAPITAL_BY, _APOSTROPHE, SINGLE, DOUBLE = (
    sign.value
    for sign in (
        Sign.LEAD,
        Sign.BY,
        Sign.TWO_BY,
        Sign.CAPITAL_BY,
        Sign.APOSTROPHE,
        Sign.SINGLE,
        Sign.DOUBLE,
    )
)
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
# Each begins with what is rare, not with what stands before it: that is quicker to find.
_BY = re.compile(r"by\b(?<=\sby)")
_OPENING = re.compile(r"'(?<!\w')\S")


def signs_of(text: str, lower: str, *, lead: bool) -> int:
    """The bits of every Sign in a text, which is given in lower case too."""
    signs = _LEAD if lead else 0
    if "by" in lower and (count := len(_BY.findall(lower))):
        signs |= _ONE_BY if count == 1 else _ONE_BY | _TWO_BY
        signs |= _CAPITAL_BY if " By" in text or " BY" in text else 0
    if "'" in text:
        signs |= _APOSTROPHE | SINGLE if _OPENING.search(text) else _APOSTROPHE
    for mark, sign in _MARKS:
        if mark in lower:
            signs |= sign
    return signs
