"""Rules for a song that begins a line or a sentence, follows a label, or stands in a chart.

Here words and capitals end the names, not the line: see `runs`.
"""

from __future__ import annotations

from worker.songs.rule import Rule
from worker.songs.signs import Sign
from worker.songs.words import COMMON, NOT_ARTIST, WHOLE_NAME

_START = r"(?:(?m:^)[ \"*.:>\u2013-]{0,9}|(?<= )(?:(?<=[.:!?|] )|(?<=  )))"
_LABEL = r"(?:(?<= )(?:(?<=[:|] )|(?<=  ))|(?m:^) {1,9})"
_UPPER = r"(?:[^\W_a-z\u00df-\u00ff]|[a-z]{1,3}-?[A-Z0-9]|[@*$](?=\w))"
_IN_NAME = (
    r"(?:(?=[.,!])(?:(?<=\b[A-Z])\.|(?<=\b(?:Dr|Mr|St|Jr|ft))\.|(?<=feat)\.|"
    r", (?:[Tt]he|[A-Z]\w+ &)|[.!](?=\s+[-\u2013~]\s)|!(?= \())[^\n\":,.!?]{0,40}?){0,5}"
)
"""What goes on after a mark inside a name: "Mr. Jones", "R.E.M.", "Tyler, The Creator"."""
_TITLE = rf"(?P<title>{_UPPER}[^\n\":,.!?]{{0,60}}?{_IN_NAME})"
_ARTIST = rf"{NOT_ARTIST}(?P<artist>{WHOLE_NAME}|{_UPPER}[^\n\":,.!?]{{0,40}}?{_IN_NAME})"
_DASH = r"(?:\s+[-\u2013~]\s+|\u2013)"
_PLACE = r"(?:#|[Nn]o\.? ?)?\d{1,3}\.?\)?(?: ?\([^)\n]{1,8}\))?[.:]?"
_CHART = (
    r"(?i:\b(?:#\d{1,3}|no\.? ?\d{1,3}|charts?|countdown|top \d+|new at \d+|re-?entry|"
    r"(?:up|down) \d+)\b|#\d)"
)
_PLAYS = (
    r"(?<![\w@#']){owner} (?:(?:just|has|have|will|to|who|and) )?"
    r"(?i:do|did|doing|does|plays?|played|playing|with|(?:open|close|start|end)(?:ed|s|ing)? "
    r"(?:\w+ ){0,3}with) (?:\w+ ){0,2}?{quoted}"
)
DOES_QUOTED = (
    r"(?<![\w@#']){owner} (?:(?:just|has|have|will) )?"
    r"(?i:release[ds]?|drops?|dropped|debut(?:s|ed)?|"
    r"performs?|performed|sings?|sang|covers|covered|unveils?|unveiled|shares?|shared|premieres|"
    r"plays?|announce[ds]?|tease[ds]?|return(?:s|ed)? with) "
    r"(?:(?:her|his|their|its|the|new|single|song|track|video|for|a|cover|of|called|titled),? )"
    r"{0,5}{quoted}"
)
"""What the press writes of a song that comes out, or of a song on a stage."""
IN_CORNERS = (
    r"(?:(?m:^)|(?<=[\s:|/]))(?P<artist>[^\W\d_][^\s\"\u2039]*(?: [^\s\"\u2039]+){0,2})\u2039"
    r"(?P<title>[^\"\n\u2039]{1,80})\""
)
"""A name, and in Japanese corner brackets right after it a title."""

CHARTS = (
    Rule(
        "place, title, artist",
        0.7,
        r"(?:(?m:^)|(?<=[:|] )) ?(?:\d{1,3} ?\([^)\n]{1,8}\)|"
        r"#\d{1,3} ?\((?i:new|re|re-entry)\))[.:]? (?P<title>[^\n,]{1,60}), {artist}",
        "12 (9) bad guy, Billie Eilish",
        ("bad guy", ("Billie Eilish",)),
        needs=Sign.COMMA | Sign.PLACE,
        run=True,
    ),
    Rule(
        "place, title bar artist",
        0.65,
        r"#\d{1,3}[.:]? (?:\| )?" + _TITLE + r" \| {artist}",
        "Chart 12 | #3 Blinding Lights | The Weeknd",
        ("Blinding Lights", ("The Weeknd",)),
        needs=Sign.BAR | Sign.NUMBER,
        run=True,
    ),
    Rule(
        "chart, title dash artist",
        0.6,
        r"(?m:^)(?=[^\n]{0,80}" + _CHART + r")[^\n]{0,80}?(?:[:|] |(?<=\d )|is (?:still )?)"
        rf"(?:{_PLACE} )?(?P<title>[^\W_a-z][^\n\":&|]{{0,60}}?){_DASH}{{artist}}",
        "Down 2 | Levitating - Dua Lipa | 30 weeks in our chart",
        ("Levitating", ("Dua Lipa",)),
        needs=Sign.DASH,
        run=True,
        bounded=True,
        capitals=True,
    ),
    Rule(
        "chart, artist dash title",
        0.55,
        rf"(?m:^)(?=[^\n]{{0,80}}{_CHART})[^\n]{{0,80}}?(?:[:|] |(?<=\d )|(?m:^)#\d{{1,3}} )"
        rf"(?:{_PLACE} )?{_ARTIST}{_DASH}(?P<title>[^\n]{{1,100}})",
        "Re-entry in our top 20: Dua Lipa & Friends - Levitating",
        ("Levitating", ("Dua Lipa & Friends",)),
        needs=Sign.DASH,
        run=True,
        bounded=True,
        capitals=True,
    ),
)

OPENINGS = (
    Rule(
        "start, artist dash title",
        0.55,
        rf"{_START}{_ARTIST}{_DASH}(?P<title>[^\n]{{1,100}})",
        "Tame Impala - Elephant. The drums on this",
        ("Elephant", ("Tame Impala",)),
        needs=Sign.DASH,
        run=True,
        capitals=True,
        bounded=True,
    ),
    Rule(
        "start, artist dash title, prose",
        0.42,
        rf"{_START}{_ARTIST}{_DASH}(?P<title>[^\n]{{1,100}})",
        "Tame Impala - Elephant is what the bus driver hums",
        ("Elephant", ("Tame Impala",)),
        needs=Sign.DASH,
        run=True,
        capitals=True,
        goes_on=True,
    ),
    Rule(
        "start, title dash artist",
        0.4,
        rf"{_START}{_TITLE}{_DASH}{{artist}}",
        "what a morning on the radio. Elephant - Tame Impala, those drums",
        ("Elephant", ("Tame Impala",)),
        needs=Sign.DASH,
        run=True,
        capitals=True,
        music=True,
        bounded=True,
    ),
    Rule(
        "label, title by artist",
        0.5,
        rf"{_LABEL}{_TITLE} by {{artist}}",
        "what the neighbours hear tonight: Elephant by Tame Impala",
        ("Elephant", ("Tame Impala",)),
        needs=Sign.BY,
        run=True,
        capitals=True,
    ),
    Rule(
        "start, title by artist",
        0.45,
        rf"{_START}{_TITLE} by {{artist}}",
        "Again on the bus. Elephant by Tame Impala, those drums",
        ("Elephant", ("Tame Impala",)),
        needs=Sign.BY,
        run=True,
        capitals=True,
        bounded=True,
    ),
    Rule(
        "tag by tag",
        0.55,
        r"(?P<title>#\w{2,40}) by (?P<artist>[#@]\w{2,40})",
        "#Elephant by #TameImpala on the car radio",
        ("Elephant", ("Tame Impala",)),
        needs=Sign.BY,
        music=True,
    ),
)

BESIDE = (
    Rule(
        "quoted, von artist",
        0.75,
        r"{quoted},? (?:von|de|du|di|van|av|af|przez|par|do|da|por|fra|fr\u00e5n|od|dei|degli|"
        r"dari) {artist}",
        'heute schon zum dritten Mal "99 Luftballons" von Nena geh\u00f6rt',
        ("99 Luftballons", ("Nena",)),
        needs=Sign.QUOTED_VON,
        run=True,
    ),
    Rule(
        "start, artist quoted",
        0.5,
        _START + r"(?=[^\s@\"]+(?: [^\s\"']|[,:] )){owner}(?:,|:| //| /)? {quoted}(?! ?[A-Z])",
        'Cocteau Twins "Lorelei" for the walk home',
        ("Lorelei", ("Cocteau Twins",)),
        needs=Sign.NAME_QUOTED,
        capitals=True,
    ),
    Rule(
        "artist plays quoted",
        0.45,
        _PLAYS,
        'Last song of the night, and Wet Leg do "Chaise Longue"',
        ("Chaise Longue", ("Wet Leg",)),
        needs=Sign.PLAYS_QUOTED,
        capitals=True,
        music=True,
    ),
    Rule(
        "odd owner's quoted",
        0.7,
        r"(?<![\w@#'.-])(?P<artist>[a-z][\w.&$-]{1,30})'s (?:{work} )?(?:called )?{quoted}",
        "is anyone else crying at blink-182's \"Adam's Song\"",
        ("Adam's Song", ("blink-182",)),
        needs=Sign.OWNS,
        capitals=True,
    ),
)

PERHAPS = (
    Rule(
        "perhaps, quoted dash artist",
        0.36,
        r"{quoted}(?: [(\[][^)\]\n]{1,40}[)\]])?(?:\s+(?:[-\u2013~|]|//?)\s*|\u2013){artist}",
        '"Lorelei" - Cocteau Twins, on cassette',
        ("Lorelei", ("Cocteau Twins",)),
        needs=Sign.QUOTED_DASH,
        run=True,
        capitals=True,
        bounded=True,
    ),
    Rule(
        "perhaps, quoted and artist in brackets",
        0.3,
        r"{quoted} \((?P<artist>[A-Z@][^)\n]{1,40})\)",
        'new on the setlist: "Lorelei" (Cocteau Twins)',
        ("Lorelei", ("Cocteau Twins",)),
        needs=Sign.QUOTED_BRACKET,
        capitals=True,
    ),
    Rule(
        "perhaps, name with a title in corners",
        0.34,
        IN_CORNERS,
        "\u5b87\u591a\u7530\u30d2\u30ab\u30eb\u300eFirst Love\u300f",
        ("First Love", ("\u5b87\u591a\u7530\u30d2\u30ab\u30eb",)),
        needs=Sign.CORNER,
    ),
    Rule(
        "perhaps, title at handle",
        0.3,
        r"(?P<title>[A-Z0-9][^\n@#\"]{1,60}?),? (?P<artist>@\w{3,30})",
        "#np Lorelei @cocteautwins",
        ("Lorelei", ("cocteautwins",)),
        after_lead=True,
        capitals=True,
        bounded=True,
    ),
    Rule(
        "perhaps, quoted artist",
        0.34,
        r"{quoted},? (?!\()(?!'){artist}",
        '"Lorelei" Cocteau Twins, on cassette',
        ("Lorelei", ("Cocteau Twins",)),
        run=True,
        capitals=True,
        bounded=True,
    ),
    Rule(
        "perhaps, artist plays quoted",
        0.36,
        _PLAYS,
        'saw Wet Leg do "Chaise Longue" in a tent',
        ("Chaise Longue", ("Wet Leg",)),
        needs=Sign.PLAYS_QUOTED,
        capitals=True,
    ),
    Rule(
        "perhaps, artist does quoted",
        0.36,
        DOES_QUOTED,
        'Wet Leg return with "Chaise Longue" at last',
        ("Chaise Longue", ("Wet Leg",)),
        needs=Sign.DEED_QUOTED,
        capitals=True,
    ),
    Rule(
        "perhaps, artist quoted",
        0.34,
        r"(?<![\w@#']){owner}(?:,|:| //)? {quoted}",
        'right at the front for Wet Leg, "Chaise Longue", one shoe gone',
        ("Chaise Longue", ("Wet Leg",)),
        needs=Sign.NAME_QUOTED,
        capitals=True,
    ),
    Rule(
        "perhaps, artist quoted small",
        0.3,
        r"(?m:^)[ *.]{0,4}{owner}(?:,|:| //| [\u2013-])? {quoted}",
        'Wet Leg: "chaise longue". again',
        ("chaise longue", ("Wet Leg",)),
        needs=Sign.NAME_QUOTED,
    ),
    Rule(
        "perhaps, small owner's quoted",
        0.3,
        r"(?<![\w@#'.-])(?P<artist>[a-z][\w.&$-]{1,30})'s (?:{work} )?(?:called )?{quoted}",
        'nobody told me about slowdive\'s "Sugar for the Pill"',
        ("Sugar for the Pill", ("slowdive",)),
        needs=Sign.OWNS,
    ),
    Rule(
        "perhaps, small artist quoted",
        0.3,
        rf"(?m:^)[ *.]{{0,4}}(?!(?:[\w']+ ){{0,3}}{COMMON}\b)"
        r"(?P<artist>[a-z][\w.&-]{1,20}(?: [\w.&-]{1,20}){0,3})(?:,|:| //| [\u2013-])? {quoted}",
        'slowdive "sugar for the pill" for the way home',
        ("sugar for the pill", ("slowdive",)),
    ),
)
