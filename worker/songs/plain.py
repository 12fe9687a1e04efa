"""Posts of one plain sentence, `I'm listening to "Alison" by Slowdive`, as players write them.

They are many, so they are read at once, and the other rules are not asked: the sentence alone says
which rule reads it. What could make any rule read otherwise (a second "by", a lead before it,
further quotation marks, a field) leaves the post to the rules. Most need no tidying; what tidying
would touch (a link, an emoji, an entity) is looked at again once it is tidy.

What is read here is what the rules would read, for it takes the same steps: the rule's own
confidence, `clean_title`, `artist_end`, `clean_artists`. Only names that these leave as they are
skip them (`plain_names`). The tests hold both ways side by side, over invented sentences too.
"""

from __future__ import annotations

import re

from worker.songs.cues import FILLER, MOST_LEADS, leads_in, may_lead
from worker.songs.endings import artist_end
from worker.songs.found import versions
from worker.songs.looks import is_whole_work
from worker.songs.names import clean_artists, clean_title, with_guests
from worker.songs.plain_names import plain_artist, plain_names
from worker.songs.post import LIMIT, Post, is_tidy, lowered
from worker.songs.rules import RULES
from worker.songs.signs import has_fields, is_announced, opens_quotation
from worker.songs.song import Song
from worker.songs.words import NOT_ARTIST

_QUOTED, _LED = (
    next(rule for rule in RULES if rule.name == name)
    for name in ("quoted, by", "lead, title by artist")
)
_WORDS = r"[\w '.,:&@#()\[\]!?~*+=-]"
_sentence = re.compile(
    r"I(?:'| a)m [Ll]istening to "
    rf"(?P<mark>\"?)(?P<title>[^\W_]{_WORDS}{{0,80}}?)(?P=mark) by "
    # To the end of the line: what is no artist's there, `artist_end` cuts.
    rf"(?P<artist>[\w@]{_WORDS}{{0,90}})"
    r"(?:(?<= )https?://t\.co/\w{1,20}(?!\S)|(?=\n)|\Z)"
).search
_NO_BREAK = r"[^\n\"\u1680\u205f]"  # these two are the only other blanks that tidying leaves
_tidied_sentence = re.compile(
    r"[Ii](?:'| a)m [Ll]istening to {1,3}"
    rf"(?P<mark>)(?P<title>[^\W_]{_NO_BREAK}{{0,80}}?) by "
    rf"(?P<artist>[\w@#]{_NO_BREAK}{{0,90}})(?=\n|\Z)"
).search
"""The same in a tidied text, where links are line breaks: any mark but a quotation mark."""
_is_harmless = re.compile(r"[\w\s'.,:;&@#|()\[\]<>!?~*+=^%$-]*").fullmatch
"""What may stand around the sentence: no link, no quotation, nothing that tidying makes one of."""
_may_be_artist = re.compile(NOT_ARTIST).match


def read_plain(given: str) -> tuple[Song, ...]:
    """The readings of a plain sentence, the surest first; none of any other post."""
    if "istening to " not in given or len(given) > LIMIT:
        return ()
    text = given.replace("\u2019", "'")
    if "&" in text:
        if text.count("&") != text.count("&amp; "):
            return ()  # other entities
        text = text.replace("&amp;", "&")
    sentence = _sentence(text)
    if sentence is None or not _stands_alone(text, sentence):
        return ()
    song = _song(text, sentence)
    if song is None:
        return ()
    if "&" in text:
        song = song._replace(span=_escaped(text, *song.span))
    return versions(song)


def read_tidied(post: Post) -> tuple[Song, ...]:
    """The same of a post that had to be tidied first."""
    text = post.text
    if "istening to " not in text or '"' in text or opens_quotation(text):
        return ()
    sentence = _tidied_sentence(text)
    if sentence is None or not _speaks_alone(text, sentence):
        return ()
    song = _song(text, sentence)
    return versions(song._replace(span=post.span(*song.span))) if song else ()


def _song(text: str, sentence: re.Match[str]) -> Song | None:
    """What the rule of the sentence reads in it."""
    rule = _QUOTED if sentence["mark"] else _LED
    start, end = sentence.span("title")
    if plain := plain_names(text, start, sentence.end("artist")):
        span = start, plain.end(2)
        return Song(plain[1], (plain[2],), rule.confidence, rule.name, span)
    raw = text[start : end if rule is _QUOTED else end + 1]  # as the rule takes it
    small = raw[0].islower()
    if small and not _begins_title(text, start, end):
        return None
    title = clean_title(raw, marked=True)
    if title is None or (rule is _LED and is_whole_work(raw)):
        return None
    end, artists = _artists(text, *sentence.span("artist"))
    if not artists or (small and artists[0][0].islower()):
        return None
    artists = with_guests(artists, title[1])
    return Song(title[0], artists, rule.confidence, rule.name, (start, end))


def _begins_title(text: str, start: int, end: int) -> bool:
    """Whether small words are surely a title's from the first, no "the song" before one."""
    filler = FILLER.match(text, start)
    opened = "!" in text[start:end] or ":" in text[start:end]
    return not opened and (filler is None or filler.end() == start)


def _artists(text: str, start: int, end: int) -> tuple[int, tuple[str, ...]]:
    """Where the artist ends, and the names."""
    if not _may_be_artist(text, start, end):
        return start, ()
    if plain := plain_artist(text, start, end):
        return plain.end(1), (plain[1],)
    end = artist_end(text, start, end)
    return end, clean_artists(text[start:end]) or ()


def _escaped(text: str, start: int, end: int) -> tuple[int, int]:
    """Places in the text as places in the given one, in which each "&" was "&amp;"."""
    more = len("amp;")
    return start + more * text.count("&", 0, start), end + more * text.count("&", 0, end)


def _stands_alone(text: str, sentence: re.Match[str]) -> bool:
    """Whether no rule would read anything in the post but this sentence."""
    start, end = sentence.span()
    if (
        not _is_harmless(text[:start] + text[end:])
        or opens_quotation(text)
        or not is_tidy(text)
        or ("@" in sentence[0] and "rt" in sentence[0].lower())  # a retweet
        or "www." in text
        or "spotify:" in text
    ):
        return False
    return _speaks_alone(text, sentence)


def _speaks_alone(text: str, sentence: re.Match[str]) -> bool:
    """Whether no field and no other "by" or lead is in the way."""
    lower = lowered(text)
    if (", " in text and is_announced(lower)) or (": " in text and has_fields(lower)):
        return False
    if sentence["mark"]:
        return sentence["title"].isascii()
    return lower.count(" by") == 1 and _is_first_lead(lower, sentence)


def _is_first_lead(lower: str, sentence: re.Match[str]) -> bool:
    """Whether no other lead stands before the sentence's end, nor too many after it."""
    if not sentence.start() and not may_lead(lower[sentence.start("title") :]):
        return True
    leads = leads_in(lower)
    return len(leads) <= MOST_LEADS and sum(said.end <= sentence.end() for said in leads) == 1
