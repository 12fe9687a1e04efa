"""What the forms of the rules are made of, and how a form becomes regular expressions.

- `{quoted}` is a title in double or in single quotation marks,
- `{artist}` begins a name and runs to the end of the line: its tail is cut afterwards,
- `{owner}` is a name in capitals before "'s" or a title,
- `{by}` is the word, `{dash}` what stands between two names, `{work}` "the new single".

Every repetition is bounded and no two neighbours can take the same characters without end, so
that no text makes a form backtrack for long.
"""

from __future__ import annotations

import re
from functools import cache

from worker.songs.words import NOT_ARTIST, WHOLE_NAME

_Q = r"[^\"\n]"
_NESTED = rf'(?:(?<=[\s(])"(?=\S){_Q}{{1,60}}"{_Q}{{0,60}})?'
# Marks come before what may not stand before them: a search for one character is quick.
_DOUBLE = rf'"(?<![\w"]")\s{{0,4}}(?P<title>{_Q}{{1,100}}?{_NESTED})"'
_SINGLE = (
    r"'(?<![\w']')(?=\S)(?P<title>(?:[^'\"\n]|(?<=\w)'(?=\w)|(?<=[nN])'(?=\s)|(?<=^)'){1,80}?)"
    r"'(?!\w)"
)
_PARTS = {
    "artist": rf"{NOT_ARTIST}(?P<artist>[\w@#$!*(&][^\n]{{0,119}})",
    "owner": rf"(?P<artist>{WHOLE_NAME}|"
    r"(?:[A-Z@#$0-9][^\s\"':!?,]*(?:'(?!s\s)[^\s\"':!?,]*)?"
    r"(?: (?:&|and|x|of(?: the)?|on the|in the|at the|the|for|de|la|feat\.?|ft\.?))? ){0,5}"
    r"[A-Z@#$0-9][^\s\"':,]*(?<!\w's))",
    "by": r"by(?<=\sby):?[ ]{1,4}",  # its own letters first: they are quicker to find
    "dash": r"(?:\s+[-\u2013~|\u00b7\u2022:/]{1,2}\s+|\u2013)",
    "work": r"(?:(?:brand )?(?:new|latest|debut|classic|hit|lead|first|second|upcoming|number one|"
    r"#1|smash|own|official|favou?rite|amazing|beautiful|lovely) ){0,3}"
    r"(?:songs?|singles?|tracks?|tunes?|(?:music |lyric )?videos?|covers?|remix|hits?|anthem|"
    r"ballad|version|cover of|remix of|video for|performance of|performs?|performing|sings?|"
    r"singing|covers|covering)",
}


@cache
def compile_form(form: str) -> tuple[re.Pattern[str], ...]:
    """The form's pattern, or its two where it has quotation marks: for double and for single.

    Rules of one form share them, and what was found with them.
    """
    kinds = (_DOUBLE, _SINGLE) if "{quoted}" in form else ("",)
    patterns = []
    for kind in kinds:
        source = form.replace("{quoted}", kind)
        for name, part in _PARTS.items():
            source = source.replace("{" + name + "}", part)
        patterns.append(re.compile(source))
    return tuple(patterns)
