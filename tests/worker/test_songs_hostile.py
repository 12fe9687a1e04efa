"""Laws that hold for every text, and texts that were made to break a parser."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.songs import FIRM, LIMIT, parse

PIECES = (
    '"', "'", "\u201c", "\u201d", "\u2019", " by ", " By ", " - ", "\u2013", " | ", "np ", "#np ",
    "listening to ", "@who", "#tag", " feat. ", " ft ", "(", ")", "[", "]", " on Pandora", "\n",
    "http://t.co/x ", "&amp;", "&#0;",
    "RT @a: ", "Title", "artist", "A", "\u266b", "\u202e",
    "\x00", "'s ", ", ", ". ", "! ",
    "song ", "album ", "#5 ", "\u0130", "\U0001f3b6", "\ud800", " ",
)  # fmt: skip

SECONDS = 0.25  # far above the few milliseconds that these take, far below what backtracking costs

HOSTILE = {
    "double quotes": '"' * 100_000,
    "single quotes": "'" * 100_000,
    "open quotes": '"a ' * 33_000,
    "single quotes in words": "'a" * 50_000,
    "n' n' n'": "n' " * 33_000,
    "by by by": "by " * 33_000,
    "leads and by": "np " + "x by " * 20_000,
    "dashes": " - " * 33_000,
    "en dashes": "\u2013" * 100_000,
    "brackets": "(" * 100_000,
    "closed brackets": "np a by b" + "()" * 50_000,
    "spaces": " " * 100_000,
    "a name and spaces": "np Title by Artist" + " " * 100_000 + "x",
    "line breaks": "\n" * 100_000,
    "leads": "np " * 33_000,
    "listening": "listening to " * 8_000,
    "capitals": "A " * 50_000,
    "owners": "A's " * 25_000,
    "owners before a quote": "Aa Bb " * 300 + '"Title"',
    "the song": "new song " * 11_000,
    "mentions": "@a " * 33_000,
    "hashtags": "#a " * 33_000,
    "links": "http://a.b/c " * 8_000,
    "dots": "a." * 50_000,
    "host names": "aaa.aaa." * 12_000 + "com/",
    "one word": "a" * 100_000,
    "entities": "&amp;" * 20_000,
    "nested entities": "&" + "amp;" * 25_000,
    "featured": "np a feat. " * 9_000,
    "control characters": "".join(map(chr, range(32))) * 3_000,
    "null bytes": "\x00" * 100_000,
    "bidi": "\u202e\u2066\u202b" * 33_000,
    "lone surrogates": "\ud800" * 100_000,
    "emoji": "\U0001f3b6" * 100_000,
    "capital dotted i": "\u0130" * 100_000,
    "chart": "#1 a, " * 16_000,
    "names and dashes": "Aa - " * 20_000,
    "names by names": "Aa by Bb " * 11_000,
    "small by": "aa by bb " * 11_000,
    "a long name": "Aa " * 33_000 + "- Bb",
    "one long small dash": "aa " * 600 + "- bb",
    "commas": "Aa, " * 25_000,
    "colons": "Aa: Bb " * 14_000,
    "chart dashes": "#1 | Aa - Bb | " * 6_000,
    "places": "1 (2) aa, " * 10_000,
    "owners with quotes": "Aa 'bb' " * 12_000,
    "small quotes": 'a.a\'s "b" ' * 10_000,
    "initials": "A. " * 33_000,
    "corners": "Aa\u300c" * 25_000,
    "names before a corner": "Aa Bb " * 300 + "\u300cTitle\u300d",
    "fields apart": "Title: a" + "\n" * 1900 + "Artist: b",
    "songs by": "Song - song by " * 6000,
    "scores": "Aa - Bb 1-1 " * 8000,
    "albums of the day": "album of the day: " * 5000 + "Aa by Bb",
    "open brackets in a name": "Aa - Bb (cc " * 8_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_bounded_time(text: str) -> None:
    started = time.thread_time()
    parse(text)
    assert time.thread_time() - started < SECONDS


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=40).map("".join))
@example("np by - ft . ")  # a point that stands by itself
def test_any_text_gives_a_sound_answer(text: str) -> None:
    parsed = parse(text)
    assert parsed == parse(text)
    firm = bool(parsed.candidates) and parsed.candidates[0].confidence >= FIRM
    assert (parsed.title is not None) == (parsed.reason is None) == firm
    assert 0 <= parsed.confidence <= 1
    for song in parsed.candidates:
        start, end = song.span
        assert song.title.strip() == song.title != ""
        assert all(artist.strip() == artist != "" for artist in song.artists)
        assert 0 <= start < end <= len(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_unicode_text_breaks_it(text: str) -> None:
    parse(text)
    parse(f'"{text}" by {text}')
    parse(f"np {text} by {text} - {text}")


NAMES = st.from_regex(r"[A-Z][a-z]{2,8}( [A-Z][a-z]{2,8}){0,2}", fullmatch=True).filter(
    lambda name: not {"By", "Feat", "Live", "With"} & set(name.split())
)


@settings(max_examples=200, deadline=None)
@given(title=NAMES, artist=NAMES, opening=st.sampled_from(['"', "\u201c"]))
def test_a_quoted_title_by_a_name_is_found(title: str, artist: str, opening: str) -> None:
    closing = {'"': '"', "\u201c": "\u201d"}[opening]
    readings = parse(f"so good: {opening}{title}{closing} by {artist} http://t.co/x").candidates
    times = ("day", "Today", "Tonight", "Noon", "Author")
    if not artist.partition(" ")[0].endswith(times):
        assert (title, (artist,)) in [(song.title, song.artists) for song in readings]


def test_only_the_first_characters_are_considered() -> None:
    song = '"Pink Moon" by Nick Drake'
    assert parse("x " * (LIMIT // 2) + song).title is None
    assert parse("x " * (LIMIT // 2 - 50) + song).title == "Pink Moon"
