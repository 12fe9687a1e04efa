"""Applies the rules to a tidied post and weighs what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.songs.cues import (
    ALBUM_BEFORE,
    FILLER,
    MOST_LEADS,
    MUSIC,
    NOT_A_SONG_AFTER,
    NOT_A_SONG_BEFORE,
    OTHER_WORK,
    leads_in,
)
from worker.songs.endings import GOES_ON, artist_end, begins_whole_name, is_tail, title_end
from worker.songs.found import Found, versions
from worker.songs.guesses import Cut, Guess, guesses_for, is_deed
from worker.songs.looks import is_capitalised, is_odd, is_whole_work, may_be_song
from worker.songs.names import clean_artists, clean_title, guests, split_names, with_guests
from worker.songs.post import Post, lowered
from worker.songs.rule import Rule
from worker.songs.rules import first_groups_for, groups_for, perhaps_for
from worker.songs.runs import is_name, name_end, name_starts
from worker.songs.signs import DOUBLE, SINGLE, Sign, closer_signs, signs_of
from worker.songs.song import FIRM, Song
from worker.songs.words import FACTS, NO_NAME, NO_OWNER, POINTING

SURE = 0.7
"""A group of rules that reads this surely ends the reading."""
_GUESS = 0.36
"""How sure at most a reading is where the post speaks of a book, a film or a job."""
_MOST_MATCHES = 4
_SQUASH = re.compile(r"\W+")
_TAGS = re.compile(r"[@#](\w+)")
_SINGLE_AFTER_LEAD = 0.7  # after a lead, single marks often stand inside the title: Rock 'n' Roll
_PREAMBLE = re.compile(r"[a-z][^\n:!]{0,40}[:!]\s+(?=[A-Z\"])")
_CALL = re.compile(r"(?:Check(?:ing)? out|Discovered|Just heard) (?=[A-Z0-9#])")
_CALLS = re.compile(r"(?:Watch|Heard?|Stream|Saw|See|Listen to|Check out) (?=[A-Z0-9@])")
"""What one did, or is called to do, before a name: "Heard Ride - Taste", "Watch Geese perform"."""
_TAG_FIRST = re.compile(r"#\w+ (?=[A-Z0-9@])")
"""A hashtag that stands before a name, as a label: "#ThrowbackThursday TLC - No Scrubs"."""
_BOUND = re.compile(
    r"[\"')\]]*(?:\s*$|\s*[.,;:!?(\[|/#@\u2026\n\u266b]|\s{2,}|"
    r" [-\u2013] (?:\d{4} )?(?i:remaster|live\b|radio edit|acoustic|official))"
)
_LAST_HANDLE = re.compile(r".*(?<!\band)(?<![&,+xX.]) (?=@\w+$)")
"""What stands before a handle that owns or sings something: "Now @someone", "Watch @someone"."""
_HEADLINE = re.compile(r"\s*[:|]")
_SCORE = re.compile(r"(?<![\d./])\d{1,2} ?[-:\u2013] ?\d{1,2}(?![\d/])")
_AROUND = re.compile(r"[\s\"'.!,*:;)\]#@(\[\u2013\u266b>|-]*")


def _longest_of(artist: str) -> int:
    """How many words the longest of joined names has: "Marvin Gaye & Tammi Terrell" has 2."""
    return max(len(name.split()) for name in split_names(artist.replace(" and the ", " & The ")))


class Reading:
    """One pass over one post: what its rules read, and whether an album was in the way."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.lower = lowered(post.text)
        self.said = leads_in(self.lower)
        self.leads = self._leads()
        self.signs = signs_of(post.text, self.lower, lead=bool(self.leads))
        self.marks = (bool(self.signs & DOUBLE), bool(self.signs & SINGLE))
        self.met_album = False
        self._searched: dict[str, list[re.Match[str]]] = {}
        self._musical = True if post.link or self.leads else None

    def songs(self) -> tuple[Song, ...]:
        """All readings, the surest first, each once."""
        if not self.signs:
            return ()  # no rule and no guess reads a post that shows nothing at once
        found = Found()
        self._hear_groups(first_groups_for(self.signs), found)
        if found.surest < SURE:
            self.signs |= closer_signs(self.post.text, self.lower, self.signs)
            self._hear_groups(groups_for(self.signs), found)
        if found.surest_named < FIRM and not self.met_album:
            self._hear(perhaps_for(self.signs), found)
            found.add(self._guessed())
        return found.ranked()

    def _guessed(self) -> Iterator[Song]:
        for guess in guesses_for(self.signs):
            for number, cut in enumerate(guess.cuts(self.post.text)):
                if song := self._guess(guess, cut, number):
                    yield song

    def _guess(self, guess: Guess, cut: Cut, number: int) -> Song | None:
        """A guess as a song; None where its names can be none."""
        text = self.post.text
        cleaned = clean_title(text[slice(*cut.title)], marked=False)
        artists = clean_artists(text[slice(*cut.artist)])
        if cleaned is None or artists is None:
            return None
        if not may_be_song(cleaned[0], artists[0], apart=guess.needs is Sign.DASH):
            return None
        place = min(cut.title[0], cut.artist[0]), max(cut.title[1], cut.artist[1])
        if NO_OWNER.fullmatch(artists[0]):
            return None
        if guess.needs is Sign.DASH and not (
            self.musical or self._is_no_news(cleaned[0], artists, place)
        ):
            return None
        sure = round(max(guess.confidence - 0.01 * number, 0.1), 3)
        span = self.post.span(*place)
        return Song(cleaned[0], with_guests(artists, cleaned[1]), sure, guess.name, span)

    def _leads(self) -> list[tuple[float, int]]:
        """What each lead is worth and where the song may begin; the last come first."""
        ends = set()
        for said in self.said:
            after = FILLER.match(self.post.text, said.end)
            ends.add((after.end() if after else said.end, said.weight))
        return [(weight, end) for end, weight in sorted(ends, reverse=True)[:MOST_LEADS]]

    @property
    def musical(self) -> bool:
        """Whether anything in the post speaks of music."""
        if self._musical is None:
            self._musical = MUSIC.search(f" {self.lower}") is not None
        return self._musical

    def _hear_groups(self, groups: tuple[tuple[Rule, ...], ...], found: Found) -> None:
        for group in groups:
            self._hear(group, found)
            if found.surest >= SURE:
                break

    def _hear(self, group: tuple[Rule, ...], found: Found) -> None:
        for rule in group:
            if not rule.music or self.musical:
                for weight, match in self._matches(rule):
                    found.add(self._read(rule, match, weight))

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
                for match in self._search(pattern):
                    yield doubt, match

    def _search(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """The first matches of a pattern, which is searched for once for all rules of one form."""
        found = self._searched.get(pattern.pattern)
        if found is None:
            found = self._searched[pattern.pattern] = []
            at = 0
            while len(found) < _MOST_MATCHES and (match := pattern.search(self.post.text, at)):
                found.append(match)
                # Not from the match's end: an artist ran to the end of the line.
                at = match.end("title") + 1
        return found

    def _read(self, rule: Rule, match: re.Match[str], weight: float) -> Iterator[Song]:
        title, start, end, featured = self._title(rule, match)
        if not title:
            return
        artists: tuple[str, ...] = ()
        if rule.names_artist:
            begin, stop, artists = self._artists(rule, match)
            if not artists:
                return
            start, end = min(start, begin), max(end, stop)
            artists = with_guests(artists, featured)
        if not self._looks_right(rule, title, artists, (start, end)):
            return
        change = self._change(rule, title, artists, (start, end))
        # A firm rule stays firm after a weak lead; only a doubtful artist makes it a guess.
        least = min(rule.confidence, FIRM) if change >= 0 else 0.05
        confidence = round(min(max(rule.confidence * weight + change, least), 0.99), 3)
        if artists and confidence > _GUESS and self._is_of_another_work(start, end):
            confidence = _GUESS
        song = Song(title, artists, confidence, rule.name, self.post.span(start, end))
        yield from versions(song)
        yield from self._without_what_precedes(rule, match, song)

    def _without_what_precedes(
        self, rule: Rule, match: re.Match[str], song: Song
    ) -> Iterator[Song]:
        """The same with a title that begins later: "Driving home to Take It Easy by Eagles"."""
        if not (rule.whole_line and rule.needs is Sign.BY):
            return
        begin, end = match.span("title")
        for start in name_starts(self.post.text, begin, end):
            cleaned = clean_title(self.post.text[start:end], marked=False)
            if start > begin and cleaned and cleaned[0] != song.title:
                sure = round(song.confidence * 0.8, 3)
                yield song._replace(title=cleaned[0], confidence=sure)

    def _title(self, rule: Rule, match: re.Match[str]) -> tuple[str, int, int, tuple[str, ...]]:
        """The clean title ("" for none), its place, and the artists that it says are featured."""
        text = self.post.text
        start, end = match.span("title")
        if rule.open_title:
            end = title_end(text, start, end)
        elif rule.run and start > match.start("artist"):
            end = name_end(text, start, end)
        elif rule.run and rule.capitals and not rule.quoted and not is_name(text, start, end):
            return "", start, end, ()
        opening = _PREAMBLE if rule.after_lead else _CALL
        if not rule.quoted and (begun := opening.match(text, start, end)):
            start = begun.end()
        marked = rule.quoted or rule.after_lead
        cleaned = clean_title(text[start:end], marked=marked)
        if cleaned is None:
            return "", start, end, ()
        featured = cleaned[1] or (guests(text, end + 1) if rule.quoted else ())
        if self._is_no_song(match, text[start:end], quoted=rule.quoted):
            self.met_album = True
            return "", start, end, ()
        return cleaned[0], start, end, featured

    def _artists(self, rule: Rule, match: re.Match[str]) -> tuple[int, int, tuple[str, ...]]:
        """The artist's place and the names, none where they can be no artist's."""
        text = self.post.text
        start, end = match.span("artist")
        if rule.owned and (handle := _LAST_HANDLE.match(text, start, end)):
            start = handle.end()
        if (rule.owned or rule.dashed) and (call := _CALLS.match(text, start, end)):
            start = call.end()
        if rule.dashed and (tag := _TAG_FIRST.match(text, start, end)):
            start = tag.end()
        if rule.owned and any(said.start < end and start < said.end for said in self.said):
            return start, end, ()  # "Dengerin" before a quoted title says that one listens
        by_words = rule.run and not begins_whole_name(text, start)
        reach = name_end(text, start, end) if by_words else end
        end = artist_end(text, start, reach) if reach > start else start
        if rule.dashed and start < match.start("title") and text[end : match.end("artist")].strip():
            return start, end, ()  # a name before a dash reaches up to it
        artists = clean_artists(text[start:end]) or ()
        if artists and rule.owned and NO_OWNER.fullmatch(artists[0]):
            return start, end, ()
        if artists and (rule.owned or rule.whole_line or rule.run) and NO_NAME.search(artists[0]):
            return start, end, ()
        return start, end, artists

    def _is_no_song(self, match: re.Match[str], title: str, *, quoted: bool) -> bool:
        text = self.lower
        if not quoted:
            names = [
                match.start(name) for name in ("title", "artist") if name in match.re.groupindex
            ]
            before = text[max(0, min(names) - 40) : min(names)]
            return is_whole_work(title) or ALBUM_BEFORE.search(before) is not None
        opening = match.start("title") - 1
        closing = match.end("title") + 1
        before = text[max(0, opening - 40) : opening]
        return bool(NOT_A_SONG_BEFORE.search(before) or NOT_A_SONG_AFTER.match(text, closing))

    def _is_of_another_work(self, start: int, end: int) -> bool:
        """Whether a post says, beside the names, that it speaks of a book, a film, a job."""
        if self.leads or self.post.link:
            return False
        said = OTHER_WORK.finditer(self.lower)
        return any(not start <= each.start() < end for each in said) and not self.musical

    def _looks_right(
        self, rule: Rule, title: str, artists: tuple[str, ...], span: tuple[int, int]
    ) -> bool:
        """Whether the names look as the rule wants them to."""
        if rule.capitals and not is_capitalised(title):
            return False
        if rule.has_place and not self._stands_right(rule, title, artists, span):
            return False
        if artists and self._is_lower(artists[0], span):
            # "these songs by the sea" is prose, "pink moon by nick drake" is not.
            long_prose = not self.musical and artists[0].count(" ") > 2
            pointing = POINTING.match(title) and ('"' in title or not rule.may_point)
            return not (rule.capitals or pointing or long_prose)
        return True

    def _stands_right(
        self, rule: Rule, title: str, artists: tuple[str, ...], span: tuple[int, int]
    ) -> bool:
        """Whether what stands around the names is what the rule wants there."""
        if rule.run and rule.capitals and not may_be_song(title, artists[0], apart=rule.dashed):
            return False
        if rule.run and rule.needs is Sign.BY and is_deed(title):
            return False
        if (
            rule.run
            and rule.dashed
            and not (self.musical or self._is_no_news(title, artists, span))
        ):
            return False
        if rule.bounded and not self._is_bounded(span[1]):
            return False
        if rule.goes_on and " " not in title and not GOES_ON.match(self.post.text, span[1]):
            return False
        return not rule.whole_line or self._fills_line(title, artists, span)

    def _is_bounded(self, end: int) -> bool:
        """Whether a song's name ends a sentence, or only what may follow a name comes after it."""
        rest = self.post.text[end:]
        return bool(_BOUND.match(rest)) or (rest[1:2].isalpha() and is_tail(rest))

    def _is_no_news(self, title: str, artists: tuple[str, ...], span: tuple[int, int]) -> bool:
        """Whether names around a dash are a song's where nothing else in the post is of music."""
        artist = artists[0]
        if (
            _longest_of(artist) > 4
            or title.count(" ") > 8
            or _HEADLINE.match(self.post.text, span[1])
            or _SCORE.search(self.post.text, span[0], span[1] + 4)
            or " vs " in artist
            or self.post.text[span[0]] == "@"  # somebody is addressed
        ):
            return False
        alike = artist.casefold() in title.casefold() or title.casefold() in artist.casefold()
        return not (alike or FACTS.search(title) or FACTS.search(artist))

    def _change(
        self, rule: Rule, title: str, artists: tuple[str, ...], span: tuple[int, int]
    ) -> float:
        """What the look of the names adds to or takes from a rule's confidence."""
        if not artists:
            return 0.0
        if self._is_lower(artists[0], span):
            if not rule.dashed and POINTING.match(title):
                return -0.55  # only a guess, even after a lead
            if not self.musical:
                return -0.3
        return 0.15 if rule.dashed and self._is_tagged(artists[0]) else 0.0

    def _is_lower(self, artist: str, span: tuple[int, int]) -> bool:
        """Whether an artist is written small, and is no handle."""
        first = artist.partition(" ")[0]
        return first[:1].islower() and not is_odd(first) and not _TAGS.search(self.post.text, *span)

    def _is_tagged(self, artist: str) -> bool:
        """Whether a mention or a hashtag spells the artist."""
        tags = {tag.casefold() for tag in _TAGS.findall(self.post.text)}
        return _SQUASH.sub("", artist).casefold() in tags

    def _fills_line(self, title: str, artists: tuple[str, ...], span: tuple[int, int]) -> bool:
        """Whether a line holds only the song, of lengths that names have."""
        if title.count(" ") > 8 or artists[0].count(" ") > 5:
            return False
        if any(span[0] < end <= span[1] for _, end in self.leads):
            return False
        rest = self.post.text[span[1] :].split("\n", 1)[0]
        return not _AROUND.sub("", _TAGS.sub("", rest)) or is_tail(rest)
