"""Where a name ends in running text.

A rule says only roughly where a title and an artist stand. What may follow a name ("on Pandora",
"#np", "is out now", a sentence's end) is cut here.
"""

from __future__ import annotations

import re

from worker.songs.words import CHART_VERBS, PROSE, SERVICES, WHOLE_NAMES

_TAIL = re.compile(
    rf"""[\s|/<>=.,;:!?\u2013\u2022\u2026\u266b-](?:(?<=\s)(?:
        \s*(?:
            (?:on|via|v\u00eda|thru|through|from|off|using|by|in|with|en|auf|sur|su|no)
            \s+[@\#]?(?i:{SERVICES})(?!\w)
          | (?i:tune\s+in|listen\s+(?:live|now|here)|buy\s+it|buy\s+now|download\s+it)(?!\w)
          | @\s
          | (?i:album|label|year|genre)\s?:
          | (?:via|v\u00eda|cc:?|RT|(?i:now\s+playing)|prod\.?\s+by|from\s+the\s+album)(?=[\s@:])
          | on\.\.\.
          | [|\u2022\u266b\u2026\n]|//|>>|<<?3|[-=]>|\.\.
          | [:;=][-']?[()DPp]
          | [-~\u2013]+>?(?:\s|$)
        )
      | (?<=\n)
      | (?<!\band.)(?<!&.)(?<!\sx.)(?<!,.)(?<!\+.)(?<![Ff]eat.)(?<![Ff]t.)(?<!t\..)(?<!eaturing.)
        \s*(?:(?:on|via|w/|with|at|by|from|sur|auf|en|su)\s+)?[@\#]\w
      | \(at\s
      | (?:[Mm]usic\s[Vv]ideo|MV|M/V)(?!\w)
      | "(?![^"\n]{{1,20}}"\s[A-Z])|[*=](?!\s?\w+\s?[)\]])
      | \[(?!\s?\w+\s?\]|[^\]\n]{{0,40}}(?i:remix|mix|edit|version|rework|cover|bootleg)\])
      | \[\d+\s(?:weeks?|wks?)
    ) | (?<=[|\u2022\u266b\u2026])|(?<=/)/|(?<=>)>|(?<=<)<?3|(?<=[-=])>|(?<=\.)\.
      | (?<=[.;:])(?=\s)(?<!\bDr.)(?<!\bMr.)(?<!\bSt.)(?<!\bJr.)(?<!\bMs.)(?<![Ff]t.)(?<!\b[A-Z].)
        (?<!\bRev.)(?<![Ff]eat.)(?<!\bMrs.)(?<!\bvs.)(?<!\bNo.)
        (?:(?<=[.;])\s+(?=[\w@"'])|(?<=:)\s+(?=[a-z]))
      | (?<=[!?])[!?]*["']?\s+(?=[\w"'@\#])(?!at\sthe\b|&)
      | (?<=,)\s+(?!and\s[A-Z])(?=[a-z@\#"]|(?:19|20)\d\d(?!\w)|I\b|This\b|It\b|But\b|And\b|So\b)
    )""",
    re.VERBOSE | re.DOTALL,
)
"""Only its start counts. It begins with one character of a class: so it is quickest to find."""
_PROSE = re.compile(
    rf"\s\s*(?:{PROSE}|{CHART_VERBS}(?= \S)"
    r"|at(?= [a-z\d])"
    r"|(?:on|in|at|with|from|off) (?:the|my|this|our|your|a|an|their|his|her|me)(?= [a-z\d])"
    r"|and (?:it|i|i'm|im|my|the way|now|then|this|that|also|just|[a-z]{2,12}ing))(?![\w-])"
)
GOES_ON = re.compile(
    rf"[ \"']*(?:{PROSE}|{CHART_VERBS}|on|in|at|with|from|for|to|and|live|by|"
    r"[^a-zA-Z\s\u2013-])(?![\w-])"
)
"""How a sentence goes on after a song's name, but not after a verb: "Lend your talents"."""
_HANDLES = re.compile(
    r"@\w+(?:,?\s(?:&|and|[xX]|\+|feat\.?|ft\.?|featuring|with)\s(?:@|(?=[A-Z]))\w+)*"
)
_CAPITAL_RUN = re.compile(
    r"[A-Z0-9$!\W][^\s]*(?:\s(?:[A-Z0-9$(&+@#][^\s]*|&|x|X|of|the|and|for|to|de|la|le|el|y|von|van|"
    r"der|da|di|du|del|in|on|at|a|my|me|n|'n'|vs\.?|feat\.?|ft\.?|featuring|with)(?=\s|$))*"
)
_REMARK = re.compile(r" \((?=[a-z][^)(]{8,}\)?)(?:[^\W\d_][\w']*,? ){2,}[^)(\n]*(?:\)|$)")
"""A remark in brackets after a title, in small words: "(night train, nobody else here)"."""
_LOOSE = "+ of the and for to in on at a my me with by & de la y from feat. feat ft. ft"
_LOOSE_ENDS = re.compile(rf"(?:,|\s+(?:{'|'.join(map(re.escape, _LOOSE.split()))}))+\s*$")
_MAY_BE_LOOSE = (",", *_LOOSE.split())


def artist_end(text: str, start: int, end: int) -> int:
    """Where the artist's name that begins at `start` ends, `end` at the latest."""
    length = _name_length(text[start:end])
    name = text[start : start + length].rstrip()
    if name.endswith(_MAY_BE_LOOSE) and (
        loose := _LOOSE_ENDS.search(text, max(start, start + length - 24), start + length)
    ):
        name = text[start : loose.start()].rstrip()
    return start + len(name)


def _name_length(segment: str) -> int:
    if segment[:1] == "@" and (handles := _HANDLES.match(segment)):
        return handles.end()
    if whole := begins_whole_name(segment):
        return _outside_brackets(segment, _TAIL, whole)
    length = _outside_brackets(segment, _TAIL)
    if (prose := _PROSE.search(segment, 1)) and prose.start() < length:
        length = prose.start()
    run = _CAPITAL_RUN.match(segment, 0, length) if segment.count(" ", 0, length) > 3 else None
    if run and run.end() > 3 and run[0].count("(") == run[0].count(")"):
        length = run.end()
    return length


def begins_whole_name(text: str, start: int = 0) -> int:
    """How long the name is that begins here and has marks of its own; 0 for none."""
    folded = text[start : start + 40].casefold()
    if not folded.startswith(WHOLE_NAMES):
        return 0
    return next(len(name) for name in WHOLE_NAMES if folded.startswith(name))


def title_end(text: str, start: int, end: int) -> int:
    """Where the title that begins at `start` ends, where nothing else bounds it."""
    segment = text[start:end]
    length = _outside_brackets(segment, _TAIL)
    remark = _REMARK.search(segment, 1, length)
    return start + (remark.start() if remark else length)


def is_tail(rest: str) -> bool:
    """Whether what follows a name is only what may follow one: " on repeat", " #np"."""
    return _TAIL.match(rest) is not None


def _outside_brackets(segment: str, boundary: re.Pattern[str], begin: int = 1) -> int:
    """The first boundary after `begin` that lies in no open bracket."""
    cut = boundary.search(segment, begin)
    if "(" not in segment:
        return cut.start() if cut else len(segment)
    while cut and "(" in segment[: cut.start()] and segment.count(")", 0, cut.start()) == 0:
        closing = segment.find(")", cut.start())
        if closing < 0 or "\n" in segment[cut.start() : closing]:
            break
        cut = boundary.search(segment, closing)
    return cut.start() if cut else len(segment)
