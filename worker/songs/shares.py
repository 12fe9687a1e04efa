"""Rules for what players and their fans write: fields, tags, and names beside a lead."""

from __future__ import annotations

from worker.songs.rule import Rule
from worker.songs.signs import Sign
from worker.songs.words import NAME_BEGINS

_TITLE_FIELD = r"\b(?:[Ss]ong|[Tt]itle|[Tt]rack|SONG|TITLE|TRACK)(?: [Nn]ame| [Tt]itle)? ?:\s?"
_ARTIST_FIELD = r"\b(?:[Aa]rtists?|[Ss]inger|[Bb]and|ARTIST|SINGER)(?: [Nn]ame)? ?:\s?"
_NEXT_FIELD = r"\"?(?:\s{0,2}[\n|/,.;\u2013-]?\s{1,3}|\s{0,4}\n[\s\u266b]{0,4})"

FIELDS = (
    Rule(
        "title, a song by artist",
        0.85,
        r"(?:(?m:^)[ \"]{0,3}|(?<=[:!] ))(?P<title>[A-Z0-9#][^\n]{0,90}?)\"?"
        r"(?:, (?:a|the) (?:new )?| [\u2013\u00b7-] )"
        r"(?i:song(?: and lyrics)?|track|single) by {artist}",
        "Sugar for the Pill, a song by Slowdive on Spotify",
        ("Sugar for the Pill", ("Slowdive",)),
        needs=Sign.BY | Sign.SONG_BY,
        capitals=True,
    ),
    Rule(
        "title field, artist field",
        0.85,
        rf"{_TITLE_FIELD}\"?(?P<title>[^\n\":]{{1,80}}?){_NEXT_FIELD}{_ARTIST_FIELD}{{artist}}",
        "Song: Sugar for the Pill / Artist: Slowdive",
        ("Sugar for the Pill", ("Slowdive",)),
        needs=Sign.COLON | Sign.FIELDS,
    ),
    Rule(
        "artist field, title field",
        0.85,
        rf"{_ARTIST_FIELD}(?P<artist>[^\n\":]{{1,60}}?){_NEXT_FIELD}{_TITLE_FIELD}\"?"
        r"(?P<title>[^\n\"]{1,100})",
        "Artist: Slowdive | Title: Sugar for the Pill",
        ("Sugar for the Pill", ("Slowdive",)),
        needs=Sign.COLON | Sign.FIELDS,
        open_title=True,
    ),
)

BESIDE_LEAD = (
    Rule(
        "lead, artist quoted",
        0.65,
        r"{owner}[,:]? {quoted}",
        '#np Slowdive "Sugar for the Pill" on the night bus',
        ("Sugar for the Pill", ("Slowdive",)),
        after_lead=True,
        capitals=True,
    ),
    Rule(
        "lead, quoted artist",
        0.6,
        r"{quoted},? (?!\()(?!'){artist}",
        '#np "Sugar for the Pill" Slowdive #shoegaze',
        ("Sugar for the Pill", ("Slowdive",)),
        after_lead=True,
        capitals=True,
        run=True,
        bounded=True,
    ),
    Rule(
        "lead, title van artist",
        0.45,
        r"(?:(?<=naar )|(?<=uvindo )|(?<=ou\u00e7a )|(?<=colta )|(?<=coltando )|"
        r"(?<= p\u00e5 )|(?<= til )|(?<=ngerin )|(?<=ngarkan )|(?<= lagu ))"
        r"(?P<title>[^\n]{1,120}) (?:van|da|do|dei|della|med|av|af|dari) {artist}",
        "ik luister naar Zoutelande van Bl\u00f8f",
        ("Zoutelande", ("Bl\u00f8f",)),
        after_lead=True,
        capitals=True,
    ),
)

_NAME = rf"{NAME_BEGINS}[^\n\"|/]{{0,60}}?"
_BAR = r" ?(?:\||//?)"
_COLON = rf"(?:{_BAR}|:) "

TAGGED_LINES = (
    Rule(
        "tagged line, artist bar title",
        0.5,
        rf"(?m:^)[ *]{{0,3}}(?P<artist>{_NAME}){_COLON}(?P<title>[^\n|/]{{1,100}})",
        "Slowdive | Sugar for the Pill #nowplaying",
        ("Sugar for the Pill", ("Slowdive",)),
        needs=Sign.LEAD,
        capitals=True,
        whole_line=True,
        open_title=True,
    ),
    Rule(
        "tagged line, title bar artist",
        0.45,
        rf"(?m:^)[ *]{{0,3}}(?P<title>{_NAME}){_BAR} {{artist}}",
        "Sugar for the Pill / Slowdive #nowplaying",
        ("Sugar for the Pill", ("Slowdive",)),
        needs=Sign.LEAD,
        capitals=True,
        whole_line=True,
    ),
)
