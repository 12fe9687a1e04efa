"""Applies the rules to a tidied post and weighs what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress

from worker.songs import names
from worker.songs.cues import (
    FILLER,
    LEADS,
    MUSIC,
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
    ["a", "an", "and", "as", "at", "but", "by", "de", "del", "el", "en", "for", "from", "in", "is", "it", "la", "le", "me", "my", "n", "no", "of", "on", "or", "out", "so", "the", "to", "up", "with", "you", "your", "y", "x", "vs", "feat", "ft"]
)
_HINTS = tuple((hint, lead) for lead in LEADS for hint in lead.hints)
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
_AROUND = re.compile(r"[\s\"'.!,*:;)\]#@(\[\u2013\u266b>|-]*")


@dataclass
class Reading:
    """One pass over one post: what its rules read, and whether an album was in the way."""

    post: Post
    met_album: bool = field(default=False, init=False)

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

    @cached_property
    def lower(self) -> str:
        """The text in lower case, place by place (one capital letter would become two)."""
        return self.post.text.replace("\u0130", "I").lower()

    @cached_property
    def leads(self) -> list[tuple[float, int]]:
        """What each lead is worth and where it ends; the last come first."""
        ends = []
        lower = self.lower
        for hint, lead in _HINTS:
            if hint in lower:
                for said in lead.expression.finditer(lower):
                    after = FILLER.match(self.post.text, said.end())
                    ends.append((after.end() if after else said.end(), lead.weight))
        ends.sort(reverse=True)
        return [(weight, end) for end, weight in ends[:_MOST_LEADS]]

    @cached_property
    def musical(self) -> bool:
        """Whether anything in the post speaks of music."""
        return bool(self.post.link or self.leads or MUSIC.search(self.lower))

    @cached_property
    def signs(self) -> Sign:
        """What is seen at a glance."""
        text, lower = self.post.text, self.lower
        signs = Sign.LEAD.value if self.leads else 0
        if "by" in lower:
            count = len(_BY.findall(lower))
            signs |= (Sign.BY.value if count else 0) | (Sign.TWO_BY.value if count > 1 else 0)
            signs |= Sign.CAPITAL_BY.value if " By" in text or " BY" in text else 0
        if "'" in text:
            signs |= Sign.APOSTROPHE.value
            signs |= Sign.SINGLE.value if _OPENING.search(text) else 0
        for mark, sign in _MARKS:
            if mark in lower:
                signs |= sign
        return Sign(signs)

    def _heard(self, group: tuple[Rule, ...]) -> Iterator[Song]:
        for rule in group:
            if not rule.music or self.musical:
                for weight, match in self._matches(rule):
                    yield from self._read(rule, match, weight)

    def _matches(self, rule: Rule) -> Iterator[tuple[float, re.Match[str]]]:
        marks = (Sign.DOUBLE in self.signs, Sign.SINGLE in self.signs)
        for pattern in compress(rule.patterns, marks) if rule.quoted else rule.patterns:
            if rule.after_lead:
                for weight, end in self.leads:
                    if match := pattern.match(self.post.text, end):
                        yield weight, match
            else:
                for count, match in enumerate(pattern.finditer(self.post.text)):
                    if count == _MOST_MATCHES:
                        break
                    yield 1.0, match

    def _read(self, rule: Rule, match: re.Match[str], weight: float) -> Iterator[Song]:
        text = self.post.text
        start, end = match.span("title")
        if rule.open_title:
            end = names.title_end(text, start, end)
        marked = rule.quoted or rule.after_lead
        titled = names.clean_title(text[start:end], marked=marked)
        if titled is None:
            return
        if self._is_album(match, text[start:end], quoted=rule.quoted):
            self.met_album = True
            return
        title, featured = titled
        artists: tuple[str, ...] = ()
        first, last = start, end
        if "artist" in match.re.groupindex:
            begin, stop = match.span("artist")
            stop = names.artist_end(text, begin, stop)
            cleaned = names.clean_artists(text[begin:stop])
            if cleaned is None or ("{owner}" in rule.form and NO_OWNER.fullmatch(cleaned[0])):
                return
            artists = cleaned
            first, last = min(start, begin), max(end, stop)
        if not self._meets(rule, title, artists, first, last):
            return
        doubt = self._doubt(rule, title, artists, (first, last))
        if doubt is None:
            return
        confidence = round(min(max(rule.confidence * weight + doubt, 0.05), 0.99), 3)
        artists = (*artists, *(name for name in featured if name not in artists)) if artists else ()
        song = Song(title, artists, confidence, rule.name, self.post.span(first, last))
        yield song
        if artists and len(apart := names.split_names(artists[0])) > 1:
            split = (*apart, *artists[1:])
            yield replace(song, artists=split, confidence=round(confidence * 0.6, 3))

    def _is_album(self, match: re.Match[str], title: str, *, quoted: bool) -> bool:
        if not quoted:
            return names.is_whole_work(title)
        text = self.lower
        opening = match.start("title") - 1
        closing = match.end("title") + 1
        before = text[max(0, opening - 40) : opening]
        return bool(NOT_A_SONG_BEFORE.search(before) or NOT_A_SONG_AFTER.match(text, closing))

    def _meets(
        self, rule: Rule, title: str, artists: tuple[str, ...], first: int, last: int
    ) -> bool:
        if rule.capitals and not (
            _is_capitalised(title)
            and (
                not artists
                or artists[0][:1] != artists[0][:1].lower()
                or not artists[0][:1].isalpha()
                or self.post.text[first] in "@#"
            )
        ):
            return False
        if rule.whole_line:
            rest = self.post.text[last:].split("\n", 1)[0]
            return (
                not _AROUND.sub("", _TAGS.sub("", rest)) or names.title_end(rest, 0, len(rest)) == 0
            )
        return True

    def _doubt(
        self, rule: Rule, title: str, artists: tuple[str, ...], span: tuple[int, int]
    ) -> float | None:
        """What the look of the names adds to or takes from a rule's confidence; None refuses."""
        if not artists:
            return 0.0
        artist = artists[0]
        change = 0.0
        if " dash " in rule.name or "dash" in rule.name:
            squashed = _SQUASH.sub("", artist).casefold()
            tags = {tag.casefold() for tag in _TAGS.findall(self.post.text)}
            if squashed in tags:
                change += 0.15
        if artist[0].islower() and not self._handle_at(span):
            if not self.musical and artist.count(" ") > 2:
                return None
            change -= 0.0 if self.musical else 0.3
        return change

    def _handle_at(self, span: tuple[int, int]) -> bool:
        return "@" in self.post.text[span[0] : span[1]] or "#" in self.post.text[span[0] : span[1]]


def _is_capitalised(name: str) -> bool:
    """Whether a name is written as one: Like This, LIKE THIS, or in a script without cases."""
    words = [word.strip("\"'([#@.,!?&-") for word in name.split()]
    words = [word for word in words if word]
    if not words or (words[0][:1].islower()):
        return False
    small = sum(word[:1].islower() and word not in _SMALL_WORDS for word in words)
    return small * 3 <= len(words) - 1 or (len(words) <= 2 and small == 0)
