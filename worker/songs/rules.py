"""The rules: how people name a song, one form a line.

Rules stand in groups. Every rule of a group speaks, the surest is heard first, and what the
others read stays as further candidates for the catalogue to try; once a group has read a song
surely, the groups after it are not asked. To add a form, add a Rule with an example of your own
and run the tests: they parse each example and want back what `reads` says. The
parts in braces are explained in `forms`.
"""

from __future__ import annotations

from functools import lru_cache

from worker.songs.openings import BESIDE, CHARTS, DOES_QUOTED, IN_CORNERS, OPENINGS, PERHAPS
from worker.songs.rule import Rule
from worker.songs.shares import BESIDE_LEAD, FIELDS, TAGGED_LINES
from worker.songs.signs import Sign
from worker.songs.words import NAME_BEGINS, NOT_ARTIST

_LINE = r"(?m:^)[ \"*.:>\u2013-]*"

# Title by artist, where quotation marks say what the title is.
_QUOTED_BY = (
    Rule(
        "quoted, by",
        0.95,
        r"{quoted}[ ,.:\u2013-]{0,4}(?:[(\[][^)\]\n]{1,40}[)\]] )?"
        r"(?!(?:followed|directed|written|sponsored|hosted|presented|inspired) )"
        r"(?:(?:#\w+|[^\W_a-z]\w*|song|track|single|cover|performed|sung|played|remix(?:ed)?|"
        r"covered|released|live|version|from|in|off|on) ){0,2}?"
        r"by(?<=[\s\"']by):?[ ]{1,4}{artist}",
        'Cannot get over "Pink Moon" by Nick Drake today',
        ("Pink Moon", ("Nick Drake",)),
        needs=Sign.BY,
    ),
)
# The same where a lead says that a title comes.
_BY_NAME = (
    Rule(
        "lead, title by artist",
        0.9,
        r"(?P<title>[^\n]{1,120}){by}{artist}",
        "I'm listening to Stand By Me by Ben E. King on Pandora",
        ("Stand By Me", ("Ben E. King",)),
        needs=Sign.BY,
        after_lead=True,
    ),
    Rule(
        "lead, title By artist",
        0.8,
        r"(?P<title>[^\n]{1,120})(?:By|BY)(?<=\s..):?[ ]{1,4}{artist}",
        "Now Playing Harvest Moon By Neil Young",
        ("Harvest Moon", ("Neil Young",)),
        needs=Sign.CAPITAL_BY,
        after_lead=True,
    ),
    Rule(
        "lead, title first by artist",
        0.45,
        r"(?P<title>[^\n]{1,120}?){by}{artist}",
        "np: Roygbiv by Death by Chocolate",
        ("Roygbiv", ("Death by Chocolate",)),
        needs=Sign.TWO_BY,
        after_lead=True,
    ),
)
# A quoted title beside its artist.
_QUOTED = (
    Rule(
        "owner's quoted",
        0.85,
        r"(?<![\w@#]){owner}(?: 's|'s?|s') (?:{work}[,:]? )?(?:called )?{quoted}",
        'Robyn\'s "Dancing On My Own" never gets old',
        ("Dancing On My Own", ("Robyn",)),
        needs=Sign.OWNS,
        capitals=True,
    ),
    Rule(
        "dash, quoted",
        0.8,
        r"(?<![\w@#]){owner}\s*(?:\s[-\u2013~|]\s?|:\s|\u2013){quoted}",
        'Lush - "Sweetness and Light" #shoegaze',
        ("Sweetness and Light", ("Lush",)),
        needs=Sign.DASH_QUOTED,
        capitals=True,
    ),
    Rule(
        "quoted, dash",
        0.75,
        r"{quoted}(?: [(\[][^)\]\n]{1,40}[)\]])?(?:\s+(?:[-\u2013~|]|//?)\s*|\u2013){artist}",
        '"Svefn-g-englar" - Sigur Rós #np',
        ("Svefn-g-englar", ("Sigur Rós",)),
        needs=Sign.QUOTED_DASH,
        music=True,
        capitals=True,
    ),
)
# Names around a dash or an apostrophe, where a lead says that they name a song.
_AFTER_LEADS = (
    *BESIDE_LEAD,
    Rule(
        "lead, artist dash title",
        0.7,
        NOT_ARTIST + r"(?P<artist>[^\n]{1,80}?){dash}(?P<title>[^\n]{1,120})",
        "#nowplaying Slowdive \u2013 Alison",
        ("Alison", ("Slowdive",)),
        after_lead=True,
        open_title=True,
    ),
    Rule(
        "lead, title dash artist",
        0.6,
        r"(?P<title>[^\n]{1,120}?){dash}{artist}",
        "#np Bachelorette - @bjork",
        ("Bachelorette", ("bjork",)),
        after_lead=True,
    ),
    Rule(
        "lead, title de artist",
        0.45,
        r"(?P<title>[^\n]{1,120}) (?:de|par|von|di) {artist}",
        "ouvindo \u00c1guas de Mar\u00e7o de Elis Regina",
        ("\u00c1guas de Mar\u00e7o", ("Elis Regina",)),
        after_lead=True,
        capitals=True,
    ),
    Rule(
        "lead, owner's title",
        0.6,
        r"{owner}'s? (?P<title>[A-Z0-9][^\n]{1,100})",
        "listening to Mazzy Star's Fade Into You on repeat",
        ("Fade Into You", ("Mazzy Star",)),
        needs=Sign.APOSTROPHE,
        after_lead=True,
        open_title=True,
        capitals=True,
    ),
)
# A chart's line, and titles that a word such as "single" announces.
_IN_PROSE = (
    Rule(
        "chart line",
        0.85,
        r"(?m:^|: ?)[ \"]*#\d{1,3} ?(?:\([^)\n]{1,8}\) ?)?[.:]? ?"
        r"(?P<title>[^\n,]{1,80}), {artist}",
        "#Hot100: #4(+3) Running Up That Hill, Kate Bush [8 weeks].",
        ("Running Up That Hill", ("Kate Bush",)),
        needs=Sign.COMMA | Sign.NUMBER,
        music=True,
        capitals=True,
    ),
    Rule(
        "the song, title by artist",
        0.7,
        r"\b(?:{work}):? (?P<title>[A-Z0-9#][^\n,.!?\"]{0,80}?) by:?[ ]{1,4}{artist}",
        "You should hear the cover of Wicked Game by London Grammar",
        ("Wicked Game", ("London Grammar",)),
        needs=Sign.BY | Sign.WORK,
        capitals=True,
    ),
    Rule(
        "owner, song, quoted",
        0.75,
        r"(?<![\w@#']){owner} {work}[,:]? (?:called |titled )?{quoted}",
        "Crying at the new Mitski song 'Geyser' again",
        ("Geyser", ("Mitski",)),
        needs=Sign.WORK_QUOTED,
        capitals=True,
    ),
    Rule(
        "artist does quoted",
        0.75,
        DOES_QUOTED,
        "Phoebe Bridgers just released her new single \u201cKyoto\u201d",
        ("Kyoto", ("Phoebe Bridgers",)),
        needs=Sign.DEED_QUOTED,
        capitals=True,
        music=True,
    ),
    Rule(
        "name with a title in corners",
        0.6,
        IN_CORNERS,
        "YOASOBI\u300c\u30a2\u30a4\u30c9\u30eb\u300d Official Music Video",
        ("\u30a2\u30a4\u30c9\u30eb", ("YOASOBI",)),
        needs=Sign.CORNER,
        music=True,
    ),
    Rule(
        "artist quoted",
        0.55,
        r"(?<![\w@#']){owner}(?: \([^)\n]{1,20}\))?,? {quoted}",
        'So good: Cocteau Twins "Cherry-Coloured Funk" http://youtu.be/abcdefghijk',
        ("Cherry-Coloured Funk", ("Cocteau Twins",)),
        needs=Sign.NAME_QUOTED,
        capitals=True,
        music=True,
    ),
)
# A line that holds nothing but a song.
_LINES = (
    Rule(
        "line, title by artist",
        0.5,
        _LINE + rf"(?P<title>(?:{NAME_BEGINS}|\()[^\n\".!?|]{{0,80}}[!?]?) by {{artist}}",
        "Fade Into You by Mazzy Star",
        ("Fade Into You", ("Mazzy Star",)),
        needs=Sign.BY,
        capitals=True,
        whole_line=True,
    ),
    Rule(
        "line, artist dash title",
        0.6,
        _LINE + rf"(?P<artist>{NAME_BEGINS}"
        r"[^\n\"]{0,60}?)(?:\s+[-\u2013~]\s+|\u2013)"
        r"(?P<title>[^\n]{1,100})",
        "Beach House - Space Song (Official Video) https://youtu.be/abcdefghijk",
        ("Space Song", ("Beach House",)),
        needs=Sign.DASH,
        capitals=True,
        whole_line=True,
        open_title=True,
        music=True,
    ),
    Rule(
        "line, title dash artist",
        0.45,
        _LINE + rf"(?P<title>{NAME_BEGINS}"
        r"[^\n\"]{0,80}?)(?:\s+[-\u2013~]\s+|\u2013){artist}",
        "Space Song - @BeachHouse #dreampop #music",
        ("Space Song", ("Beach House",)),
        needs=Sign.DASH,
        capitals=True,
        whole_line=True,
        music=True,
    ),
)
# A title without its artist: the catalogue has to be surer.
_TITLES_ALONE = (
    Rule(
        "lead, quoted alone",
        0.4,
        r"(?:\w+ ){0,2}{quoted}",
        '#np "Avalanche" again and again',
        ("Avalanche", ()),
        after_lead=True,
    ),
    Rule(
        "lead, title on a station",
        0.4,
        r"(?P<title>[^\n]{1,100}?) on #?[Pp]andora's? [^\n]{1,60}",
        "I am listening to Teardrop on #Pandora's Portishead Radio",
        ("Teardrop", ()),
        needs=Sign.PANDORA,
        after_lead=True,
    ),
    Rule(
        "the song, quoted alone",
        0.4,
        r"(?:\b|#new)(?:{work})[,:]? (?:called |titled |is called |for |of )?{quoted}",
        'I wrote a new song called "Paper Boats" last night',
        ("Paper Boats", ()),
        needs=Sign.WORK_QUOTED,
        capitals=True,
    ),
)

FIRST_GROUPS: tuple[tuple[Rule, ...], ...] = (_QUOTED_BY, FIELDS, _BY_NAME)
"""Most songs are named so, and what these rules need is seen at once."""
GROUPS: tuple[tuple[Rule, ...], ...] = (
    _QUOTED,
    _AFTER_LEADS,
    CHARTS,
    _IN_PROSE,
    OPENINGS,
    _LINES,
    TAGGED_LINES,
    BESIDE,
    _TITLES_ALONE,
)
RULES: tuple[Rule, ...] = tuple(
    rule for group in (*FIRST_GROUPS, *GROUPS, PERHAPS) for rule in group
)


@lru_cache(maxsize=8192)
def first_groups_for(signs: int) -> tuple[tuple[Rule, ...], ...]:
    """The first rules that are worth a look in a post that shows the Signs of these bits."""
    return _worth_a_look(FIRST_GROUPS, signs)


@lru_cache(maxsize=8192)
def groups_for(signs: int) -> tuple[tuple[Rule, ...], ...]:
    """The rules after them that are worth a look, once the closer signs are seen too."""
    return _worth_a_look(GROUPS, signs)


def _worth_a_look(groups: tuple[tuple[Rule, ...], ...], signs: int) -> tuple[tuple[Rule, ...], ...]:
    worth = (tuple(rule for rule in group if rule.may_apply(signs)) for group in groups)
    return tuple(group for group in worth if group)


@lru_cache(maxsize=8192)
def perhaps_for(signs: int) -> tuple[Rule, ...]:
    """The same of the rules that only guess, which are asked where no rule has read firmly."""
    return tuple(rule for rule in PERHAPS if rule.may_apply(signs))
