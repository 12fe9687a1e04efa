"""What in a post tells of a song, or against one: leads, words of music, other works.

All but FILLER are matched against the post in lower case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from worker.songs.needles import searcher


@dataclass(frozen=True, eq=False)
class Lead:
    """Words after which a song is named, and how much they are worth to its reading."""

    name: str
    weight: float
    hints: tuple[str, ...]  # one of these is in the post, or we need not look
    pattern: str
    expression: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "expression", re.compile(self.pattern))


_PLAYS_NOW = (
    "\u0441\u0435\u0439\u0447\u0430\u0441 \u0438\u0433\u0440\u0430\u0435\u0442"  # in Russian
)
_SONGS = ("song", "track", "tune", "jam", "single", "soundtrack")

LEADS = (
    Lead(
        "listening", 1.0, ("listen",), r"listen(?:ing|in)?'?[\s\u266b]+(?:again |right now )?to\b"
    ),
    Lead(
        "now playing",
        1.0,
        (
            "playing",
            *(f"now{gap}spinning" for gap in ("", " ", "_", "-")),
            *(f"now{gap}listening" for gap in ("", " ", "_", "-")),
            "np",
            "#sotd",
            "now on air",
            "\u306a\u3046\u3077\u308c",
        ),
        r"#?\bnow[ _-]?(?:playing|spinning|listening(?: to)?)\b|#\w*nowplaying\b|\bnp\b|#sotd\b|"
        r"\bcurrently playing\b|\bnow on air\b|#?\u306a\u3046\u3077\u308c",
    ),
    Lead(
        "recognised",
        1.0,
        ("shazam", "soundhound"),
        r"\b(?:shazam|soundhound) to (?:discover|find|identify)\b|\bshazamm?ed\b",
    ),
    Lead("on repeat", 0.9, ("on repeat", "on loop"), r"\bon (?:repeat|loop)(?: today| again)?\s*:"),
    Lead(
        "moving to",
        0.9,
        ("jammin", "vibin", "dancin", "groovin", "cryin", "bumpin"),
        r"\b(?:jamm|vib|danc|groov|cry|bump)(?:ing|in|in')(?: out)? to\b",
    ),
    Lead(
        "stuck on",
        0.9,
        ("blasting", "obsessed", "addicted to", "in my head", "bumping", "spinning"),
        r"\b(?:blasting|bumping|spinning|obsessed with|addicted to|stuck in my head)\b",
    ),
    Lead(
        "of the day",
        0.9,
        (
            *(f"{song} {of}" for song in _SONGS for of in ("of the", "of my", "for the")),
            *("current song", "current jam", "current mood"),
            *("earworm", "#musicmonday", "#songof"),
        ),
        rf"\b(?:{'|'.join(_SONGS)}) (?:of the|of my|for the) "
        r"(?:day|week|night|morning|month|summer|moment|year)(?: is)?\b|"
        r"\bcurrent (?:song|jam|mood)\b|\bearworm\b|#musicmonday\b|#songoftheday\b",
    ),
    Lead(
        "alike",
        0.8,
        (
            *("similar", "song like", "songs like", "track like", "tracks like", "music like"),
            *("thing like", "sound like", "sounds like", "vibe like", "vibes like"),
        ),
        r"\bsimilar (?:in \w+ )?to\b|"
        r"\b(?:songs?|tracks?|music|something|anything|sounds?|vibes?) like\b",
    ),
    Lead(
        "a video liked",
        0.8,
        ("liked a", "rited a", "added a"),
        r"\b(?:liked|favou?rited|added) an? (?:@?youtube )?video"
        r"(?: to a @?youtube playlist)?(?: from @?\w+)?",
    ),
    Lead("in Spanish", 0.9, ("escucha",), r"\bescucha(?:ndo)?(?: a)?\b"),
    Lead("in Portuguese", 0.9, ("ouvindo", "ou\u00e7a"), r"\b(?:ouvindo|ou\u00e7a)(?: agora)?\b"),
    Lead("in French", 0.9, ("\u00e9coute",), r"\b\u00e9coutez?(?: en ce moment)?\b"),
    Lead(
        "in German",
        0.9,
        ("h\u00f6r", "gerade l\u00e4uft"),
        r"\bh\u00f6r(?:e|t)? (?:gerade|grad)\b|\bgerade l\u00e4uft\b",
    ),
    Lead("in Italian", 0.9, ("ascolta",), r"\bascolta(?:ndo)?\b"),
    Lead("in Indonesian", 0.9, ("deng",), r"\b(?:dengerin|mendengarkan)(?: lagu)?\b"),
    Lead("in Turkish", 0.9, ("dinliyorum",), r"\bdinliyorum\b"),
    Lead(
        "in Russian",
        0.9,
        ("\u0441\u043b\u0443\u0448\u0430\u044e",),
        r"\b\u0441\u043b\u0443\u0448\u0430\u044e\b",
    ),
    Lead("in Dutch", 0.9, ("luister",), r"\bluister(?:en)? naar\b"),
    Lead("in Swedish", 0.9, ("lyssnar",), r"\blyssnar p\u00e5"),
    Lead("in Norwegian and Danish", 0.9, ("lytter",), r"\blytter (?:til|p\u00e5)\b"),
    Lead("in Polish", 0.9, ("s\u0142ucham",), r"\bs\u0142ucham\b"),
    Lead(
        "in Chinese",
        0.9,
        ("\u5728\u542c", "\u5728\u807d"),
        r"(?:\u6b63|\u73b0)?\u5728[\u542c\u807d](?:\u7740|\u8457)?",
    ),
    Lead(
        "in Japanese",
        0.9,
        ("\u8074\u3044\u3066",),
        r"\u8074\u3044\u3066(?:\u308b|\u3044\u308b|\u307e\u3059)?",
    ),
    Lead(
        "on air elsewhere",
        0.9,
        (
            *("in onda", "teraz gra", "sonando ahora", "suena ahora", "tocando agora"),
            *("op de radio", "en \u00e9coute", _PLAYS_NOW, "\u015fu an \u00e7al\u0131yor"),
            *("on air:", "currently listening"),
        ),
        r"\b(?:(?:adesso |ora )?in onda|teraz gra|(?:sonando|suena) ahora|tocando agora|"
        rf"(?:nu )?op de radio|en \u00e9coute|{_PLAYS_NOW}|"
        r"\u015fu an \u00e7al\u0131yor)\b ?:|\bon air:|\bcurrently listening(?: to)?\b",
    ),
    Lead(
        "of the day elsewhere",
        0.9,
        (
            *("ohrwurm", "des tages", "du jour", "del d\u00eda", "del giorno", "do dia"),
            "van de dag",
        ),
        r"\b(?:ohrwurm(?: des tages)?|(?:song|lied|track|musik) des tages|"
        r"(?:chanson|morceau|titre|musique) du jour|canci\u00f3n del d\u00eda|canzone del giorno|"
        r"(?:m\u00fasica|can\u00e7\u00e3o) do dia|(?:nummer|liedje) van de dag)\b ?:",
    ),
    Lead("note", 0.85, ("\u266b",), r"\u266b"),
)

MOST_LEADS = 4
"""Of more leads in one post only the last ones count: it bounds time."""
_HINTS = tuple((hint, lead) for lead in LEADS for hint in lead.hints)
_any_hint = searcher(hint for hint, _ in _HINTS)
_any_ascii_hint = searcher(hint for hint, _ in _HINTS if hint.isascii())


class Said(NamedTuple):
    """A lead that stands in a post: its place, and what it is worth."""

    start: int
    end: int
    weight: float


def may_lead(lower: str) -> bool:
    """Whether a text in lower case may hold a lead: it holds the hint of one."""
    search = _any_ascii_hint if lower.isascii() else _any_hint
    return search(lower) is not None


def leads_in(lower: str) -> list[Said]:
    """The leads that a text in lower case holds, in no order; each once."""
    if not may_lead(lower):
        return []
    hinted = dict.fromkeys(lead for hint, lead in _HINTS if hint in lower)
    return [
        Said(*said.span(), lead.weight)
        for lead in hinted
        for said in lead.expression.finditer(lower)
    ]


_STATION = r"(?:(?:on|at) [^\n:\u2013-]{1,30}?(?::\s|\s[\u2013-]\s(?=[^\n]{1,80}\s[\u2013-]\s)))?"
FILLER = re.compile(
    rf"[\s:;,.\u266b~*=()\[\]>\u2013-]*{_STATION}"
    r"\s*(?:(?:(?:the|this|that|my|some|a)\s+)?"
    r"(?:(?:new|latest|current|favou?rite|great|amazing|beautiful|classic)\s+){0,2}"
    r"(?:songs?|tracks?|single|jam|tune|cover|remix)\b[:,]?\s*(?:is\s+|called\s+|titled\s+)?"
    r"(?!(?:by|from|of|on|in|with)\b))?(?:\u266b\s*)*"
)
"""What may stand between a lead and the song: marks, a station, "the new song"."""

MUSIC = re.compile(
    r"\W(?:(?:songs?|singles?|tracks?|tunes?|music|listen\w*|spotify|soundcloud|remix\w*|covers?|"
    r"lyrics?|nowplaying|np|bandcamp|pandora|youtube|vevo|vinyl|playlist|jam|radio|chorus|"
    r"feat|ft\.|hot ?100|charts?|debuts?|itunes|mv|acoustic|guitar|melody|anthem|banger|"
    r"remaster(?:ed)?|radio edit|"
    r"shoegaze|dreampop|indie|hiphop|techno|punk|metal|jazz|edm|kpop|live session|"
    r"official (?:music )?(?:video|audio)|lyric video)\b|(?<=#)\w*music|(?<=\u266b))"
)
"""Words that say a post speaks of music; for a post in lower case after one blank."""

NOT_A_SONG_BEFORE = re.compile(
    r"\b(?:albums?|l\.?p\.?|e\.?p\.?|record|mixtape|movie|films?|books?|novel|shows?|series|"
    r"episode|season|tour|musical|(?:the|a|this|his|her|my|our|new) play|documentary|poem|"
    r"article|painting|interview|"
    r"soundtrack|game|magazine|poster|sign|shirt|account|app|festival|concert|gig|event|party|"
    r"speech|selection|read|reading|reads|written|question|words?(?! of\b)|phrase|said|says|"
    r"saying|quote|"
    r"called me|hashtag|headline|"
    r"compilation|memoir|essay|chapter|trailer|podcast|column|class|lecture|exhibition|"
    r"starring|costume|scene|sequel)"
    r"(?: of the (?:day|week|month|year|decade))?"
    r"(?: is)?\W{0,3}(?:called|titled|entitled|named|for|on|of|to|from|in)?\W{0,3}$"
)
NOT_A_SONG_AFTER = re.compile(
    r"[,.!?]? ?\(?(?:the |his |her |their |our |my )?(?:debut |new |live |world |first |full )?"
    r"(?:album|lp|ep|mixtape|tour|movie|film|book|novel|episode|show|musical|tickets|trailer|"
    r"party|festival|documentary|box ?set|deluxe|vinyl|shirt|tee|merch|soundtrack|game|"
    r"season|premiere|screening|issue|edition|special|campaign|fans?|day|moment|guy|face|costume|character|star|actor)\b"
)
"""What says, before and after a quoted name, that it is no song."""

ALBUM_BEFORE = re.compile(
    r"\b(?:albums?|lp|ep|mixtape)(?: (?:of the (?:day|week|month|year|decade)|stream|premiere))?"
    r":? *\"?$"
)
"""What says so before a name without marks."""

_WORKS = r"(?:film|movie|book|novel|poem|painting|podcast|play|recipe)"
OTHER_WORK = re.compile(
    rf"\b(?:(?:best|favou?rite|greatest|finest|what an?|this|my|new) {_WORKS}s?|"
    rf"{_WORKS}s? (?:of the|club|#?\d)|audiobook|narrated by|season \d|episode \d|best picture|"
    r"match ?day|spieltag|tour dates|hiring|re-?watching|"
    r"(?:finished|now|currently) reading|(?:watching|reading)(?= [\"'])|lese|leyendo|"
    r"leggendo|lendo|je lis|"
    r"book ?review|friday ?reads|amreading|bookstodon|goodreads|letterboxd)\b|"
    rf"(?:^|[\n.!?] ?)(?:{_WORKS}|chess|sculpture|ted talk|audible|job|photo|opinion|article|"
    r"the long read|new on the blog) ?[:|\"]"
)
"""What a post may speak of that says nothing of music: a book, a film, a job."""
