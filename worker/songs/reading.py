"""Applies the rules to a tidied post and weighs what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from worker.songs import names
from worker.songs.cues import (
    FILLER,
    LEADS,
    MUSIC,
    NO_NAME,
    NO_OWNER,
    NOT_A_SONG_AFTER,
    NOT_A_SONG_BEFORE,
)
from worker.songs.post import Post
from worker.songs.rules import Rule, Sign, groups_for
from worker.songs.song import Song

MOST_CANDIDATES = 6
SURE = 0.7
"""A group of rules that reads this surely ends the reading."""
_MOST_LEADS = 4
_MOST_MATCHES = 4
_SQUASH = re.compile(r"\W+")
_TAGS = re.compile(r"[@#](\w+)")
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "but",
        "by",
        "de",
        "del",
        "el",
        "en",
        "for",
        "from",
        "in",
        "is",
        "it",
        "la",
        "le",
        "me",
        "my",
        "n",
        "no",
        "of",
        "on",
        "or",
        "out",
        "so",
        "the",
        "to",
        "up",
        "with",
        "you",
        "your",
        "y",
        "x",
        "vs",
        "feat",
        "ft",
    ]
)
_HINTS = tuple((hint, lead) for lead in LEADS for hint in lead.hints)
_SINGLE_AFTER_LEAD = 0.9  # after a lead, single marks often stand inside the title: Rock 'n' Roll
# Flags are slow to join; their bits are not.
_LEAD, _ONE_BY, _TWO_BY, _CAPITAL_BY, _APOSTROPHE, _SINGLE, _DOUBLE = (
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
    ("pandora", Sign.PANDORA.value),
)
_BY = re.compile(r"\sby\b")
_OPENING = re.compile(r"(?<!\w)'\S")
_PREAMBLE = re.compile(r"[a-z][^\n:!]{0,40}[:!]\s+(?=[A-Z\"])")
_AROUND = re.compile(r"[\s\"'.!,*:;)\]#@(\[\u2013\u266b>|-]*")


class Reading:
    """One pass over one post: what its rules read, and whether an album was in the way."""

    def __init__(self, post: Post) -> None:
        self.post = post
        # One capital letter would become two small ones, and move all places after it.
        self.lower = post.text.replace("\u0130", "I").lower()
        self.leads = self._leads()
        self.signs = self._signs()
        self.marks = (bool(self.signs & _DOUBLE), bool(self.signs & _SINGLE))
        self.met_album = False

    def songs(self) -> tuple[Song, ...]:
        """All readings, the surest first, each once."""
        found: dict[tuple[str, ...], Song] = {}
        for group in groups_for(self.signs):
            for song in self._heard(group):
                key = (song.title.casefold(), *map(str.casefold, song.artists))
                if key not in found or found[key].confidence < song.confidence:
                    found[key] = song
            if any(song.confidence >= SURE for song in found.values()):
                break
        ranked = sorted(found.values(), key=lambda song: -song.confidence)
        return tuple(ranked[:MOST_CANDIDATES])

    def _leads(self) -> list[tuple[float, int]]:
        """What each lead is worth and where it ends; the last come first."""
        lower, ends = self.lower, set()
        for hint, lead in _HINTS:
            if hint in lower:
                for said in lead.expression.finditer(lower):
                    after = FILLER.match(self.post.text, said.end())
                    ends.add((after.end() if after else said.end(), lead.weight))
        return [(weight, end) for end, weight in sorted(ends, reverse=True)[:_MOST_LEADS]]

    @cached_property
    def musical(self) -> bool:
        """Whether anything in the post speaks of music."""
        return bool(self.post.link or self.leads or MUSIC.search(self.lower))

    def _signs(self) -> int:
        """The bits of every Sign that is seen."""
        text, lower = self.post.text, self.lower
        signs = _LEAD if self.leads else 0
        if "by" in lower and (count := len(_BY.findall(lower))):
            signs |= _ONE_BY if count == 1 else _ONE_BY | _TWO_BY
            signs |= _CAPITAL_BY if " By" in text or " BY" in text else 0
        if "'" in text:
            signs |= _APOSTROPHE | _SINGLE if _OPENING.search(text) else _APOSTROPHE
        for mark, sign in _MARKS:
            if mark in lower:
                signs |= sign
        return signs

    def _heard(self, group: tuple[Rule, ...]) -> Iterator[Song]:
        for rule in group:
            if not rule.music or self.musical:
                for weight, match in self._matches(rule):
                    yield from self._read(rule, match, weight)

    def _matches(self, rule: Rule) -> Iterator[tuple[float, re.Match[str]]]:
        for kind, pattern in enumerate(rule.patterns):
            if rule.quoted and not self.marks[kind]:
                continue
            doubt = _SINGLE_AFTER_LEAD if kind and self.leads else 1.0
            if rule.after_lead:
                for weight, end in self.leads:
                    if match := pattern.match(self.post.text, end):
                        yield weight, match
            else:
                match = pattern.search(self.post.text)
                for _ in range(_MOST_MATCHES):
                    if match is None:
                        break
                    yield doubt, match
                    # Not from the match's end: an artist ran to the end of the line.
                    match = pattern.search(self.post.text, match.end("title") + 1)

    def _read(self, rule: Rule, match: re.Match[str], weight: float) -> Iterator[Song]:
        title, start, end, featured = self._title(rule, match)
        if not title:
            return
        artists: tuple[str, ...] = ()
        if "artist" in match.re.groupindex:
            begin, stop, artists = self._artists(rule, match)
            if not artists:
                return
            start, end = min(start, begin), max(end, stop)
            artists += tuple(name for name in featured if name not in artists)
        change = self._change(rule, title, artists, (start, end))
        if change is None:
            return
        confidence = round(min(max(rule.confidence * weight + change, 0.05), 0.99), 3)
        song = Song(title, artists, confidence, rule.name, self.post.span(start, end))
        yield song
        if artists and len(apart := names.split_names(artists[0])) > 1:
            split = (*apart, *artists[1:])
            yield replace(song, artists=split, confidence=round(confidence * 0.6, 3))

    def _title(self, rule: Rule, match: re.Match[str]) -> tuple[str, int, int, tuple[str, ...]]:
        """The clean title ("" for none), its place, and the artists that it says are featured."""
        text = self.post.text
        start, end = match.span("title")
        if rule.open_title:
            end = names.title_end(text, start, end)
        if rule.after_lead and not rule.quoted and (begun := _PREAMBLE.match(text, start, end)):
            start = begun.end()
        marked = rule.quoted or rule.after_lead
        cleaned = names.clean_title(text[start:end], marked=marked)
        if cleaned is None:
            return "", start, end, ()
        if self._is_no_song(match, text[start:end], quoted=rule.quoted):
            self.met_album = True
            return "", start, end, ()
        return cleaned[0], start, end, cleaned[1]

    def _artists(self, rule: Rule, match: re.Match[str]) -> tuple[int, int, tuple[str, ...]]:
        """The artist's place and the names, none where they can be no artist's."""
        text = self.post.text
        start, end = match.span("artist")
        end = names.artist_end(text, start, end)
        artists = names.clean_artists(text[start:end]) or ()
        if artists and rule.owned and NO_OWNER.fullmatch(artists[0]):
            return start, end, ()
        if artists and (rule.owned or rule.whole_line) and NO_NAME.search(artists[0]):
            return start, end, ()
        return start, end, artists

    def _is_no_song(self, match: re.Match[str], title: str, *, quoted: bool) -> bool:
        if not quoted:
            return names.is_whole_work(title)
        text = self.lower
        opening = match.start("title") - 1
        closing = match.end("title") + 1
        before = text[max(0, opening - 40) : opening]
        return bool(NOT_A_SONG_BEFORE.search(before) or NOT_A_SONG_AFTER.match(text, closing))

    def _change(
        self, rule: Rule, title: str, artists: tuple[str, ...], span: tuple[int, int]
    ) -> float | None:
        """What the look of the names adds to or takes from a rule's confidence; None refuses."""
        text = self.post.text
        if rule.capitals and not _is_capitalised(title):
            return None
        if rule.whole_line and not self._fills_line(title, artists, span):
            return None
        if rule.whole_line and any(span[0] < end <= span[1] for _, end in self.leads):
            return None
        if not artists:
            return 0.0
        change = 0.15 if rule.dashed and self._is_tagged(artists[0]) else 0.0
        if artists[0][0].islower() and not _TAGS.search(text, *span):
            if rule.capitals or names.begins_loosely(title):
                return None
            if not self.musical:
                return None if artists[0].count(" ") > 2 else -0.3
        return change

    def _is_tagged(self, artist: str) -> bool:
        """Whether a mention or a hashtag spells the artist."""
        tags = {tag.casefold() for tag in _TAGS.findall(self.post.text)}
        return _SQUASH.sub("", artist).casefold() in tags

    def _fills_line(self, title: str, artists: tuple[str, ...], span: tuple[int, int]) -> bool:
        """Whether a line holds only the song, of lengths that names have."""
        if title.count(" ") > 8 or artists[0].count(" ") > 5:
            return False
        rest = self.post.text[span[1] :].split("\n", 1)[0]
        return not _AROUND.sub("", _TAGS.sub("", rest)) or names.is_tail(rest)


def _is_capitalised(name: str) -> bool:
    """Whether a name is written as one: Like This, LIKE THIS, or in a script without cases."""
    words = [word.strip("\"'([#@.,!?&-") for word in name.split()]
    words = [word for word in words if word]
    if not words or (words[0][:1].islower()):
        return False
    small = sum(word[:1].islower() and word not in _SMALL_WORDS for word in words)
    return small * 3 <= len(words) - 1 or (len(words) <= 2 and small == 0)
