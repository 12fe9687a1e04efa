"""Where a name ends in running text, whether it can be one, and how it is written clean.

A rule says only roughly where a title and an artist stand. Here their tails ("on Pandora",
"is out now", "#np") are cut, noise in brackets is dropped, featured artists are told apart,
handles and hashtags are spelled as names, and what cannot be a name is refused.
"""

from __future__ import annotations

import re

_SERVICE = (
    r"(?i:pandora|spotify|apple\s?music|youtube|soundcloud|tidal|deezer|itunes|i\s?heart\s?radio|"
    r"last\.?fm|bandcamp|shazam|vevo|amazon|sirius\s?xm|radio|repeat|loop|vinyl|rotation|vh1|mtv|"
    r"pan\w{0,4}\.\.)"
)
_TAIL = re.compile(
    rf"""\s+(?:on|via|v\u00eda|thru|through|from|off|using|by|in)\s+[@\#]?{_SERVICE}(?!\w)
      | (?=\s)(?<!\band)(?<!&)(?<!\sx)(?<!,)(?<!\+)(?<![Ff]eat)(?<![Ff]t)(?<!t\.)(?<!eaturing)(?<!\sw/)
        \s+(?:(?:on|via|w/|with|at|by|from)\s+)?[@\#]\w
      | \s+(?:via|v\u00eda|cc:?|RT|(?i:now\s+playing)|prod\.?\s+by|from\s+the\s+album)(?=[\s@:])
      | \s+on\.\.\.
      | \s*(?:\||//|\u2022|>>|<<?3|->|=>|\u266b|\u2026|\.\.)
      | \s+[:;=][-']?[()DPp]
      | \s+[-~\u2013]+>?(?:\s|$)
      | \s*\n
      | \s(?:"(?![^"\n]{{1,20}}"\s[A-Z])|[*=\[](?!\s?\w+\s?[)\]]))
      | \s\[\d+\s(?:weeks?|wks?)
      | (?=[.;:]\s)(?<!\bDr)(?<!\bMr)(?<!\bSt)(?<!\bJr)(?<!\bMs)(?<![Ff]t)(?<!\b[A-Z])(?<!\bRev)
        (?<![Ff]eat)(?<!\bMrs)(?<!\bvs)(?<!\bNo)(?:[.;]\s+(?=[\w@"'])|:\s+(?=[a-z]))
      | [!?]+["']?\s+(?=[\w"'@\#])(?!at\sthe\b|&)
      | ,\s+(?!and\s[A-Z])(?=[a-z@\#"]|I\b|This\b|It\b|But\b|And\b|So\b)
    """,
    re.VERBOSE,
)
# Cut only where they stand in lower case: in upper case they may belong to a name.
_PROSE = re.compile(
    r"\s+(?:is|are|was|were|has|have|had|will|would|can|could|should|makes?|made|got|gets?|gave|"
    r"just|while|when|whenever|because|cause|cuz|bc|right now|rn|again|today|tonight|yesterday|"
    r"tomorrow|this|every|always|still|so|which|who|that|but|it|its|it's|i|i'm|im|i've|lol|omg|"
    r"(?:debut(?:s|ed)?|enter(?:s|ed)?|hits?|rises?|climb(?:s|ed)?|reach(?:es|ed)?|"
    r"drop(?:s|ped)?|spends?|remains?|tops?|earns?|sold|surpass(?:es|ed)?|becomes?|re-enters?|"
    r"returns?|jumps?)(?= \S)|"
    r"since|after|before|until|if|really|never|not|as (?=[a-z])|one of|out now|now|for (?=[a-z])|"
    r"always|came|comes|plays|played|playing|turns|turned|sounds?|or"
    r"|(?:on|in|at|with|from|off) (?:the|my|this|our|your|a|an|their|his|her|me)(?= [a-z])"
    r"|and (?:it|i|i'm|im|my|the way|now|then|this|that|also|just))(?![\w-])"
)
# Names whose own punctuation or words would end a phrase.
_WHOLE_NAMES = (
    "blood, sweat & tears",
    "crosby, stills, nash & young",
    "does it offend you, yeah?",
    "earth, wind & fire",
    "emerson, lake & palmer",
    "godspeed you! black emperor",
    "panic! at the disco",
    "peter, paul and mary",
    "portugal. the man",
    "the good, the bad & the queen",
    "tyler, the creator",
)
_CAPITAL_RUN = re.compile(
    r"[A-Z0-9$!\W][^\s]*(?:\s(?:[A-Z0-9$(&+][^\s]*|&|x|X|of|the|and|for|to|de|la|le|el|y|von|van|"
    r"der|da|di|du|del|in|on|at|a|my|me|n|'n'|vs\.?|feat\.?|ft\.?|featuring|with)(?=\s|$))*"
)
_LOOSE_ENDS = re.compile(r"\s+(?:of|the|and|for|to|in|on|at|a|my|me|with|by|x|&|de|la|y|n|from)$")
_EDGES = ' \t\n"*~\u2013|:;,\u266b\u00b7\u200c\u200d\u2022=<>_^'
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")
_HANDLE = re.compile(r"(?<!\S)[@#](\w+)")
_OFFICIAL = re.compile(r"(?i)(?:_?official|_?vevo)$|^(?:official_?|theofficial_?)(?=\w{3})")

_NOISE = re.compile(
    r"""\s*[(\[\u3010]\s*(?:the\s)?(?:official|lyrics?\b|audio\b|video\b|music\svideo|hd\b|hq\b|4k\b|
        live\b|explicit|clean\b|\d{0,4}\s?remaster|visuali[sz]er|prod\b|with\slyrics|full\ssong|
        free\sd|out\snow|premiere|performance|m/?v\b|\d{4}\sremaster|ca\.|snippet)
        [^)\]\u3011\n]{0,60}[)\]\u3011]
      | \s+[-\u2013]\s+(?:live\b|(?:\d{4}\s)?(?:digital(?:ly)?\s)?remaster|official\b|lyrics?\b|
        single\sversion|album\sversion|radio\sedit|explicit)[^\n]{0,60}$
      | \s+[-\u2013]?\s*(?:official\s(?:music\s)?(?:video|audio)|lyric\svideo|music\svideo)$
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FEATURED = re.compile(
    r"""\s*(?:[(\[]\s*(?:feat\.?|ft\.?|featuring|with|w/)\s+([^)\]\n]{1,80})[)\]]?
      | (?:[-\u2013]\s+)?\b(?:feat\.|ft\.|feat|ft|featuring)\s+([^()\[\]\n]{1,80}))""",
    re.VERBOSE | re.IGNORECASE,
)
_JOINT = re.compile(r",\s+|\s+(?:[&+xX]|vs\.?)\s+")
_LIST = re.compile(r",\s+(?![Tt]he\b)|\s+(?:&|\+|x)\s+(?![Tt]he\b)|\s+and\s+(?![Tt]he\b)")

NOT_ARTIST = (
    r"(?!(?:far|accident|mistake|myself|yourself|himself|herself|itself|themselves|ourselves|now|"
    r"then|next|this|that|these|those|my|your|his|our|their|its|it|me|you|him|them|us|everyone|"
    r"anyone|someone|everybody|anybody|somebody|default|definition|design|hand|heart|name|law|"
    r"chance|choice|request|popular|email|e-mail|mail|phone|text|train|car|bus|plane|foot|all|"
    r"any|some|which|what|who|whom|whose|how|when|where|an|one|two|three|as|at|in|on|to|for|from|"
    r"and|or|via|is|are|was|a(?! (?:tribe|perfect|day|flock|great|static|silent))|not|no|even|just|"
    r"only|both|each|another|other|others|many|several|various|day|night|side|and large|"
    r"people|fans|saying|doing|making|going|using|having|being|taking|putting|giving|watching|"
    r"clicking|following|tweeting|voting|buying|downloading|ordering|visiting|entering|sending|"
    r"posting|checking|reading|listening|streaming|texting|calling|joining|getting|adding|"
    r"saving|paying|working|winning|signing|sharing|"
    r"leaving|running|walking|talking|writing|turning|keeping|letting|trying|asking|showing|"
    r"playing|the (?:way|time|end|pool|beach|sea|fire|door|side|hand|author|artist|same|year|"
    r"river|window|book|numbers|hour|day|minute|creators?|producers?|makers?|guys?|team|band|"
    r"amazing|great|legendary|lovely|incredible|one|original|late))(?![\w-])"
    r"|(?i:(?:next |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|"
    r"(?:today|tonight|tomorrow|noon|midnight)\b(?! [A-Z])|(?-i:(?!2[AP]M\b))\d{1,2}(?::\d\d)? ?(?:am|pm)\b|\d+%|"
    r"\d+ (?:people|fans|points|minutes|hours|days|votes|million)|"
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.? \d|(?:the )?(?:end of|author)\b|"
    r"@?(?:lastfm|pandora|spotify|youtube)\b))"
)
"""A lookahead: what follows is no artist, but a time, a manner or a pronoun."""

_NO_TITLE = re.compile(
    r"""(?:a|an|the|this|that|my|his|her|our|some|any|more|another|your|new|good|great|old|best)?\s*
      (?:(?:brand\s)?new\s|favou?rite\s|first\s|latest\s|same\s|whole\s|other\s|beautiful\s)*
      (?:it|that|this|them|these|those|music|songs?|singles?|tracks?|tunes?|stuff|something|
        everything|anything|nothing|what|radio|podcasts?|album|albums|ep|lp|video|videos|cover|
        covers|remix|photo|photos?|pics?|picture|art|artwork|cover\sart|design|hair|make-?up|
        lyrics|post|article|review|interview|tickets?|directed|written|produced|words|story|quote|
        drawing|painting|report|presented|hosted|powered|filmed|shot|edited|mixed|mastered|
        sponsored|inspired|styled|created|made|posted|brought\sto\syou|read|performed|designed|
        book|novel|film|movie|text|image|illustration|news|yes|no|hi|thanks?|thank\syou|the|and|
        pandora|spotify|youtube|out\snow|official|trailer|live|playlist|mixtape|followed|
        retweeted|liked|hosted|info|opening|support|dj\sset|guest|performances?)""",
    re.VERBOSE | re.IGNORECASE,
)
_WHOLE_WORK = re.compile(
    r"\b(?:albums?|eps?|EP|lp|LP|mixtapes?|playlists?|podcasts?|audiobooks?|soundtracks?|movies?|"
    r"films?|novels?|episodes?|interviews?|music|songs?|discography|voice|words|people|everything|"
    r"someone|radio|stories)$"
)
_POINTING = re.compile(r"(?:these|those|this|that|my|some|all|your|our|his|her|their|more|so)\b")
_WORDY = re.compile(r"\w")


def artist_end(text: str, start: int, end: int) -> int:
    """Where the artist's name that begins at `start` ends, `end` at the latest."""
    length = _name_length(text[start:end])
    loose = _LOOSE_ENDS.search(text, start, start + length)
    end = loose.start() if loose else start + length
    return start + len(text[start:end].rstrip())


def _name_length(segment: str) -> int:
    folded = segment[:40].casefold()
    for name in _WHOLE_NAMES:
        if folded.startswith(name):
            return _outside_brackets(segment, _TAIL, len(name))
    length = _outside_brackets(segment, _TAIL)
    if (prose := _PROSE.search(segment, 1)) and prose.start() < length:
        length = prose.start()
    run = _CAPITAL_RUN.match(segment, 0, length) if segment.count(" ", 0, length) > 3 else None
    if run and run.end() > 3 and run[0].count("(") == run[0].count(")"):
        length = run.end()
    return length


def title_end(text: str, start: int, end: int) -> int:
    """Where the title that begins at `start` ends, where nothing else bounds it."""
    return start + _outside_brackets(text[start:end], _TAIL)


def is_tail(rest: str) -> bool:
    """Whether what follows a name is only what may follow one: " on repeat", " #np"."""
    return _TAIL.match(rest) is not None


def _outside_brackets(segment: str, boundary: re.Pattern[str], begin: int = 1) -> int:
    """The first boundary after `begin` that lies in no open bracket."""
    cut = boundary.search(segment, begin)
    while cut and "(" in segment[: cut.start()] and segment.count(")", 0, cut.start()) == 0:
        closing = segment.find(")", cut.start())
        if closing < 0 or "\n" in segment[cut.start() : closing]:
            break
        cut = boundary.search(segment, closing)
    return cut.start() if cut else len(segment)


def clean_title(raw: str, *, marked: bool) -> tuple[str, tuple[str, ...]] | None:
    """The title without noise, and the artists that it says are featured; None for no title.

    A title that is `marked`, by quotation marks or by a capital after a lead, may be any word.
    """
    title, featured = _split_featured(raw)
    title = " ".join(_without_noise(title).split()).strip(_EDGES)
    if title.startswith("@"):
        return None
    title = spell(title) if title.startswith("#") else title
    title = title if title.endswith("..") or _initials(title) else title.removesuffix(".")
    if title[:1] == title[-1:] == "'" and title.count("'") == 2:
        title = title.strip("' ")
    if not _is_title(title):
        return None
    if (not marked or title[0].islower()) and title.count(" ") < 7 and _NO_TITLE.fullmatch(title):
        return None
    return title, featured


def _is_title(title: str) -> bool:
    return (
        0 < len(title) <= 100
        and title.count(" ") < 16
        and (_WORDY.search(title) is not None or not title.isascii())
    )


def begins_loosely(title: str) -> bool:
    """Whether a title opens with a word that points at things: "these songs", "my stuff"."""
    return _POINTING.match(title) is not None


def is_whole_work(title: str) -> bool:
    """Whether an unquoted title speaks of an album, a film, music at large: "her new album"."""
    return _WHOLE_WORK.search(title) is not None


def clean_artists(raw: str) -> tuple[str, ...] | None:
    """The main artist and the featured ones, or None where this is no artist."""
    main, featured = _split_featured(raw)
    main = " ".join(_without_noise(main).split()).strip(_EDGES + "!?")
    main = main if main.endswith(("Jr.", "Sr.")) or _initials(main) else main.rstrip(".")
    main = spell(main)
    if not main or len(main) > 80 or main.count(" ") > 9 or not any(map(str.isalnum, main)):
        return None
    return (main, *featured)


def _without_noise(name: str) -> str:
    if "(" in name or "[" in name or " -" in name or "\u2013" in name or "\u3010" in name:
        return _NOISE.sub("", name)
    return name


def _initials(name: str) -> bool:
    """Whether a closing point belongs to the name, as in B.G. and N.E.R.D."""
    return len(name) >= 4 and name[-1] == "." and name[-3] == "."


def _split_featured(raw: str) -> tuple[str, tuple[str, ...]]:
    if not any(mark in raw for mark in ("eat", "t.", "t ", "EAT", "T.", "with", "(w")):
        return raw, ()
    match = _FEATURED.search(raw)
    if match is None or not raw[: match.start()].strip(_EDGES):
        return raw, ()
    names = (" ".join(name.split()).strip(_EDGES) for name in _LIST.split(match[1] or match[2]))
    rest = raw[: match.start()] + " " + raw[match.end() :]
    return rest, tuple(spell(name) for name in names if name)


def spell(name: str) -> str:
    """Handles and hashtags as names: "@ArianaGrande" reads "Ariana Grande". The rest stays."""
    if "@" not in name and "#" not in name:
        return name
    return _HANDLE.sub(_spelled, name)


def _spelled(handle: re.Match[str]) -> str:
    bare = _OFFICIAL.sub("", handle[1]) or handle[1]
    return _CAMEL.sub(" ", bare).strip()


def split_names(joined: str) -> list[str]:
    """A joined name taken apart: "Nico & Vinz" may be two artists. One name stays one."""
    return [name for name in _JOINT.split(joined) if name]
